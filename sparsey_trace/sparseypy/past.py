"""What an online metric holds of the steps before: the state of its fold, and the samples it can still recall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from sparsey_trace.metrics.base import Recalled
from sparsey_trace.replay.engine.folding import Folding

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout
    from sparsey_trace.metrics.base import Metric

S = TypeVar("S")

_LOOSE = 1024
"""So many samples, beside as many as are kept, may come in before it is looked which of them to keep."""


class Past(Generic[S]):
    """The steps of a run so far, as far as a metric depends on them.

    Args:
        metric: its definition.
        layout: of the model.
        recalls: the fields that it recalls, of the samples that its state has under `sample`; none where it
            recalls nothing.
        shortened: leaves out of a state what no later step can ask for.
    """

    def __init__(
        self, metric: Metric[S], layout: Layout, *, recalls: frozenset[str], shortened: Callable[[S], S]
    ) -> None:
        """No step yet; see the class for the arguments."""
        self._metric, self._layout, self._shortened = metric, layout, shortened
        self._state, self._new, self._num_new = metric.init(layout), Folding(metric, layout), 0
        self._kept = KeptSamples(layout, recalls) if recalls else None

    def add(self, chunk: Chunk) -> None:
        """The next step."""
        state: Any = self._metric.update(self._metric.init(self._layout), chunk)
        self._new.add(state)
        self._num_new += len(chunk)
        if self._kept is not None:
            self._kept.add(chunk, state.sample)
            if self._kept.num_loose > _LOOSE + self._kept.num_settled:
                self._settle()

    def state(self) -> S:
        """The state of the fold after all steps so far."""
        if self._num_new:
            self._settle()
        return self._state

    def result(self) -> Any:
        """What the fold of all steps so far comes to."""
        return self._metric.finalize(self.state(), self._layout)

    def recall(self, samples: NDArray[np.int64], fields: frozenset[str]) -> Recalled:
        """Samples that the state has; see `Recall`."""
        assert self._kept is not None
        return self._kept.recall(samples, fields)

    def _settle(self) -> None:
        state: Any = self._metric.merge(self._state, self._new.result())
        self._state = state = self._shortened(state)
        self._new, self._num_new = Folding(self._metric, self._layout), 0
        if self._kept is not None and self._kept.num_loose:
            self._kept.settle(state.sample)


class KeptSamples:
    """Samples in memory, in the order of their numbers.

    Args:
        layout: of the model.
        fields: what is kept of each: of `inputs`, `codes`, `active`.

    Attributes:
        num_settled: how many there are, but for the loose ones.
        num_loose: how many came in since it was last said which to keep.
    """

    def __init__(self, layout: Layout, fields: frozenset[str]) -> None:
        """No sample yet; see the class for the arguments."""
        columns: list[tuple[str, str, tuple[int, ...]]] = [("number", "i8", ())]
        if "inputs" in fields:
            columns.append(("inputs", "f4", (layout.num_features,)))
        for index, layer in enumerate(layout.layers):
            if "codes" in fields:
                columns.append((f"codes{index}", layer.code_dtype.str, (layer.num_macs, layer.num_cms)))
            if "active" in fields:
                columns.append((f"active{index}", "?", (layer.num_macs,)))
        self._num_layers = len(layout.layers)
        self._settled = np.empty(0, np.dtype(columns))
        self._loose: list[NDArray[Any]] = []

    @property
    def num_settled(self) -> int:
        """See the class."""
        return len(self._settled)

    @property
    def num_loose(self) -> int:
        """See the class."""
        return sum(map(len, self._loose))

    def add(self, chunk: Chunk, numbers: NDArray[np.int64]) -> None:
        """Some of a chunk's samples, that follow all others."""
        rows = numbers - chunk.start
        taken = np.empty(len(rows), self._settled.dtype)
        values: dict[str, Any] = {"number": chunk.sample, "inputs": chunk.inputs}
        for index, (codes, active) in enumerate(zip(chunk.codes, chunk.active, strict=True)):
            values |= {f"codes{index}": codes, f"active{index}": active}
        for name in taken.dtype.names or ():
            taken[name] = values[name][rows]
        self._loose.append(taken)

    def settle(self, numbers: NDArray[np.int64]) -> None:
        """Keep only the samples with these numbers."""
        joined = np.concatenate([self._settled, *self._loose])
        self._settled = joined[np.isin(joined["number"], numbers, assume_unique=True)]
        self._loose = []

    def recall(self, samples: NDArray[np.int64], fields: frozenset[str]) -> Recalled:
        """What is kept of these samples, none of which is loose; see `Recall`."""
        found = self._settled[np.searchsorted(self._settled["number"], samples)]
        layers = range(self._num_layers)
        return Recalled(
            inputs=found["inputs"] if "inputs" in fields else None,
            codes=tuple(_column(found, f"codes{layer}") for layer in layers) if "codes" in fields else (),
            active=tuple(_column(found, f"active{layer}") for layer in layers) if "active" in fields else (),
        )


def _column(records: NDArray[Any], name: str) -> NDArray[Any]:
    """A field's values side by side, as from a trace: for other strides kernels would be compiled anew."""
    return np.ascontiguousarray(records[name])
