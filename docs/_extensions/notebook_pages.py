"""Notebooks as pages of the site, with the outputs that are stored in them; nothing is run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from myst_parser.parsers.sphinx_ import MystParser

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docutils import nodes
    from sphinx.application import Sphinx


class NotebookParser(MystParser):  # type: ignore[misc]
    """Reads a notebook as the Markdown that it comes to."""

    supported = ("ipynb",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Have MyST parse it."""
        super().parse(markdown(json.loads(inputstring)), document)


def setup(app: Sphinx) -> dict[str, bool]:
    """Have files that end in `.ipynb` be pages."""
    app.add_source_suffix(".ipynb", "ipynb")
    app.add_source_parser(NotebookParser)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def markdown(notebook: Mapping[str, Any]) -> str:
    """A notebook in Markdown: text as it is, programs and what they print as code, pictures within."""
    return "\n\n".join(part for cell in notebook["cells"] for part in _cell(cell))


def _cell(cell: Mapping[str, Any]) -> Iterator[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
        return
    yield _fenced("python", source)
    for output in cell["outputs"]:
        yield _output(output)


def _output(output: Mapping[str, Any]) -> str:
    """The richest form of an output that is stored."""
    shown = {kind: "".join(text) for kind, text in output.get("data", {}).items()}
    if "image/png" in shown:
        picture = "".join(shown["image/png"].split())
        return _html(f'<img class="output" alt="What this draws" src="data:image/png;base64,{picture}">')
    if "text/html" in shown:
        return _html(f'<div class="output">{shown["text/html"]}</div>')
    return _fenced("text", shown.get("text/plain", "".join(output.get("text", ""))).rstrip("\n"))


def _html(text: str) -> str:
    return _fenced("{raw} html", text)


def _fenced(kind: str, text: str) -> str:
    return f"`````{kind}\n{text}\n`````"
