"""Reading: all of a trace in order, one MAC, one sample, some samples; beside h5py on the same file."""

from __future__ import annotations

from typing import Any

import h5py
import hdf5plugin
import numpy as np

from benchmarks.cases import Case, main
from benchmarks.measure import copy_rate, in_turns
from benchmarks.tables import Figure, Goal, Table, number

FILTERS = hdf5plugin.FILTERS  # importing it is what lets h5py read Zstd
LAYER, MAC = 2, 17


def report(case: Case) -> list[Table]:
    """In one process, ours and h5py in turns."""
    from sparsey_trace import open_trace

    samples = case.choose(full=1_000_000, quick=60_000, tiny=2000)
    path = case.traces.drawn(samples)
    with open_trace(path) as trace, h5py.File(path, locking=False, rdcc_nbytes=0) as file:
        return [_whole(trace, file, case), _parts(trace, file, case)]


def _whole(trace: Any, file: h5py.File, case: Case) -> Table:
    names = [name for name, _ in _datasets(file)]
    size = min(len(trace), 60_000)
    decoded = sum(file[name].nbytes for name in names) / len(trace) * size

    def ours() -> None:
        for _ in trace.chunks(4096, stop=size):
            pass

    def theirs() -> None:
        for start in range(0, size, 4096):
            for name in names:
                file[name][start : start + 4096]

    took = in_turns({"sparsey-trace": ours, "h5py": theirs}, case.repeats)
    copied = copy_rate()
    rows = []
    for name, seconds in took.items():
        rate = decoded / seconds.median
        rows.append([name, str(seconds), number(rate / 1e6), number(seconds.median / took["h5py"].median)])
        rows[-1].append(number(copied.median / rate))
    notes = [
        f"{size:,} samples of inputs, winners and activity, in order: {number(decoded / 1e6)} MB as the file holds "
        "them decompressed. Ours also unpacks bits and checks values. Memory is copied at "
        f"{copied.scaled(1e-6)} MB/s."
    ]
    headers = ["with", "seconds", "MB/s", "to h5py", "times slower than a copy"]
    return Table("Reading a trace in order", headers, rows, notes)


def _parts(trace: Any, file: h5py.File, case: Case) -> Table:
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, len(trace), 200)
    mask = np.zeros(len(trace), bool)
    mask[np.unique(numbers)] = True
    stride = max(1, len(trace) // 1000)
    codes = f"layers/{LAYER}/codes"
    parts = {
        f"layers[{LAYER}].mac({MAC}).codes[:]": (
            lambda: trace.layers[LAYER].mac(MAC).codes[:],
            lambda: file[codes][:, MAC],
        ),
        f"inputs[::{stride}]": (lambda: trace.inputs[::stride], lambda: file["inputs"][::stride]),
        "inputs[mask of 200]": (lambda: trace.inputs[mask], lambda: file["inputs"][mask]),
    }
    rows, goals = [], []
    for what, (ours, theirs) in parts.items():
        took = in_turns({"ours": ours, "h5py": theirs}, case.repeats)
        rows.append(_row(what, took["ours"].scaled(1e3), took["h5py"].scaled(1e3)))
        if what.startswith("layers"):
            found = took["ours"].median * 1e3 / len(trace) * 100_000
            goals.append(Goal(what="one MAC, a hundred thousand samples", found=found, limit=50, unit="ms"))
    one = {"ours": [], "h5py": []}
    for number_ in numbers.tolist():
        took = in_turns(
            {"ours": lambda n=number_: trace.inputs[n], "h5py": lambda n=number_: file["inputs"][n]}, 1
        )
        for name, seconds in took.items():
            one[name].append(seconds.median * 1e3)
    rows.append(
        _row("inputs[i], 200 times, i at random", Figure(tuple(one["ours"])), Figure(tuple(one["h5py"])))
    )
    goals.append(Goal(what="one sample at random", found=float(np.median(one["ours"])), limit=2, unit="ms"))
    notes = [
        f"Of {len(trace):,} samples. Ours and h5py in turns, with the file in the system's cache, and h5py without a "
        "cache of its own: else it decompresses once and answers from memory ever after."
    ]
    return Table("Reading parts of a trace", ["what", "ms", "h5py, ms", "to h5py"], rows, notes, goals)


def _row(what: str, ours: Figure, theirs: Figure) -> list[str]:
    return [what, str(ours), str(theirs), number(ours.median / theirs.median)]


def _datasets(file: h5py.File) -> list[tuple[str, h5py.Dataset]]:
    layers = range(len(file["layers"]))
    names = ["inputs", *(f"layers/{layer}/{kind}" for layer in layers for kind in ("codes", "active"))]
    return [(name, file[name]) for name in names]


if __name__ == "__main__":
    main(report)
