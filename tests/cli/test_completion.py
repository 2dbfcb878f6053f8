"""What the shell offers after <tab>."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

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
        ("sparsey-trace analyze run.h5 -m basis_set", ["basis_set_size", "basis_set_size_increase"]),
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

# Zsh completes only at a terminal; its own test module opens one.
IN_ZSH = """
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell 'PS1=; autoload -Uz compinit; compinit -u -D; eval "$(sparsey-trace --show-completion)"; print rea""dy'
zpty -r shell seen '*ready*'
zpty -w -n shell $'sparsey-trace info oth\t'
zpty -r shell seen '*other_run.h5*' && print -r -- "$seen"
zpty -w -n shell $'\x15sparsey-trace analy\t'
zpty -r shell seen '*analyze*' && print -r -- "$seen"
"""


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
    call = ["zsh", "-f", "-c", IN_ZSH]
    found = subprocess.run(
        call, capture_output=True, text=True, check=True, cwd=tmp_path, env=shell_environment, timeout=120
    )
    seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r|\x08", "", found.stdout)
    assert "other_run.h5" in seen
    assert "analyze" in seen
