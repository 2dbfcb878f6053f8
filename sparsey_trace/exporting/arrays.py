"""A trace as netCDF or Zarr, by xarray: block by block, through dask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask
import numpy as np
from dask.callbacks import Callback

from sparsey_trace.arrays.tree import block_size, tree_of
from sparsey_trace.exporting.unfailing_file import UnfailingFile
from sparsey_trace.layout import MARKS, NO_LABEL, PHASES

if TYPE_CHECKING:
    import io
    from collections.abc import Callable
    from pathlib import Path

    import xarray as xr

    from sparsey_trace.trace.reading.trace import Trace


def _array_by_array(graph: Any, keys: list[Any], **more: Any) -> list[Any]:
    """A scheduler for dask: the order of blocks in a file, and so its bytes, are the same each time."""
    return [dask.get(graph, of_array, **more) for of_array in keys]


_SCHEDULERS: dict[str, dict[str, Any]] = {
    "netcdf": {"scheduler": _array_by_array},
    # Each holds a block or two.
    "zarr": {"scheduler": "threads", "num_workers": 4},
}


def write_arrays(trace: Trace, path: Path, *, to: str, on_progress: Callable[[int, int], None]) -> None:
    """Write a trace.

    Args:
        trace: it has to stay open.
        path: what to make; nothing is there yet.
        to: `netcdf` or `zarr`.
        on_progress: called with the blocks that are written, and with how many there are as far as is known.

    Raises:
        OSError: it can't be written.
    """
    size = block_size(trace)
    tree = tree_of(trace).map_over_datasets(lambda node: _for_files(node, size))
    with dask.config.set(_SCHEDULERS[to]):
        if to == "netcdf":
            encoding = {node.path: _compressed(node, size) for node in tree.subtree}
            with _opened(path) as opened, UnfailingFile(opened) as file:
                with _Counting(on_progress, file.check):
                    tree.to_netcdf(file, engine="h5netcdf", encoding=encoding)
                file.check()
        else:
            with _Counting(on_progress):
                # Of version 3 of the format, consolidated metadata aren't a part.
                tree.to_zarr(path, zarr_format=2, consolidated=True)


def _opened(path: Path) -> io.RawIOBase:
    return path.open("x+b", buffering=0)


def _for_files(node: xr.Dataset, size: int) -> xr.Dataset:
    """Phases as numbers with meanings, as climate's conventions have it: text takes twenty times the room."""
    found = node.chunk({"sample": size})
    flags = {"flag_values": np.arange(len(PHASES), dtype=np.uint8), "flag_meanings": " ".join(PHASES)}
    phase = sum((found["phase"] == name) * np.uint8(number) for number, name in enumerate(PHASES))
    found = found.assign_coords(phase=phase.assign_attrs(flags))
    for name in MARKS.values():
        found[name].encoding = {"dtype": "int64", "_FillValue": NO_LABEL}
    return found


def _compressed(node: xr.DataTree, size: int) -> dict[str, dict[str, Any]]:
    """How each array of a node is stored: in chunks of blocks, packed by what every reader of netCDF has."""
    arrays = {name: array for name, array in node.to_dataset(inherit=False).variables.items() if array.size}
    return {
        str(name): {"zlib": True, "complevel": 4, "chunksizes": (min(size, array.shape[0]), *array.shape[1:])}
        for name, array in arrays.items()
    }


class _Counting(Callback):  # type: ignore[misc]
    """Tells how many of dask's tasks are done, and looks, after each, whether to go on."""

    def __init__(
        self, on_progress: Callable[[int, int], None], check: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(start_state=self._begin, posttask=self._end)
        self._on_progress, self._check = on_progress, check
        self._done = self._total = 0

    def _begin(self, _: Any, state: dict[str, Any]) -> None:
        self._total += len(state["waiting"]) + len(state["ready"])

    def _end(self, *_: Any) -> None:
        self._check()
        self._done += 1
        self._on_progress(self._done, self._total)
