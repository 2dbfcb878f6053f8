"""What the values of samples have to be, beyond their dtypes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import PHASES
from sparsey_trace.trace.format import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from sparsey_trace.trace.format.head import Head

_OF_STEP = ("step", "phase", "epoch")


@dataclass(frozen=True, eq=False)
class BrokenInvariant:
    """Values that no trace may hold.

    Attributes:
        column: where they stand.
        expected: what they have to be.
        wrong: [n, ...], which are not.
        axes: names of the axes behind the samples'.
    """

    column: str
    expected: str
    wrong: NDArray[np.bool_]
    axes: tuple[str, ...] = ()

    @property
    def samples(self) -> NDArray[np.bool_]:
        """[n], whether a sample has such values."""
        return np.asarray(self.wrong.reshape(len(self.wrong), -1).any(axis=1))

    def first(self, values: Mapping[str, NDArray[Any]], start: int) -> str:
        """The first of them, in words.

        Args:
            values: the columns that were looked at.
            start: the number of their first sample.
        """
        index = tuple(np.argwhere(self.wrong)[0].tolist())
        numbered = zip(("sample", *self.axes), (start + index[0], *index[1:]), strict=True)
        where = ", ".join(f"{axis} {number}" for axis, number in numbered)
        return f"{self.column}: {where}: expected {self.expected}, found {values[self.column][index]}"


def broken_invariants(
    head: Head,
    columns: Mapping[str, schema.Column],
    values: Mapping[str, NDArray[Any]],
    last: Mapping[str, int],
) -> Iterator[BrokenInvariant]:
    """Go through consecutive samples.

    Args:
        head: what the trace says of itself.
        columns: path to column.
        values: path to [n, ...] as stored.
        last: step, phase and epoch of the sample before the first; empty where there is none.

    Yields:
        Each invariant that is broken, and where.
    """
    found = [*_of_samples(head, values, last), *_of_inputs(columns, values)]
    found += [_padding(column, values[path]) for path, column in columns.items() if column.bits]
    for index, names in enumerate(head.values):
        found += _of_layer(head, index, values)
        found += [_of_value(schema.value_path(index, name), values) for name in names]
    return (broken for broken in found if broken.wrong.any())


def last_of(values: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    """Step, phase and epoch of the last sample."""
    return {name: int(values[f"samples/{name}"][-1]) for name in _OF_STEP}


def _of_samples(
    head: Head, values: Mapping[str, NDArray[Any]], last: Mapping[str, int]
) -> Iterator[BrokenInvariant]:
    now = {name: values[f"samples/{name}"] for name in _OF_STEP}
    before = {name: np.concatenate([[last.get(name, now[name][0])], now[name][:-1]]) for name in _OF_STEP}
    least, step = head.part.first_step, now["step"]
    yield BrokenInvariant(
        "samples/step", f"a step of at least {least}, with which the file begins", step < least
    )
    falls = step < before["step"]
    yield BrokenInvariant("samples/step", "a step that never falls below the sample before's", falls)
    yield BrokenInvariant("samples/phase", "0 (train) or 1 (eval)", now["phase"] >= len(PHASES))
    for name in ("phase", "epoch"):
        changed = (now[name] != before[name]) & (step == before["step"])
        yield BrokenInvariant(f"samples/{name}", f"one {name} in the whole step", changed)
    yield BrokenInvariant("samples/time", "a finite time", ~np.isfinite(values["samples/time"]))


def _of_inputs(
    columns: Mapping[str, schema.Column], values: Mapping[str, NDArray[Any]]
) -> Iterator[BrokenInvariant]:
    if schema.INPUTS in columns and not columns[schema.INPUTS].bits:
        yield BrokenInvariant(
            schema.INPUTS, "a finite number", ~np.isfinite(values[schema.INPUTS]), ("feature",)
        )


def _of_value(path: str, values: Mapping[str, NDArray[Any]]) -> BrokenInvariant:
    return BrokenInvariant(path, "a finite number, or nan", np.isinf(values[path]), ("MAC",))


def _padding(column: schema.Column, packed: NDArray[Any]) -> BrokenInvariant:
    """Of packed bits [n, bytes]."""
    spare = 8 * packed.shape[1] - column.bits
    wrong = np.zeros(packed.shape, np.bool_)
    wrong[:, -1] = packed[:, -1] & ((1 << spare) - 1)
    return BrokenInvariant(
        column.path, f"zeros in the last {spare} bits, which are padding", wrong, ("byte",)
    )


def _of_layer(head: Head, index: int, values: Mapping[str, NDArray[Any]]) -> Iterator[BrokenInvariant]:
    layer, path = head.layout.layers[index], schema.codes_path(index)
    codes, packed = values[path], values[schema.active_path(index)]
    wrong = codes >= layer.num_neurons
    yield BrokenInvariant(path, f"a winner from 0 to {layer.num_neurons - 1}", wrong, ("MAC", "CM"))
    active = np.unpackbits(packed, axis=-1, count=layer.num_macs).view(np.bool_)
    yield BrokenInvariant(path, "0, as the MAC is silent", (codes != 0) & ~active[..., None], ("MAC", "CM"))
