"""Labels from a file: one for each sample, or for those that it names by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.layout import NO_LABEL

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_EXPECTED = "expected a column `label`, and `sample` beside it where not all samples have one"


def read_labels(path: Path, current: NDArray[np.int64]) -> NDArray[np.int64]:
    """The labels [N] int64 that a trace is to have.

    Args:
        path: a `.npy` file of N whole numbers; or a CSV file with a column `label` of N lines, or with columns
            `sample` and `label` for the samples that change. An empty label is unknown.
        current: [N], those that it has.

    Raises:
        DataError: there is no such file, or something else is in it.
    """
    try:
        samples, labels = _from_array(path) if path.suffix == ".npy" else _from_csv(path)
    except DataError:
        raise
    except (OSError, ValueError, EOFError) as error:
        msg = f"{path}: expected labels, found: {' '.join(str(error).split())}"
        raise DataError(msg) from error
    if samples is None and len(labels) != len(current):
        msg = f"{path}: expected {len(current):,} labels, one for each sample, found {len(labels):,}"
        raise DataError(msg)
    if samples is None:
        return labels
    if len(samples) and not 0 <= samples.min() <= samples.max() < len(current):
        msg = f"{path}: expected samples from 0 to {len(current) - 1:,}, found {samples.min():,} to {samples.max():,}"
        raise DataError(msg)
    found = current.copy()
    found[samples] = labels
    return found


def _from_array(path: Path) -> tuple[None, NDArray[np.int64]]:
    found = np.load(path, allow_pickle=False)
    if (
        found.ndim != 1
        or found.dtype.kind not in "iu"
        or (len(found) and found.max() > np.iinfo(np.int64).max)
    ):
        msg = f"{path}: expected whole numbers [N] that fit int64, found {found.dtype} of shape {found.shape}"
        raise DataError(msg)
    return None, found.astype(np.int64)


def _from_csv(path: Path) -> tuple[NDArray[np.int64] | None, NDArray[np.int64]]:
    """The samples that are named, None where none are; and labels."""
    import pyarrow as pa
    import pyarrow.csv as pc

    kinds = pc.ConvertOptions(column_types={"sample": pa.int64(), "label": pa.int64()})
    # A line that is empty is a label that is unknown.
    lines = pc.ParseOptions(ignore_empty_lines=False)
    found = pc.read_csv(path, parse_options=lines, convert_options=kinds)
    names = found.column_names
    if "label" not in names or set(names) - {"sample", "label"}:
        msg = f"{path}: {_EXPECTED}, found columns {', '.join(map(repr, names))}"
        raise DataError(msg)
    labels = _numbers(found["label"].fill_null(NO_LABEL))
    return (_numbers(found["sample"]) if "sample" in names else None), labels


def _numbers(column: Any) -> NDArray[np.int64]:
    if column.null_count:
        msg = "a line without the number of a sample"
        raise ValueError(msg)
    return np.asarray(column.to_numpy(), np.int64)
