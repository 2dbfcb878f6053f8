"""Further values of MACs, such as their familiarity: a number for each MAC and sample, under a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.layout import MARKS
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.numbers import as_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sparsey_trace.layout import LayerLayout, Layout

MOST_LETTERS = 100
"""How long a name may be."""

_TAKEN = frozenset(
    {
        *("codes", "active", "connections", "positions", "inputs", "mac", "cm", "source", "x", "y"),
        *("sample", "step", "epoch", "phase", "time", *MARKS.values()),
    }
)
"""What stands beside the values wherever a layer is shown."""


def check_value_name(name: Any, names: Sequence[Any], *, where: str = "") -> None:
    """See that a value can have this name.

    Args:
        name: the name.
        names: of all values, this one's among them.
        where: stands before the message.

    Raises:
        DataError, ValueError: it can't.
    """
    is_name = isinstance(name, str) and re.fullmatch(rf"[A-Za-z_]\w{{0,{MOST_LETTERS - 1}}}", name, re.ASCII)
    if not is_name or name in _TAKEN or list(names).count(name) > 1:
        msg = (
            f"{where}values: expected different names of at most {MOST_LETTERS} letters, digits and underscores, none "
            f"of {', '.join(sorted(_TAKEN))}, found {name!r}"
        )
        raise DataError(msg)


def names_by_layer(
    given: Mapping[str, Sequence[Any]] | None, layout: Layout, *, where: str
) -> tuple[tuple[str, ...], ...]:
    """By layer, the names of its values, as a step has them; see `TraceWriter.append`.

    Args:
        given: name to what each layer has of it.
        layout: the model.
        where: the file and step, for messages.

    Raises:
        DataError: a name can't be one, or its values aren't a list with something for each layer.
    """
    given = given or {}
    for name, by_layer in given.items():
        check_value_name(name, list(given), where=f"{where}: ")
        if not isinstance(by_layer, list | tuple) or len(by_layer) != len(layout.layers):
            found = f"{len(by_layer)}" if isinstance(by_layer, list | tuple) else type(by_layer).__name__
            expected = f"a list of {len(layout.layers)}, an array or None for each layer"
            msg = f"{where}: values: {name}: expected {expected}, found {found}"
            raise DataError(msg)
    return tuple(
        tuple(name for name, by_layer in given.items() if by_layer[index] is not None)
        for index in range(len(layout.layers))
    )


def encode_values(
    given: Mapping[str, Sequence[Any]] | None,
    names: Sequence[Sequence[str]],
    layout: Layout,
    *,
    size: int,
    where: str,
) -> dict[str, NDArray[np.float32]]:
    """A step's values as they are stored: path to [B, M].

    Args:
        given: name to what each layer has of it, [B, M] or None.
        names: by layer, the names of the values that the trace has.
        layout: the model.
        size: B.
        where: the file and step, for messages.

    Raises:
        DataError: they are others than the trace has, or not [B, M] numbers, or infinite.
    """
    found = names_by_layer(given, layout, where=where)
    if [set(layer) for layer in found] != [set(layer) for layer in names]:
        shown = [" and ".join(sorted({*sum(map(tuple, of), ())})) or "none" for of in (names, found)]
        msg = f"{where}: values: expected {shown[0]}, of the same layers as in the trace's first step, found {shown[1]}"
        raise DataError(msg)
    return {
        schema.value_path(index, name): _encoded(given[name][index], layer, (size, name), where)
        for index, layer in enumerate(layout.layers)
        for name in names[index]
        if given is not None
    }


def _encoded(given: Any, layer: LayerLayout, kind: tuple[int, str], where: str) -> NDArray[np.float32]:
    """[B, M] float32."""
    size, name = kind
    values = as_numbers(given, f"{where}: values: {name} of {layer.name}")
    if values.shape != (size, layer.num_macs):
        msg = f"{where}: values: {name} of {layer.name}: expected shape {(size, layer.num_macs)}, found {values.shape}"
        raise DataError(msg)
    with np.errstate(over="ignore"):
        encoded = values.astype(np.float32)
    if np.isinf(encoded).any():
        sample, mac = np.argwhere(np.isinf(encoded))[0]
        msg = (
            f"{where}: values: {name} of {layer.name}: expected numbers within float32, or nan for none, found "
            f"{values[sample, mac]} in sample {sample}, MAC {mac}"
        )
        raise DataError(msg)
    return encoded
