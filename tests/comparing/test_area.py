"""The area is that under the growth of basis sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.comparing.area import areas

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("resolution", ["sample", "step", "epoch"])
def test_the_area_is_that_under_straight_lines_over_train_samples(runs: list[Path], resolution: str) -> None:
    result = st.analyze(runs[0], metrics=["basis_set_size"], resolution=resolution)
    frame = result.to_pandas("basis_set_size").query("phase == 'train'")
    frame["samples"] = frame.get("samples", 1)
    keys = [name for name in ("sample", "step", "epoch") if name in frame]
    for layer, macs in frame.groupby("layer"):
        means = macs.groupby(keys)[["value", "samples"]].mean()
        seen = np.concatenate([[0], means["samples"].cumsum()])
        expected = np.trapezoid(np.concatenate([[0], means["value"]]), seen) / seen[-1]
        assert areas(result.paths["basis_set_size"])[layer] == pytest.approx(expected, rel=1e-12)


def test_only_growth_has_an_area(runs: list[Path]) -> None:
    result = st.analyze(runs[0])
    assert [name for name, path in result.paths.items() if areas(path)] == ["basis_set_size"]
    of_run = st.analyze(runs[0], metrics=["basis_set_size"], resolution="run")
    assert areas(of_run.paths["basis_set_size"]) == {}
    reduced = st.analyze(runs[0], metrics=["basis_set_size"], reduction="mean")
    assert list(areas(reduced.paths["basis_set_size"])) == [None]
