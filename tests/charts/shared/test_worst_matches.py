"""The worst samples are those that `Result.worst` names; which CMs differ, against a plain count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import sparsey_trace as st
from sparsey_trace.charts.shared import worst_matches as module
from sparsey_trace.charts.shared.worst_matches import MOST_SAMPLES, worst_matches

if TYPE_CHECKING:
    import pytest

    from sparsey_trace.charts.shared.run import Run


def test_the_report_and_the_result_name_the_same_samples(run: Run) -> None:
    worst = run.once(worst_matches)
    winners = st.metrics.MatchAccuracy(similarity="intersection")
    every = st.analyze(run.trace, metrics=[winners]).worst("match_accuracy", 1000)
    named = every[every["epoch"] == every["epoch"].max()].head(MOST_SAMPLES)
    assert len(worst.sample) == MOST_SAMPLES
    assert worst.sample.tolist() == named["sample"].tolist()
    assert worst.nearest.tolist() == named["nearest_sample"].tolist()
    assert worst.label.tolist() == named["label"].tolist()
    assert worst.nearest_label.tolist() == run.trace.samples.label[named["nearest_sample"]].tolist()
    np.testing.assert_array_equal(worst.distance, named["distance"])
    np.testing.assert_array_equal(worst.value, named["value"])


def test_cms_that_differ_are_counted_where_a_mac_is_active(run: Run) -> None:
    worst, chunk = run.once(worst_matches), run.trace.chunk(0, len(run.trace))
    shares = []
    for cms in worst.layers:
        codes, active = chunk.codes[cms.layer], chunk.active[cms.layer]
        for at, pair in enumerate(zip(worst.sample, worst.nearest, strict=True)):
            macs, differ, of_mac = 0, 0, []
            for mac in range(active.shape[1]):
                one, other = (
                    codes[sample, mac] if active[sample, mac] else np.full(3, -1 - number)
                    for number, sample in enumerate(pair)
                )
                if (active[pair[0], mac], active[pair[1], mac]) != (False, False):
                    macs += 1
                    of_mac.append((one != other).sum())
            differ = sum(of_mac)
            assert (cms.macs[at], cms.cms[at], cms.cms_that_differ[at]) == (macs, 3 * macs, differ)
            assert cms.macs_that_differ[at] == np.count_nonzero(of_mac)
        shares.append(1 - cms.cms_that_differ / np.maximum(cms.cms, 1))
    np.testing.assert_allclose(np.mean(shares, axis=0), worst.value, rtol=1e-6)


def test_pictures_are_the_inputs_or_means_of_their_pixels(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    worst = run.once(worst_matches)
    np.testing.assert_array_equal(worst.pictures.reshape(10, -1), run.trace.inputs[worst.sample])
    np.testing.assert_array_equal(worst.nearest_pictures.reshape(10, -1), run.trace.inputs[worst.nearest])
    monkeypatch.setattr(module, "MOST_PIXELS", 80)
    small = worst_matches(run)
    assert small.shrink == 2
    assert small.pictures.shape == (10, 2, 2)
    assert small.pictures[0, 0, 0] == worst.pictures[0, :2, :2].mean()
