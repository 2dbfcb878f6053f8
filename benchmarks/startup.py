"""How long it takes until something happens: the command line and the import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cases import Case, main
from benchmarks.measure import ROOT, in_turns
from benchmarks.tables import Goal, Table, number

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = str(Path(sys.executable).with_name("sparsey-trace"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import sparsey_trace": [sys.executable, "-c", "import sparsey_trace"],
    "sparsey-trace --help": [PROGRAM, "--help"],
    "sparsey-trace info TRACE": [PROGRAM, "info", "sample_traces/mnist.h5"],
}
LIMITS = {"import sparsey_trace": 0.3, "sparsey-trace --help": 0.3, "sparsey-trace info TRACE": 0.5}


def report(case: Case) -> list[Table]:
    """Each command in turns, in processes of their own."""

    def starter(command: list[str]) -> Callable[[], object]:
        return lambda: subprocess.run(command, check=True, capture_output=True, cwd=ROOT)

    actions = {what: starter(command) for what, command in COMMANDS.items()}
    took = in_turns(actions, case.choose(full=15, quick=7, tiny=1))
    base = took["python -c pass"].median
    rows = [[what, str(seconds), number(seconds.median / base)] for what, seconds in took.items()]
    goals = [
        Goal(what=what, found=took[what].median, limit=limit, unit="s") for what, limit in LIMITS.items()
    ]
    return [Table("Start-up", ["what", "seconds", "to python -c pass"], rows, goals=goals)]


if __name__ == "__main__":
    main(report)
