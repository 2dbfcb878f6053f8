"""Reading a trace: lazily, in slices or chunks, even while it is being written.

A `Trace` is a snapshot: its length is what was committed when it was opened (or last refreshed), so
that everything read from it belongs together.
"""

from __future__ import annotations

import html
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.layout import Chunk
from sparsey_trace.trace import schema
from sparsey_trace.trace.head import read_head
from sparsey_trace.trace.opening import open_file, reading
from sparsey_trace.trace.views import ColumnView, SampleTable, Storage

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from types import TracebackType

    from numpy.typing import NDArray

    from sparsey_trace.layout import LayerLayout

FIELDS = frozenset({"inputs", "codes", "active"})
"""What a chunk can hold beside step, epoch, phase and label."""


class LayerView:
    """One layer's part of a trace.

    Attributes:
        layout: the layer's layout.
        codes: [N, M, Q] uint8 or uint16 winners, read when sliced; 0 where the MAC is silent.
        active: [N, M] bool, read when sliced.
    """

    def __init__(self, layout: LayerLayout, codes: ColumnView, active: ColumnView) -> None:
        """Made by `Trace`."""
        self.layout, self.codes, self.active = layout, codes, active

    def __repr__(self) -> str:
        """One line: the name and the shape of its codes."""
        samples, macs, cms = self.codes.shape
        neurons = self.layout.num_neurons
        return f"<layer {self.layout.name}: {samples:,} samples, {macs} MACs of {cms} CMs, K = {neurons}>"


class Trace:
    """A recorded run. Made by `open_trace`; usable in a with-block.

    Attributes:
        path: the file.
        id: unique to this run.
        layout: the model.
        config: the run's configuration.
        created: when it started, ISO 8601, UTC.
        host: the machine it ran on.
        versions: of Python, this program and the packages that mattered.
        input_kind: how inputs are kept: binary, float32, float16 or none.
        sampling: what was recorded, where not everything was: `every` (each so many steps), `phases` (the
            names of those that were), `layers` (the names of those that were not), `predicate` (what chose
            the steps, in words). Empty where everything was recorded.
        part: which part of a run this is.
        version: of the format.
        closed: whether the writer closed it; False while it is written, or when the writer died.
        columns: path in the file to how its values are stored.
        storage: the values as they are stored, for those who check or copy them.
    """

    def __init__(self, path: str | os.PathLike[str], *, cache_bytes: int | None = None) -> None:
        """Open and check the file; see `open_trace`."""
        self.path = Path(path)
        self._file = open_file(self.path)
        try:
            self._adopt(cache_bytes)
        except BaseException:
            self._file.close()
            raise

    def _adopt(self, cache_bytes: int | None) -> None:
        with reading(self.path, "a trace as docs/trace-format.md describes it"):
            head = read_head(self._file)
            self.columns = {c.path: c for c in schema.columns(head.layout, head.input_kind)}
            self.storage = Storage(self._file, self.columns, version=head.version, cache_bytes=cache_bytes)
        self.id, self.created, self.host = head.id, head.created, head.host
        self.config, self.versions = head.config, head.versions
        self.layout, self.input_kind = head.layout, head.input_kind
        self.sampling, self.part, self.version = head.sampling, head.part, head.version
        self._size = self.storage.committed
        self.closed = self.storage.closed

    def refresh(self) -> int:
        """Move the snapshot on to what is committed by now; the new length."""
        self.storage.refresh()
        self._size, self.closed = self.storage.committed, self.storage.closed
        self.__dict__.pop("num_steps", None)
        return self._size

    def __len__(self) -> int:
        """The number of samples."""
        return self._size

    @cached_property
    def num_steps(self) -> int:
        """The number of steps."""
        steps, size = self.samples.step, self.chunk_size
        # Each part with the sample before it, so that no change is missed between two of them.
        parts = (steps[max(0, first - 1) : first + size] for first in range(0, len(steps), size))
        return sum(int(np.count_nonzero(np.diff(part))) for part in parts) + min(1, len(steps))

    @property
    def drops(self) -> NDArray[np.int64]:
        """[n] int64, the numbers of the steps that were dropped because the disk was too slow."""
        return self.storage.drops()

    @property
    def fields(self) -> frozenset[str]:
        """Which of inputs, codes and active this trace holds."""
        return FIELDS - {"inputs"} if self.input_kind == "none" else FIELDS

    @property
    def samples(self) -> SampleTable:
        """What is known of each sample: step, epoch, phase, label, time."""
        return SampleTable({name: self._view(f"samples/{name}") for name in schema.SAMPLE_COLUMNS})

    @property
    def inputs(self) -> ColumnView:
        """[N, D], read when sliced: uint8 zeros and ones, or float32 (float16 if so recorded).

        Raises:
            TraceError: the run was recorded without inputs.
        """
        if "inputs" not in self.fields:
            msg = f"{self.path}: expected a trace with inputs, found one recorded with inputs='none'"
            raise TraceError(msg)
        return self._view(schema.INPUTS)

    @property
    def layers(self) -> tuple[LayerView, ...]:
        """The layers, lowest first."""
        return tuple(
            LayerView(
                layer, self._view(schema.codes_path(i)), self._view(schema.active_path(i), dtype=np.bool_)
            )
            for i, layer in enumerate(self.layout.layers)
        )

    def _view(self, path: str, dtype: Any = None) -> ColumnView:
        return ColumnView(self.storage, self.columns[path], self._size, dtype)

    @property
    def chunk_size(self) -> int:
        """How many samples the file keeps together: reading in multiples of it is fastest."""
        return self.storage.chunk_size

    def chunks(
        self,
        size: int | None = None,
        *,
        start: int = 0,
        stop: int | None = None,
        fields: frozenset[str] = FIELDS,
    ) -> Iterator[Chunk]:
        """The run in order, as chunks of at most `size` samples.

        Args:
            size: samples a chunk, at least 1; by default as the file keeps them together.
            start: the first sample.
            stop: the sample to stop before; by default the end.
            fields: what to read beside step, epoch, phase and label; what the trace doesn't hold
                is left out.

        Raises:
            UsageError: the size is below 1.
            TraceError: the data can't be read.
        """
        size = self.chunk_size if size is None else size
        if size < 1:
            msg = f"size: expected at least 1 sample a chunk, found {size}"
            raise UsageError(msg)
        start, stop, _ = slice(start, stop).indices(len(self))
        for first in range(start, stop, size):
            yield self.chunk(first, min(first + size, stop), fields=fields)

    def chunk(self, start: int, stop: int, *, fields: frozenset[str] = FIELDS) -> Chunk:
        """Samples `start` to `stop` (exclusive) as one chunk; see `chunks`."""
        start, stop, _ = slice(start, stop).indices(len(self))
        part = slice(start, stop)
        samples, layers = self.samples, self.layers
        return Chunk(
            layout=self.layout,
            start=start,
            step=samples.step[part],
            epoch=samples.epoch[part],
            phase=samples.phase[part],
            label=samples.label[part],
            inputs=_input_values(self.inputs[part]) if "inputs" in fields & self.fields else None,
            codes=tuple(layer.codes[part] for layer in layers) if "codes" in fields else (),
            active=tuple(layer.active[part] for layer in layers) if "active" in fields else (),
        )

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        self._file.close()

    def __enter__(self) -> Trace:
        """The trace itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def _facts(self) -> dict[str, str]:
        macs = ", ".join(str(layer.num_macs) for layer in self.layout.layers)
        return {
            "samples": f"{len(self):,}",
            "steps": f"{self.num_steps:,}",
            "layers": f"{len(self.layout.layers)} ({macs} MACs)",
            "inputs": "none"
            if self.input_kind == "none"
            else f"{self.layout.num_features} features, {self.input_kind}",
            "state": "closed" if self.closed else "still being written, or its writer died",
        }

    def __repr__(self) -> str:
        """One line: where, how long, which model."""
        if not self._file:
            return f"<Trace {self.path}: file closed>"
        facts = self._facts()
        state = "closed" if self.closed else "not closed"
        return f"<Trace {self.path}: {facts['samples']} samples in {facts['steps']} steps, {facts['layers']}, {state}>"

    def _repr_html_(self) -> str:
        known = self._facts() if self._file else {"state": "file closed"}
        facts = {"trace": str(self.path), **known, "created": self.created, "host": self.host}
        lines = "".join(
            f"<tr><th style='text-align:left'>{html.escape(key)}</th><td>{html.escape(value)}</td></tr>"
            for key, value in facts.items()
        )
        return f"<table>{lines}</table>"


def open_trace(path: str | os.PathLike[str], *, cache_bytes: int | None = None) -> Trace:
    """Open a trace for reading; one that is still being written, or was never closed, as well.

    Nothing of its samples is read until it is asked for.

    Args:
        path: the file.
        cache_bytes: how much HDF5 may keep decompressed, of all datasets together; worth raising
            where samples are picked from all over the trace.

    Raises:
        TraceError: the file doesn't exist, is no trace, or is damaged.
        VersionError: it was written in a newer version of the format.
    """
    return Trace(path, cache_bytes=cache_bytes)


def _input_values(inputs: NDArray[Any]) -> NDArray[Any]:
    return inputs.astype(np.float32) if inputs.dtype == np.float16 else inputs
