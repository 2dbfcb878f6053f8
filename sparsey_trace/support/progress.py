"""How far something is, on standard error."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from sparsey_trace.kernels.waiting import told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress(what: str, *, unit: str, shown: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar with rate and time left.

    Args:
        what: is being done.
        unit: of what is counted.
        shown: whether to show it; where not, nothing is imported for it.

    Yields:
        A function to call with how many are done, and of how many.
    """
    if not shown:
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[waiting]}"),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=console.is_terminal) as bar:
        task = bar.add_task(what, total=None, rate="", waiting="")

        def show(done: int, total: int) -> None:
            speed = bar.tasks[task].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:,.0f} {unit}/s" if speed else "")

        def say(waiting: str) -> None:
            bar.update(task, waiting=waiting)

        with told(say):
            yield show
