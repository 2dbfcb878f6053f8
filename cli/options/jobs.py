"""How many threads, or processes."""

from collections.abc import Sized
from typing import Annotated

import typer

SMALL_TRACE = 20_000
"""Below so many samples, starting threads takes longer than they save."""

Jobs = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        show_default=f"1 below {SMALL_TRACE:,} samples, else -1",
        help="How many threads, or processes; -1 for one on each core.",
    ),
]


def num_jobs(asked: int | None, *traces: Sized) -> int:
    """As many as were asked for; else 1 if all traces are small, else -1, one for each core.

    >>> num_jobs(None, range(100)), num_jobs(None, range(100), range(20_000)), num_jobs(3, range(100))
    (1, -1, 3)
    """
    if asked is not None:
        return asked
    return 1 if max(map(len, traces), default=0) < SMALL_TRACE else -1
