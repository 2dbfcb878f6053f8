"""The forms of exports, and how they are read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sparsey_trace as st

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


OPENED: dict[str, dict[str, Any]] = {"netcdf": {"engine": "h5netcdf"}, "zarr": {"engine": "zarr"}}


ENDINGS = {"tensorboard": "tensorboard", "csv": "csv", "netcdf": "nc", "zarr": "zarr"}


def analysed(run: Path, name: str) -> pd.DataFrame:
    return st.analyze(run, metrics=[name]).to_pandas(name)
