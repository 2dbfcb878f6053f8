"""Nothing twice: an analysis again, and of a trace that has grown."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.cases import Case, main
from benchmarks.measure import in_process
from benchmarks.tables import Figure, Table, number
from benchmarks.work import SIX
from sparsey_trace import TraceWriter, open_trace

if TYPE_CHECKING:
    from sparsey_trace import Trace

METRICS = (*SIX, "sisc_adherence")
ANALYZE = "benchmarks.work:analyze"


def report(case: Case) -> list[Table]:
    """While a writer holds the trace open: analyse, analyse again, grow by a tenth, analyse again."""
    samples = case.choose(full=60_000, quick=20_000, tiny=1000)
    repeats = min(3, case.repeats)
    begun = samples * 10 // 11
    with (
        tempfile.TemporaryDirectory(dir=case.folder) as name,
        open_trace(case.traces.drawn(samples)) as source,
    ):
        folder, path = Path(name), Path(name) / "growing.h5"
        with TraceWriter(path, source.layout) as writer:
            _copy(source, writer, 0, begun)
            took = {"all of it, first": _each(path, [folder / f"first{i}" for i in range(repeats)])}
            took["again, nothing new"] = _each(path, [folder / "first0"] * repeats)
            kept = [Path(shutil.copytree(folder / "first0", folder / f"grown{i}")) for i in range(repeats)]
            _copy(source, writer, begun, samples)
            took["a tenth more, from what is known"] = _each(path, kept)
            took["a tenth more, all of it anew"] = _each(path, [folder / f"new{i}" for i in range(repeats)])
    base = took["a tenth more, all of it anew"].median
    rows = [[what, str(seconds), number(seconds.median / base)] for what, seconds in took.items()]
    notes = [
        f"All seven metrics at resolution `step`, one job, into a folder; {begun:,} samples, then {samples:,}. "
        "Importing is in every figure."
    ]
    return [Table("Nothing twice", ["what is analysed", "seconds", "to all anew"], rows, notes)]


def _each(path: Path, folders: list[Path]) -> Figure:
    return Figure(tuple(in_process(ANALYZE, path=path, metrics=METRICS, out=out).seconds for out in folders))


def _copy(source: Trace, writer: Any, start: int, stop: int) -> None:
    """The steps of these samples, and a commit behind them."""
    run = source.chunk(start, stop)
    firsts = np.unique(run.step, return_index=True)[1]
    for first, last in zip(firsts, [*firsts[1:], len(run)], strict=True):
        step = run[first:last]
        writer.append(
            inputs=step.inputs,
            codes=step.codes,
            active=step.active,
            phase="train" if step.is_train[0] else "eval",
            epoch=int(step.epoch[0]),
            labels=step.label,
        )
    writer.commit()


if __name__ == "__main__":
    main(report)
