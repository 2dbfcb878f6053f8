"""What recording adds to the time of a training step, beside other ways to keep the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.cases import Case, main
from benchmarks.machine import version_of
from benchmarks.measure import in_process
from benchmarks.models import MODELS
from benchmarks.peers import PEERS
from benchmarks.steps import Compared, percent, percentile
from benchmarks.tables import Goal, Table, number

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCHES = (1, 8, 32, 256)
COMPARE = "benchmarks.steps:compare"
"""Each model, batch size and peer has a process of its own: torchlens, for one, changes torch for good."""


def report(case: Case) -> list[Table]:
    """Ours at several batch sizes, and all ways at one."""
    return [_steps(case), _peers(case)]


def _steps(case: Case) -> Table:
    headers = ["model", "batch", "CPU", "step, ms (p50)", "p99", "recorded, p50", "p99", "added, %"]
    headers += ["in hooks, us a step", "writer thread, us of CPU a sample"]
    rows, goals = [], []
    for model, batch, cpu in _settings(case):
        seconds = case.choose(full=6, quick=2, tiny=0.2)
        found = in_process(
            COMPARE,
            digits=case.traces.recorded(),
            model=model,
            batch=batch,
            cpu=cpu,
            peer="sparsey-trace",
            seconds=seconds,
        )
        steps = Compared(**found.result)
        added = percent(steps.added)
        before, after = (percentile(steps.plain, 99), percentile(steps.watched, 99))
        rows.append([model, str(batch), cpu, number(percentile(steps.plain, 50)), number(before)])
        rows[-1] += [number(percentile(steps.watched, 50)), number(after), str(added)]
        rows[-1] += [number(steps.hook * 1e6), number(steps.writer * 1e6)]
        if model == "original's size" and batch in (1, 32) and cpu != "one core":
            what = f"recording at batch size {batch}, {cpu}"
            limit = 2 if batch == 32 and cpu == "spare core" else 5
            goals.append(Goal(what=f"{what}: added", found=added.median, limit=limit, unit="% of a step"))
            ratio = after / before
            goals.append(Goal(what=f"{what}: p99", found=ratio, limit=1.1, unit="times the unrecorded"))
    notes = [
        "Two copies of a model train on the same inputs in turns, block by block; added is of a pair of blocks. "
        "Spare core: torch on one thread. All cores: torch on as many threads as there are cores. One core: the whole "
        "process kept on a single core, so that all that the writer thread does is taken from training.",
        "The original took 12 ms a step at batch size 1 and 31 ms at 32, on a machine of this kind.",
    ]
    return Table("Recording: time of a step", headers, rows, notes, goals)


def _settings(case: Case) -> Iterator[tuple[str, int, str]]:
    for model in MODELS if case.size == "full" else ("original's size",):
        for batch in case.choose(full=BATCHES, quick=(32,), tiny=(8,)):
            for cpu in ("spare core",) if model == "demo" else ("spare core", "all cores", "one core"):
                yield model, batch, cpu


def _peers(case: Case) -> Table:
    rows = []
    for peer in PEERS:
        seconds = case.choose(full=5, quick=1, tiny=0.1)
        try:
            found = in_process(
                COMPARE,
                digits=case.traces.recorded(),
                model="original's size",
                batch=32,
                peer=peer,
                seconds=seconds,
            )
        except RuntimeError as error:
            rows.append([peer, f"not measured: {error}", "", "", "", "", ""])
            continue
        steps = Compared(**found.result)
        step = sum(steps.watched) / len(steps.watched) * 1e3
        rows.append([f"{peer} {_version(peer)}", number(step), str(percent(steps.added)), number(steps.size)])
        rows[-1] += [
            number(steps.closing * 1e3),
            PEERS[peer].where,
            number(steps.size / float(rows[0][3].replace(",", ""))),
        ]
    headers = ["with", "step, ms", "added, %", "bytes a sample", "to finish, ms", "kept", "bytes to ours"]
    notes = [
        "The model of the original's size at batch size 32, one thread; each in a process of its own, in turns with an "
        "unwatched copy."
    ]
    return Table("Recording: other ways to keep the same activations", headers, rows, notes)


def _version(peer: str) -> str:
    return version_of(peer.partition(".")[0])


if __name__ == "__main__":
    main(report)
