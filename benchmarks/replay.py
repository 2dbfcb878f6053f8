"""How long the replay takes, and how much memory, against the samples of a trace.

Six metrics (all but SISC adherence) in one analysis at resolution `step`, on two processes; each run
in a fresh interpreter, so that start-up counts and memory is its own. Beside it a plain read of the
same trace, for the ratio. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from synthetic import write_trace

METRICS = (
    "num_activations",
    "basis_set_size",
    "basis_set_size_increase",
    "feature_coverage",
    "match_accuracy",
    "basis_average",
)

CHILD = """
import sys, time
from pathlib import Path

def memory():  # of this process and its children, in MiB: what they share is counted once (PSS)
    import os
    total = 0
    for name in os.listdir("/proc"):
        try:
            parent = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()[1] if name.isdigit() else ""
            if name == str(os.getpid()) or parent == str(os.getpid()):
                rollup = Path("/proc", name, "smaps_rollup").read_text()
                total += int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1])
        except OSError:
            pass
    return total // 1024

if __name__ == "__main__":
    import threading
    peak = [0]
    def watch():
        while True:
            peak[0] = max(peak[0], memory())
            time.sleep(0.1)
    threading.Thread(target=watch, daemon=True).start()
    path, jobs, names = sys.argv[1], int(sys.argv[2]), sys.argv[3].split(",")
    start = time.perf_counter()
    import sparsey_trace as st
    if names == ["read"]:
        with st.open_trace(path) as trace:
            for chunk in trace.chunks(4096):
                pass
    else:
        st.analyze(path, metrics=names, n_jobs=jobs)
    print(time.perf_counter() - start, peak[0])
"""


def measure(path: Path, jobs: int, names: tuple[str, ...], repeats: int) -> tuple[list[float], int]:
    """Seconds of each repeat, and the highest memory in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        child = Path(folder) / "child.py"
        child.write_text(CHILD)
        command = [sys.executable, str(child), str(path), str(jobs), ",".join(names)]
        printed = [
            subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(repeats)
        ]
    times, peaks = zip(*(map(float, line.split()) for line in printed), strict=True)
    return list(times), int(max(peaks))


def report(sizes: list[int], jobs: int, repeats: int, *, each: bool) -> list[str]:
    """The lines of the table."""
    lines = [
        "| samples | what | processes | seconds, median (range) | us a sample | to a plain read | peak memory, MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder) / f"{size}.h5"
            write_trace(path, size)
            cases = [
                ("plain read", ("read",), 1),
                ("six metrics", METRICS, jobs),
                ("six metrics", METRICS, 1),
            ]
            cases += [(name, (name,), 1) for name in METRICS] if each else []
            base = 0.0
            for what, names, processes in cases:
                times, peak = measure(path, processes, names, repeats)
                median = statistics.median(times)
                base = base or median
                lines.append(
                    f"| {size:,} | {what} | {processes} | {median:.2f} ({min(times):.2f}-{max(times):.2f}) "
                    f"| {median / size * 1e6:.1f} | {median / base:.1f} | {peak} |"
                )
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000, 60_000])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--each", action="store_true", help="measure every metric alone, too")
    arguments = parser.parse_args()
    started = time.perf_counter()
    lines = report(arguments.samples, arguments.jobs, arguments.repeats, each=arguments.each)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}\n")
    print("\n".join(lines))
    print(f"\nmeasured in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
