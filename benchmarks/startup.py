"""How long it takes until something happens: the command line, the import, and a first analysis.

CPU time, of the user and of the system, as whoever else uses the machine changes it less. Modules are compiled to
bytecode before, as they are wherever a package was installed; where the environment forbids to keep that
(`PYTHONDONTWRITEBYTECODE`), half of what `info` takes would be compiling our own modules.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cases import Case, main
from benchmarks.measure import ROOT, cpu_of_children, in_turns
from benchmarks.tables import Goal, Table, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.tables import Figure

TRACE = "sample_traces/mnist.h5"
PROGRAM = str(Path(sys.executable).with_name("sparsey-trace"))
NOTHING = "python -c pass"
COMMANDS = {
    NOTHING: [sys.executable, "-c", "pass"],
    "import sparsey_trace": [sys.executable, "-c", "import sparsey_trace"],
    "sparsey-trace --help": [PROGRAM, "--help"],
    "sparsey-trace info TRACE": [PROGRAM, "info", TRACE],
}
FIRST, AFTER, KNOWN = "the first, which compiles", "after that", "again, from the folder of results"
LIMITS = {
    "import sparsey_trace": 0.3,
    "sparsey-trace --help": 0.3,
    "sparsey-trace info TRACE": 0.4,
    FIRST: 10,
    AFTER: 2,
    KNOWN: 0.6,
}


def report(case: Case) -> list[Table]:
    """Each command in turns, in processes of their own."""
    with tempfile.TemporaryDirectory(dir=case.folder) as name:
        folder = Path(name)
        run = functools.partial(_run, compiled=case.choose(full=folder, quick=folder, tiny=None))
        if case.size != "tiny":  # which only tells whether everything runs, and compiling takes longest
            _compile(run, folder)
        actions = {what: functools.partial(run, command) for what, command in COMMANDS.items()}
        took = in_turns(actions, case.choose(full=15, quick=7, tiny=1), cpu_of_children)
        analyses = _analyses(run, folder, case.choose(full=5, quick=3, tiny=1))
    base = took[NOTHING].median
    return [_table("Start-up", took, base), _table(f"sparsey-trace analyze {TRACE}", analyses, base)]


def _compile(run: Callable[..., None], folder: Path) -> None:
    for command in COMMANDS.values():
        run(command)
    run([PROGRAM, "analyze", TRACE, "-o", str(folder / "compiled")], NUMBA_CACHE_DIR=str(folder / "code"))


def _analyses(run: Callable[..., None], folder: Path, repeats: int) -> dict[str, Figure]:
    """The first analysis, whose machine code nobody has kept; one that finds it; and one that finds its results."""
    turn = iter(range(repeats))

    def first() -> None:
        nonlocal here
        here = folder / str(next(turn))
        analyze("first")

    def analyze(out: str) -> None:
        run([PROGRAM, "analyze", TRACE, "-o", str(here / out)], NUMBA_CACHE_DIR=str(here / "code"))

    here = folder
    actions = {FIRST: first, AFTER: lambda: analyze("after"), KNOWN: lambda: analyze("after")}
    return in_turns(actions, repeats, cpu_of_children)


def _run(command: list[str], *, compiled: Path | None, **kernels: str) -> None:
    environment = dict(os.environ)
    if compiled is not None:
        environment |= {**kernels, "PYTHONPYCACHEPREFIX": str(compiled / "bytecode")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)


def _table(title: str, took: dict[str, Figure], base: float) -> Table:
    rows = [[what, str(seconds), number(seconds.median / base)] for what, seconds in took.items()]
    goals = [
        Goal(what=what, found=seconds.median, limit=LIMITS[what], unit="s")
        for what, seconds in took.items()
        if what in LIMITS
    ]
    return Table(title, ["what", "CPU seconds", "to python -c pass"], rows, goals=goals)


if __name__ == "__main__":
    main(report)
