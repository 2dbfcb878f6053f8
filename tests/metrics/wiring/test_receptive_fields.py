"""Receptive fields and the pairs of a MAC and a feature, against matrices of everything by everything."""

from __future__ import annotations

import numpy as np
import pytest

from sparsey_trace.connections import PADDING
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.metrics.wiring.reach import reach_of
from sparsey_trace.metrics.wiring.receptive_fields import receptive_fields


def _layout(*, num_features: int, sizes: tuple[int, ...], fan_in: int) -> Layout:
    rng = np.random.default_rng(0)
    layers, sources = [], num_features
    for number, size in enumerate(sizes):
        # Of different lengths, in no order, some twice.
        rows = [rng.integers(0, sources, rng.integers(1, fan_in + 1)) for _ in range(size)]
        layers.append(
            LayerLayout(name=str(number), num_macs=size, num_cms=1, num_neurons=2, connections=rows)
        )
        sources = size
    return Layout(num_features=num_features, layers=layers)


WIDE = _layout(num_features=3000, sizes=(20, 7, 1, 4), fan_in=9)
NARROW = _layout(num_features=5, sizes=(6, 6, 6), fan_in=9)


def _dense(layout: Layout) -> list[np.ndarray]:
    fields: list[np.ndarray] = []
    below = np.eye(layout.num_features, dtype=bool)
    for layer in layout.layers:
        below = np.array([below[row[row != PADDING]].any(axis=0) for row in layer.connections])
        fields.append(below)
    return fields


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_fields_hold_what_reaches_a_mac(layout: Layout) -> None:
    found = receptive_fields(layout)
    assert len(found) == len(layout.layers)
    for field, expected in zip(found, _dense(layout), strict=True):
        np.testing.assert_array_equal(field.masks(), expected)
        np.testing.assert_array_equal(field.masks([len(field) - 1, 0]), expected[[-1, 0]])
        np.testing.assert_array_equal(field.sizes, expected.sum(axis=1))
        for mac, row in enumerate(expected):
            np.testing.assert_array_equal(field[mac], np.flatnonzero(row))
    assert [len(field) for field in found[1:]] == [layer.num_macs for layer in layout.layers[1:]]


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_pairs_have_their_feature_from_the_sources_that_have_it(layout: Layout) -> None:
    reach, fields = reach_of(layout), _dense(layout)
    names = [(layer, mac, f) for layer, field in enumerate(fields) for mac, f in np.argwhere(field).tolist()]
    assert reach.features.tolist() == [feature for *_, feature in names]
    firsts = [
        next(place for place, name in enumerate(names) if name[0] == layer) for layer in range(len(fields))
    ]
    starts = np.concatenate([[0], reach.ends[:-1]])
    for (layer, mac, feature), start, end in zip(names, starts, reach.ends, strict=True):
        found = reach.sources[start:end].tolist()
        if not layer:
            assert found == [feature]
            continue
        heard = set(layout.layers[layer].connections[mac].tolist())
        named = [names[firsts[layer - 1] + source] for source in found]
        assert named == [
            (layer - 1, source, feature)
            for source in sorted(heard - {PADDING})
            if fields[layer - 1][source, feature]
        ]
    assert (
        reach.mac_ends.tolist() == np.cumsum(np.concatenate([field.sum(axis=1) for field in fields])).tolist()
    )
