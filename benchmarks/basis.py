"""Basis set size where every code is new: nothing repeats, and all of it has to be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.cases import Case, main
from benchmarks.measure import in_process, repeated
from benchmarks.tables import Goal, Table, number

if TYPE_CHECKING:
    from pathlib import Path

MACS, CMS, NEURONS, BATCH = 100, 16, 16, 256


def report(case: Case) -> list[Table]:
    """Ours beside numpy.unique, which knows nothing of steps."""
    samples = case.choose(full=100_000, quick=20_000, tiny=500)
    path = case.folder / "all-new.h5"
    if not path.exists():
        write(path, samples)
    in_process(
        "benchmarks.work:analyze", path=path, metrics=["basis_set_size"]
    )  # compiles what is compiled once
    rows, base = [], 0.0
    basis = {"metrics": ["basis_set_size"]}
    for what, function, arguments in (
        ("numpy.unique of each MAC's codes as bytes", "benchmarks.work:unique_codes", {}),
        ("basis_set_size, 1 job", "benchmarks.work:analyze", basis),
        ("basis_set_size, 2 jobs", "benchmarks.work:analyze", {**basis, "n_jobs": 2}),
        ("plain read", "benchmarks.work:read", {}),
    ):
        seconds, mib, _ = repeated(function, min(3, case.repeats), path=path, **arguments)
        base = base or seconds.median
        rows.append(
            [what, str(seconds), number(seconds.median / base), number(seconds.median / samples / MACS * 1e9)]
        )
        rows[-1].append(str(mib))
    allowed = in_process("benchmarks.work:analyze", path=path, **basis, n_jobs=2, total_memory="1G").mib
    goals = [Goal(what="basis set size, total_memory=1G, 2 jobs", found=allowed, limit=1024, unit="MiB")]
    raw = samples * MACS * CMS / 2 / (1 << 20)
    notes = [
        f"{samples:,} codes for each of {MACS} MACs, Q = {CMS}, K = {NEURONS}, none of them twice: {number(raw)} MiB "
        "at 8 bytes a code. Ours also knows which step showed each first."
    ]
    headers = ["what", "seconds", "to numpy.unique", "ns a code", "peak memory, MiB"]
    return [Table("Basis set size where every code is new", headers, rows, notes, goals)]


def write(path: Path, samples: int) -> None:
    """Codes drawn from 2^64: that one comes twice has a chance of one in a million."""
    from sparsey_trace import LayerLayout, Layout, TraceWriter

    rng = np.random.default_rng(0)
    layer = LayerLayout(
        name="v1", num_macs=MACS, num_cms=CMS, num_neurons=NEURONS, connections=[[mac] for mac in range(MACS)]
    )
    with TraceWriter(path, Layout(num_features=MACS, layers=(layer,)), inputs="none") as writer:
        for start in range(0, samples, BATCH):
            size = min(BATCH, samples - start)
            codes = rng.integers(0, NEURONS, (size, MACS, CMS)).astype(np.uint8)
            writer.append(inputs=None, codes=[codes], active=[np.ones((size, MACS), bool)], phase="train")


if __name__ == "__main__":
    main(report)
