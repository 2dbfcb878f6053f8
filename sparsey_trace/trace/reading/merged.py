"""Many files as one run of samples: by step, then by rank, then as in the file.

The order is kept as stretches: samples of one step that stand together in one file. Steps never fall within a file,
so the samples that a span of the run has of a file stand together there, but for what rules leave out, and are read
at once.

While files are written, samples must not change their numbers: a step counts only when no rank can add to it or
to one before it any more, because each has committed a later step or its writer is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import TraceError
from sparsey_trace.layout import PHASES
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.damage import reading
from sparsey_trace.trace.format.drops import as_stored
from sparsey_trace.trace.format.inputs import joint_kind, recoded
from sparsey_trace.trace.reading.epoch_returns import repeated
from sparsey_trace.trace.reading.rank_gaps import incomplete, lacking_reason, rank_gaps
from sparsey_trace.trace.writing.lock import has_no_writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace.trace.reading.merge_rules import MergeRules
    from sparsey_trace.trace.reading.storage import Storage
    from sparsey_trace.trace.reading.trace_file import TraceFile

_SAMPLES_AT_ONCE = 1 << 16
_MOST_KEPT = 64
"""Files of each of which the last chunk is kept decompressed, up to a MiB; of more than so many, none is."""
_NO_SPANS = np.empty((0, 3), np.int64)

_STRETCH = np.dtype(
    [
        ("step", np.int64),
        ("epoch", np.int32),
        ("phase", np.uint8),
        ("file", np.int32),  # its index in `files`
        ("first", np.int64),  # the first sample's number in that file
        ("samples", np.int64),
    ]
)


class MergedStorage:
    """What `Storage` is to one file, to several.

    Args:
        chains: the files of each rank, in order, as `chains` gives them.
        rules: which of their samples are the trace's.

    Attributes:
        left_out: how many samples the rules leave out.
        committed: how many samples there are.
        closed: whether every rank's last file is.
        chunk_size: how many samples are best read at once.

    Raises:
        TraceError: a step has two phases or epochs, or steps fall within a file.
    """

    def __init__(self, chains: Sequence[Sequence[TraceFile]], rules: MergeRules) -> None:
        """Go through the steps of every file."""
        self._rules = rules
        self.files = [file for chain in chains for file in chain]
        self._tracks = [_Track(file, is_last=file is chain[-1]) for chain in chains for file in chain]
        self._final = np.empty(0, _STRETCH)
        self._later: list[NDArray[Any]] = []
        self.chunk_size = len(chains) * max(file.storage.chunk_size for file in self.files)
        self.refresh()

    @property
    def is_open(self) -> bool:
        """Whether the files are open."""
        return all(file.storage.is_open for file in self.files)

    def close(self) -> None:
        """Close the files; closing twice does no harm."""
        for file in self.files:
            file.storage.close()

    def refresh(self) -> None:
        """Find out how much is committed by now.

        Raises:
            TraceError: the files are closed or can't be read, or what they added doesn't fit.
        """
        for track in self._tracks:
            track.refresh()
        for number, track in enumerate(self._tracks):
            self._later.append(track.new_stretches(number))
        later = np.concatenate(self._later)
        later = later[np.lexsort((later["file"], later["step"]))]
        self._check_steps(later)
        ready = self._count_final(later["step"])
        self._final = np.concatenate([self._final, later[:ready]])
        self._later = [later[ready:]]
        self._put_in_order()
        self.closed = all(track.is_closed for track in self._tracks if track.is_last)

    def _put_in_order(self) -> None:
        """Find what the rules leave of the final stretches, and where it begins in the trace."""
        owners = np.array([file.part.rank for file in self.files])
        self._lacking = rank_gaps(self._final["step"], owners[self._final["file"]], set(owners.tolist()))
        wanted = np.full(len(self._final), fill_value=True)
        if self._rules.complete_steps:
            wanted &= ~incomplete(self._final["step"], self._lacking)
        if self._rules.repeated_steps == "last":
            wanted &= ~repeated(self._final["epoch"], self._final["phase"])
        self._order = self._final if wanted.all() else self._final[wanted]
        self._starts = np.concatenate([[0], np.cumsum(self._order["samples"])])
        self.committed = int(self._starts[-1])
        self.left_out = int(self._final["samples"].sum()) - self.committed

    def _count_final(self, steps: NDArray[np.int64]) -> int:
        """How many of these steps [n], which rise, are final: no rank can add to them, or a step before them."""
        reached = [track.last_step for track in self._tracks if not track.is_done]
        return int(np.searchsorted(steps, min(reached), side="right")) if reached else len(steps)

    def read(self, path: str, start: int, stop: int, within: slice = slice(None)) -> NDArray[Any]:
        """Samples `start` to `stop` of a column as stored, from all files.

        Args:
            path: the column's.
            start: the first sample.
            stop: the one to stop before.
            within: a part of the first axis behind the samples', such as a range of MACs.

        Raises:
            TraceError: the files are closed, or their data can't be read.
        """
        owners, there = self._where(start, stop)
        parts = {
            number: self._read_file(number, path, there[owners == number], within)
            for number in np.unique(owners).tolist() or [0]
        }
        return _joined(owners, parts)

    def prefetch(self, paths: Sequence[str], start: int, stop: int) -> None:
        """Fetch what these columns' samples take together, of files elsewhere; see `Storage.prefetch`."""
        if not any(file.storage.is_far for file in self.files):
            return
        owners, there = self._where(start, stop)
        for number in np.unique(owners).tolist():
            samples = there[owners == number]
            self._storage(number).prefetch(paths, int(samples[0]), int(samples[-1]) + 1)

    def _read_file(self, number: int, path: str, there: NDArray[np.int64], within: slice) -> NDArray[Any]:
        """The samples of these numbers, which rise, of a file."""
        if not len(there):
            return self._recoded(path, number, self._storage(number).read(path, 0, 0, within))
        first, stop = int(there[0]), int(there[-1]) + 1
        found = self._storage(number).read(path, first, stop, within)
        if len(self.files) > _MOST_KEPT:
            self._storage(number).forget(path)
        return self._recoded(path, number, found if len(there) == stop - first else found[there - first])

    def pick(self, path: str, numbers: NDArray[np.int64], within: slice = slice(None)) -> NDArray[Any]:
        """The samples of these numbers, which rise, of a column as stored, from all files; see `read`."""
        owners, there = self._located(np.searchsorted(self._starts, numbers, side="right") - 1, numbers)
        parts = {
            number: self._recoded(
                path, number, self._storage(number).pick(path, there[owners == number], within)
            )
            for number in np.unique(owners).tolist() or [0]
        }
        return _joined(owners, parts)

    @property
    def columns(self) -> Mapping[str, schema.Column]:
        """Path to column: the first file's, but that inputs are of a kind that holds those of all files."""
        inputs = self._inputs
        return {**self.files[0].columns, **({} if inputs is None else {schema.INPUTS: inputs})}

    @property
    def _inputs(self) -> schema.Column | None:
        # Found anew each time, as a file may come to hold others while it is written.
        kind = joint_kind(file.input_kind for file in self.files)
        assert kind is not None
        return schema.input_column(self.files[0].head.layout, kind)

    def _recoded(self, path: str, number: int, stored: NDArray[Any]) -> NDArray[Any]:
        """Values [n, ...] of a file as they are stored here."""
        file, inputs = self.files[number], self._inputs
        if path != schema.INPUTS or inputs is None:
            return stored
        with reading(
            file.path, f"inputs that {inputs.kind} holds, as those of all files (or to be read alone)"
        ):
            return recoded(stored, file.columns[path], inputs)

    def _storage(self, number: int) -> Storage:
        return self.files[number].storage

    def _where(self, start: int, stop: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """[n] and [n], of each sample from `start` on: the index of the file that it is in, and its number there."""
        low = int(np.searchsorted(self._starts, start, side="right")) - 1
        high = max(low, int(np.searchsorted(self._starts, stop)))
        samples = np.diff(np.clip(self._starts[low : high + 1], start, stop))
        return self._located(np.repeat(np.arange(low, high), samples), np.arange(start, max(start, stop)))

    def _located(
        self, stretches: NDArray[np.int64], numbers: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The file and the number there of samples [n] of stretches [n]; those of a file rise there as here."""
        there = self._order["first"][stretches] + numbers - self._starts[stretches]
        return self._order["file"][stretches], there

    def spans(self, samples: int) -> NDArray[np.int64]:
        """[n, 3], where the first samples of the trace stand: a file's index, the first sample there, how many.

        What follows in one file what is before it is one span with it.
        """
        stop = int(np.searchsorted(self._starts, samples))
        file, first = self._order["file"][:stop], self._order["first"][:stop]
        counts = np.diff(np.minimum(self._starts[: stop + 1], samples))
        follows = (file[1:] == file[:-1]) & (first[1:] == first[:-1] + counts[:-1])
        begins = np.flatnonzero(np.concatenate([[True] * bool(stop), ~follows]))
        return (
            np.stack([file[begins], first[begins], np.add.reduceat(counts, begins)], axis=1)
            if stop
            else _NO_SPANS
        )

    def drops(self) -> NDArray[Any]:
        """[n] `DROP`, the steps that no rank has and some rank dropped, or that rules leave out, in order, and why.

        Raises:
            TraceError: the files are closed, or they can't be read.
        """
        found = np.concatenate([file.storage.drops() for file in self.files])
        dropped = found[np.unique(found["step"], return_index=True)[1]]
        known = np.concatenate([part["step"] for part in (self._final, *self._later)])
        missing = [dropped[~np.isin(dropped["step"], known)]]
        if self._rules.complete_steps:
            missing.append(as_stored(_without_ranks(self._lacking)))
        together = np.concatenate(missing)
        return np.asarray(together[np.argsort(together["step"], kind="stable")])

    def lacking(self) -> NDArray[np.int64]:
        """[n, 2] int64: a step that some rank has, and a rank that lacks it; see `rank_gaps`."""
        return self._lacking

    def _check_steps(self, stretches: NDArray[Any]) -> None:
        """See that each step of stretches [n], in order, has one phase and one epoch."""
        earlier, later = stretches[:-1], stretches[1:]
        for name in ("phase", "epoch"):
            wrong = np.flatnonzero((earlier["step"] == later["step"]) & (earlier[name] != later[name]))
            if len(wrong):
                one, other = stretches[wrong[0]], stretches[wrong[0] + 1]
                expected, found = (_shown(name, int(stretch[name])) for stretch in (one, other))
                msg = (
                    f"{self._path(other)}: expected step {other['step']} to be of {name} {expected}, as in "
                    f"{self._path(one)}, found {found}: the ranks were not in step; read each alone"
                )
                raise TraceError(msg)

    def _path(self, stretch: Any) -> Path:
        return self.files[int(stretch["file"])].path


def _without_ranks(lacking: NDArray[np.int64]) -> Iterator[tuple[int, str]]:
    """Each step of `lacking`, [n, 2], and which ranks lack it, in words."""
    steps, firsts = np.unique(lacking[:, 0], return_index=True)
    for step, ranks in zip(steps.tolist(), np.split(lacking[:, 1], firsts[1:]), strict=False):
        yield step, lacking_reason(ranks)


def _joined(owners: NDArray[np.int32], parts: dict[int, NDArray[Any]]) -> NDArray[Any]:
    """[n, ...] from each file's values in order; `owners` [n] has the file of each."""
    first = next(iter(parts.values()))
    if len(parts) == 1:
        return first
    values = np.empty((len(owners), *first.shape[1:]), first.dtype)
    for number, part in parts.items():
        values[owners == number] = part
    return values


def _shown(name: str, value: int) -> str:
    return PHASES[value] if name == "phase" and value < len(PHASES) else str(value)


class _Track:
    """How far the steps of one file are known.

    Attributes:
        is_last: whether it is its rank's last; the writers of all others are gone.
        is_closed: whether its writer closed it.
        is_done: whether no more can come.
        last_step: the last committed step's number; the one before the file's first while there is none.
    """

    def __init__(self, file: TraceFile, *, is_last: bool) -> None:
        self.is_last, self._file = is_last, file
        self.is_done, self.is_closed = not is_last, file.storage.closed
        self.last_step, self._seen = file.part.first_step - 1, 0

    def refresh(self) -> None:
        """See how much is committed, and whether more can come."""
        if self.is_last:
            # Asked before the counters are read: a writer that is gone by now can't change them any more.
            left = has_no_writer(self._file.path)
            self._file.storage.refresh()
            self.is_closed = self._file.storage.closed
            self.is_done = self.is_closed or left

    def new_stretches(self, number: int) -> NDArray[Any]:
        """Stretches [n] of what was committed since the last time; `number` is the file's index."""
        size = self._file.storage.committed
        starts = range(self._seen, size, _SAMPLES_AT_ONCE)
        parts = [self._stretches(number, start, min(start + _SAMPLES_AT_ONCE, size)) for start in starts]
        found = np.concatenate([np.empty(0, _STRETCH), *parts])
        self._file.storage.forget()
        self._check_order(found)
        self._seen = size
        if len(found):
            self.last_step = int(found["step"][-1])
        return found

    def _stretches(self, number: int, start: int, stop: int) -> NDArray[Any]:
        """Stretches [n] of a span of samples."""
        names = ("step", "epoch", "phase")
        columns = {name: self._file.storage.read(f"samples/{name}", start, stop) for name in names}
        firsts = np.flatnonzero(np.diff(columns["step"], prepend=~columns["step"][0]))
        found = np.empty(len(firsts), _STRETCH)
        for name, column in columns.items():
            found[name] = column[firsts]
        found["file"], found["first"] = number, start + firsts
        found["samples"] = np.diff(firsts, append=stop - start)
        return found

    def _check_order(self, stretches: NDArray[Any]) -> None:
        """See that the steps of new stretches [n] never fall, nor are below those before them."""
        lowest = max(self.last_step, self._file.part.first_step)
        wrong = np.flatnonzero(stretches["step"] < np.append(lowest, stretches["step"])[:-1])
        if len(wrong):
            found = stretches[wrong[0]]
            msg = (
                f"{self._file.path}: samples/step: sample {found['first']}: expected a step of at least {lowest} "
                f"that never falls below the sample before's, found {found['step']}"
            )
            raise TraceError(msg)
