"""A folder of tables is sound whatever becomes of the analysis that writes into it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparsey_trace.errors import OutputError
from sparsey_trace.metrics import FeatureCoverage
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.tables.provenance import provenance_of
from tests.cli.commands import RUN, sparsey_trace, write_trace
from tests.faults import times
from tests.fork_server import shared_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import Context, SampleValues
    from tests.fork_server import Child

RESOLUTIONS = ("epoch", "step")

# For each line on standard input, an analysis in a new process that stops where it is told to. A line has a resolution,
# and how many files the analysis may write to or rename before it says so and waits to be killed.
ANALYST = """
import os, pathlib, signal, sys
os.setsid()
import pyarrow.parquet
import sparsey_trace

def stopping(owner, name):
    call = getattr(owner, name)

    def stopped(*arguments, **named):
        global left
        if not left:
            print(f"{os.getpid()} {name}", flush=True)
            signal.pause()
        left -= 1
        return call(*arguments, **named)

    setattr(owner, name, stopped)

sparsey_trace.analyze(sys.argv[1])  # what it imports is there then
stopping(pathlib.Path, "replace")
stopping(pyarrow.parquet.ParquetWriter, "write_table")
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        resolution, left = line.split()
        left = int(left)
        sparsey_trace.analyze(sys.argv[1], out=sys.argv[2], resolution=resolution)
        print("0 done", flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
    print("gone", flush=True)
"""


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trace(tmp_path_factory.mktemp("run") / "run.h5", steps=40)


@pytest.fixture(scope="module")
def expected(trace: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """Resolution to what is in the folder of an analysis that nobody disturbed."""
    folder = tmp_path_factory.mktemp("expected")
    for resolution in RESOLUTIONS:
        analyze(trace, out=folder / resolution, resolution=resolution)
    return {resolution: content(folder / resolution) for resolution in RESOLUTIONS}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("[!.]*"))}


def check(folder: Path, expected: dict[str, dict[str, bytes]]) -> set[str]:
    """See that every table is there and is the one that its own metadata speaks of; which resolutions these are."""
    found = {path.name: path.read_bytes() for path in folder.glob("[!.]*")}
    assert found.keys() == expected["step"].keys()
    seen = set()
    for name, data in found.items():
        resolution = provenance_of(pq.read_schema(pa.BufferReader(data)))["resolution"]
        assert data == expected[resolution][name], name
        seen.add(resolution)
    return seen


@contextlib.contextmanager
def analyst(trace: Path, folder: Path) -> Iterator[Child]:
    with shared_server().start(ANALYST, trace, folder) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def stopped(process: Child, resolution: str, number: int) -> str:
    """Kill an analysis where it is about to do its number-th step; the name of the step, `done` if it has fewer."""
    process.stdin.write(f"{resolution} {number}\n")
    process.stdin.flush()
    pid, name = process.stdout.readline().split()
    if name != "done":
        os.kill(int(pid), signal.SIGKILL)
    assert process.stdout.readline() == "gone\n"  # with its lock of the folder
    return name


def test_killed_at_any_moment_it_leaves_every_table_whole(
    trace: Path, tmp_path: Path, expected: dict[str, dict[str, bytes]]
) -> None:
    folder = tmp_path / "out"
    analyze(trace, out=folder, resolution="step")
    left = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    seen: dict[int, tuple[str, set[str]]] = {}
    with analyst(trace, folder) as process:
        for number in count(step=times(3, 1)):
            for path, data in left.items():
                path.write_bytes(data)
            seen[number] = stopped(process, "epoch", number), check(folder, expected)
            if seen[number][0] == "done":
                break
    # Tables take their names one after the other when all are written; what later analyses can use comes last.
    tables, last = len(expected["epoch"]), max(seen)
    assert last >= 2 * tables
    for number, (step, resolutions) in seen.items():
        assert step == ("done" if number == last else "write_table" if number < tables else "replace"), number
        both = {"step", "epoch"} if number < 2 * tables else {"epoch"}
        assert resolutions == ({"step"} if number <= tables else both), number


def test_what_a_killed_analysis_leaves_unfinished_goes_with_the_next(
    trace: Path, tmp_path: Path, expected: dict[str, dict[str, bytes]]
) -> None:
    folder = tmp_path / "out"
    analyze(trace, out=folder)
    with analyst(trace, folder) as process:
        for number in (1, len(expected["epoch"]) + 3):
            assert stopped(process, "epoch", number) != "done"
            assert list(folder.glob(".*.partial"))
    analyze(trace, out=folder, resolution="epoch")
    assert content(folder) == expected["epoch"]
    assert {path.name for path in folder.glob(".*")} == {".sparsey-trace"}


# An analysis that goes on when it is told to.
SLOW = """
import sys
import sparsey_trace, sparsey_trace.metrics

class Waiting(sparsey_trace.metrics.NumActivations):
    def values(self, chunk, layout, context):
        print("at work", flush=True)
        sys.stdin.readline()
        return super().values(chunk, layout, context)

sparsey_trace.analyze(sys.argv[1], out=sys.argv[2], metrics=[Waiting(), "basis_set_size"], resolution="epoch")
"""


def test_a_second_analysis_in_the_folder_is_refused_and_does_no_harm(
    trace: Path, tmp_path: Path, expected: dict[str, dict[str, bytes]]
) -> None:
    folder = tmp_path / "out"
    with shared_server().start(SLOW, trace, folder) as process:
        process.stdout.readline()
        holder = re.escape(f"process {process.pid} on {socket.gethostname()}")
        with pytest.raises(OutputError, match=rf"out/\.analysis: expected that nobody else .* {holder} does"):
            analyze(trace, out=folder)
        process.communicate("\n" * 100)
    assert process.returncode == 0
    names = ("basis_set_size.parquet", "num_activations.parquet")
    assert content(folder) == {name: expected["epoch"][name] for name in names}


def test_of_two_commands_at_once_one_is_whole_and_the_other_refused_or_whole(
    trace: Path, tmp_path: Path, expected: dict[str, dict[str, bytes]]
) -> None:
    for turn in range(times(1, 10)):
        folder = tmp_path / f"{turn}"
        call = ["analyze", trace, "-o", folder, "--resolution"]
        both = [shared_server().start(RUN, *call, resolution) for resolution in RESOLUTIONS]
        said = []
        for process in both:
            with process:
                said.append(process.communicate()[1])
        codes = [process.returncode for process in both]
        assert sorted(codes) in ([0, 0], [0, 2])
        assert len(check(folder, expected)) == 1, "tables of two analyses are mixed"
        for code, line in zip(codes, said, strict=True):
            assert (code == 0) == (line == "")
            # The other may have taken the folder so lately that its name isn't there yet.
            assert code == 0 or re.search(r"found that (process \d+ on \S+|another process) does; ", line)


LIMIT = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"


def test_a_table_that_cannot_be_written_is_one_line_that_names_it(
    trace: Path, tmp_path: Path, expected: dict[str, dict[str, bytes]]
) -> None:
    folder = tmp_path / "out"
    analyze(trace, out=folder, resolution="epoch")
    found = shared_server().run(LIMIT + RUN, "analyze", trace, "-o", folder, "--resolution", "sample")
    assert (found.returncode, found.stdout) == (2, "")
    assert re.fullmatch(
        rf"sparsey-trace: {folder}/\w+\.parquet: expected to write results there, found: \[Errno 27\] .*\n",
        found.stderr,
    )
    assert content(folder) == expected["epoch"]


class Removing(FeatureCoverage):
    """Takes the folder of results away while it is at work."""

    name = "removing"
    folder: Any = None

    def values(self, chunk: Chunk, layout: object, context: Context) -> SampleValues:
        shutil.rmtree(self.folder)
        return super().values(chunk, layout, context)


def test_a_folder_that_is_removed_meanwhile(trace: Path, tmp_path: Path) -> None:
    metric = Removing()
    metric.__class__.folder = tmp_path / "out"
    with pytest.raises(OutputError, match=r"removing\.parquet: expected to write results there, found: "):
        analyze(trace, metrics=[metric], out=tmp_path / "out", engine="serial")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, where one can be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    call = ["mount", "-t", "tmpfs", "-o", "size=320k", "none", place]
    if shutil.which("mount") is None or subprocess.run(call, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk(trace: Path, disk: Path, expected: dict[str, dict[str, bytes]]) -> None:
    folder = disk / "out"
    analyze(trace, out=folder, resolution="epoch")
    (disk / "filler").write_bytes(bytes(_free(disk) - 8192))
    found = sparsey_trace("analyze", trace, "-o", folder, "--resolution", "sample")
    assert (found.returncode, found.stdout) == (2, "")
    assert re.fullmatch(rf"sparsey-trace: {folder}/\w+\.parquet: .* \[Errno 28\] .*\n", found.stderr)
    assert content(folder) == expected["epoch"]


def _free(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize


def test_a_disk_that_may_only_be_read(trace: Path, disk: Path, expected: dict[str, dict[str, bytes]]) -> None:
    folder = disk / "out"
    analyze(trace, out=folder, resolution="epoch")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    found = sparsey_trace("analyze", trace, "-o", folder)
    assert (found.returncode, found.stdout) == (2, "")
    assert re.fullmatch(rf"sparsey-trace: {folder}/\.analysis: expected .* \[Errno 30\] .*\n", found.stderr)
    assert content(folder) == expected["epoch"]


def children(pid: int) -> list[str]:
    """The processes that a process has started for its work."""
    called = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                called[path.parent.name] = (path.parent / "cmdline").read_text()
    return [child for child, call in called.items() if "spawn_main" in call]


def test_processes_of_a_killed_analysis_end(tmp_path: Path) -> None:
    trace = write_trace(tmp_path / "run.h5", steps=100)
    call = [sys.executable, "-c", RUN]
    call += ["analyze", trace, "--engine", "processes", "--n-jobs", "2", "--chunk-size", "1"]
    # All of its processes hold the other end of this pipe.
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(call, **pipes, start_new_session=True) as process:
        try:
            while len(children(process.pid)) < 2:
                assert process.poll() is None, "it ended before it began"
                time.sleep(0.05)  # each look goes through all processes
            process.kill()
            assert process.communicate(timeout=60)[0] == b""
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
