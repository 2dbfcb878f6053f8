"""How far a replay is, on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bar


class Progress:
    """A bar of samples done, with rate and time left; nothing at all unless it is wanted.

    Args:
        total: how many samples there are to do, over all passes.
        shown: whether to show the bar.
    """

    def __init__(self, total: int, *, shown: bool) -> None:
        """Prepare the bar."""
        self._bar = _make_bar() if shown else None
        self._task = None if self._bar is None else self._bar.add_task("replaying", total=total, rate="")

    def advance(self, samples: int) -> None:
        """So many samples more are done."""
        if self._bar is None or self._task is None:
            return
        self._bar.advance(self._task, samples)
        speed = self._bar.tasks[0].speed
        self._bar.update(self._task, rate=f"{speed:,.0f} samples/s" if speed else "")

    def __enter__(self) -> Progress:
        """Show the bar."""
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        if self._bar is not None:
            self._bar.stop()


def _make_bar() -> Bar:
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TextColumn("{task.fields[rate]}"),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
