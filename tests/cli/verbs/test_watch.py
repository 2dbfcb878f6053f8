"""`sparsey-trace watch`: a run that is recorded by another process, to whichever end it comes."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.cli.main import main
from sparsey_trace.replay.live import LiveRun
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import COMMAND, LAYOUT, being_written, sparsey_trace, write_steps, write_trace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fork_server import Child, ForkServer

STEPS = 60

# Records a run slowly, says so with every commit, after which it may wait for a line, and closes it unless it is killed
# before.
WRITER = """
import sys, time
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import LAYOUT, write_steps

with TraceWriter(sys.argv[1], LAYOUT) as writer:
    for step in range(int(sys.argv[2])):
        write_steps(writer, 1, first=step)
        if step % 5 == 4:
            writer.commit()
            print(writer.num_committed, flush=True)
            if "waits" in sys.argv:
                sys.stdin.readline()
        time.sleep(0.02)
"""


@pytest.fixture
def record(fork_server: ForkServer) -> Callable[..., Child]:
    """Record a run in a process of its own."""
    return lambda path, *more, steps=STEPS: fork_server.start(WRITER, path, steps, *more)


@pytest.fixture
def watch(fork_server: ForkServer) -> Callable[..., Child]:
    """Do what the command does in a process of its own."""
    call = "from sparsey_trace.cli.main import run; run()"
    return lambda path, *more: fork_server.start(call, "watch", path, "--interval", "0.1", *more)


Start = Callable[..., "Child"]


def test_it_waits_follows_and_ends_with_the_run(tmp_path: Path, record: Start, watch: Start) -> None:
    path = tmp_path / "run.h5"
    with watch(path, "--json") as watching:
        waiting = watching.stderr.readline()
        sights = []
        with record(path, "waits") as writer:
            for line in watching.stdout:
                sights.append(json.loads(line))
                with contextlib.suppress(BrokenPipeError):  # it may have all it waits for
                    print(file=writer.stdin, flush=True)
            assert (watching.wait(), writer.wait()) == (0, 0)
            with contextlib.suppress(BrokenPipeError):
                writer.stdin.close()
    assert waiting == f"{path}: waiting for its first step\n"
    sizes = [sight["samples"] for sight in sights]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 3, "it did not follow"
    assert [sight["state"] for sight in sights] == ["recording"] * (len(sights) - 1) + ["closed"]
    assert sizes[-1] == 4 * STEPS
    write_trace(tmp_path / "same.h5", steps=STEPS)
    with open_trace(path) as trace, open_trace(tmp_path / "same.h5") as same:
        now = json.loads(json.dumps(asdict(LiveRun(trace).catch_up())))
        assert (trace.inputs[:] == same.inputs[:]).all()
        assert (trace.layers[1].codes[:] == same.layers[1].codes[:]).all()
    assert sights[-1] == {"trace": str(path), "state": "closed", **now}


def test_it_ends_when_the_writer_is_killed(tmp_path: Path, record: Start, watch: Start) -> None:
    path = tmp_path / "run.h5"
    with record(path, steps=100_000) as writer:
        writer.stdout.readline()
        with watch(path) as watching:
            first = watching.stdout.readline()
            os.kill(writer.pid, signal.SIGKILL)
            promised = int((writer.stdout.read().split() or [0])[-1])
            said = watching.stdout.read()
            complaint = watching.stderr.read()
            assert (watching.wait(), complaint) == (0, "")
    assert first.startswith(f"{path}: recording, ")
    last = said.strip().split("\n\n")[-1].splitlines()
    assert last[0].startswith(f"{path}: left without being closed: its writer is no more, ")
    assert int(last[0].split(" no more, ")[1].split()[0]) >= promised
    assert re.fullmatch(
        r"In training: codes and never active so far; coverage and active as shares, over the last [\d,]+ samples\.",
        last[1],
    )
    assert last[2].split() == [
        "layer",
        "MACs",
        "codes",
        "coverage",
        "active",
        "never",
        "active",
    ]
    assert [line.split()[0] for line in last[3:]] == ["v1", "v2"]


def test_ctrl_c_ends_it_with_130(tmp_path: Path, watch: Start) -> None:
    with being_written(tmp_path / "run.h5", committed=2) as path, watch(path) as watching:
        watching.stdout.readline()
        os.kill(watching.pid, signal.SIGINT)
        assert watching.communicate()[1] == ""
    assert watching.returncode == 130
    with watch(tmp_path / "none.h5") as watching:
        watching.stderr.readline()
        os.kill(watching.pid, signal.SIGINT)
        assert watching.communicate() == ("", "")
    assert watching.returncode == 130


def test_a_terminal_is_drawn_on_in_place_and_left_intact(tmp_path: Path) -> None:
    screen, stream = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
    with being_written(tmp_path / "run.h5", committed=2) as path:
        options = {"stdout": stream, "stderr": stream, "env": environment}
        call = [COMMAND, "watch", path, "--interval", "0.1"]
        with subprocess.Popen(call, **options) as watching:
            seen = b""
            while seen.count(b"8 samples") < 3:
                seen += os.read(screen, 1 << 16)
            watching.send_signal(signal.SIGINT)
            watching.wait(timeout=60)
        os.close(stream)
        seen += os.read(screen, 1 << 16)
    os.close(screen)
    text = seen.decode()
    assert watching.returncode == 130
    assert "Traceback" not in text
    assert "\x1b[1A" in text  # back up over what was drawn before
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor, hidden and shown again


@pytest.mark.parametrize("end", ["removed", "replaced"])
def test_a_trace_that_is_taken_away(tmp_path: Path, watch: Start, end: str) -> None:
    with being_written(tmp_path / "run.h5", committed=2) as path:
        other = write_trace(tmp_path / "other.h5")
        with watch(path) as watching:
            watching.stdout.readline()
            kept = path.with_name("kept.h5")
            path.rename(kept)
            if end == "replaced":
                other.rename(path)
            _, complaint = watching.communicate()
        path.unlink(missing_ok=True)
        kept.rename(path)
    assert watching.returncode == 1
    assert complaint == (
        f"sparsey-trace: {path}: expected the trace that was watched, found it removed or replaced; "
        "watch it anew\n"
    )


def test_once_looks_once(tmp_path: Path) -> None:
    with being_written(tmp_path / "run.h5", committed=3) as path:
        found = sparsey_trace("watch", path, "--once")
    assert (found.returncode, found.stderr) == (0, "")
    head, *_ = found.stdout.splitlines()
    assert head.startswith(f"{path}: recording, 12 samples in 3 steps, epoch 0 (train), ")
    assert " samples/s, the last one " in head
    missing = sparsey_trace("watch", tmp_path / "none.h5", "--once")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr == (
        f"sparsey-trace: {tmp_path / 'none.h5'}: expected a trace file, found no such file\n"
    )


def test_a_pipe_gets_only_what_is_new(tmp_path: Path, watch: Start) -> None:
    path = tmp_path / "run.h5"
    with TraceWriter(path, LAYOUT) as writer:
        write_steps(writer, 2)
        writer.commit()
        with watch(path) as watching:
            watching.stdout.readline()
            time.sleep(0.5)
            writer.close()
            said = watching.stdout.read()
    assert said.count(f"{path}: ") == 1
    assert said.count("layer  MACs") == 2


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path, record: Start, watch: Start) -> None:
    path = tmp_path / "run.h5"
    with record(path) as writer:
        writer.stdout.readline()
        with watch(path) as watching:
            watching.stdout.readline()
            watching.stdout.close()
            assert (watching.stderr.read(), watching.wait()) == ("", 0)
        writer.communicate()


def test_gaps_and_an_empty_trace_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.h5"
    with TraceWriter(path, LAYOUT, sampling={"every": 5, "layers": ["a\nb"]}):
        pass
    assert main(["watch", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{path}: closed, 0 samples in 0 steps, empty"
    assert lines[1] == f"{path}: one step in 5 was recorded; 1 layer was not recorded: a b"


def test_several_files_are_refused_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pattern was taken for the name of a file, which was waited for."""
    pattern = str(tmp_path / "run.*.h5")
    why = "one of which is followed as it grows, before it is known what others have of its steps"
    assert main(["watch", pattern]) == 2
    said = f"{pattern}: expected one file, found a pattern for several, {why}; name one rank's"
    assert capsys.readouterr().err == f"sparsey-trace: {said}\n"
    for flag in (["--missing-ranks", "allow"], ["--complete-steps"], ["--repeated-steps", "last"]):
        assert main(["watch", str(tmp_path / "run.h5"), *flag]) == 2
        assert capsys.readouterr().err == (
            f"sparsey-trace: {flag[0]}: expected it where all files of a run are read, found it with watch, {why}\n"
        )
