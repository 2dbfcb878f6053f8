"""Where a trace comes from: its id, when and where it was recorded, and by which versions."""

from __future__ import annotations

import platform
import socket
import sys
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class TraceOrigin:
    """Where a trace comes from.

    Attributes:
        id: unique to it, 32 hexadecimal digits.
        created: when the run started, ISO 8601 in UTC.
        host: the machine's name.
        versions: of Python, of this program and of the packages that were loaded.
        changes: what was changed in it since it was recorded, a line each; empty where nothing was.
    """

    id: str
    created: str
    host: str
    versions: Mapping[str, Any]
    changes: str = ""

    @classmethod
    def here(cls) -> TraceOrigin:
        """This machine, now."""
        return cls(
            id=new_id(),
            created=datetime.now(UTC).isoformat(timespec="milliseconds"),
            host=socket.gethostname(),
            versions=loaded_versions(),
        )


def new_id() -> str:
    """One that no other trace has."""
    return uuid.uuid4().hex


def loaded_versions() -> dict[str, str]:
    """Versions of Python, this program, HDF5, and of torch and sparseypy where they are loaded."""
    versions = {
        "python": platform.python_version(),
        "sparsey-trace": program_version(),
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "hdf5": h5py.version.hdf5_version,
    }
    for name in ("torch", "sparseypy"):
        if name in sys.modules:
            versions[name] = str(getattr(sys.modules[name], "__version__", "unknown"))
    return versions


@cache
def program_version() -> str:
    """This program's version, as installed."""
    # Reading a trace is spared it.
    from importlib import metadata

    try:
        return metadata.version("sparsey-trace")
    except metadata.PackageNotFoundError:
        return "unknown"
