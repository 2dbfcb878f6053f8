"""Reading a trace: lazily, in slices or chunks, even while it is being written.

A `Trace` is a snapshot: its length is what was committed when it was opened (or last refreshed), so
that everything read from it belongs together.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.chunk import Chunk
from sparsey_trace.errors import TraceError, UsageError, said_by_url
from sparsey_trace.layout import MARKS
from sparsey_trace.support.extras import is_installed, require
from sparsey_trace.support.html_table import table
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.counts import counted, fitting
from sparsey_trace.trace.format.drops import reasons_of
from sparsey_trace.trace.format.inputs import for_metrics
from sparsey_trace.trace.paths import joint_name
from sparsey_trace.trace.reading.checked_chunk import check_chunk
from sparsey_trace.trace.reading.column_view import ColumnView
from sparsey_trace.trace.reading.contents import Contents
from sparsey_trace.trace.reading.epoch_returns import EpochReturn, EpochReturns
from sparsey_trace.trace.reading.layer_view import Layers, LayerView
from sparsey_trace.trace.reading.rank_gaps import StepGap, step_gaps
from sparsey_trace.trace.reading.sample_table import SampleTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    import xarray as xr
    from numpy.typing import NDArray

    from sparsey_trace.trace.format.head import Head
    from sparsey_trace.trace.reading.merge_rules import MergeRules
    from sparsey_trace.trace.reading.merged import MergedStorage
    from sparsey_trace.trace.reading.storage import Storage
    from sparsey_trace.trace.reading.trace_file import TraceFile

FIELDS = frozenset({"inputs", "codes", "active", "values"})
"""What a chunk can hold beside step, epoch, phase, label, id, sequence and moment."""


class Trace:
    """A recorded run. Made by `open_trace`; usable in a with-block.

    Pickled, or copied, it is its files, its id, its length and what tells its contents: whoever unpickles it has those
    files opened anew, and a TraceError where they are another trace, or were edited, by then.

    Attributes:
        files: its open files; more than one where several ranks recorded the run, or it was resumed.
        path: the file; of several, a name that stands for all of them.
        id: unique to this run, which keeps it when it is resumed; of one rank's file alone, that file's.
        layout: the model.
        config: the run's configuration; of several files, the first one's.
        created: when it started, ISO 8601, UTC.
        host: the machine it ran on, or the machines.
        versions: of Python, this program and the packages that mattered.
        changes: what was changed in it since it was recorded, a line each; of several files, the first one's.
        value_names: by layer, the names of the further values that its MACs have.
        sampling: what was recorded, where not everything was: `every` (each so many steps), `phases` (the
            names of those that were), `layers` (the names of those that were not), `predicate` (what chose
            the steps, in words). Empty where everything was recorded.
        losses: what its recorder said, as it closed it, of what isn't in it: how many `passes` of the model there were
            and how many `steps` of them are here; how many sampling `left_out`, were `refused` as bad, were `drops` for
            want of room, or are `lost`; and the `error` that has stopped the recording. Empty where nothing is missing,
            or it wasn't closed; of several files, sums of those that have some, without passes and steps.
        part: which part of a run this is.
        version: the version of the format.
        closed: whether the writer closed it; False while it is written, or when the writer died.
        storage: the values as they are stored, for those who check or copy them.
        cache_bytes: how much of them may be kept decompressed; see `open_trace`.
        rules: how its files were put together; see `open_trace`.
    """

    def __init__(
        self,
        files: Sequence[TraceFile],
        head: Head,
        storage: Storage | MergedStorage,
        *,
        cache_bytes: int,
        rules: MergeRules,
    ) -> None:
        """Made by `open_trace`."""
        self.files, self.storage = tuple(files), storage
        self.path = files[0].path if len(files) == 1 else joint_name(self.paths)
        self.id, self.created, self.host = head.id, head.created, head.host
        self.config, self.versions, self.changes = head.config, head.versions, head.changes
        self.layout = head.layout
        self.value_names, self.losses = head.values, head.losses
        self.sampling, self.part, self.version = head.sampling, head.part, head.version
        self._size, self.closed = storage.committed, storage.closed
        self.cache_bytes, self.rules = cache_bytes, rules
        self._returns = EpochReturns()
        self._contents: dict[int, dict[str, Any] | None] = {}

    @property
    def columns(self) -> Mapping[str, schema.Column]:
        """Path to how its values are stored, in its file; of several, as they are taken together."""
        return self.storage.columns

    @property
    def input_kind(self) -> str:
        """How inputs are kept: binary, uint8, int32, int64, float16, float32, float64 or none.

        Of several files, the smallest kind that holds what all of theirs hold; float64 beside int64 holds what it can,
        and what it can't is an error where it is read.
        """
        column = self.columns.get(schema.INPUTS)
        return "none" if column is None else column.kind

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its files, by rank and then as they follow each other: what to open it by once more."""
        return tuple(file.path for file in self.files)

    def contents(self) -> dict[str, Any] | None:
        """What tells its samples from others, also from what an edit makes of them; see `Contents`.

        Taken when it is first asked for, at a small part of the cost of reading the samples; None where it can't be.
        """
        if len(self) not in self._contents:
            try:
                self._contents[len(self)] = Contents(self).now()
            except TraceError:
                return None
        return self._contents[len(self)]

    def refresh(self) -> int:
        """Move the snapshot on to what is committed by now; the new length. Of further files it knows nothing."""
        self.storage.refresh()
        if self.rules.repeated_steps != "all":
            self._returns = EpochReturns()
        self._size, self.closed = self.storage.committed, self.storage.closed
        self.__dict__.pop("num_steps", None)
        return self._size

    def rewind(self, samples: int) -> None:
        """Move the snapshot back to its first samples, as it was when there weren't more; `refresh` moves it on.

        Args:
            samples: how many, at most the length now.

        Raises:
            UsageError: there aren't as many.
        """
        if not 0 <= samples <= len(self):
            msg = f"{self.path}: expected 0 to {len(self):,} samples to go back to, found {samples:,}"
            raise UsageError(msg)
        self._size = samples
        self.__dict__.pop("num_steps", None)

    def __len__(self) -> int:
        """The number of samples."""
        return self._size

    @property
    def waiting(self) -> int:
        """How many samples are committed behind the end, of steps that another rank may still add to."""
        return sum(file.storage.committed for file in self.files) - self.storage.left_out - self._size

    @cached_property
    def num_steps(self) -> int:
        """How many steps there are."""
        return self._told.get("steps") or self.samples.count_steps()

    @property
    def counts(self) -> dict[str, int]:
        """What its samples come to.

        How many `steps` and different `epochs`; samples of each phase (`train`, `eval`), and those with `labels`,
        `ids`, `sequences` and `moments`; and how many `returns` to an earlier epoch.
        """
        return self._told or counted(vars(chunk) for chunk in self.chunks(1 << 16, fields=frozenset()))

    @property
    def _told(self) -> dict[str, int]:
        alone = self.files[0].storage
        is_all = self.storage is alone and self.closed and len(self) == alone.committed
        return fitting(self.files[0].head.counts, len(self)) if is_all else {}

    @property
    def drops(self) -> NDArray[np.int64]:
        """[n] int64, the numbers of the steps that are missing, in order.

        They were dropped as the disk was too slow, left out as they couldn't be recorded, or lost. What only some
        ranks have is in `lacking`; where `complete_steps` leaves it out, here.
        """
        return np.asarray(self.storage.drops()["step"])

    @property
    def drop_reasons(self) -> dict[int, str]:
        """Why steps are missing: number to reason, in one line; empty where none was told."""
        return reasons_of(self.storage.drops())

    @property
    def missing_ranks(self) -> tuple[int, ...]:
        """The ranks that have no file among these: they left none, or weren't named; see `open_trace`."""
        there = {file.part.rank for file in self.files}
        return tuple(sorted(set(range(self.part.num_ranks)) - there))

    @property
    def lacking(self) -> NDArray[np.int64]:
        """[n, 2] int64: a step that only some ranks have, and a rank that lacks it, by step.

        That rank was killed before it, dropped it, or ran without the others. Of one file nothing is known of that.
        None with `complete_steps`.
        """
        return self.storage.lacking()[: 0 if self.rules.complete_steps else None]

    @property
    def gaps(self) -> tuple[StepGap, ...]:
        """The steps that some or all ranks lack, with the ranks, and why: all of `drops` and `lacking`, by step."""
        return step_gaps(self.files, self.drop_reasons, self.storage.lacking())

    @property
    def epoch_returns(self) -> tuple[EpochReturn, ...]:
        """Where training went back to an earlier epoch, resumed behind an older checkpoint; see `open_trace`."""
        return () if self._told.get("returns") == 0 else self._returns.among(self.samples, len(self))

    @property
    def fields(self) -> frozenset[str]:
        """Which of inputs, codes, active and values this trace holds."""
        return FIELDS - {*["inputs"] * (self.input_kind == "none"), *["values"] * (not any(self.value_names))}

    @property
    def samples(self) -> SampleTable:
        """What is known of each sample: step, epoch, phase, label, id, sequence, moment, time."""
        return SampleTable({name: self._view(f"samples/{name}") for name in schema.SAMPLE_COLUMNS})

    @property
    def inputs(self) -> ColumnView:
        """[N, D], read when sliced: uint8 zeros and ones where they are binary, else numbers of their kind's dtype.

        Raises:
            TraceError: the run was recorded without inputs.
        """
        if "inputs" not in self.fields:
            msg = f"{self.path}: expected a trace with inputs, found one recorded with inputs='none'"
            raise TraceError(msg)
        return self._view(schema.INPUTS)

    @property
    def layers(self) -> Layers:
        """The layers, lowest first, by number or by name."""
        return Layers(
            LayerView(
                layer,
                self._view(schema.codes_path(i)),
                self._view(schema.active_path(i), dtype=np.bool_),
                {name: self._view(schema.value_path(i, name)) for name in self.value_names[i]},
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
            fields: what to read beside what is known of each sample; what the trace doesn't hold
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
        span = slice(start, stop)
        samples, layers = self.samples, self.layers
        self.storage.prefetch(self._paths_of(fields), start, stop)
        found = Chunk(
            layout=self.layout,
            start=start,
            step=samples.step[span],
            epoch=samples.epoch[span],
            phase=samples.phase[span],
            **{name: getattr(samples, name)[span] for name in MARKS.values()},
            inputs=self.metric_inputs(span) if "inputs" in fields & self.fields else None,
            codes=tuple(layer.codes[span] for layer in layers) if "codes" in fields else (),
            active=tuple(layer.active[span] for layer in layers) if "active" in fields else (),
            values=tuple({name: view[span] for name, view in layer.values.items()} for layer in layers)
            if "values" in fields & self.fields
            else (),
        )
        check_chunk(found, self.path)
        return found

    def metric_inputs(self, samples: Any) -> NDArray[Any]:
        """Inputs [n, D] of a slice of samples, or of their numbers, as metrics take them: see `Chunk.inputs`."""
        return for_metrics(self.inputs[samples], self.input_kind)

    def _paths_of(self, fields: frozenset[str]) -> list[str]:
        """The columns that a chunk with these fields is made of."""
        paths = [f"samples/{name}" for name in ("step", "epoch", "phase", *MARKS.values())]
        paths += [schema.INPUTS] if "inputs" in fields & self.fields else []
        for number, names in enumerate(self.value_names):
            paths += [schema.codes_path(number)] if "codes" in fields else []
            paths += [schema.active_path(number)] if "active" in fields else []
            paths += [schema.value_path(number, name) for name in names if "values" in fields]
        return paths

    def to_xarray(self) -> xr.DataTree:
        """All of it as an xarray.DataTree, of which nothing is read before it is asked for. Needs xarray.

        The root has `inputs` [sample, feature], and each layer a node of its name (of its number, as `layer0`, where
        the name can't be a node's), with `codes` [sample, mac, cm] and `active` [sample, mac] as in `layers`,
        `connections` [mac, source] and the MACs' positions x and y. The codes of silent MACs are 0;
        `codes.where(active)` has nan for them. Coordinates of samples, in every node, are the number, step, epoch,
        phase (`train` or `eval`), label, id, sequence and moment (float64, nan where unknown) and time (UTC). The
        root's attributes have the configuration, as JSON.

        Where dask is installed, inputs, codes and activity are dask arrays of whole chunks of the file; all else, and
        without dask all, are xarray's own lazy arrays. The trace has to stay open meanwhile;
        `xarray.open_datatree(path, engine="sparsey-trace")` opens one of its own.

        Raises:
            UsageError: xarray isn't installed.
        """
        require("xarray", what=f"{self.path}: to_xarray", extra="xarray")
        from sparsey_trace.arrays.tree import tree_of

        return tree_of(self, in_dask=is_installed("dask"))

    def close(self) -> None:
        """Close the files; closing twice does no harm."""
        self.storage.close()

    def __enter__(self) -> Trace:
        """The trace itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files."""
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

    @property
    def _name(self) -> str:
        return said_by_url(f"{self.path}{f' ({len(self.files)} files)' if len(self.files) > 1 else ''}")

    def __repr__(self) -> str:
        """One line: where, how long, which model."""
        if not self.storage.is_open:
            return f"<Trace {self._name}: file closed>"
        facts = self._facts()
        state = "closed" if self.closed else "not closed"
        return f"<Trace {self._name}: {facts['samples']} samples in {facts['steps']} steps, {facts['layers']}, {state}>"

    def _repr_html_(self) -> str:
        known = self._facts() if self.storage.is_open else {"state": "file closed"}
        facts = {"trace": self._name, **known, "created": self.created, "host": self.host}
        return table(list(facts.items())) + self.layout._repr_html_()
