"""Projected receptive fields: which input features can reach a MAC at all."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.layout import PADDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout


@lru_cache(maxsize=8)
def receptive_fields(layout: Layout) -> tuple[NDArray[np.bool_], ...]:
    """Per layer [M, D] bool: whether a feature lies in a MAC's projected receptive field.

    In the first layer these are a MAC's connections; above, the union of the fields of the MACs that
    it listens to. Source: RF(l, m) in docs/metrics.md.

    >>> from sparsey_trace import Layout, LayerLayout
    >>> low = LayerLayout(name="low", num_macs=2, num_cms=1, num_neurons=2, connections=[[0, 1], [1, 2]])
    >>> top = LayerLayout(name="top", num_macs=1, num_cms=1, num_neurons=2, connections=[[0, 1]])
    >>> receptive_fields(Layout(num_features=4, layers=[low, top]))[1].astype(int)
    array([[1, 1, 1, 0]])
    """
    fields: list[NDArray[np.bool_]] = []
    for layer in layout.layers:
        field = np.zeros((layer.num_macs, layout.num_features), np.bool_)
        for mac, row in enumerate(layer.connections):
            sources = row[row != PADDING]
            if fields:
                field[mac] = fields[-1][sources].any(axis=0)
            else:
                field[mac, sources] = True
        field.setflags(write=False)
        fields.append(field)
    return tuple(fields)
