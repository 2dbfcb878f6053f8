"""How cost grows with samples to 10^7: CPU a sample, memory, what folds keep; inputs that repeat, and all different.

Few MACs, so that long traces are made in minutes; `full` is 10^7, `quick` 10^6. It isn't among the cases that
`python -m benchmarks` runs.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.cases import Case, main
from benchmarks.measure import in_process
from benchmarks.tables import Goal, Table, number
from benchmarks.work import SIX
from sparsey_trace import LayerLayout, Layout, TraceWriter

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRICS = (*SIX, "sisc_adherence")
DISTINCT = 1000
"""How many inputs there are where they repeat."""
REFERENCES = 512
"""With how many inputs match accuracy compares where all are different: with all, pairs grow with the square."""

_FEATURES, _STEP = 64, 1000
_LAYOUT = Layout(
    num_features=_FEATURES,
    layers=[
        LayerLayout(
            name=f"v{number}",
            num_macs=macs,
            num_cms=4,
            num_neurons=4,
            connections=[list(range(mac, below, macs)) for mac in range(macs)],
        )
        for number, (macs, below) in enumerate([(4, _FEATURES), (2, 4)], start=1)
    ],
)


def report(case: Case) -> list[Table]:
    """A table for inputs that repeat, and one for such that don't."""
    lengths = case.choose(full=(10**5, 10**6, 10**7), quick=(10**5, 10**6), tiny=(2000, 4000))
    return [_table(case, lengths, repeating=repeating) for repeating in (True, False)]


def _table(case: Case, lengths: tuple[int, ...], *, repeating: bool) -> Table:
    kind = "that repeat" if repeating else "all different"
    first = written(case.folder / "first.h5", 2000, repeating=repeating)
    found = {}
    for length in lengths:
        path = written(case.folder / f"{length}-{repeating}.h5", length, repeating=repeating)
        arguments = {"path": path, "before": first, "references": 0 if repeating else REFERENCES}
        found[length] = in_process("benchmarks.growth:analyse", **arguments)
        path.unlink()
    first.unlink()
    folds = list(found[lengths[-1]].result["folds"])
    rows = [
        [
            f"{length:,}",
            number(outcome.result["cpu"] / length * 1e6),
            number(outcome.mib),
            *(number(outcome.result["folds"].get(fold, 0)) for fold in folds),
        ]
        for length, outcome in found.items()
    ]
    each = [outcome.result["cpu"] / length for length, outcome in found.items()]
    memory = [outcome.mib for outcome in found.values()]
    goals = [
        Goal(
            what=f"CPU a sample, inputs {kind}",
            found=max(each[1:]) / each[0],
            limit=1.1,
            unit="of the shortest",
        ),
        Goal(
            what=f"peak memory, inputs {kind}",
            found=max(memory[1:]) / memory[0],
            limit=1.1,
            unit="of the shortest",
        ),
    ]
    headers = [
        "samples",
        "us of CPU a sample",
        "peak MiB, with imports",
        *(f"bytes of {fold}" for fold in folds),
    ]
    notes = [
        f"Seven metrics by step, one job, a layer of 4 and one of 2 MACs, Q = K = 4, {_FEATURES} features."
    ]
    if not repeating:
        notes.append(f"Match accuracy compares with {REFERENCES} inputs (reference_size).")
    return Table(f"How cost grows to {lengths[-1]:,} samples: inputs {kind}", headers, rows, notes, goals)


def written(path: Path, samples: int, *, repeating: bool) -> Path:
    """A trace, every tenth step of evaluation; codes hang on inputs only."""
    rng = np.random.default_rng(0)
    known = rng.integers(2, size=(DISTINCT, _FEATURES), dtype=np.uint8)
    with TraceWriter(path, _LAYOUT) as writer:
        for step in range(samples // _STEP):
            if repeating:
                inputs = known[rng.integers(DISTINCT, size=_STEP)]
            else:
                numbers = np.arange(step * _STEP, (step + 1) * _STEP, dtype="<u8") * 0x9E3779B97F4A7C15
                inputs = np.unpackbits(numbers.view(np.uint8).reshape(_STEP, 8), axis=1)
            phase = "eval" if step % 10 == 9 else "train"
            writer.append(inputs=inputs, codes=_codes(inputs), active=_active(inputs), phase=phase)
    return path


def _codes(inputs: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """[n, macs, Q] of each layer."""
    winners = inputs[:, :32:2] + 2 * inputs[:, 1:32:2]
    first = winners.reshape(len(inputs), 4, 4)
    return [first, first[:, ::2] ^ first[:, 1::2]]


def _active(inputs: NDArray[np.uint8]) -> list[NDArray[np.bool_]]:
    """[n, macs] of each layer."""
    return [inputs[:, 40:44] < 1, inputs[:, 44:46] < 1]


def analyse(path: str, *, before: str, references: int) -> dict[str, Any]:
    """CPU seconds of an analysis in a process that has done one before, and the bytes that folds keep."""
    import sparsey_trace as st
    from sparsey_trace.replay.cache.sealed_files import about_sealed

    bounded = st.metrics.MatchAccuracy(reference_size=references) if references else "match_accuracy"
    metrics = [bounded if name == "match_accuracy" else name for name in METRICS]
    st.analyze(before, metrics=metrics)
    out = Path(path).with_suffix(".metrics")
    start = time.process_time()
    st.analyze(path, metrics=metrics, out=out)
    cpu = time.process_time() - start
    kept = (out / ".sparsey-trace").glob("*.fold")
    folds = {str(about_sealed(file).get("fold", file.stem)): file.stat().st_size for file in kept}
    shutil.rmtree(out)
    return {"cpu": cpu, "folds": folds}


if __name__ == "__main__":
    main(report)
