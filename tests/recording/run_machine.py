"""A run of several ranks that are started, killed, resumed, closed and recorded again in any order, beside a model.

The files are those of real writers, named and numbered as a recorder does it; a kill is what is left on the disk of a
file at that moment. Ranks are threads while they agree on how to go on, as each waits for the others' words there.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from sparsey_trace.errors import RecordError, TraceError
from sparsey_trace.layout import PHASES, TRAIN, LayerLayout, Layout
from sparsey_trace.recording import rank_agreement, run_files
from sparsey_trace.recording.record_model import _open_writer
from sparsey_trace.recording.run_files import RunFile, find_run_file
from sparsey_trace.trace.reading.contents import Contents
from sparsey_trace.trace.reading.joint_head import joint_head
from sparsey_trace.trace.reading.merge_rules import MergeRules
from sparsey_trace.trace.reading.merged import MergedStorage
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.reading.trace import Trace

if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any

    from sparsey_trace.trace.writing.writer import TraceWriter

MOST_RANKS = MOST_STARTS = 4
LAYOUT = Layout(
    num_features=2,
    layers=[LayerLayout(name="v1", num_macs=1, num_cms=1, num_neurons=2, connections=[[0, 1]])],
)


class Sample(NamedTuple):
    """What a sample is known by: ordered as in the trace, but for its number within the step."""

    step: int
    rank: int
    epoch: int
    phase: int
    forward_pass: int


class Store:
    """As much of torch's as ranks ask of it."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}
        self._news = threading.Condition()

    def set(self, key: str, value: str) -> None:
        with self._news:
            self._kept[key] = value
            self._news.notify_all()

    def get(self, key: str) -> bytes:
        return self._kept[key].encode()

    def add(self, key: str, amount: int) -> int:
        with self._news:
            self._kept[key] = str(int(self._kept.get(key, "0")) + amount)
            return int(self._kept[key])

    def compare_set(self, key: str, expected: str, value: str) -> bytes:
        with self._news:
            if self._kept.get(key, "") == expected:
                self._kept[key] = value
            return self.get(key)

    def wait(self, keys: list[str], timeout: timedelta) -> None:
        with self._news:
            assert self._news.wait_for(lambda: keys[0] in self._kept, timeout.total_seconds())


@dataclass
class Rank:
    """A rank: what its files hold, and what its process would lose by a kill.

    Attributes:
        number: which one.
        samples: that were committed.
        drops: steps that it dropped and that were committed.
        has_files: whether it has left one.
        run: which recording these are of.
        file: that it writes while it runs.
        begun: which recording that is.
        writer: of that file, once it has a step.
        next_step: the number of its next pass.
        told: what a commit has told of that.
    """

    number: int
    samples: list[Sample] = field(default_factory=list)
    drops: set[int] = field(default_factory=set)
    has_files: bool = False
    run: int = 0
    file: RunFile | None = None
    begun: int = 0
    writer: TraceWriter | None = None
    next_step: int = 0
    told: int = 0
    unsafe: list[Sample] = field(default_factory=list)
    unsafe_drops: set[int] = field(default_factory=set)

    def record(self, sample: Sample, size: int) -> None:
        if self.writer is None:
            self._open()
        self.writer.append(
            inputs=np.zeros((size, 2)),
            codes=[np.zeros((size, 1, 1), int)],
            active=[np.ones((size, 1), bool)],
            phase=PHASES[sample.phase],
            epoch=sample.epoch,
            labels=np.full(size, sample.forward_pass),
            ids=np.full(size, sample.rank),
            step=sample.step,
        )
        self.has_files = True
        self.unsafe += [sample] * size

    def _open(self) -> None:
        assert self.file is not None
        if self.begun > self.run:
            self.samples, self.drops, self.told = [], set(), 0
        self.writer = _open_writer(
            self.file, {"part": self.file.part, "overwrite": self.begun > self.run}, LAYOUT
        )
        self.run = self.begun

    def drop(self, step: int) -> None:
        if self.writer is not None:
            self.writer.note_drops([step], ["dropped"])
            self.unsafe_drops.add(step)

    def commit(self) -> None:
        if self.writer is not None:
            self.writer.note_next_step(self.next_step)
            self.writer.commit()
            self._are_safe()

    def close(self) -> None:
        if self.writer is not None:
            self.writer.note_next_step(self.next_step)
            self.writer.close()
            self._are_safe()
        self.file = self.writer = None

    def kill(self) -> None:
        if self.writer is not None:
            left = self.writer.path.with_suffix(".left")
            shutil.copyfile(self.writer.path, left)
            self.writer.close()
            left.replace(self.writer.path)
        self.unsafe, self.unsafe_drops = [], set()
        self.file = self.writer = None

    def _are_safe(self) -> None:
        self.samples += self.unsafe
        self.drops |= self.unsafe_drops
        self.unsafe, self.unsafe_drops, self.told = [], set(), self.next_step


class RunMachine(RuleBasedStateMachine):
    """See the module."""

    @initialize(num_ranks=st.integers(1, MOST_RANKS))
    def begin(self, num_ranks: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.ranks = [Rank(number) for number in range(num_ranks)]
        self.starts = self.passes = self.epoch = self.run = 0
        self.known: list[Any] = []
        self.seen: list[set[int]] = []
        self.start(0)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            for rank in self.running:
                rank.kill()
            self.look()
            shutil.rmtree(self.folder)

    @property
    def running(self) -> list[Rank]:
        return [rank for rank in self.ranks if rank.file is not None]

    @property
    def runs_there(self) -> set[int]:
        return {rank.run for rank in self.ranks if rank.has_files}

    @precondition(lambda self: not self.running and self.starts < MOST_STARTS and len(self.runs_there) < 2)
    @rule(epochs_back=st.sampled_from([0, 0, 1, 2]))
    def start(self, epochs_back: int) -> None:
        """All ranks, each of which goes on from its own files and what the others say."""
        self.epoch = max(0, self.epoch - epochs_back)
        files = self._agreed()
        assert len({re.sub(r"rank\d", "", file.path.name) for file in files}) == 1, (
            "files of one start have one number"
        )
        first_step = files[0].part.first_step
        for rank, file in zip(self.ranks, files, strict=True):
            assert file.part.first_step == first_step
            behind = [sample.step for sample in rank.samples] + list(rank.drops) + [rank.told - 1]
            assert first_step > max(behind)
            assert not file.path.exists()
            rank.file, rank.next_step, rank.begun = file, first_step, max(self.runs_there, default=self.run)
        self.starts += 1

    @precondition(lambda self: not self.running and self.starts < MOST_STARTS)
    @rule(killed=st.sets(st.integers(0, MOST_RANKS - 1), max_size=2))
    def record_again(self, killed: set[int]) -> None:
        """All ranks, in place of what there is; a rank's old files are there until it has something new."""
        self.run, self.epoch = self.run + 1, 0
        for rank, file in zip(self.ranks, self._agreed(overwrite=True), strict=True):
            rank.file, rank.next_step, rank.begun = file, 0, self.run
            if rank.number in killed:
                rank.kill()
        self.starts += 1

    @precondition(lambda self: not self.running and len(self.runs_there) > 1)
    @rule()
    def move_old_files(self) -> None:
        """As an error says, behind which the run can't be read, nor go on."""
        with pytest.raises(RecordError, match="expected files of one run to go on from, found of run"):
            self._agreed()
        last = max(self.runs_there)
        for rank in self.ranks:
            if rank.has_files and rank.run < last:
                for path in self.folder.glob(f"run.rank{rank.number}*"):
                    path.unlink()
                rank.samples, rank.drops, rank.told, rank.has_files = [], set(), 0, False

    def _agreed(self, *, overwrite: bool = False) -> list[RunFile]:
        store, here = Store(), threading.local()

        def begin(rank: int) -> RunFile:
            here.rank = rank
            return find_run_file(
                self.folder / "run.h5", inputs="binary", resume=not overwrite, overwrite=overwrite
            )

        with (
            patch.object(run_files, "_rank", lambda: (here.rank, len(self.ranks))),
            patch.object(rank_agreement, "_store", lambda: store),
            ThreadPoolExecutor(len(self.ranks)) as threads,
        ):
            return list(threads.map(begin, range(len(self.ranks))))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), phases=st.lists(st.integers(0, 1), min_size=1, max_size=4))
    def forward_passes(self, data: st.DataObject, phases: list[int]) -> None:
        """Of all that run; sampling leaves one out, or each of them records or drops it."""
        for phase in phases:
            is_left_out = data.draw(st.sampled_from([False, False, False, True]))
            for rank in self.running:
                size = 0 if is_left_out else data.draw(st.sampled_from([1, 1, 2, 0]))
                if size:
                    sample = Sample(rank.next_step, rank.number, self.epoch, phase, self.passes)
                    rank.record(sample, size)
                elif not is_left_out:
                    rank.drop(rank.next_step)
                rank.next_step += 1
            self.passes += 1

    @precondition(lambda self: self.running)
    @rule()
    def next_epoch(self) -> None:
        self.epoch += 1

    @precondition(lambda self: self.running)
    @rule(data=st.data(), what=st.sampled_from([Rank.commit, Rank.commit, Rank.kill, Rank.close]))
    def happens(self, data: st.DataObject, what: Any) -> None:
        what(data.draw(st.sampled_from(self.running)))

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def all_end(self, data: st.DataObject) -> None:
        for rank in self.running:
            data.draw(st.sampled_from([Rank.kill, Rank.close]))(rank)

    @precondition(lambda self: not self.running)
    @rule()
    def look(self) -> None:
        """Open the run as it is now, and hold it against the model."""
        pattern, there = str(self.folder / "run*.h5"), {rank.number for rank in self.ranks if rank.has_files}
        if not there:
            with pytest.raises(TraceError, match="expected files of such names, found none"):
                open_trace(pattern)
            return
        if len(self.runs_there) > 1:
            with pytest.raises(
                TraceError, match=r"expected files of one run, found .* move what is of another"
            ):
                open_trace(pattern, missing_ranks="allow")
            return
        if there not in self.seen:
            self.seen.append(there)
            if len(there) < len(self.ranks):
                with pytest.raises(TraceError, match="found none of rank"):
                    open_trace(pattern)
        with open_trace(pattern, missing_ranks="allow") as trace:
            self._check_whole(trace, there)
            assert all(Contents(trace).has(known) for run, known in self.known if self.runs_there == {run})
            self.known.append((max(self.runs_there), Contents(trace).now()))
            for rules in ({"complete_steps": True}, {"repeated_steps": "last"}):
                self._check_samples(put_together(trace, MergeRules(**rules)), self._chosen(there, **rules))

    def _check_whole(self, trace: Trace, there: set[int]) -> None:
        found = self._check_samples(trace, self._committed())
        passes: dict[int, set[int]] = {}
        for sample in found:
            passes.setdefault(sample.step, set()).add(sample.forward_pass)
        assert all(len(of_step) == 1 for of_step in passes.values()), "passes were mixed"
        assert len({min(of_step) for of_step in passes.values()}) == len(passes), "a pass has two numbers"
        lacking = self._lacking(there)
        assert trace.lacking.tolist() == [[step, rank] for step, ranks in lacking.items() for rank in ranks]
        dropped = sorted(set().union(*(rank.drops for rank in self.ranks)) - passes.keys())
        assert trace.drops.tolist() == dropped
        told = {step: ranks for step, ranks, _ in trace.gaps}
        assert told == dict(sorted((lacking | dict.fromkeys(dropped, tuple(sorted(there)))).items()))
        assert trace.missing_ranks == tuple(rank.number for rank in self.ranks if rank.number not in there)

    def _committed(self) -> list[Sample]:
        return sorted(
            (sample for rank in self.ranks for sample in rank.samples), key=lambda sample: sample[:2]
        )

    def _lacking(self, there: set[int]) -> dict[int, tuple[int, ...]]:
        having: dict[int, set[int]] = {}
        for sample in self._committed():
            having.setdefault(sample.step, set()).add(sample.rank)
        return {step: tuple(sorted(there - ranks)) for step, ranks in having.items() if there - ranks}

    def _chosen(
        self, there: set[int], *, complete_steps: bool = False, repeated_steps: str = "all"
    ) -> list[Sample]:
        samples = self._committed()
        if complete_steps:
            return [sample for sample in samples if sample.step not in self._lacking(there)]
        assert repeated_steps == "last"
        return [sample for place, sample in enumerate(samples) if not is_repeated(place, samples)]

    def _check_samples(self, trace: Trace, expected: list[Sample]) -> list[Sample]:
        samples = trace.samples
        columns = (samples.step[:], samples.id[:], samples.epoch[:], samples.phase[:], samples.label[:])
        found = [Sample(*map(int, row)) for row in zip(*columns, strict=True)]
        assert found == expected
        return found


def put_together(trace: Trace, rules: MergeRules) -> Trace:
    """The same files once more, in another way."""
    chains = [list(files) for _, files in groupby(trace.files, lambda file: file.part.rank)]
    storage = MergedStorage(chains, rules)
    return Trace(trace.files, joint_head(trace.files), storage, cache_bytes=0, rules=rules)


def is_repeated(place: int, samples: list[Sample]) -> bool:
    """Whether training, or evaluation where the sample is of evaluation, came back behind it to its epoch or below."""
    for phase in {TRAIN, samples[place].phase}:
        epochs = [(number, sample.epoch) for number, sample in enumerate(samples) if sample.phase == phase]
        falls = [later for earlier, later in pairwise(epochs) if later[1] < earlier[1]]
        if any(number > place and epoch <= samples[place].epoch for number, epoch in falls):
            return True
    return False
