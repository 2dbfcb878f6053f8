"""Further values of MACs: what a function of the user's reads of a layer is in the trace, or is refused with words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import DataError, RecordError, TraceError, UsageError
from sparsey_trace.recording import record
from tests.recording.models import OriginalModel, samples

if TYPE_CHECKING:
    from pathlib import Path

    import torch


def share(layer: torch.nn.Module, _: Any) -> torch.Tensor | None:
    """Something with a gradient that the next pass writes over; of one of the two layers only."""
    active: torch.Tensor = layer.is_active
    return None if active.shape[1] == 1 else active.double().requires_grad_() / 3


def test_they_are_recorded_and_read_by_layer_and_by_mac(path: Path) -> None:
    model, seen = OriginalModel(), []
    with record(model, path, values={"share": share, "ones": lambda layer, _: layer.is_active * 1}) as rec:
        for seed in range(3):
            model(samples(4, seed=seed))
            seen.append(next(model.children()).is_active.numpy().copy())
        assert rec.stats().steps == 3
    expected = np.concatenate(seen)
    with st.open_trace(path) as trace:
        lower, upper = trace.layers
        assert [list(layer.values) for layer in trace.layers] == [list(names) for names in trace.value_names]
        assert set(lower.values) == {"share", "ones"}
        assert lower.values["share"][:].dtype == np.float32
        np.testing.assert_array_equal(lower.values["ones"][1:7], expected[1:7])
        np.testing.assert_allclose(lower.values["share"][:], expected / 3, rtol=1e-6)
        np.testing.assert_array_equal(lower.mac(1).values["ones"][:], expected[:, 1])
        np.testing.assert_array_equal(next(trace.chunks()).values[0]["ones"], expected)
        assert "ones" in upper.values
    node = st.open_trace(path).to_xarray().children
    np.testing.assert_array_equal(next(iter(node.values()))["ones"], expected)


def test_those_that_do_not_fit_are_refused(path: Path) -> None:
    with pytest.raises(DataError, match=r"values: expected different names .* found 'codes'"):
        record(OriginalModel(), path, values={"codes": share})
    with pytest.raises(
        UsageError, match="values: share: expected a function of a layer and its output, found 3"
    ):
        record(OriginalModel(), path, values={"share": 3})  # type: ignore[dict-item]
    model = OriginalModel()
    with (
        pytest.warns(st.errors.RecordWarning, match="no trace was made"),
        record(model, path, values={"odd": lambda layer, _: layer.is_active[:, :, None].expand(-1, -1, 2)}),
        pytest.raises(
            RecordError, match=r"values: odd of .*: expected a number for each of 3 samples and \d MACs"
        ),
    ):
        model(samples(3))


def test_a_run_has_the_same_from_its_beginning_to_its_end(path: Path) -> None:
    model = OriginalModel()
    with record(model, path, values={"ones": lambda layer, _: layer.is_active * 1}):
        model(samples(2))
    with pytest.raises(
        RecordError, match=r"values: expected \['ones'\], as in .*, found \[\]; resume as it was"
    ):
        record(model, path, resume=True)
    other = path.with_name("other.h5")
    with record(model, other):
        model(samples(2))
    with pytest.raises(TraceError, match=r"expected files of one run, found other\.h5 of a run that began "):
        st.open_trace([path, other])
