"""The engine "sparsey-trace" of xarray.open_datatree and xarray.open_dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xarray.backends import BackendEntrypoint

from sparsey_trace.arrays.tree import tree_of
from sparsey_trace.trace.reading.open_trace import open_trace

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr


class TraceBackend(BackendEntrypoint):  # type: ignore[misc]
    """Opens a trace, or the files of one that a pattern names; closing what it gives closes them."""

    description = "Traces of sparsey-trace"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", "group")
    supports_groups = True

    def open_datatree(
        self, filename_or_obj: Any, *, drop_variables: str | Iterable[str] | None = None
    ) -> xr.DataTree:
        """The whole trace; see `Trace.to_xarray`."""
        trace = open_trace(filename_or_obj)
        tree = tree_of(trace)
        if drop_variables is not None:
            tree = tree.map_over_datasets(lambda node: node.drop_vars(drop_variables, errors="ignore"))
        tree.set_close(trace.close)
        return tree

    def open_groups_as_dict(
        self, filename_or_obj: Any, *, drop_variables: str | Iterable[str] | None = None
    ) -> dict[str, xr.Dataset]:
        """Each node by its path, with what closes the trace at the root."""
        tree = self.open_datatree(filename_or_obj, drop_variables=drop_variables)
        found = {node.path: node.to_dataset(inherit=False) for node in tree.subtree}
        found["/"].set_close(tree.close)
        return found

    def open_dataset(
        self,
        filename_or_obj: Any,
        *,
        drop_variables: str | Iterable[str] | None = None,
        group: str | None = None,
    ) -> xr.Dataset:
        """One node: a layer by its name, or the root."""
        tree = self.open_datatree(filename_or_obj, drop_variables=drop_variables)
        found = tree[group or "/"].to_dataset()
        found.set_close(tree.close)
        return found

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Never: plain HDF5 readers can open a trace too, and would say so by the same name."""
        return False
