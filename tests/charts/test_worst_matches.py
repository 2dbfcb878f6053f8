from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.charts.panels import pairs as module
from sparsey_trace.charts.shared.views import View, Views
from sparsey_trace.charts.shared.worst_matches import worst_matches

if TYPE_CHECKING:
    import pytest

    import sparsey_trace as st
    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.run import Run


def contribution(run: Run) -> Contribution:
    layers = {number: layer.name for number, layer in enumerate(run.layout.layers)}
    return CHARTS["worst_matches"].in_report(Views([View(series=0, run=run, layers=layers)]))


def test_a_pair_in_the_report_says_what_differs(run: Run) -> None:
    worst = run.once(worst_matches)
    (group,) = contribution(run).groups
    (made,) = group.pairs
    assert len(made.found) == 10
    first, cms = made.found[0], worst.layers[1]
    assert first.sample == f"Sample {worst.sample[0]}\nlabel {worst.label[0]}"
    assert first.nearest.startswith(f"Nearest {worst.nearest[0]}\n")
    assert f"{worst.value[0]:.1%} of winners agree; inputs {worst.distance[0]:.0f} feature" in first.said
    assert first.layers[1].said == (
        f"{cms.macs_that_differ[0]} of {cms.macs[0]} MACs, {cms.cms_that_differ[0]} of {cms.cms[0]} CMs differ"
    )
    colours = [colour for _, _, colour in first.layers[1].map.macs]
    assert [colour == "none" for colour in colours] == (~cms.active[0]).tolist()
    pixels = np.frombuffer(base64.b64decode(made.content["pictures"]), np.uint8).reshape(20, -1)
    np.testing.assert_array_equal(pixels / 255, run.trace.inputs[np.append(worst.sample, worst.nearest)])


def test_what_is_left_out_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert contribution(run).thinned == []
    monkeypatch.setattr(module, "MOST_MACS", 4)
    made = contribution(run)
    assert made.thinned == ["Layers of more than 4 MACs have no map beside samples that match worst."]
    assert [layer.map is None for layer in made.groups[0].pairs[0].found[0].layers] == [True, False]


def test_it_is_drawn_pair_by_pair(result: st.Result, run: Run) -> None:
    ax = result.plot.worst_matches(layer=1)
    worst = run.once(worst_matches)
    assert len(ax.images) == 2 * 5
    np.testing.assert_array_equal(ax.images[0].get_array(), worst.pictures[0])
    np.testing.assert_array_equal(ax.images[1].get_array(), worst.nearest_pictures[0])
    assert ax.get_yticklabels()[0].get_text().startswith(f"{worst.sample[0]}: {worst.value[0]:.2f}\n")
