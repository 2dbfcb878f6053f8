"""Many files of one run, and a file elsewhere: what opening and reading them takes."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec

from benchmarks.cases import Case, main
from benchmarks.measure import in_process
from benchmarks.tables import Goal, Table, number
from sparsey_trace import TraceWriter, analyze, open_trace
from sparsey_trace.replay.describe import facts
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.rescue.pack import pack
from tests.trace.reading.range_server import RangeServer

if TYPE_CHECKING:
    from collections.abc import Callable

LATENCY = 0.03
SAMPLES_A_RANK = 32


def report(case: Case) -> list[Table]:
    """A run of many ranks; then a trace behind a server of ranges, as it was recorded and packed."""
    return [_many(case), _elsewhere(case)]


def _many(case: Case) -> Table:
    ranks = case.choose(full=1000, quick=100, tiny=3)
    folder = case.folder / f"{ranks} ranks"
    if not folder.exists():
        _write(case, folder, ranks)
    found = in_process("benchmarks.files:open_run", folder=folder)
    cpu = found.result["cpu"]
    rows = [[f"{ranks:,}", number(cpu), number(found.mib), str(found.result["descriptors"])]]
    goals = [
        Goal(what="opening files of a run", found=1000 * cpu / ranks, limit=5, unit="s of CPU for 1,000"),
        Goal(what="memory meanwhile", found=found.mib, limit=200, unit="MiB"),
        Goal(what="descriptors", found=found.result["descriptors"], limit=64, unit=""),
    ]
    headers = ["files", "seconds of CPU", "MiB, with imports", "descriptors"]
    notes = [f"Each of {SAMPLES_A_RANK} samples of the benchmarks' model; opened as one trace, by a pattern."]
    return Table("Many files of one run", headers, rows, notes, goals)


def _write(case: Case, folder: Path, ranks: int) -> None:
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    with open_trace(case.traces.drawn(SAMPLES_A_RANK)) as source:
        run = source.chunk(0, SAMPLES_A_RANK)
        for rank in range(ranks):
            part = RunPart(rank=rank, num_ranks=ranks)
            with TraceWriter(partial / f"run.rank{rank}.h5", source.layout, part=part) as writer:
                given: dict[str, Any] = {"inputs": run.inputs, "codes": run.codes, "active": run.active}
                writer.append(**given, phase="train", labels=run.label)
    partial.rename(folder)


def open_run(folder: str) -> dict[str, float]:
    """Open the files in a folder as one trace; how much CPU that took, and how many descriptors."""
    start = time.process_time()
    with open_trace(f"{folder}/run.*.h5") as trace:
        len(trace)
        return {"cpu": time.process_time() - start, "descriptors": len(list(Path("/proc/self/fd").iterdir()))}


def _elsewhere(case: Case) -> Table:
    path = case.traces.drawn(case.choose(full=60_000, quick=20_000, tiny=1000))
    packed = path.with_name(f"{path.stem}.packed.h5")
    pack(path, packed, overwrite=True)
    rows, found = [], {}
    with RangeServer().running() as server:
        server.latency = LATENCY
        for name, file in (("as recorded", path), ("packed", packed)):
            server.files[file.name] = server.files[f"another-{file.name}"] = file.read_bytes()
            first, another = f"{server.url}/{file.name}", f"{server.url}/another-{file.name}"
            for what, action, url in (
                ("info", _info, first),
                ("info, again", _info, first),
                ("one metric", _metric, another),
            ):
                found[name, what] = seconds, requests, sent = _counted(server, action, url)
                rows.append([f"{name}: {what}", str(requests), number(sent / 1e6), number(seconds)])
            fsspec.filesystem("http").clear_instance_cache()
    needed = _bytes_of(path, "active", "codes") / 1e6
    size = path.stat().st_size / 1e6
    notes = [
        f"{number(size)} MB, {number(packed.stat().st_size / 1e6)} packed; each answer takes 30 ms at least."
    ]
    goals = []
    for name in ("as recorded", "packed"):
        _, requests, sent = found[name, "info"]
        goals += [
            Goal(what=f"info, {name}", found=requests, limit=10, unit="requests"),
            Goal(what=f"info, {name}", found=sent / 1e6, limit=1, unit="MB"),
            Goal(
                what=f"one metric, {name}",
                found=found[name, "one metric"][2] / 1e6 / needed,
                limit=1.1,
                unit="of what its columns take",
            ),
        ]
    return Table("A file elsewhere", ["what", "requests", "MB", "seconds"], rows, notes, goals)


def _bytes_of(path: Path, *fields: str) -> int:
    """What the chunks take of columns of layers."""
    with open_trace(path) as trace:
        paths = [f"layers/{number}/{field}" for number in range(len(trace.layers)) for field in fields]
        return sum(len(stored) for path in paths for _, stored in trace.storage.encoded(path))


def _counted(server: RangeServer, action: Callable[[str], object], url: str) -> tuple[float, int, int]:
    server.requests = server.sent = 0
    start = time.perf_counter()
    action(url)
    return time.perf_counter() - start, server.requests, server.sent


def _info(url: str) -> None:
    with open_trace(url) as trace:
        facts(trace)


def _metric(url: str) -> None:
    analyze(url, metrics=["basis_set_size"])


if __name__ == "__main__":
    main(report)
