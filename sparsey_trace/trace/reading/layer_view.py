"""What a trace holds of one layer, and of one MAC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.errors import UsageError

if TYPE_CHECKING:
    from sparsey_trace.layout import LayerLayout
    from sparsey_trace.trace.reading.column_view import ColumnView


class MacView:
    """What a trace holds of one MAC; little else is read for it.

    Attributes:
        codes: [N, Q] uint8 or uint16 winners, read when sliced; 0 where the MAC is silent.
        active: [N] bool, read when sliced.
    """

    def __init__(self, codes: ColumnView, active: ColumnView) -> None:
        """Made by `LayerView`."""
        self.codes, self.active = codes, active

    def __repr__(self) -> str:
        """One line: its codes."""
        return f"<MAC with {self.codes!r}>"


class LayerView:
    """What a trace holds of one layer.

    Attributes:
        layout: the layer's layout.
        codes: [N, M, Q] uint8 or uint16 winners, read when sliced; 0 where the MAC is silent.
        active: [N, M] bool, read when sliced.
    """

    def __init__(self, layout: LayerLayout, codes: ColumnView, active: ColumnView) -> None:
        """Made by `Trace`."""
        self.layout, self.codes, self.active = layout, codes, active

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
        return MacView(self.codes.of_mac(int(number)), self.active.of_mac(int(number)))

    def __repr__(self) -> str:
        """One line: the name and the shape of its codes."""
        samples, macs, cms = self.codes.shape
        neurons = self.layout.num_neurons
        return f"<layer {self.layout.name}: {samples:,} samples, {macs:,} MACs of {cms} CMs, K = {neurons}>"
