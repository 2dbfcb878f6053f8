"""What more than one job brings, in seconds, and how much of all CPU the thread takes that drives them.

`python -m benchmarks.jobs --size full`; it isn't among the cases that `python -m benchmarks` runs.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from benchmarks.cases import Case, main
from benchmarks.measure import in_process
from benchmarks.tables import Figure, Goal, Table, number
from benchmarks.work import SIX, analyze

if TYPE_CHECKING:
    from pathlib import Path

START = 1000
"""Samples of the analysis that warms a process up."""
SEVEN = (*SIX, "sisc_adherence")
ONE, TWO, SISC = "six metrics, one job", "six metrics, two jobs", "and SISC adherence, two jobs"
HOW = {
    ONE: {"metrics": SIX, "n_jobs": 1},
    TWO: {"metrics": SIX, "n_jobs": 2},
    SISC: {"metrics": SEVEN, "n_jobs": 2},
    "six metrics, two processes": {"metrics": SIX, "n_jobs": 2, "engine": "processes"},
}


def report(case: Case) -> list[Table]:
    """Of a trace whose inputs come again, and of one whose inputs nearly all differ."""
    short, long = case.choose(full=(60_000, 120_000), quick=(60_000, 120_000), tiny=(1200, 1200))
    repeating, differing = case.traces.drawn(short), case.traces.drawn(long, num_inputs=long * 10 // 11)
    return [
        _table(case, repeating, short, "that come again in each epoch", each=15, sisc=15),
        _table(case, differing, long, "that nearly all differ", each=25),
    ]


def _table(
    case: Case, path: Path, samples: int, kind: str, *, each: float, sisc: float | None = None
) -> Table:
    before, repeats = case.traces.drawn(START), case.choose(full=5, quick=3, tiny=1)
    found: dict[str, list[dict[str, float]]] = {how: [] for how in HOW}
    # In turns, so that whatever else the machine does strikes all alike.
    for _ in range(repeats):
        for how, arguments in HOW.items():
            outcome = in_process("benchmarks.jobs:analyse", path=path, before=before, **arguments)
            found[how].append(outcome.result)
    figures = {
        how: {key: Figure(tuple(one[key] for one in outcomes)) for key in outcomes[0]}
        for how, outcomes in found.items()
    }
    micros = {how: of["seconds"].scaled(1e6 / samples) for how, of in figures.items()}
    rows = [
        [how, str(of["seconds"]), str(micros[how]), str(of["cpu"]), str(of["driver"].scaled(100))]
        for how, of in figures.items()
    ]
    of_run = f"{samples:,} samples, inputs {kind}"
    goals = [
        Goal(what=f"{TWO}, {of_run}", found=micros[TWO].median, limit=each, unit="us a sample"),
        Goal(
            what=f"one job to two, {of_run}",
            found=micros[ONE].median / micros[TWO].median,
            limit=1.7,
            unit="times faster",
            at_least=True,
        ),
        Goal(
            what=f"the thread that drives two jobs, {of_run}",
            found=100 * figures[TWO]["driver"].median,
            limit=2,
            unit="% of all CPU",
        ),
    ]
    if sisc is not None:
        more = micros[SISC].median - micros[TWO].median
        goals.append(
            Goal(what=f"SISC adherence too, {of_run}", found=more, limit=sisc, unit="us a sample more")
        )
    ratio = figures[TWO]["cpu"].median / figures[ONE]["cpu"].median
    notes = [
        "Each is a process of its own, and not its first analysis. The share of the thread that drives is of the "
        "CPU of all threads and processes; with one job it does all.",
        f"Two jobs take {number(ratio)} times the CPU of one: what is beyond 1 is lost to working side by side.",
    ]
    headers = ["what", "seconds", "us a sample", "CPU seconds", "% of it by the thread that drives"]
    return Table(f"Jobs: {of_run}", headers, rows, notes, goals)


def analyse(
    path: str, *, before: str, metrics: list[str], n_jobs: int, engine: str = "auto"
) -> dict[str, float]:
    """Seconds of an analysis in a process that has done one before, CPU seconds, and this thread's share of them."""
    analyze(before, metrics=metrics, n_jobs=n_jobs, engine=engine)
    start, thread, cpu = time.perf_counter(), time.thread_time(), _cpu()
    analyze(path, metrics=metrics, n_jobs=n_jobs, engine=engine)
    spent = _cpu() - cpu
    driver = (time.thread_time() - thread) / spent
    return {"seconds": time.perf_counter() - start, "cpu": spent, "driver": driver}


def _cpu() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    main(report)
