"""Reading all of a trace, to see whether it is sound.

Opening a trace checks its structure, dtypes, wiring and counters already. This is about every value of
every sample. A chunk at a time is read, so memory stays bounded; HDF5 compares the chunks' checksums on
the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import TraceError
from sparsey_trace.layout import PHASES
from sparsey_trace.trace import schema
from sparsey_trace.trace.reader import open_trace

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace.layout import LayerLayout, Layout
    from sparsey_trace.trace.views import Storage

_BEFORE_THE_FIRST = {"step": -1, "epoch": 0, "phase": 0}


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a sound trace holds.

    Attributes:
        samples: how many samples were read.
        steps: how many steps they belong to.
        notes: what is worth knowing, though it is no fault.
    """

    samples: int
    steps: int
    notes: tuple[str, ...] = ()


def validate(
    path: str | os.PathLike[str], *, on_progress: Callable[[int, int], None] | None = None
) -> Report:
    """Read all of a trace and check it; of one that is still being written, what is committed.

    Args:
        path: the trace.
        on_progress: called with how many samples are done, and of how many.

    Raises:
        TraceError: it isn't sound; the message names the dataset and sample of the first fault.
        VersionError: it was written in a newer version of the format.

    >>> import tempfile
    >>> from sparsey_trace import Layout, LayerLayout, TraceWriter
    >>> v1 = LayerLayout(name="v1", num_macs=1, num_cms=2, num_neurons=3, connections=[[0, 1]])
    >>> path = tempfile.mkdtemp() + "/run.h5"
    >>> with TraceWriter(path, Layout(num_features=2, layers=[v1])) as writer:
    ...     writer.append(inputs=[[0, 1]], codes=[[[[2, 0]]]], active=[[[True]]], phase="train")
    >>> validate(path)
    Report(samples=1, steps=1, notes=())
    """
    with open_trace(path) as trace:
        storage = trace.storage
        if storage.closed:
            _check_lengths(trace.path, storage)
        steps, last = 0, _BEFORE_THE_FIRST
        for start in range(0, storage.committed, storage.chunk_size):
            stop = min(start + storage.chunk_size, storage.committed)
            values = {column: storage.read(column, start, stop) for column in trace.columns}
            part = _Part(trace.path, start, values, last)
            _check_part(part, trace.layout, trace.columns)
            steps += int(np.count_nonzero(part.of_sample("step") != part.one_earlier("step")))
            last = {name: int(part.of_sample(name)[-1]) for name in _BEFORE_THE_FIRST}
            if on_progress is not None:
                on_progress(stop, storage.committed)
        return Report(samples=storage.committed, steps=steps, notes=_notes(storage))


def _notes(storage: Storage) -> tuple[str, ...]:
    notes = []
    if not storage.closed:
        notes.append("not closed: it is still being written, or its writer died")
    if not storage.committed:
        notes.append("no samples")
    return tuple(notes)


@dataclass(frozen=True, eq=False)
class _Part:
    """Consecutive samples, as they are stored.

    Attributes:
        path: the trace.
        start: the first sample's number.
        columns: a column's path to its values [n, ...].
        last: step, epoch and phase of the sample before the first.
    """

    path: Path
    start: int
    columns: Mapping[str, NDArray[Any]]
    last: Mapping[str, int]

    def of_sample(self, name: str) -> NDArray[Any]:
        """[n], one of what is known of each sample."""
        return self.columns[f"samples/{name}"]

    def one_earlier(self, name: str) -> NDArray[Any]:
        """[n], the same of the sample before each."""
        return np.concatenate([[self.last[name]], self.of_sample(name)[:-1]])

    def expect(
        self, expected: str, column: str, wrong: NDArray[np.bool_], axes: tuple[str, ...] = ()
    ) -> None:
        """See that no value is wrong.

        Args:
            expected: what a value has to be.
            column: where the values stand.
            wrong: [n, ...], whether each is wrong.
            axes: names of the axes behind the samples'.

        Raises:
            TraceError: one is; the message names the first.
        """
        if wrong.any():
            place = tuple(np.argwhere(wrong)[0].tolist())
            numbered = zip(("sample", *axes), (self.start + place[0], *place[1:]), strict=True)
            where = ", ".join(f"{axis} {number}" for axis, number in numbered)
            msg = f"{self.path}: {column}: {where}: expected {expected}, found {self.columns[column][place]}"
            raise TraceError(msg)


def _check_part(part: _Part, layout: Layout, columns: Mapping[str, schema.Column]) -> None:
    _check_samples(part)
    for column in columns.values():
        if column.bits:
            _check_padding(part, column)
    if schema.INPUTS in columns and not columns[schema.INPUTS].bits:
        wrong = ~np.isfinite(part.columns[schema.INPUTS])
        part.expect("a finite number", schema.INPUTS, wrong, ("feature",))
    for index, layer in enumerate(layout.layers):
        _check_winners(part, schema.codes_path(index), layer)


def _check_samples(part: _Part) -> None:
    step, earlier = part.of_sample("step"), part.one_earlier("step")
    part.expect("a step that never falls below the sample before's", "samples/step", step < earlier)
    part.expect("0 (train) or 1 (eval)", "samples/phase", part.of_sample("phase") >= len(PHASES))
    for name in ("phase", "epoch"):
        changed = (part.of_sample(name) != part.one_earlier(name)) & (step == earlier)
        part.expect(f"one {name} in the whole step", f"samples/{name}", changed)
    part.expect("a finite time", "samples/time", ~np.isfinite(part.of_sample("time")))


def _check_padding(part: _Part, column: schema.Column) -> None:
    stored = part.columns[column.path]
    spare = 8 * stored.shape[1] - column.bits
    wrong = np.zeros(stored.shape, np.bool_)
    wrong[:, -1] = stored[:, -1] & ((1 << spare) - 1)
    part.expect(f"zeros in the last {spare} bits, which are padding", column.path, wrong, ("byte",))


def _check_winners(part: _Part, path: str, layer: LayerLayout) -> None:
    wrong = part.columns[path] >= layer.num_neurons
    part.expect(f"a winner from 0 to {layer.num_neurons - 1}", path, wrong, ("MAC", "CM"))


def _check_lengths(path: Path, storage: Storage) -> None:
    """See that a closed trace has all its samples in the chunks, and no more."""
    for name, length in (storage.lengths() | {schema.IN_CHUNKS: storage.in_chunks}).items():
        if length != storage.committed:
            msg = f"{path}: {name}: expected {storage.committed} samples, as committed, found {length}"
            raise TraceError(msg)
