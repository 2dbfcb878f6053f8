"""Running `sparsey-trace` as a user does, and traces to run it on."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import subprocess
import sys
import sysconfig
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from unittest.mock import patch

import numpy as np
import pytest

from sparsey_trace.cli.main import run
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.fork_server import shared_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

COMMAND = Path(sysconfig.get_path("scripts")) / "sparsey-trace"
RUN = "from sparsey_trace.cli.main import run\nrun()"
"""What the command does, for a process of its own that is forked."""

# Gives up the capabilities by which root reads and writes what it may not: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH.
_UNPRIVILEGED = """
import ctypes
kernel = ctypes.CDLL(None)
header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
assert kernel.capget(header, sets) == 0
for number in range(3):
    sets[number] &= ~0b110
assert kernel.capset(header, sets) == 0
"""

LAYOUT = Layout(
    num_features=12,
    input_shape=(3, 4),
    layers=[
        LayerLayout(name="v1", num_macs=3, num_cms=2, num_neurons=5, connections=[[0, 1, 2], [3, 4], [11]]),
        LayerLayout(
            name="v2",
            num_macs=2,
            num_cms=3,
            num_neurons=4,
            connections=[[0, 1], [2]],
            positions=[[0, 0], [1, 0]],
        ),
    ],
)


def sparsey_trace(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
    """Do what the command does, in this process, as if it had one of its own; `installed` gives it one.

    Args:
        arguments: of the command line.
        options: `cwd` and `env`, as for `subprocess.run`.
    """
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    code = called(arguments, *streams, **options)
    out, err = (stream.buffer.getvalue().decode() for stream in streams)
    return subprocess.CompletedProcess(arguments, code, out, err)


def on_terminal(*arguments: Any, cwd: Path | None = None, **environment: str) -> str:
    """What a person sees who calls the command, again in this process."""
    screen, terminal = pty.openpty()
    with ThreadPoolExecutor(1) as reader, open(terminal, "w", encoding="utf-8") as stream:  # noqa: PTH123 - no path
        seen = reader.submit(all_of, screen)
        env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **environment}
        code = called(arguments, stream, stream, cwd=cwd, env=env)
        stream.close()
        text = seen.result()
    os.close(screen)
    assert code == 0, text
    return text


def all_of(screen: int) -> str:
    """What is written to a terminal until nobody holds its other end."""
    seen = b""
    with contextlib.suppress(OSError):
        while part := os.read(screen, 1 << 16):
            seen += part
    return seen.decode()


def called(
    arguments: Sequence[Any],
    out: TextIO,
    err: TextIO,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> int:
    """The exit code of a call of what the command calls, with streams, folder and environment of its own."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        stack.enter_context(contextlib.chdir(cwd or Path.cwd()))
        stack.enter_context(patch.dict(os.environ, env or {}))
        stack.enter_context(patch.object(sys, "argv", ["sparsey-trace", *map(str, arguments)]))
        stack.enter_context(patch.object(warnings, "formatwarning"))
        stack.enter_context(warnings.catch_warnings())
        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
        # Pytest collects them; a process of its own prints them.
        warnings.showwarning = lambda *said, **_: err.write(warnings.formatwarning(*said[:4]))
        try:
            run()
        except SystemExit as end:
            return int(end.code or 0)
    msg = "expected the command to end with an exit code, found none"
    raise AssertionError(msg)


def installed(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the installed command, in a process of its own."""
    call = [COMMAND, *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, check=False, **options)


def unprivileged(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What comes of a command that, whoever calls it, may do no more than the permissions of files say."""
    if sys.platform != "linux":
        pytest.skip("needs Linux's capabilities")
    return shared_server().run(_UNPRIVILEGED + RUN, *arguments)


def write_steps(writer: TraceWriter, steps: int, *, inputs: bool = True, first: int = 0) -> None:
    """Append steps of four samples: three of training, then one of evaluation, and so on."""
    for step in range(first, first + steps):
        rng = np.random.default_rng(step)
        writer.append(
            inputs=rng.integers(2, size=(4, 12)) if inputs else None,
            codes=[
                rng.integers(layer.num_neurons, size=(4, layer.num_macs, layer.num_cms))
                for layer in LAYOUT.layers
            ],
            active=[rng.random((4, layer.num_macs)) < 0.8 for layer in LAYOUT.layers],
            phase="eval" if step % 4 == 3 else "train",
            epoch=step // 4,
            labels=rng.integers(10, size=4),
        )


@contextlib.contextmanager
def being_written(path: Path, *, committed: int) -> Iterator[Path]:
    """A trace whose writer lives: some committed steps, and one that isn't."""
    with TraceWriter(path, LAYOUT) as writer:
        write_steps(writer, committed)
        writer.commit()
        write_steps(writer, 1, first=committed)
        yield path


def write_trace(
    path: Path, *, steps: int = 8, inputs: bool = True, config: Mapping[str, Any] | None = None
) -> Path:
    """Write a small trace and close it."""
    with TraceWriter(path, LAYOUT, inputs="auto" if inputs else "none", config=config) as writer:
        write_steps(writer, steps, inputs=inputs)
    return path
