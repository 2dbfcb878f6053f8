"""A disk that fails under a writer: one error, nothing committed is lost, and the process ends as it should."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.faults import times
from tests.fork_server import shared_server
from tests.trace.feed import check_file, sent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEPS = 2000

# Fails the writer at a step in the way that is asked for, after which it must say so, once, and give up.
WRITER = """
import contextlib, os, resource, shutil, signal, sys
from pathlib import Path
from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, step

path, fault, at, chunk_bytes = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
schema._CHUNK_BYTES = chunk_bytes
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

def fail(writer):
    if fault == "no space":
        size = path.stat().st_size + 1000
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    elif fault == "read-only":
        os.dup2(os.open(path, os.O_RDONLY), writer._open_file.handle.descriptor)
    elif fault == "full":
        with (path.parent / "another").open("wb", buffering=0) as stream:
            with contextlib.suppress(OSError):
                while stream.write(bytes(4096)):
                    pass
    elif fault == "removed":
        shutil.rmtree(path.parent)
    elif fault == "replaced":
        path.unlink()
        path.touch()

errors = []
with TraceWriter(path, LAYOUT) as writer:
    for number in range(STEPS):
        if number == at:
            fail(writer)
        try:
            writer.append(**step(0, number))
            if number % 3 == 2:
                writer.commit()
        except TraceError as error:
            errors.append(str(error))
            break
    promised = writer.num_committed
    for again in (lambda: writer.append(**step(0, number)), writer.commit):
        try:
            again()
        except TraceError as error:
            errors.append(str(error))
print(promised)
print(*errors, sep="\\n")
""".replace("STEPS", str(STEPS))


def run(path: Path, fault: str, at: int, chunk_bytes: int) -> tuple[int, list[str]]:
    """How many samples were promised before the fault, and the errors: the first and two that follow."""
    done = shared_server().run(WRITER, path, fault, at, chunk_bytes)
    assert (done.returncode, done.stderr) == (0, ""), "it must end well, HDF5's own cleaning up included"
    promised, *errors = done.stdout.splitlines()
    return int(promised), errors


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four MiB, in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    call = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(call, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_others_fill(small_disk: Path) -> None:
    rng = random.Random(0)
    expected = sent(0, STEPS)
    path = small_disk / "run.h5"
    for _ in range(times(2, 40)):
        promised, (first, *_) = run(path, "full", rng.randrange(3, 300), rng.choice([1, 20_000, 1 << 20]))
        assert first == (
            f"{path}: expected to write to the trace, found: [Errno 28] No space left on device; what was "
            "committed stays readable"
        )
        assert check_file(path, expected, at_least=promised) == promised
        (small_disk / "another").unlink()
        path.unlink()


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("no space", "expected to write to the trace, found: "),
        ("read-only", "expected to write to the trace, found: "),
        (
            "removed",
            "expected the file that is written to be there as it was left, found it removed or replaced",
        ),
        (
            "replaced",
            "expected the file that is written to be there as it was left, found it removed or replaced",
        ),
    ],
)
def test_what_was_committed_stays_readable(tmp_path: Path, fault: str, found: str) -> None:
    rng = random.Random(fault)
    expected = sent(0, STEPS)
    for trial in range(times(2, 40)):
        folder = tmp_path / str(trial)
        folder.mkdir()
        path = folder / "run.h5"
        at, chunk_bytes = rng.randrange(3, 300), rng.choice([1, 20_000, 1 << 20])
        promised, (first, *later) = run(path, fault, at, chunk_bytes)
        assert first.startswith(f"{path}: {found}")
        gone = f"{path}: expected an open trace to write to, found one that was given up: {first}"
        assert later == [gone, gone]
        if fault in ("no space", "read-only"):
            assert check_file(path, expected, at_least=promised) == promised
            assert [item.name for item in folder.iterdir()] == ["run.h5"]
        else:
            assert promised == 0
