"""What the shell offers after <tab>."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pexpect
import pytest

import sparsey_trace as st
from sparsey_trace.cli.options.grouping import reduction_names, resolution_names
from sparsey_trace.cli.verbs.analyze import engine_names
from tests.cli.commands import COMMAND, sparsey_trace, write_trace

if TYPE_CHECKING:
    from pathlib import Path


def offered(line: str) -> list[str]:
    """What bash is told to offer for the last word of a line."""
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    env = {**os.environ, **words, "_SPARSEY_TRACE_COMPLETE": "complete_bash"}
    found = sparsey_trace(env=env)
    assert (found.returncode, found.stderr) == (0, "")
    return found.stdout.split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sparsey-trace an", ["analyze"]),
        ("sparsey-trace analyze run.h5 --resol", ["--resolution"]),
        ("sparsey-trace analyze run.h5 --metric ", list(st.metrics.available())),
        (
            "sparsey-trace analyze run.h5 -m basis_set",
            ["basis_set_size", "basis_set_size_increase", "basis_set"],
        ),
        ("sparsey-trace analyze run.h5 --resolution ", resolution_names()),
        ("sparsey-trace analyze run.h5 --reduction ", reduction_names()),
        ("sparsey-trace analyze run.h5 --engine ", engine_names()),
        ("sparsey-trace demo --dataset m", ["mnist"]),
        # Nothing of ours: then the shell offers the files that are there.
        ("sparsey-trace analyze ru", []),
        ("sparsey-trace analyze run.h5 -o re", []),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    assert offered(line) == words


IN_BASH = """
eval "$(sparsey-trace --show-completion)"
complete -p sparsey-trace
COMP_WORDS=(sparsey-trace analyze run.h5 --resolution e) COMP_CWORD=4
_sparsey_trace_completion sparsey-trace
echo "offered ${COMPREPLY[*]}"
COMP_WORDS=(sparsey-trace info ru) COMP_CWORD=2
_sparsey_trace_completion sparsey-trace
echo "offered ${COMPREPLY[*]}, else files"
"""

SETTING_UP = (
    'PS1=; autoload -Uz compinit; compinit -u -D; eval "$(sparsey-trace --show-completion)"; print rea""dy'
)


@pytest.fixture
def shell_environment(tmp_path: Path) -> dict[str, str]:
    write_trace(tmp_path / "other_run.h5")
    path = f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(tmp_path)}


def test_in_bash(tmp_path: Path, shell_environment: dict[str, str]) -> None:
    call = ["bash", "--norc", "-c", IN_BASH]
    found = subprocess.run(
        call, capture_output=True, text=True, check=True, cwd=tmp_path, env=shell_environment
    )
    script, options, paths = found.stdout.splitlines()
    assert "-o default" in script  # where nothing is offered, bash goes on with files
    assert options == "offered epoch"
    assert paths == "offered , else files"


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh isn't installed")
def test_in_zsh(tmp_path: Path, shell_environment: dict[str, str]) -> None:
    # Zsh completes only at a terminal.
    shell = pexpect.spawn(
        "zsh", ["-f", "-i"], cwd=str(tmp_path), env=shell_environment, encoding="utf-8", timeout=60
    )
    shell.sendline(SETTING_UP)
    shell.expect("ready")
    shell.send("sparsey-trace info oth\t")
    shell.expect(r"other_run\.h5")
    shell.send("\x15sparsey-trace analy\t")
    shell.expect("analyze")
    shell.close(force=True)
