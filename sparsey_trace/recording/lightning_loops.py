"""Which of a trainer's loops are recorded. Needs no Lightning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.errors import UsageError
from sparsey_trace.recording.sampling import name_of
from sparsey_trace.support.suggest import unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    Predicate = Callable[[int, str, int], bool]

LOOPS = ("train", "validate", "test", "predict")
"""What is recorded by default."""

_ALL_LOOPS = (*LOOPS, "sanity_check")
"""By the names that Lightning's `RunningStage` gives them."""


class Loops:
    """The loops that are recorded, and the one under way.

    Args:
        wanted: those that are recorded.
        predicate: what else chooses steps, as `record` takes it, or None.

    Attributes:
        wanted: those that are recorded.
        now: the loop under way; empty before the first.

    Raises:
        UsageError: a loop is none of Lightning's, or there is none.

    >>> Loops(["train", "test"], None)
    SparseyTraceCallback(loops=['train', 'test'])
    """

    def __init__(self, wanted: Collection[str], predicate: Predicate | None) -> None:
        """None is under way; see the class for the arguments."""
        if isinstance(wanted, str) or not wanted:
            msg = f"loops: expected a list of one or more of {', '.join(map(repr, _ALL_LOOPS))}, found {wanted!r}"
            raise UsageError(msg)
        for loop in wanted:
            if loop not in _ALL_LOOPS:
                raise UsageError(unknown("loops", loop, _ALL_LOOPS))
        self.wanted = [loop for loop in _ALL_LOOPS if loop in wanted]
        self.now = ""
        self._chosen = predicate
        self._told: set[str] = set()

    @property
    def predicate(self) -> Predicate | None:
        """What `record` has to ask: what else chooses steps, where no loop is left out that it would see."""
        return self._chosen if set(self.wanted) >= set(LOOPS) else self

    def is_begun_by(self, loop: str) -> bool:
        """Whether a recording begins as a loop does: validation within `fit` is numbered along with its training."""
        return loop in self.wanted or (loop == "train" and "validate" in self.wanted)

    def left_out_line(self, loop: str, path: Path) -> str:
        """What to tell of a loop that isn't recorded; empty where it is, or that was told before."""
        if loop in self.wanted or loop in self._told:
            return ""
        self._told.add(loop)
        names = [*self.wanted, loop]
        return (
            f"{path}: the loop {loop!r} isn't recorded; SparseyTraceCallback(…, loops={names}) records it too"
        )

    def __call__(self, step: int, phase: str, epoch: int) -> bool:
        """Whether a step is recorded."""
        return self.now in self.wanted and (self._chosen is None or self._chosen(step, phase, epoch))

    def __repr__(self) -> str:
        """What a trace says of it."""
        also = "" if self._chosen is None else f" and {name_of(self._chosen)}"
        return f"SparseyTraceCallback(loops={self.wanted}){also}"
