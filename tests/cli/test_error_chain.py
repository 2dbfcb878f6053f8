"""What an error was made of, also where errors name each other."""

from __future__ import annotations

from sparsey_trace.cli.ctrl_c import is_behind
from sparsey_trace.cli.error_chain import chain_of


def test_errors_that_go_in_a_circle_are_met_once() -> None:
    outer, inner = ValueError("outer"), OSError("inner")
    outer.__cause__, inner.__cause__ = inner, outer
    assert list(chain_of(outer)) == [outer, inner]
    assert list(chain_of(None)) == []
    assert not is_behind(outer)
    inner.__cause__, inner.__context__ = None, KeyboardInterrupt()
    assert is_behind(outer)
