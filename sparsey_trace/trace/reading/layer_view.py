"""What a trace holds of its layers, of one, and of one MAC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsIndex, overload

import numpy as np

from sparsey_trace.errors import UsageError
from sparsey_trace.support.suggest import unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sparsey_trace.layout import LayerLayout
    from sparsey_trace.trace.reading.column_view import ColumnView


class MacView:
    """What a trace holds of one MAC; little else is read for it.

    Attributes:
        codes: [N, Q] winners in the layout's `code_dtype`, read when sliced; 0 where the MAC is silent.
        active: [N] bool, read when sliced.
        values: a name to [N] float32, read when sliced: further values, such as its familiarity.
    """

    def __init__(self, codes: ColumnView, active: ColumnView, values: Mapping[str, ColumnView]) -> None:
        """Made by `LayerView`."""
        self.codes, self.active, self.values = codes, active, values

    def __repr__(self) -> str:
        """One line: its codes."""
        return f"<MAC with {self.codes!r}>"


class LayerView:
    """What a trace holds of one layer.

    Attributes:
        layout: the layer's layout.
        codes: [N, M, Q] winners in the layout's `code_dtype`, read when sliced; 0 where the MAC is silent.
        active: [N, M] bool, read when sliced.
        values: a name to [N, M] float32, read when sliced: further values of its MACs, nan where there is none.
    """

    def __init__(
        self, layout: LayerLayout, codes: ColumnView, active: ColumnView, values: Mapping[str, ColumnView]
    ) -> None:
        """Made by `Trace`."""
        self.layout, self.codes, self.active, self.values = layout, codes, active, values

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layout.name

    @property
    def num_macs(self) -> int:
        """M."""
        return self.layout.num_macs

    @property
    def num_cms(self) -> int:
        """Q, the number of CMs in each MAC."""
        return self.layout.num_cms

    @property
    def num_neurons(self) -> int:
        """K, the number of neurons in each CM."""
        return self.layout.num_neurons

    def one_hot(self, samples: Any) -> NDArray[np.uint8]:
        """Codes as cells: 1 for the winner of each CM, and 0 for all other neurons and wherever the MAC is silent.

        It takes K times the bytes of the codes: ask for a stretch at a time.

        Args:
            samples: which, as `codes` is indexed: a slice, numbers, or a mask [N].

        Returns:
            [n, M, Q, K]; of a single sample [M, Q, K].
        """
        winners, active = self.codes[samples], self.active[samples]
        cells = np.zeros((*winners.shape, self.num_neurons), np.uint8)
        np.put_along_axis(cells, winners[..., None].astype(np.intp), active[..., None, None], axis=-1)
        return cells

    def mac(self, number: int) -> MacView:
        """One of its MACs.

        Args:
            number: which, from 0 to M - 1.

        Raises:
            UsageError: there is no such MAC.
        """
        is_number = isinstance(number, (int, np.integer)) and not isinstance(number, bool)
        if not is_number or not 0 <= number < self.layout.num_macs:
            last = self.layout.num_macs - 1
            msg = f"{self.layout.name}: expected one of its {last + 1} MACs, 0 to {last}, found {number!r}"
            raise UsageError(msg)
        mac = int(number)
        values = {name: view.of_mac(mac) for name, view in self.values.items()}
        return MacView(self.codes.of_mac(mac), self.active.of_mac(mac), values)

    def __repr__(self) -> str:
        """One line: the name and the shape of its codes."""
        samples, macs, cms = self.codes.shape
        neurons = self.layout.num_neurons
        return f"<layer {self.layout.name}: {samples:,} samples, {macs:,} MACs of {cms} CMs, K = {neurons}>"


class Layers(tuple[LayerView, ...]):
    """The layers of a trace, lowest first: a tuple in which they are found by name, too."""

    @overload
    def __getitem__(self, key: SupportsIndex | str) -> LayerView: ...

    @overload
    def __getitem__(self, key: slice) -> tuple[LayerView, ...]: ...

    def __getitem__(self, key: SupportsIndex | str | slice) -> LayerView | tuple[LayerView, ...]:
        """A layer by its number or its name, or several by a slice.

        Raises:
            IndexError: there is none of that number.
            KeyError: there is none of that name; the message says which there are.
        """
        if not isinstance(key, str):
            return super().__getitem__(key)
        named = {layer.name: layer for layer in self}
        if key not in named:
            raise KeyError(unknown("layer", key, named))
        return named[key]
