"""A disk that fails under a recording: training goes on to its last bit, and what was committed is there."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

import sparsey_trace as st
from tests.faults import times
from tests.recording.models import OriginalModel, samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fork_server import ForkServer

STEPS = 300
LOST = ("removed", "shortened")
"""Faults after which no promise holds any more."""
AS_LEFT = "expected the file that is written to be there as it was left, found it"

# Trains again and again while the disk fails at some step; a line of JSON for each time. Every other recorder
# is to raise; the last one is left to the interpreter's exit, having told of its failure.
TRAIN = """
import json, os, random, resource, shutil, sys, time, warnings
from pathlib import Path
import torch
from sparsey_trace.errors import RecordError, RecordWarning
from sparsey_trace.recording import record
from sparsey_trace.trace.format import schema
from tests.recording.models import OriginalModel, samples

folder, fault, trials = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
batches = [samples(4, seed=number) for number in range(STEPS)]
rng = random.Random(fault)

def plain_run(model):
    return [model(batch) for batch in batches]

def fail(path, writer):
    if fault == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 1000, resource.RLIM_INFINITY))
    elif fault == "read-only":
        os.dup2(os.open(path, os.O_RDONLY), writer._open_file.handle.descriptor)
    elif fault == "removed":
        shutil.rmtree(path.parent)
    elif fault == "shortened":
        os.truncate(path, path.stat().st_size // 2)
    elif fault == "moved":
        path.rename(path.with_name("moved.h5"))
    elif fault == "full":
        try:
            with open(folder / "filler", "wb", buffering=0) as filler:
                while True:
                    filler.write(bytes(1000))
        except OSError:
            pass

def repair():
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    (folder / "filler").unlink(missing_ok=True)

plain = plain_run(OriginalModel())
for trial in range(trials):
    path, on_error, is_last = folder / str(trial) / "run.h5", ("warn", "raise")[trial % 2], trial == trials - 1
    path.parent.mkdir()
    schema._CHUNK_BYTES = rng.choice([1, 2000])
    at, model, outputs, told = rng.randrange(1, STEPS // 2), OriginalModel(), [], []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rec = record(model, path, on_error=on_error, commit_samples=rng.choice([1, 4, 50]))
        for number, batch in enumerate(batches):
            if number == at:
                rec.commit()
                promised = rec.stats().committed
                fail(path, rec._writer_thread._writer)
            while is_last and number == STEPS - 1 and not rec._writer_thread.has_failed:
                time.sleep(0.01)
            try:
                outputs.append(model(batch))
            except RecordError as error:
                told.append(str(error))
                outputs.append(model(batch))
        if not is_last:
            try:
                rec.close()
            except RecordError as error:
                told.append(str(error))
    told += [str(item.message) for item in caught if item.category is RecordWarning]
    others = [str(item.message) for item in caught if item.category is not RecordWarning]
    safe, same = rec.stats().committed, len(outputs) == STEPS and all(map(torch.equal, outputs, plain))
    print(json.dumps({"promised": promised, "safe": safe, "same": same, "told": told, "others": others}), flush=True)
    repair()
""".replace("STEPS", str(STEPS))


def train(fork_server: ForkServer, folder: Path, fault: str, trials: int) -> list[dict[str, Any]]:
    done = fork_server.run(TRAIN, folder, fault, trials)
    assert (done.returncode, done.stderr) == (0, ""), "it must end well, HDF5's own cleaning up included"
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_kept(path: Path, size: int) -> None:
    """The trace is the first samples of the run, inputs and codes."""
    model = OriginalModel()
    inputs = torch.cat([samples(4, seed=number) for number in range(STEPS)])[:size]
    cells = torch.cat([model(batch) for batch in torch.split(inputs, 4)])
    active, winners = cells.any(dim=-1), cells.unflatten(-1, (3, 4)).argmax(-1)
    with st.open_trace(path) as trace:
        assert len(trace) == size
        np.testing.assert_array_equal(trace.inputs[:], inputs)
        np.testing.assert_array_equal(trace.samples.step[:], np.arange(size) // 4)
        np.testing.assert_array_equal(trace.layers[1].active[:], active)
        np.testing.assert_array_equal(trace.layers[1].codes[:][active], winners[active])


def check_trials(fork_server: ForkServer, folder: Path, fault: str, found: str) -> None:
    for trial, result in enumerate(train(fork_server, folder, fault, times(2, 60))):
        ending = "" if trial % 2 else "; training goes on unrecorded"
        path = folder / str(trial) / "run.h5"
        assert result["same"], "training changed"
        assert result["others"] == []
        safe = result["safe"]
        assert result["promised"] > 0
        assert safe == 0 if fault in LOST else safe >= result["promised"]
        (told,) = result["told"]
        message = rf"{path}: recording has stopped: {found}.* \({safe:,} samples are safe\){ending}"
        assert re.fullmatch(message, told), told
        if fault not in LOST:
            kept = path.with_name("moved.h5") if fault == "moved" else path
            check_kept(kept, safe)
            assert [item.name for item in path.parent.iterdir()] == [kept.name]


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("limit", "expected "),
        ("read-only", "expected to write to the trace, found: "),
        ("removed", f"{AS_LEFT} removed or replaced"),
        ("shortened", f"{AS_LEFT} shortened by another program from "),
        ("moved", "expected the file that is written to be there, found it moved to .*/moved.h5"),
    ],
)
def test_training_outlives_a_fault(tmp_path: Path, fork_server: ForkServer, fault: str, found: str) -> None:
    check_trials(fork_server, tmp_path, fault, found)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=4m", "sparsey-trace-test", str(folder)]
    try:
        subprocess.run(mounting, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no tmpfs can be mounted here: {getattr(error, 'stderr', '') or error}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_training_outlives_a_full_disk(small_disk: Path, fork_server: ForkServer) -> None:
    check_trials(fork_server, small_disk, "full", "expected ")
