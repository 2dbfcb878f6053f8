"""Run all cases, print their tables, and keep them in a page: `make bench`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.cases import SIZES
from benchmarks.machine import describe
from benchmarks.measure import ROOT
from benchmarks.tables import Table, goal_table

CASES = (
    "startup",
    "recording",
    "bare",
    "writing",
    "replay",
    "nearest",
    "basis",
    "reading",
    "files",
    "cache",
    "scaling",
)
PEERS = ("faiss-cpu", "nnsight", "torchlens", "zarr")


def main() -> int:
    """Measure what is asked for; 1 where a case failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; all by default")
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results.md")
    arguments = parser.parse_args()
    if unknown := set(arguments.cases) - set(CASES):
        parser.error(f"expected cases among {', '.join(CASES)}, found {', '.join(sorted(unknown))}")
    about, start = describe(PEERS), time.perf_counter()
    tables, failures = {}, {}
    with tempfile.TemporaryDirectory(prefix="sparsey-trace-bench-") as folder:
        for name in arguments.cases or CASES:
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                tables[name] = run(name, arguments.size, folder)
            except RuntimeError as error:
                failures[name] = str(error)
    about.append(f"- size: {arguments.size}; measured in {time.perf_counter() - start:.0f} s")
    text = page(about, tables, failures)
    arguments.out.write_text(text)
    print(text)
    return 1 if failures else 0


def run(name: str, size: str, folder: str) -> list[Table]:
    """One case, in a process of its own.

    Raises:
        RuntimeError: it failed; what it printed last.
    """
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", "--size", size, "--folder", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        msg = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise RuntimeError(msg)
    return [Table.from_json(known) for known in json.loads(done.stdout.splitlines()[-1])]


def page(about: list[str], tables: dict[str, list[Table]], failures: dict[str, str]) -> str:
    """The whole page: what it was measured on, all goals, all tables."""
    goals = [goal for reported in tables.values() for table in reported for goal in table.goals]
    lines = [
        "# What was measured",
        "",
        *about,
        "",
        "`make bench` makes this page; what each case measures is said in its file. A figure is the median of several "
        "runs, with the range of the others behind it: the least and the most, or of more than seven the quartiles. A "
        "figure without a range was measured once.",
        "",
        f"## Goals: {sum(goal.is_reached for goal in goals)} of {len(goals)} reached",
        "",
        *goal_table(goals),
    ]
    for name, reported in tables.items():
        lines += [f"## {name}", "", *(table.markdown() for table in reported)]
    for name, reason in failures.items():
        lines += [f"## {name}", "", f"Failed: {reason}", ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
