"""Whole steps out of samples of which some are lost."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Values = Mapping[str, NDArray[Any]]
    """A column's path to its values [n, ...], as they are stored."""

MOST_GUESSED = 1 << 20
"""Of steps that only a hole between two numbers tells of, so many are named at most: a few bytes can claim any."""


class WholeSteps:
    """Takes in consecutive samples and gives out the steps of which none is lost.

    Where it isn't known to which step a lost sample belonged, the steps before and behind it count as torn.

    Args:
        first_step: the smallest number that a step may have.

    Attributes:
        lost: the numbers of the steps that lost samples; where these could be any between two numbers, all of them,
            if there can have been so many, up to `MOST_GUESSED` in all.
    """

    def __init__(self, first_step: int = 0) -> None:
        """Begin before the first sample."""
        self._first_step = first_step
        self._step: int | None = None
        self._spans: list[Values] = []
        self._is_whole = True
        self._is_behind_hole = False
        self._last_lost: int | None = None  # the step of the last sample in the hole, where that is known
        self._unknown = 0  # samples in the hole whose steps aren't known
        self._guesses_left = MOST_GUESSED
        self.lost: set[int] = set()

    def add(self, values: Values, good: NDArray[np.bool_]) -> Iterator[Values]:
        """Take in samples [n], of which `good` says whether each is what was recorded; yield whole steps."""
        for start, stop in _runs(good):
            if not good[start]:
                self.lose(stop - start)
                continue
            steps = values["samples/step"][start:stop]
            for first, last in _runs(steps):
                span = slice(start + first, start + last)
                yield from self._extend(int(steps[first]), {path: v[span] for path, v in values.items()})

    def lose(self, size: int, steps: NDArray[np.int64] | None = None) -> None:
        """Samples that are lost come next.

        Args:
            size: how many.
            steps: [size], to which they belonged, where that is known.
        """
        if steps is None:
            self._unknown += size
        else:
            self.lost.update(np.unique(steps).tolist())
        if steps is None or (self._step is not None and self._step in steps):
            self._is_whole = False
        self._last_lost = None if steps is None else int(steps[-1])
        self._is_behind_hole = True

    def finish(self, *, is_complete: bool) -> Iterator[Values]:
        """The last step, unless some of it is missing.

        Args:
            is_complete: whether it is known that no sample of it comes behind those that were taken in.
        """
        if is_complete or self._is_behind_hole:
            yield from self._finished()

    def _extend(self, step: int, span: Values) -> Iterator[Values]:
        """Take in good samples of one step; yield the step before, if this is another and that is whole."""
        if step != self._step:
            yield from self._finished()
            between = range(self._first_step if self._step is None else self._step + 1, step)
            if len(between) <= self._unknown:
                self.lost.update(between[: self._guesses_left])
                self._guesses_left -= min(self._guesses_left, len(between))
            self._step, self._spans = step, []
            self._is_whole = not self._is_behind_hole or self._last_lost not in (None, step)
        self._is_behind_hole, self._unknown = False, 0
        self._spans.append(span)

    def _finished(self) -> Iterator[Values]:
        """The step at hand, if it is whole."""
        if not self._is_whole and self._step is not None:
            self.lost.add(self._step)
        elif self._spans:
            yield {path: np.concatenate([span[path] for span in self._spans]) for path in self._spans[0]}


def _runs(values: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Where each run of equal values [n] begins and ends."""
    return pairwise([0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)] if len(values) else [])
