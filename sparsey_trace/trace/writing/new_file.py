"""Making the file behind a trace: under another name first, under its own once it can be opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import h5py

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.paths import partial_path

if TYPE_CHECKING:
    from pathlib import Path

_ALIGNED = {"alignment_threshold": 64, "alignment_interval": 512}
"""Keeps HDF5's own structures, which are mostly smaller, inside single pages: one that is on the disk only in part
after a loss of power would take what it leads to with it."""


def create(path: Path, *, overwrite: bool, durable: bool) -> h5py.File:
    """Make the file, under its partial name.

    Args:
        path: the name that it will have.
        overwrite: whether there may be a file of that name.
        durable: whether it is to survive a loss of power.

    Raises:
        TraceError: there is something of that name, or none can be made.
    """
    if path.is_dir() or (path.exists() and not overwrite):
        found = "a folder" if path.is_dir() else "one"
        msg = f"{path}: expected no file there, found {found}; choose another name or pass overwrite=True"
        raise TraceError(msg)
    try:
        # The 1.10 formats are the oldest that have SWMR: anything newer would shut readers out. Without
        # HDF5's own lock: it keeps readers out at times, and file systems without locks for good.
        return h5py.File(
            partial_path(path), "w", libver=("v110", "v110"), locking=False, **(_ALIGNED if durable else {})
        )
    except OSError as error:
        msg = f"{path}: expected to make a file there, found: {error}"
        raise TraceError(msg) from error


def publish(path: Path, *, durable: bool) -> None:
    """Give the file its name, now that it can be opened.

    Raises:
        OSError: it can't be.
    """
    partial_path(path).replace(path)
    if durable:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def is_there(path: Path, descriptor: int) -> bool:
    """Whether what is written can be found: a removed file takes in everything, for nobody."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False
