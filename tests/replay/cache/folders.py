"""What is in a folder of tables, what would be, and why it would be made anew."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sparsey_trace
from sparsey_trace.metrics import FeatureCoverage
from sparsey_trace.replay.analyze import analyze

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.replay.explain import Explanation


def content(folder: Path) -> dict[str, bytes]:
    """Every file's bytes but hidden ones', by its path in the folder; parts of tables are in folders of their own."""
    shown = sorted([*folder.glob("[!.]*"), *folder.glob("[!.]*/*")])
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in shown if path.is_file()}


def anew(trace: Path, folder: Path, **options: Any) -> dict[str, bytes]:
    """What an analysis leaves that knows nothing of any other."""
    shutil.rmtree(folder, ignore_errors=True)
    analyze(trace, out=folder, cache=False, **options)
    return content(folder)


def explained(trace: Path, out: Path, **options: Any) -> Explanation:
    return sparsey_trace.explain(trace, out=out, **options)


def why(trace: Path, out: Path, **options: Any) -> dict[str, str]:
    return {part.metrics[0]: part.why for part in explained(trace, out, **options).tables}


@dataclass(frozen=True)
class Inheriting(FeatureCoverage):
    """A metric of no package, with values of its own."""

    name = "inheriting"

    def values(self, *arguments: Any) -> Any:
        return super().values(*arguments)
