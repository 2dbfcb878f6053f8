"""Names of the files beside a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hdf5plugin  # noqa: F401 - registers the Zstd filter with HDF5

if TYPE_CHECKING:
    from pathlib import Path


def partial_path(path: Path) -> Path:
    """Where a trace is made, before it can be opened.

    >>> from pathlib import Path
    >>> partial_path(Path("runs/run.h5")).as_posix()
    'runs/.run.h5.partial'
    """
    return path.with_name(f".{path.name}.partial")
