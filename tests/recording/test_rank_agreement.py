"""Ranks stay in step over kills and resumes: passes that ran together have one number, whoever was killed when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.recording import rank_agreement
from sparsey_trace.recording.rank_agreement import Meeting, Reached

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from tests.fork_server import ForkServer

START = """
import os, sys
import torch
from torch import distributed
from sparsey_trace.recording import record
from tests.recording.models import OriginalModel, samples

folder, start, rank, commits, killed = sys.argv[1], *map(int, sys.argv[2:])
meeting = f"file://{folder}/meeting{start}"
distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2)
model = OriginalModel()
rec = record(model, f"{folder}/run.h5", resume=True, commit_every=1000)
distributed.barrier()
if killed and commits == 9:
    os.kill(os.getpid(), 9)
for number in range(3):
    rec.labels = torch.full((2,), 10 * start + number)
    model(samples(2, seed=number))
    if number == commits:
        rec.commit()
if killed:
    os.kill(os.getpid(), 9)
rec.close()
"""
NEVER = 9
# By start, for each rank: after which pass it commits, and whether it is killed; before its first pass, where it
# never commits, so that it leaves no file.
STARTS = [
    [(NEVER, True), (0, True)],
    [(2, False), (NEVER, True)],
    [(NEVER, True), (NEVER, True)],
    [(1, True), (NEVER, False)],
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    for start, ranks in enumerate(STARTS):
        begun = [
            fork_server.start(START, folder, start, rank, commits, int(killed))
            for rank, (commits, killed) in enumerate(ranks)
        ]
        for process, (_, killed) in zip(begun, ranks, strict=True):
            with process:
                _, errors = process.communicate()
            assert (process.returncode != 0) == killed, errors
    return folder


def test_passes_that_ran_together_have_one_number(folder: Path) -> None:
    with st.open_trace(str(folder / "run.*.h5")) as trace:
        step, label = trace.samples.step[:], trace.samples.label[:]
    # Of each start, what one rank or both committed, with two samples a rank and step.
    passes = {(0, 0): 2, (1, 10): 2, (2, 11): 2, (3, 12): 2, (4, 30): 4, (5, 31): 4, (6, 32): 2}
    found, counts = np.unique(np.stack([step, label]), axis=1, return_counts=True)
    assert dict(zip(map(tuple, found.T.tolist()), counts.tolist(), strict=True)) == passes


def test_files_of_one_start_have_one_number(folder: Path) -> None:
    starts = {}
    for path in folder.glob("run.*.h5"):
        with st.open_trace(path) as trace:
            starts.setdefault(path.name.replace("rank0", "rank").replace("rank1", "rank"), set()).add(
                trace.part.first_step
            )
    assert all(len(firsts) == 1 for firsts in starts.values())


class Store:
    """As much of torch's as is asked."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def set(self, key: str, value: str) -> None:
        self.kept[key] = value

    def get(self, key: str) -> bytes:
        return self.kept[key].encode()

    def add(self, key: str, amount: int) -> int:
        self.kept[key] = str(int(self.kept.get(key, "0")) + amount)
        return int(self.kept[key])

    def compare_set(self, key: str, expected: str, value: str) -> bytes:
        if self.kept.get(key, "") == expected:
            self.kept[key] = value
        return self.get(key)

    def wait(self, keys: list[str], timeout: timedelta) -> None:
        if keys[0] not in self.kept:
            raise RuntimeError


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store()
    monkeypatch.setattr(rank_agreement, "_store", lambda: store)
    return store


@pytest.fixture
def ranks(store: Store, tmp_path: Path) -> list[Meeting]:
    return [Meeting(tmp_path / "run.rank0.h5", rank, 2) for rank in range(2)]


OWN = Reached(number=0, first_step=4, inputs="binary", run="1" * 32, last="run.rank0.h5")


def test_a_rank_that_asks_for_nothing_or_can_t_go_on(ranks: list[Meeting]) -> None:
    with pytest.raises(
        RecordError, match=r"expected every rank to call record\(..., resume=True\), as .* rank 1 for"
    ):
        ranks[0].agree(OWN)
    ranks[1].refuse("run.rank1.h5: expected a trace")
    with pytest.raises(
        RecordError, match=r"run.rank0.h5: expected every rank to go on, .* can't: run.rank1.h5: "
    ):
        ranks[0].agree(OWN)
    ranks[1]._tell(OWN)
    assert ranks[0].agree(OWN).number == 0, "both know that the first attempt failed"


def test_ranks_have_one_run_and_another_each_time(ranks: list[Meeting]) -> None:
    runs = []
    for _ in range(2):
        runs.append(ranks[0].run())
        assert ranks[0].run() == runs[-1], "a rank that tries again, alone, as its recording couldn't begin"
        ranks[0].leave()
        assert ranks[1].run() == runs[-1], "however late"
        ranks[1].leave()
    assert runs[0] != runs[1]


def test_files_of_two_runs_are_told_before_more_is_recorded(ranks: list[Meeting]) -> None:
    ranks[1]._tell(OWN._replace(run="2" * 32, last="run.rank1.1.h5"))
    with pytest.raises(RecordError) as caught:
        ranks[0].agree(OWN)
    assert str(caught.value) == (
        f"{ranks[0].first}: expected files of one run to go on from, found of run 11111111 run.rank0.h5; "
        "of run 22222222 run.rank1.1.h5: a rank that is killed before its first commit leaves its file of an earlier "
        "recording; remove what is of another run, or record anew with overwrite=True"
    )


def test_ranks_that_cannot_be_asked_have_no_known_run(
    ranks: list[Meeting], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rank_agreement, "_store", lambda: None)
    assert ranks[0].run() == ""
    ranks[0].leave()
