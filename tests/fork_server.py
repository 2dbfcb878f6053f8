"""Interpreters that start at once: forked from one that has torch and the package already, which takes seconds.

A child runs its script as `__main__` and ends as any interpreter ends: hooks at exit, tracebacks and exit codes are
Python's own.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]

PROGRAM = """
import numba, torch
import sparsey_trace.cli.main, sparsey_trace.cli.verbs.watch
import sparsey_trace.replay.live
import tests.recording.models, tests.cli.commands, tests.trace.ranks
from tests.fork_server import serve
torch.set_num_threads(1)  # a second thread is no gain for small models, and OpenMP's don't survive a fork
exec(compile(serve(int(__import__("sys").argv[1])), "<string>", "exec"))
"""


def serve(number: int) -> str:
    """Fork a child for each request; return, in the child, with the script that it is to run.

    Args:
        number: the file descriptor of the socket that requests come from.
    """
    requests = socket.socket(fileno=number)
    gc.collect()
    gc.freeze()  # or every child would go through it all as it ends
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for supervisors
    while True:
        message, files, _, _ = socket.recv_fds(requests, 1 << 16, 4)
        if not message:
            sys.exit()  # the tests are done
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            requests.close()
            return _begin(json.loads(message), files[:3], report=files[3])
        for file in files:
            os.close(file)


def _begin(request: dict[str, object], standard: list[int], *, report: int) -> str:
    """In the child of a child, which the child waits for to report how it ended: take the script's surroundings."""
    if child := os.fork():
        for file in standard:
            os.close(file)
        os.write(report, f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        os.write(report, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    os.close(report)
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    # Those of before may stand on a file, where there is a position.
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.argv = ["-c", *request["arguments"]]
    os.environ.update(request["environment"])
    return request["script"]


class Child:
    """A script that runs in an interpreter of its own, as `subprocess.Popen` shows it.

    Attributes:
        pid: of the interpreter.
        stdin: what it reads.
        stdout: what it prints.
        stderr: what it complains of.
        returncode: how it ended, once `wait` has returned.
    """

    def __init__(self, stdin: IO[str], stdout: IO[str], stderr: IO[str], report: IO[str]) -> None:
        self.stdin, self.stdout, self.stderr, self._report = stdin, stdout, stderr, report
        self.returncode: int | None = None
        self.pid = int(report.readline())

    def wait(self, timeout: float = 120) -> int:
        """Wait until it has ended; with which code, or minus which signal."""
        if self.returncode is None:
            assert select.select([self._report], [], [], timeout)[0], "it runs for too long"
            self.returncode = int(self._report.readline())
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal; one that has ended gets none."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, given: str = "") -> tuple[str, str]:
        """Send what is given, close its input, and wait; what it printed, and what it complained of.

        What it prints has to fit a pipe: 64 KiB of each.
        """
        self.stdin.write(given)
        self.stdin.close()
        self.wait()
        return self.stdout.read(), self.stderr.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self.stdin, self.stdout, self.stderr):
            file.close()
        self.wait()
        self._report.close()


class ForkServer:
    """Starts scripts; `close` ends it."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-c", PROGRAM, str(theirs.fileno())]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
        )
        theirs.close()

    def start(self, script: str, *arguments: object, environment: Mapping[str, str] | None = None) -> Child:
        """Run a script with arguments."""
        request = {
            "script": script,
            "arguments": list(map(str, arguments)),
            "environment": dict(environment or {}),
        }
        pipes = [os.pipe() for _ in range(4)]
        (stdin, to_stdin), (stdout, to_stdout), (stderr, to_stderr), (report, to_report) = pipes
        theirs = [stdin, to_stdout, to_stderr, to_report]
        socket.send_fds(self._requests, [json.dumps(request).encode()], theirs)
        for file in theirs:
            os.close(file)
        return Child(
            os.fdopen(to_stdin, "w", buffering=1), *(os.fdopen(file) for file in (stdout, stderr, report))
        )

    def run(
        self, script: str, *arguments: object, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a script to its end."""
        with self.start(script, *arguments, environment=environment) as child:
            out, errors = child.communicate()
        return subprocess.CompletedProcess([script], child.wait(), out, errors)

    def close(self) -> None:
        """End it; what it started goes on."""
        self._requests.close()
        self._process.wait(60)


@cache
def shared_server() -> ForkServer:
    """The one that all tests of a process share, started when it is first asked for."""
    return ForkServer()
