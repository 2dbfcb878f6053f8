"""What the figures were measured on, and with."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = ("torch", "h5py", "numpy", "numba", "pyarrow", "hdf5plugin")


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def describe(peers: Sequence[str]) -> list[str]:
    """Markdown lines: machine, versions, date."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    versions = ", ".join(f"{name} {version_of(name)}" for name in (*PACKAGES, *peers))
    return [
        f"- machine: {_processor()}, {cores()} cores, {memory:.0f} GiB of memory, {platform.system()} "
        f"{platform.release()}; load before the start {os.getloadavg()[0]:.1f}",
        f"- versions: Python {platform.python_version()}, {versions}, HDF5 {_hdf5()}",
        f"- date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; commit {_commit()}",
    ]


def version_of(package: str) -> str:
    """The installed version."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _hdf5() -> str:
    import h5py

    return h5py.version.hdf5_version


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    return done.stdout.strip() or "unknown"
