"""In what another model differs is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace.layout import LayerLayout, Layout
from tests.trace.feed import LAYOUT
from tests.trace.reading.run_files import ALONE, refused, write

if TYPE_CHECKING:
    from pathlib import Path


def other_layout(**changes: Any) -> Layout:
    low, top = LAYOUT.layers
    kept = ("name", "num_macs", "num_cms", "num_neurons", "connections", "positions")
    layer = LayerLayout(**({name: getattr(top, name) for name in kept} | changes))
    return Layout(num_features=13, layers=[low, layer])


@pytest.mark.parametrize(
    ("layout", "difference"),
    [
        (other_layout(name="roof"), "layers ['low', 'roof'] instead of ['low', 'top']"),
        (other_layout(num_cms=4), "num_cms 4 instead of 2 in layer top"),
        (other_layout(num_neurons=299), "num_neurons 299 instead of 300 in layer top"),
        (other_layout(connections=[[0, 1], [2], [4]]), "other connections in layer top"),
        (other_layout(positions=[[0, 0]] * 3), "other positions in layer top"),
        (Layout(num_features=13, layers=LAYOUT.layers[:1]), "layers ['low'] instead of ['low', 'top']"),
        (Layout(num_features=14, layers=LAYOUT.layers), "num_features 14 instead of 13"),
    ],
)
def test_another_model_is_refused(tmp_path: Path, layout: Layout, difference: str) -> None:
    one = write(tmp_path / "run.rank0.h5", range(2), num_ranks=2)
    two = write(tmp_path / "run.rank1.h5", range(2), layout=layout, rank=1, num_ranks=2)
    assert (
        refused(one, two) == f"{two}: expected the model of {one}, as in one run, found {difference}{ALONE}"
    )
