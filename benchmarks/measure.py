"""Time and memory: of calls in this process, and of processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.tables import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parents[1]
_BETWEEN_LOOKS = 0.1


def cpu_of_children() -> float:
    """CPU seconds, of the user and of the system, of all processes that this one started and that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def in_turns(
    actions: Mapping[str, Callable[[], object]],
    repeats: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Figure]:
    """Seconds of each action, done in turns, so that whatever else the machine does strikes all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(repeats):
        for name, action in actions.items():
            start = clock()
            action()
            seconds[name].append(clock() - start)
    return {name: Figure(tuple(values)) for name, values in seconds.items()}


@dataclass(frozen=True)
class Outcome:
    """What one process came to.

    Attributes:
        seconds: that the function took, imports of its own included.
        mib: the most memory that the process and its children had at once; shared memory counts once.
        result: what the function returned.
    """

    seconds: float
    mib: float
    result: Any


def in_process(function: str, **arguments: Any) -> Outcome:
    """Call `module:function` in a fresh interpreter, and look at its memory from outside.

    Raises:
        RuntimeError: it failed; the message is the last line that it printed.
    """
    command = [sys.executable, "-m", "benchmarks.child", function, json.dumps(arguments, default=str)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        peak = 0.0
        while child.poll() is None:
            peak = max(peak, sum(map(_memory, _family(child.pid))))
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_BETWEEN_LOOKS)
        printed, complaint = child.communicate()
    if child.returncode:
        msg = (complaint.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
        raise RuntimeError(msg)
    return Outcome(mib=peak, **json.loads(printed.splitlines()[-1]))


def repeated(function: str, repeats: int, **arguments: Any) -> tuple[Figure, Figure, Any]:
    """`in_process` several times: seconds, MiB, and what the last one returned."""
    outcomes = [in_process(function, **arguments) for _ in range(repeats)]
    seconds = Figure(tuple(outcome.seconds for outcome in outcomes))
    return seconds, Figure(tuple(outcome.mib for outcome in outcomes)), outcomes[-1].result


def copy_rate(repeats: int = 5) -> Figure:
    """Bytes a second that one core copies from memory to memory."""
    source = np.ones(1 << 28, np.uint8)
    target = np.empty_like(source)
    took = in_turns({"copy": lambda: np.copyto(target, source)}, repeats + 1)["copy"]
    return Figure(tuple(source.nbytes / seconds for seconds in took.values[1:]))


def thread_seconds(name: str) -> float:
    """CPU time of this process's live threads of that name."""
    numbers = [thread.native_id for thread in threading.enumerate() if thread.name == name]
    return sum(int(Path(f"/proc/self/task/{n}/schedstat").read_text().split()[0]) for n in numbers) / 1e9


def _family(first: int) -> list[int]:
    """A process and all below it."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) > first:  # others are older, and many
            with contextlib.suppress(OSError):
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                below.setdefault(int(parent), []).append(int(entry.name))
    family = [first]
    for pid in family:
        family += below.get(pid, [])
    return family


def _memory(pid: int) -> float:
    """MiB; what several processes share is divided among them (PSS)."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
