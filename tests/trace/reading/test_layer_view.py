"""Of one MAC little else is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.errors import UsageError
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, feed, sent

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 60
CHUNK = 64


def test_one_mac(closed_run: Path, decoded: list[int]) -> None:
    expected = sent(0, STEPS)
    with open_trace(closed_run) as trace:
        layer = trace.layers[0]
        for number in (0, 7, 8, 15, 16, np.int64(19)):
            mac = layer.mac(number)
            np.testing.assert_array_equal(mac.codes[:], expected["codes 0"][:, number])
            np.testing.assert_array_equal(mac.active[5:70], expected["active 0"][5:70, number])
            np.testing.assert_array_equal(mac.codes[[3, 0, -1]], expected["codes 0"][[3, 0, -1], number])
            assert (mac.codes.dtype, mac.active.dtype) == (np.uint8, np.bool_)
            assert (mac.codes.shape, mac.active.shape) == ((len(trace), 3), (len(trace),))
        assert (
            repr(mac) == f"<MAC with <layers/0/codes of MAC 19: uint8 [{len(trace)}, 3], read when indexed>>"
        )
    decoded.clear()
    with open_trace(closed_run) as trace:
        trace.layers[0].mac(17).codes[:]
        assert sum(decoded) == -(-len(trace) // CHUNK), "the other 16 MACs were read too"


@pytest.mark.parametrize("number", [20, -1, 1.0, True, "17"])
def test_a_mac_that_is_not_there(closed_run: Path, number: Any) -> None:
    with open_trace(closed_run) as trace, pytest.raises(UsageError) as caught:
        trace.layers[0].mac(number)
    assert str(caught.value) == f"low: expected one of its 20 MACs, 0 to 19, found {number!r}"


def test_one_mac_of_a_trace_with_a_tail(tmp_path: Path) -> None:
    expected = sent(0, 30)
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        feed(writer, 0, range(30))
        writer.commit()
        with open_trace(tmp_path / "run.h5") as trace:
            mac = trace.layers[0].mac(17)
            np.testing.assert_array_equal(mac.codes[:], expected["codes 0"][:, 17])
            np.testing.assert_array_equal(mac.active[::-7], expected["active 0"][::-7, 17])
            np.testing.assert_array_equal(trace.inputs[[70, 3, 140]], expected["inputs"][[70, 3, 140]])


def test_codes_as_cells(closed_run: Path) -> None:
    expected = sent(0, STEPS)
    with open_trace(closed_run) as trace:
        for layer, name in zip(trace.layers, ("0", "1"), strict=True):
            winners, active = expected[f"codes {name}"], expected[f"active {name}"]
            cells = (winners[..., None] == np.arange(layer.num_neurons)) & active[..., None, None]
            for samples in (slice(3, 40), [7, 2], 5):
                found = layer.one_hot(samples)
                assert found.dtype == np.uint8
                np.testing.assert_array_equal(found, cells[samples])


def test_layers_are_found_by_name(closed_run: Path) -> None:
    with open_trace(closed_run) as trace:
        layer = trace.layers["top"]
        assert (layer.name, layer.num_macs, layer.num_cms, layer.num_neurons) == ("top", 3, 2, 300)
        np.testing.assert_array_equal(layer.codes[:], trace.layers[1].codes[:])
        assert [its.name for its in trace.layers[:1]] == ["low"]
        with pytest.raises(
            KeyError, match=r"layer: expected one of low, top, found 'Top' \(did you mean top\?\)"
        ):
            trace.layers["Top"]
