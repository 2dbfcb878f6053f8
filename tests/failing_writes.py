"""A disk that fails at the n-th write, and the sweep through all of these.

Nothing in the system can be told to fail one write of many, so a small library stands before the system's own calls.
As a program this file runs a task under it, again and again, each time in a process of its own:

    python -m tests.failing_writes MODULE:FUNCTION FOLDER CASES

The function is called with a path to write to and returns what JSON can say; it is printed, with how its process ended.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import importlib
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace.errors import SparseyTraceError
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.faults import times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
MOST_WRITES = 120
"""A run of three steps was seen to need 129, closing included."""

LIBRARY = "SPARSEY_TRACE_FAILING_WRITES"

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int error, lasting;
static long first = -1, seen, failed;
static char kind[16], name[256];

void arm(const char *a_kind, const char *a_name, long a_first, int an_error, int is_lasting) {
    strncpy(kind, a_kind, sizeof kind - 1);
    strncpy(name, a_name, sizeof name - 1);
    first = a_first, error = an_error, lasting = is_lasting, seen = failed = 0;
}

long num_failed(void) { return failed; }

static int fails(const char *a_kind, int file) {
    char link[64], path[4096];
    ssize_t size;
    if (first < 0 || strcmp(kind, a_kind))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    size = readlink(link, path, sizeof path - 1);
    if (size < 0)
        return 0;
    path[size] = 0;
    if (!strstr(path, name))
        return 0;
    long number = seen++;
    if (number != first && !(lasting && number > first))
        return 0;
    failed++;
    return errno = error, 1;
}

#define BEFORE(a_kind, result, call, types, values, failure) \
    result call types { \
        static result (*next) types; \
        if (!next) \
            next = (result (*) types)dlsym(RTLD_NEXT, #call); \
        return fails(a_kind, file) ? (failure) : next values; \
    }

BEFORE("write", ssize_t, write, (int file, const void *data, size_t size), (file, data, size), -1)
BEFORE("write", ssize_t, pwrite, (int file, const void *data, size_t size, off_t at), (file, data, size, at), -1)
BEFORE("write", ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t at), (file, data, size, at), -1)
BEFORE("sync", int, fsync, (int file), (file), -1)
BEFORE("size", int, ftruncate, (int file, off_t size), (file, size), -1)
BEFORE("size", int, ftruncate64, (int file, off64_t size), (file, size), -1)
BEFORE("space", int, posix_fallocate, (int file, off_t at, off_t size), (file, at, size), error)
BEFORE("space", int, posix_fallocate64, (int file, off64_t at, off64_t size), (file, at, size), error)
"""


@dataclass(frozen=True)
class Case:
    """What fails.

    Attributes:
        position: the first call that fails; the first of all is 0.
        error: with what, a name from `errno`.
        is_lasting: whether all later ones fail too.
        kind: of call: write, sync, size or space.
    """

    position: int
    error: str
    is_lasting: bool
    kind: str = "write"

    @property
    def name(self) -> str:
        """A folder's name."""
        return f"{self.kind}-{self.position}-{self.error}-{'lasting' if self.is_lasting else 'once'}"


@dataclass(frozen=True)
class Outcome:
    """How a task went.

    Attributes:
        case: what failed.
        path: what the task was to write.
        num_failed: how many calls did fail.
        exit_code: of its process; below 0, the signal that ended it.
        said: what the task returned; empty where it didn't come so far.
    """

    case: Case
    path: Path
    num_failed: int
    exit_code: int
    said: dict[str, Any]

    @property
    def left(self) -> list[str]:
        """The names of all that was left where it wrote."""
        return sorted(item.name for item in self.path.parent.iterdir())

    def check_told(self, told: list[str]) -> None:
        """See that it was told once; or not at all of a file that is closed, or keeps what was set aside for it.

        What fails behind closing only keeps a short trace from losing the space of its tail.
        """
        assert len(told) <= bool(self.num_failed)
        assert told or not self.num_failed or self.case.kind == "size" or self._is_closed(), "nobody was told"

    def _is_closed(self) -> bool:
        with open_trace(self.path) as trace:
            return trace.closed

    def check_ended(self) -> None:
        """See that the process ended as it should, and that there was something to fail."""
        assert self.exit_code == 0, "the process must end well, HDF5's own cleaning up included"
        assert self.num_failed or self.case.position >= 100 or self.case.kind != "write", "no such write"

    def what_is_wrong(self, check: Callable[[Outcome], None]) -> str:
        """What a check finds, in words; empty where all is well."""
        try:
            check(self)
        except (AssertionError, ValueError, KeyError, SparseyTraceError) as error:
            return f"{self}, left {self.left}: {error}"
        return ""


def write_cases() -> list[Case]:
    """Every write of a short run, with every error, once and lasting; one in 24 where time is short."""
    errors = ("EIO", "ENOSPC", "EROFS", "EDQUOT")
    every = [Case(*values) for values in itertools.product(range(MOST_WRITES), errors, (False, True))]
    return sorted(random.Random(0).sample(every, times(len(every) // 60, len(every))), key=str)


def other_cases() -> list[Case]:
    """What else is asked of a disk: to have what it was given, to shorten a file, to set space aside."""
    every = itertools.product(range(15), ("EIO",), (False, True), ("sync", "size", "space"))
    return [Case(*values) for values in every][:: times(15, 1)]


def sweep(task: str, cases: list[Case], folder: Path) -> Iterator[Outcome]:
    """Run a task, named `module:function`, with each fault, in processes that end on their own."""
    library = _library(folder)
    call = [
        sys.executable,
        # From Python 3.12 on a fork beside threads is warned of; here nothing waits for them.
        "-Wignore::DeprecationWarning",
        "-m",
        "tests.failing_writes",
        task,
        str(folder),
        json.dumps([*map(asdict, cases)]),
    ]
    env = {**os.environ, "LD_PRELOAD": str(library), LIBRARY: str(library)}
    seconds = 600 + 20 * len(
        cases
    )  # a case takes a third of a second, and the machine may have much else to do
    done = subprocess.run(
        call, capture_output=True, text=True, cwd=ROOT, env=env, check=False, timeout=seconds
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for case, found in zip(cases, lines, strict=True):
        yield Outcome(case, _path(folder, case), **found)


def _library(folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or sys.platform != "linux":
        pytest.skip("writes can be made to fail one by one only on Linux, where there is a C compiler")
    library = folder / "failing_writes.so"
    call = [compiler, "-shared", "-fPIC", "-x", "c", "-", "-o", str(library), "-ldl"]
    subprocess.run(call, input=SOURCE, text=True, check=True)
    return library


def _path(folder: Path, case: Case) -> Path:
    return folder / case.name / "run.h5"


def _run_in_child(task: Any, path: Path, case: Case) -> dict[str, Any]:
    """Fork, and end the child as a program ends: with all that is done at the interpreter's exit."""
    answers, child_end = os.pipe()
    child = os.fork()
    if not child:
        library = ctypes.CDLL(os.environ[LIBRARY])
        library.arm(
            case.kind.encode(),
            path.name.encode(),
            ctypes.c_long(case.position),
            getattr(errno, case.error),
            case.is_lasting,
        )
        said = task(path)
        os.write(child_end, json.dumps({"num_failed": library.num_failed(), "said": said}).encode())
        sys.exit(0)
    os.close(child_end)
    with os.fdopen(answers) as stream:
        answer = stream.read() or json.dumps({"num_failed": 0, "said": {}})
    return {"exit_code": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), **json.loads(answer)}


def main(task_name: str, folder: str, cases: str) -> None:
    """Run a task with each of these cases; a line of JSON for each."""
    module, function = task_name.split(":")
    task = getattr(importlib.import_module(module), function)
    gc.freeze()  # a child that looks through what it was born with has to copy all of it
    for case in (Case(**values) for values in json.loads(cases)):
        path = _path(Path(folder), case)
        path.parent.mkdir()
        print(json.dumps(_run_in_child(task, path, case)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
