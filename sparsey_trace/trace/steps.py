"""From the arrays of one forward pass to the columns of a trace, with every check on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.layout import NO_LABEL, PHASES
from sparsey_trace.trace import schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from sparsey_trace.layout import LayerLayout, Layout


def kind_of(inputs: ArrayLike | None) -> str:
    """The kind of input column that fits: none, binary, or float32.

    >>> kind_of([[0, 1.0]]), kind_of([[0.5]]), kind_of(None)
    ('binary', 'float32', 'none')
    """
    if inputs is None:
        return "none"
    return "binary" if _is_binary(np.asarray(inputs)) else "float32"


def encode_step(
    layout: Layout,
    input_kind: str,
    *,
    where: str,
    inputs: ArrayLike | None,
    codes: Sequence[ArrayLike],
    active: Sequence[ArrayLike],
    sample: Mapping[str, Any],
) -> dict[str, NDArray[Any]]:
    """Check a step of B samples and encode it as it is stored.

    Args:
        layout: the model.
        input_kind: one of `schema.INPUT_KINDS`.
        where: the file and step, for messages.
        inputs: [B, D] or [B, *input_shape]; None where the kind is none.
        codes: per layer [B, M, Q] winners.
        active: per layer [B, M] booleans.
        sample: the step's step, epoch, phase (a name), label ([B] or None) and time.

    Returns:
        Column path to array, [B, ...] each.

    Raises:
        DataError: shapes or values that don't fit.
    """
    for kind, arrays in (("codes", codes), ("active", active)):
        if len(arrays) != len(layout.layers):
            msg = f"{where}: {kind}: expected an array for each of {len(layout.layers)} layers, found {len(arrays)}"
            raise DataError(msg)
    size = len(np.asarray(active[0])) if inputs is None else len(np.asarray(inputs))
    if not size:
        msg = f"{where}: expected at least one sample, found none"
        raise DataError(msg)
    values = _encode_sample(sample, size, where)
    if (inputs is None) != (input_kind == "none"):
        found = "none" if inputs is None else "some"
        msg = f"{where}: inputs: expected them to be kept as {input_kind!r} in every step, found {found} here"
        raise DataError(msg)
    column = schema.input_column(layout, input_kind)
    if column is not None:
        values[schema.INPUTS] = _encode_inputs(layout, column, np.asarray(inputs), where)
    for index, layer in enumerate(layout.layers):
        on = _encode_active(layer, np.asarray(active[index]), size, where)
        values[schema.codes_path(index)] = _encode_codes(layer, np.asarray(codes[index]), on, where)
        values[schema.active_path(index)] = np.packbits(on, axis=-1)
    return values


def _encode_sample(sample: Mapping[str, Any], size: int, where: str) -> dict[str, NDArray[Any]]:
    if sample["phase"] not in PHASES:
        msg = f"{where}: phase: expected 'train' or 'eval', found {sample['phase']!r}"
        raise DataError(msg)
    given = dict(sample, phase=PHASES.index(sample["phase"]), label=_labels(sample["label"], size, where))
    values = {}
    for name, kind in schema.SAMPLE_COLUMNS.items():
        dtype = np.dtype(kind)
        if dtype.kind == "i" and np.ndim(given[name]) == 0 and not _fits(given[name], dtype):
            msg = f"{where}: {name}: expected a whole number that fits {dtype}, found {given[name]!r}"
            raise DataError(msg)
        values[f"samples/{name}"] = np.full(size, given[name], dtype)
    return values


def _fits(value: Any, dtype: np.dtype[Any]) -> bool:
    limits = np.iinfo(dtype)
    return bool(int(value) == value and limits.min <= value <= limits.max)


def _labels(labels: Any, size: int, where: str) -> Any:
    if labels is None:
        return NO_LABEL
    labels = np.asarray(labels)
    if labels.shape != (size,) or labels.dtype.kind not in "iub":
        msg = (
            f"{where}: labels: expected {size} whole numbers, one for each sample, "
            f"found {labels.dtype} of shape {labels.shape}"
        )
        raise DataError(msg)
    return labels


def _encode_inputs(layout: Layout, column: schema.Column, inputs: NDArray[Any], where: str) -> NDArray[Any]:
    shapes = {(layout.num_features,), layout.input_shape}
    if inputs.shape[1:] not in shapes:
        wanted = " or ".join(str(("B", *shape)).replace("'", "") for shape in sorted(shapes, key=len))
        msg = f"{where}: inputs: expected shape {wanted}, found {inputs.shape}"
        raise DataError(msg)
    flat = inputs.reshape(len(inputs), -1)
    if column.bits:
        if not _is_binary(flat):
            msg = (
                f"{where}: inputs: expected zeros and ones, as in the trace's first step, found other "
                "values; record with inputs='float32' to keep real values"
            )
            raise DataError(msg)
        return column.encode(flat != 0)
    with np.errstate(over="ignore"):
        stored = flat.astype(column.dtype)
    if not np.isfinite(stored).all():
        sample, feature = np.argwhere(~np.isfinite(stored))[0]
        msg = (
            f"{where}: inputs: expected finite numbers within {column.dtype}, "
            f"found {flat[sample, feature]} in sample {sample}, feature {feature}"
        )
        raise DataError(msg)
    return stored


def _is_binary(inputs: NDArray[Any]) -> bool:
    return inputs.dtype == np.bool_ or bool(((inputs == 0) | (inputs == 1)).all())


def _encode_active(layer: LayerLayout, active: NDArray[Any], size: int, where: str) -> NDArray[np.bool_]:
    if active.shape != (size, layer.num_macs):
        msg = (
            f"{where}: active of {layer.name}: expected shape {(size, layer.num_macs)}, found {active.shape}"
        )
        raise DataError(msg)
    if not _is_binary(active):
        msg = f"{where}: active of {layer.name}: expected booleans, found {active.dtype} with other values"
        raise DataError(msg)
    return np.asarray(active != 0)


def _encode_codes(
    layer: LayerLayout, codes: NDArray[Any], active: NDArray[np.bool_], where: str
) -> NDArray[Any]:
    shape = (*active.shape, layer.num_cms)
    if codes.shape != shape or codes.dtype.kind not in "iu":
        msg = (
            f"{where}: codes of {layer.name}: expected whole numbers of shape {shape}, "
            f"found {codes.dtype} of shape {codes.shape}"
        )
        raise DataError(msg)
    # A silent MAC has no code; zeros compress best and make equal runs equal files.
    kept = np.where(active[..., None], codes, 0)
    if kept.min() < 0 or kept.max() >= layer.num_neurons:
        sample, mac, cm = np.argwhere((kept < 0) | (kept >= layer.num_neurons))[0]
        msg = (
            f"{where}: codes of {layer.name}: expected winners from 0 to {layer.num_neurons - 1}, "
            f"found {kept[sample, mac, cm]} in sample {sample}, MAC {mac}, CM {cm}"
        )
        raise DataError(msg)
    return kept.astype(layer.code_dtype)
