"""From the arrays of forward passes to the columns of a trace, with every check on the way."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.support.bitsets import packed_rows
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.encode_samples import encode_samples
from sparsey_trace.trace.format.inputs import encode_inputs, is_binary
from sparsey_trace.trace.format.numbers import as_numbers
from sparsey_trace.trace.format.values import encode_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from sparsey_trace.layout import LayerLayout, Layout


def encode_steps(
    layout: Layout,
    input_kind: str,
    *,
    where: str,
    inputs: NDArray[Any] | None,
    codes: Iterable[ArrayLike],
    active: Iterable[ArrayLike],
    samples: Sequence[Mapping[str, Any]],
    sizes: Sequence[int] | None = None,
    values: Mapping[str, Sequence[Any]] | None = None,
    value_names: Sequence[Sequence[str]] = (),
) -> dict[str, NDArray[Any]]:
    """Check steps of B samples together, mostly one step, and encode them as they are stored.

    Args:
        layout: the model.
        input_kind: one of `schema.INPUT_KINDS`.
        where: the file and the first step, for messages.
        inputs: [B, D] or [B, *input_shape]; None where the kind is none.
        codes: per layer [B, M, Q] winners.
        active: per layer [B, M] booleans.
        samples: of each step what `encode_samples` takes.
        sizes: how many samples each step has; None where it is one step.
        values: further values of MACs, as `encode_values` takes them.
        value_names: by layer, the names of those that the trace has.

    Returns:
        Column path to array, [B, ...] each.

    Raises:
        UnfitInputsError: inputs that another kind would hold.
        DataError: shapes or other values that don't fit.
    """
    codes = _by_layer(codes, layout, f"{where}: codes")
    active = _by_layer(active, layout, f"{where}: active")
    size = _num_samples(active[0] if inputs is None else inputs, where)
    sizes = _checked_sizes(sizes, size, where)
    _check_whether_kept(inputs, input_kind, where)
    found = {}
    column = schema.input_column(layout, input_kind)
    if column is not None and inputs is not None:
        found[schema.INPUTS] = encode_inputs(layout, column, inputs, where)
    found |= encode_samples(samples, sizes, where)
    for index, layer in enumerate(layout.layers):
        on = _encode_active(layer, active[index], size, where)
        found[schema.codes_path(index)] = _encode_codes(layer, codes[index], on, where)
        found[schema.active_path(index)] = packed_rows(on)
    found |= encode_values(values, value_names, layout, size=size, where=where)
    return found


def _num_samples(array: NDArray[Any], where: str) -> int:
    """B of an array [B, ...]."""
    size = len(np.atleast_1d(array))
    if not size:
        msg = f"{where}: expected at least one sample, found none"
        raise DataError(msg)
    return size


def _checked_sizes(sizes: Sequence[int] | None, size: int, where: str) -> Sequence[int]:
    """How many samples each step has, of so many in all."""
    if sizes is None:
        return [size]
    if sum(sizes) != size or min(sizes) < 1:
        msg = f"{where}: sizes: expected samples of steps that come to {size}, found {list(sizes)}"
        raise DataError(msg)
    return sizes


def _check_whether_kept(inputs: NDArray[Any] | None, input_kind: str, where: str) -> None:
    if (inputs is None) != (input_kind == "none"):
        found = "none" if inputs is None else "some"
        msg = f"{where}: inputs: expected them to be kept as {input_kind!r} in every step, found {found} here"
        raise DataError(msg)


def _by_layer(given: Any, layout: Layout, what: str) -> list[NDArray[Any]]:
    try:
        arrays = list(given)
    except TypeError as error:
        msg = f"{what}: expected a list of arrays, one for each layer, found {type(given).__name__}"
        raise DataError(msg) from error
    if len(arrays) != len(layout.layers):
        msg = f"{what}: expected an array for each of {len(layout.layers)} layers, found {len(arrays)}"
        raise DataError(msg)
    return [
        as_numbers(array, f"{what} of {layer.name}")
        for array, layer in zip(arrays, layout.layers, strict=True)
    ]


def _encode_active(layer: LayerLayout, active: NDArray[Any], size: int, where: str) -> NDArray[np.bool_]:
    """[B, M] bool, from zeros and ones of any dtype."""
    if active.shape != (size, layer.num_macs):
        msg = (
            f"{where}: active of {layer.name}: expected shape {(size, layer.num_macs)}, found {active.shape}"
        )
        raise DataError(msg)
    if not is_binary(active):
        msg = f"{where}: active of {layer.name}: expected booleans, found {active.dtype} with other values"
        raise DataError(msg)
    return np.asarray(active if active.dtype == np.bool_ else active != 0)


def _silenced(codes: NDArray[Any], active: NDArray[np.bool_]) -> NDArray[Any]:
    """[B, M, Q] whole numbers that are 0 where [B, M] isn't active.

    A product of wholes is several times faster than np.where, which goes through one MAC at a time; and so is one of
    words that hold the winners of several CMs.
    """
    mac_bytes = codes.shape[-1] * codes.itemsize
    word_bytes = math.gcd(mac_bytes, 8)
    words = np.ascontiguousarray(codes).reshape(-1).view(f"i{word_bytes}")
    flags = active.reshape(-1)
    if word_bytes < mac_bytes:
        flags = np.repeat(flags, mac_bytes // word_bytes)
    return (words * flags).view(codes.dtype).reshape(codes.shape)


def _encode_codes(
    layer: LayerLayout, codes: NDArray[Any], active: NDArray[np.bool_], where: str
) -> NDArray[Any]:
    """[B, M, Q] in the layer's dtype, 0 where [B, M] isn't active."""
    shape = (*active.shape, layer.num_cms)
    if codes.shape != shape or codes.dtype.kind not in "iu":
        msg = (
            f"{where}: codes of {layer.name}: expected whole numbers of shape {shape}, "
            f"found {codes.dtype} of shape {codes.shape}"
        )
        raise DataError(msg)
    # A silent MAC has no code; zeros compress best and make equal runs equal files.
    kept = _silenced(codes, active)
    if kept.max() >= layer.num_neurons or (codes.dtype.kind == "i" and kept.min() < 0):
        sample, mac, cm = np.argwhere((kept < 0) | (kept >= layer.num_neurons))[0]
        msg = (
            f"{where}: codes of {layer.name}: expected winners from 0 to {layer.num_neurons - 1}, "
            f"found {kept[sample, mac, cm]} in sample {sample}, MAC {mac}, CM {cm}"
        )
        raise DataError(msg)
    return kept.astype(layer.code_dtype, copy=False)
