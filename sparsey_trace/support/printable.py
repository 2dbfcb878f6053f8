"""Text for people: counts, and what may come from a file."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """A number and what it counts.

    >>> count(1, "sample"), count(2000, "step")
    ('1 sample', '2,000 steps')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def last(number: int, noun: str) -> str:
    """The last of what was counted.

    >>> last(1, "sample"), last(2000, "step")
    ('the last sample', 'the last 2,000 steps')
    """
    return f"the last {noun}" if number == 1 else f"the last {count(number, noun)}"


def printable(text: str) -> str:
    r"""One line of a text that may come from a file: no line breaks, nothing that steers a terminal.

    >>> printable("a\nb\x1b[31m")
    'a b\\x1b[31m'
    """
    line = " ".join(text.splitlines())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
