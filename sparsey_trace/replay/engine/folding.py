"""Folding many chunks' states into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.replay.engine.metric_errors import blaming

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.layout import Layout
    from sparsey_trace.metrics.base import Metric


class Folding:
    """Merges the states of chunks, which come in order, pairwise like the digits of a binary counter.

    A large state is so merged a logarithmic number of times, not once with every chunk.
    """

    def __init__(self, metric: Metric[Any], layout: Layout, known: Sequence[Any] = ()) -> None:
        """Begin with nothing, or with the states of what comes before."""
        self._metric, self._layout = metric, layout
        # No number of chunks is 0, so these are merged last.
        self._stack: list[tuple[int, Any]] = [(0, state) for state in known]

    def add(self, state: Any) -> None:
        """Take in the next chunk's state."""
        chunks = 1
        while self._stack and self._stack[-1][0] == chunks:
            with blaming(self._metric, "merge"):
                chunks, state = 2 * chunks, self._metric.merge(self._stack.pop()[1], state)
        self._stack.append((chunks, state))

    def result(self) -> Any:
        """The state of all chunks together."""
        with blaming(self._metric, "init"):
            state = self._metric.init(self._layout)
        for _, part in self._stack:
            with blaming(self._metric, "merge"):
                state = self._metric.merge(state, part)
        return state
