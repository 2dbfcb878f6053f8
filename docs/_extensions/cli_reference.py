"""The reference of the command line, made from the commands themselves whenever the site is built."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAGE = "cli"
_APP = str(Path(__file__).with_name("all_verbs.py"))
_TYPER = [sys.executable, "-m", "typer", _APP, "utils", "docs", "--name", "sparsey-trace"]


def setup(app: Sphinx) -> dict[str, bool]:
    """Have the page `cli` go on with the reference."""
    app.connect("source-read", _append)
    app.connect("env-get-outdated", lambda *_: [PAGE])
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _append(app: Sphinx, docname: str, source: list[str]) -> None:
    if docname == PAGE:
        source[0] += reference()


def reference() -> str:
    """What `typer` says of every verb, in Markdown, with the examples as they stand."""
    told = subprocess.run(_TYPER, capture_output=True, text=True, check=True).stdout
    body = told.partition("\n")[2].replace("\b\n", "")  # the page has a title
    # Indented lines are commands: Markdown would run them together.
    fenced = re.sub(r"((?:^  \S.*\n)+)", r"\n```text\n\1```\n\n", body, flags=re.MULTILINE)
    return "\n".join(map(_escaped, fenced.splitlines()))


def _escaped(line: str) -> str:
    """A line whose stars, but for the one of a list, are stars."""
    is_code = line.startswith(("  ", "$ ", "```", "**"))
    return line if is_code else line[:2] + line[2:].replace("*", "\\*")
