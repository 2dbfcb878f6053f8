"""What all cases share: how large they are, and how they are run alone."""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmarks.traces import Traces

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.tables import Table

    Value = TypeVar("Value")

SIZES = ("full", "quick", "tiny")
"""`full` is what results are quoted from; `quick` tells whether something has become much slower; `tiny` only
whether everything runs."""


@dataclass(frozen=True)
class Case:
    """How a case is to be measured.

    Attributes:
        size: a name in `SIZES`.
        traces: what is replayed, shared by all cases.
    """

    size: str
    traces: Traces

    @property
    def folder(self) -> Path:
        """For what the case makes."""
        return self.traces.folder

    def choose(self, *, full: Value, quick: Value, tiny: Value) -> Value:
        """The value for this size."""
        return {"full": full, "quick": quick, "tiny": tiny}[self.size]

    @property
    def repeats(self) -> int:
        """How often everything is measured that isn't said to be measured otherwise."""
        return self.choose(full=5, quick=3, tiny=1)


def main(report: Callable[[Case], list[Table]]) -> None:
    """Run one case from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=SIZES, default="quick")
    parser.add_argument("--folder", type=Path, help="for traces, which are made once and kept")
    parser.add_argument("--json", action="store_true", help="for the program that runs all cases")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        traces = Traces(folder, is_tiny=arguments.size == "tiny")
        tables = report(Case(arguments.size, traces))
    if arguments.json:
        print(json.dumps([table.as_json() for table in tables]))
    else:
        print("\n".join(table.markdown() for table in tables))
