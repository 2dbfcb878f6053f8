"""What the writer behind a recorder takes: CPU, bytes and memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.cases import Case, main
from benchmarks.codes import (
    code_entropy_bytes,
    dense_bytes,
    entropy_bytes,
    run_of,
    silent_entropy_bytes,
    stored_bytes,
    zipped_bytes,
)
from benchmarks.measure import in_process, thread_seconds
from benchmarks.models import MODELS, Player, record_run
from benchmarks.steps import WRITER
from benchmarks.tables import Figure, Goal, Table, number
from benchmarks.traces import write_trace

PLAY = "benchmarks.writing:play"


def report(case: Case) -> list[Table]:
    """CPU a sample, bytes a sample, and memory against the length of the run."""
    return [_writer(case), _bytes(case), _memory(case)]


def play(path: str, *, steps: int, batch: int = 32) -> dict[str, float]:
    """Record so many steps of a model that emits the codes of a known run."""
    import torch

    from sparsey_trace import record

    torch.set_num_threads(1)
    run = run_of(Path(path))
    model, inputs = Player(run), torch.from_numpy(run.inputs)
    with tempfile.TemporaryDirectory() as folder, record(model, Path(folder) / "run.h5") as recorder:
        for step in range(steps):
            start = step * batch % (len(run) - batch)
            model(inputs[start : start + batch])
        recorder.commit()
        cpu, stats = thread_seconds(WRITER), recorder.stats()
    return {
        "micros": cpu / stats.samples * 1e6,
        "bytes": stats.bytes / stats.samples,
        "queue": stats.queue_high_water,
    }


def _large_codes(case: Case) -> Path:
    """A run with 2,912 bytes of winners a sample."""
    path = case.folder / "large-codes.h5"
    if not path.exists():
        statistics = case.traces.statistics.respelt(num_cms=8, num_neurons=16)
        write_trace(path, statistics, samples=case.choose(full=8192, quick=4096, tiny=512))
    return path


def _writer(case: Case) -> Table:
    rows, goals = [], []
    steps = case.choose(full=1000, quick=300, tiny=20)
    for what, path in (("Q = K = 4", case.traces.recorded()), ("Q = 8, K = 16", _large_codes(case))):
        results = [in_process(PLAY, path=path, steps=steps).result for _ in range(min(3, case.repeats))]
        micros = Figure(tuple(result["micros"] for result in results))
        rows.append([what, number(results[-1]["bytes"]), str(micros)])
    goals.append(
        Goal(what="writer thread, 2,912 bytes of winners", found=micros.median, limit=12, unit="us a sample")
    )
    notes = [f"CPU time of the writer thread, commits included, over {steps:,} steps of 32 samples."]
    headers = ["364 MACs with", "bytes a sample in the queue", "us of CPU a sample"]
    return Table("CPU of the writer thread", headers, rows, notes, goals)


def _bytes(case: Case) -> Table:
    demo = case.folder / "demo.h5"
    if not demo.exists():
        record_run(demo, MODELS["demo"], samples=case.choose(full=5000, quick=2000, tiny=200), epochs=2)
    rows, goals = [], []
    runs = {
        "demo": demo,
        "original's size": case.traces.recorded(),
        "drawn, Q = 8, K = 16": _large_codes(case),
    }
    for name, path in runs.items():
        run = run_of(path)
        codes, active = (stored_bytes(path, kind) / len(run) for kind in ("codes", "active"))
        dense, zipped, entropy = dense_bytes(run), zipped_bytes(run), silent_entropy_bytes(run)
        figures = [
            path.stat().st_size / len(run),
            codes,
            active,
            dense,
            zipped,
            entropy,
            entropy_bytes(run),
            code_entropy_bytes(run),
        ]
        figures += [dense / codes, zipped / codes, codes / entropy]
        rows.append([name, f"{len(run):,}", *map(number, figures)])
        if path == demo or path == case.traces.recorded():
            what = f"winners of {name}, real digits"
            goals.append(Goal(what=what, found=codes / entropy, limit=1, unit="of their entropy"))
    headers = ["run", "samples", "whole file", "winners", "activity", "dense float32", "gzip of it"]
    headers += [
        "entropy of winners",
        "of those of active MACs",
        "entropy of codes",
        "dense to winners",
        "gzip to winners",
        "winners to entropy",
    ]
    notes = [
        "Bytes a sample; winners and activity with the tail, where the file has one. Entropies are of zero order: of "
        "each CM alone, where silence is one more winner, as it is stored; of each CM over the samples in which its "
        "MAC is active; and of each active MAC's whole codes."
    ]
    return Table("Bytes", headers, rows, notes, goals)


def _memory(case: Case) -> Table:
    lengths = case.choose(full=(100, 1000, 10_000, 20_000), quick=(100, 1000, 2000), tiny=(10, 20))
    outcomes = {steps: in_process(PLAY, path=case.traces.recorded(), steps=steps) for steps in lengths}
    rows = [
        [f"{steps:,}", f"{32 * steps:,}", number(found.mib), number(found.result["queue"] / (1 << 20))]
        for steps, found in outcomes.items()
    ]
    growth = outcomes[lengths[-1]].mib / outcomes[lengths[-2]].mib
    goal = Goal(
        what=f"memory of a recorder, {lengths[-2]:,} to {lengths[-1]:,} steps",
        found=growth,
        limit=1.1,
        unit="times",
    )
    notes = [
        "Of a process that records a model that costs little, as fast as it can; torch and the model are in it."
    ]
    headers = ["steps", "samples", "peak memory, MiB", "most that waited in the queue, MiB"]
    return Table("Memory against the length of the run", headers, rows, notes, [goal])


if __name__ == "__main__":
    main(report)
