"""How long metrics take over a trace, and how much memory, against its length and against plain reading."""

from __future__ import annotations

from benchmarks.cases import Case, main
from benchmarks.measure import copy_rate, in_process, repeated
from benchmarks.tables import Figure, Goal, Table, number
from benchmarks.work import SIX

HEADERS = ["what", "jobs", "seconds", "us a sample", "to a plain read", "peak memory, MiB", "start-up, s"]
SEVEN = (*SIX, "sisc_adherence")
ANALYZE = "benchmarks.work:analyze"
LONG = 100_000
"""Beyond so many samples, once is enough."""
START = 1000
"""Samples of the analysis that warms a process up."""


class Runs:
    """Analyses of one trace, each in a process of its own.

    Attributes:
        rows: of the table, one for each.
        micros: us a sample, by what was computed and on how many jobs.
        mib: peak memory, by the same.
    """

    def __init__(self, case: Case, samples: int) -> None:
        """Read the trace plainly first: everything else is compared with that."""
        self._path, self._before = case.traces.drawn(samples), case.traces.drawn(START)
        self._samples, self.repeats = samples, 1 if samples > LONG else min(3, case.repeats)
        self.rows: list[list[str]] = []
        self.micros: dict[tuple[str, int], float] = {}
        self.mib: dict[tuple[str, int], float] = {}
        seconds, mib, self.bytes_read = repeated("benchmarks.work:read", self.repeats, path=self._path)
        self._base = seconds.median
        self._add("plain read", 1, seconds, mib, "")

    def analyze(self, what: str, metrics: tuple[str, ...], *, jobs: int) -> None:
        """Measure one analysis at resolution `step`, after a short one in the same process."""
        function, arguments = "benchmarks.work:analyze_warm", {"path": self._path, "before": self._before}
        found = [in_process(function, **arguments, metrics=metrics, n_jobs=jobs) for _ in range(self.repeats)]
        seconds = Figure(tuple(outcome.result["seconds"] for outcome in found))
        first = Figure(tuple(outcome.result["first"] for outcome in found))
        self._add(what, jobs, seconds, Figure(tuple(outcome.mib for outcome in found)), str(first))

    def _add(self, what: str, jobs: int, seconds: Figure, mib: Figure, first: str) -> None:
        micros = seconds.scaled(1e6 / self._samples)
        self.micros[what, jobs], self.mib[what, jobs] = micros.median, max(mib.values)
        ratio = number(seconds.median / self._base)
        self.rows.append([what, str(jobs), str(seconds), str(micros), ratio, str(mib), first])


def report(case: Case) -> list[Table]:
    """Six metrics together and alone, SISC adherence, and memory."""
    lengths = case.choose(full=[60_000, 1_000_000], quick=[60_000], tiny=[1200])
    in_process(
        ANALYZE, path=case.traces.drawn(START), metrics=SEVEN
    )  # compiles what is compiled once and kept
    tables, peaks = [], {}
    for samples in lengths:
        runs = Runs(case, samples)
        for jobs in (1, 2):
            runs.analyze("six metrics", SIX, jobs=jobs)
        runs.analyze("all seven", SEVEN, jobs=2)
        for name in (
            SEVEN if runs.repeats > 1 else ()
        ):  # of the longest run, the case `scaling` has each alone
            runs.analyze(name, (name,), jobs=2)
        tables.append(_speed(runs, samples))
        peaks["1G", samples] = runs.mib["six metrics", 2]
    return [*tables, _memory(case, peaks, lengths)]


def _speed(runs: Runs, samples: int) -> Table:
    six = runs.micros["six metrics", 2]
    sisc = runs.micros["all seven", 2] - six
    label = f"{samples:,} samples"
    goals = [
        Goal(what=f"six metrics, {label}, two jobs", found=six, limit=12, unit="us a sample"),
        Goal(what=f"six metrics, {label}, two jobs: at all costs", found=six, limit=30, unit="us a sample"),
        Goal(what=f"SISC adherence too, {label}, two jobs", found=sisc, limit=20, unit="us a sample more"),
        Goal(
            what=f"six metrics, {label}: one job to two",
            found=runs.micros["six metrics", 1] / six,
            limit=1.8,
            unit="times faster",
            at_least=True,
        ),
    ]
    copied = copy_rate()
    decoded = Figure((runs.bytes_read / samples / runs.micros["plain read", 1] * 1e6,))
    notes = [
        "Six metrics: all but SISC adherence, in one analysis. Every run is a process of its own, and not its first "
        f"analysis: that one, of {START:,} samples, is the start-up, with all that is imported and loaded once.",
        f"A plain read decodes {number(runs.bytes_read / samples)} bytes a sample, at {decoded.scaled(1e-9)} GB/s; "
        f"copying memory runs at {copied.scaled(1e-9)} GB/s, {number(copied.median / decoded.median)} times that. "
        f"Six metrics on two jobs pass {number(runs.bytes_read / samples / six * 1e6 / 1e9)} GB/s.",
    ]
    return Table(f"Replay of {label}", HEADERS, runs.rows, notes, goals)


def _memory(case: Case, peaks: dict[tuple[str, int], float], lengths: list[int]) -> Table:
    """Peak memory against length and against what is allowed."""
    lengths = [lengths[0] // 4, *lengths]
    budgets = case.choose(full=["512M", "1G", "2G"], quick=["512M", "1G"], tiny=["1G"])
    for budget in budgets:
        for samples in lengths[:2]:
            if (budget, samples) not in peaks:
                path = case.traces.drawn(samples)
                outcome = in_process(ANALYZE, path=path, metrics=SIX, n_jobs=2, total_memory=budget)
                peaks[budget, samples] = outcome.mib
    rows = [[budget, f"{samples:,}", number(mib)] for (budget, samples), mib in sorted(peaks.items())]
    goals = [
        Goal(
            what=f"six metrics, two jobs, total_memory={budget}",
            unit="MiB",
            limit={"512M": 512, "1G": 1024, "2G": 2048}[budget],
            found=max(peak for (given, _), peak in peaks.items() if given == budget),
        )
        for budget in budgets
    ]
    growth = peaks["1G", lengths[-1]] / peaks["1G", lengths[-2]]
    goals.append(
        Goal(
            what=f"memory from {lengths[-2]:,} to {lengths[-1]:,} samples",
            found=growth,
            limit=1.1,
            unit="times",
        )
    )
    return Table(
        "Memory of six metrics on two jobs", ["total_memory", "samples", "peak, MiB"], rows, goals=goals
    )


if __name__ == "__main__":
    main(report)
