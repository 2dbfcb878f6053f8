"""What the shell offers after <tab>."""

from __future__ import annotations

import os

import pytest

import sparsey_trace as st
from sparsey_trace.cli.options import engine_names, reduction_names, resolution_names
from tests.cli.commands import sparsey_trace


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


def test_the_script_for_bash_falls_back_to_files() -> None:
    env = {**os.environ, "_SPARSEY_TRACE_COMPLETE": "source_bash"}
    assert "complete -o default" in sparsey_trace(env=env).stdout
