"""Text for people."""

from __future__ import annotations

from sparsey_trace.support.printable import count, printable


def test_printable() -> None:
    assert printable("a\nb\r\nc\td\x1b[2J\udc80 ä") == "a b c\\td\\x1b[2J\\udc80 ä"


def test_count() -> None:
    assert [count(number, "step") for number in (0, 1, 2000)] == ["0 steps", "1 step", "2,000 steps"]
