"""What is on the axes is what the arrays say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba

import sparsey_trace as st
from sparsey_trace.charts.axes.cells import cells_of
from sparsey_trace.charts.axes.fields import cut, outline
from sparsey_trace.charts.basis_average import basis_averages
from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.charts.num_activations import mac_activity
from sparsey_trace.charts.shared.colours import PALETTE
from sparsey_trace.charts.shared.curves import curves, increase
from sparsey_trace.charts.shared.matches import matches
from sparsey_trace.charts.similarity import similarities
from tests.charts.looks import run_of
from tests.charts.runs import layout, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes

    from sparsey_trace.charts.shared.run import Run

SHOWN = [r" _a\$\frac{", r"<b>\$x\$ & c"]

CURVES = ("basis_set_size", "basis_set_size_increase", "feature_coverage", "match_accuracy", "sisc_adherence")


@pytest.fixture
def run(result: st.Result) -> Iterator[Run]:
    assert result.origin is not None
    with result.origin.opened() as trace:
        yield run_of(trace, result)


def labels(ax: Axes) -> list[str]:
    return ax.get_legend_handles_labels()[1]


def lines(ax: Axes) -> list[Any]:
    return [line for line in ax.get_lines() if not line.get_label().startswith("_child")]


def silent(ax: Axes) -> int:
    """How many MACs are crossed."""
    return sum(len(part.get_paths()) for part in ax.collections if part.get_hatch())


@pytest.mark.parametrize("name", CHARTS)
def test_each_picture_has_its_words_and_can_be_drawn(result: st.Result, name: str) -> None:
    found = getattr(result.plot, name)()
    axes = np.ravel(found)
    figure = axes[0].get_figure()
    assert pyplot.get_fignums() == [figure.number]
    figure.canvas.draw()
    titles = [figure.get_suptitle(), *(ax.get_title() for ax in axes)]
    assert CHARTS[name].words.title in titles
    assert {ax.get_ylabel() for ax in axes} <= {CHARTS[name].words.y, ""}
    placed = axes[-1]
    assert (placed.get_xlabel(), placed.get_ylabel()) == (CHARTS[name].words.x, CHARTS[name].words.y)


@pytest.mark.parametrize("name", CURVES)
def test_curves_are_medians_in_bands(result: st.Result, run: Run, name: str) -> None:
    ax = getattr(result.plot, name)()
    found = curves(run, CHARTS[name].table)
    if name.startswith("basis"):
        found = [curve for curve in found if curve.phase == "train"]
    if name.endswith("increase"):
        found = [increase(curve) for curve in found]
    whole = [curve for curve in found if curve.phase == ("eval" if name == "match_accuracy" else "train")]
    assert labels(ax)[:2] == SHOWN
    bands = [band for band in ax.collections if isinstance(band, PolyCollection)]
    assert len(bands) == len(whole) == 2
    for line, band, curve, color in zip(lines(ax), bands, whole, PALETTE, strict=False):
        np.testing.assert_array_equal(line.get_xdata(), curve.seen)
        np.testing.assert_array_equal(line.get_ydata(), curve.median)
        assert to_rgba(line.get_color()) == to_rgba(color)
        edges = band.get_paths()[0].vertices[:, 1]
        low, high = curve.quantile(0.1), curve.quantile(0.9)
        assert (edges.min(), edges.max()) == pytest.approx((np.nanmin(low), np.nanmax(high)))
    assert len({str(line.get_linestyle()) for line in lines(ax)[:2]}) == 2


def test_evaluations_are_marks_with_their_spread(result: st.Result, run: Run) -> None:
    ax = result.plot.feature_coverage()
    found = [curve for curve in curves(run, "feature_coverage") if curve.phase == "eval"]
    assert labels(ax) == [*SHOWN, "evaluation"]
    for marks, curve in zip(ax.containers, found, strict=True):
        line, _, (bars,) = marks.lines
        assert line.get_linestyle() == "None"
        np.testing.assert_array_equal(line.get_ydata(), curve.median)
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        np.testing.assert_allclose(ends, np.stack([curve.quantile(0.1), curve.quantile(0.9)], axis=1))


def test_matches_by_class(result: st.Result, run: Run) -> None:
    ax = result.plot.match_accuracy_by_class()
    for line, layer in zip(ax.get_lines(), matches(run), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), layer.by_class)
    ax.figure.canvas.draw()
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "1", "2"]
    low, high = ax.get_ylim()
    assert all(low < value < high for line in ax.get_lines() for value in line.get_ydata())


def test_matches_by_distance(result: st.Result, run: Run) -> None:
    ax = result.plot.match_accuracy_by_distance()
    assert labels(ax) == SHOWN
    for marks, layer in zip(ax.containers, matches(run), strict=True):
        line, _, (bars,) = marks.lines
        np.testing.assert_array_equal(line.get_ydata(), layer.by_distance)
        ends = np.array([segment[:, 0] for segment in bars.get_segments()])
        np.testing.assert_allclose(ends, np.stack([layer.low, layer.high], axis=1))


def test_macs_stand_on_their_grid_and_silent_ones_are_crossed(result: st.Result, run: Run) -> None:
    rows, hexagons = result.plot.num_activations()
    assert [silent(ax) for ax in (rows, hexagons)] == [1, 1]
    for ax, layer, corners in zip((rows, hexagons), mac_activity(run), (4, 6), strict=True):
        alive = ax.collections[-1]
        assert "1 of" in ax.get_title()
        np.testing.assert_array_equal(alive.get_array(), layer.share[1:])
        outlines = [path.vertices[:corners] for path in alive.get_paths()]
        np.testing.assert_allclose(np.mean(outlines, axis=1), layer.grid.positions[1:], atol=1e-12)
        bottom, top = ax.get_ylim()
        assert bottom > top
    assert rows.get_xlabel() == "MACs in rows, as they have no positions"
    assert hexagons.get_title().startswith(SHOWN[1])


@pytest.mark.parametrize("layer", [0, 1])
def test_neighbours_touch_and_do_not_overlap(run: Run, layer: int) -> None:
    grid = mac_activity(run)[layer].grid
    cells = cells_of(grid)
    reach = np.ptp(cells[0][:, 0])
    assert reach == pytest.approx(grid.spacing)
    assert cells[1][:, 0].min() == pytest.approx(cells[0][:, 0].max())


def test_averages_are_pictures_in_their_fields(result: st.Result, run: Run) -> None:
    for ax, layer in zip(result.plot.basis_average(), basis_averages(run), strict=True):
        pictures, fields = cut(layer.pictures, layer.fields)
        assert len(ax.images) == len(layer.macs) - 1
        assert silent(ax) == 1
        for image, picture, place in zip(ax.images, pictures[1:], layer.grid.positions[1:], strict=True):
            np.testing.assert_array_equal(image.get_array(), picture)
            left, right, bottom, top = image.get_extent()
            assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx(tuple(place))
            assert max(right - left, bottom - top) <= layer.grid.spacing
        (edges,) = [part for part in ax.collections if not part.get_hatch()]
        assert len(edges.get_segments()) == sum(len(outline(field)) for field in fields[1:])


def test_what_is_cut_holds_the_field_whole() -> None:
    fields = np.zeros((3, 5, 7), bool)
    fields[0, 0, 0] = fields[1, 1:4, 2:4] = fields[2, 4, 6] = True
    pictures = np.arange(3 * 5 * 7, dtype=np.float32).reshape(3, 5, 7)
    parts, inside = cut(pictures, fields)
    assert parts.shape == inside.shape == (3, 3, 2)
    for part, mask, picture, field in zip(parts, inside, pictures, fields, strict=True):
        np.testing.assert_array_equal(part[mask], picture[field])
    np.testing.assert_array_equal(parts[1], pictures[1, 1:4, 2:4])


def test_pairs_are_counted_and_averaged(result: st.Result, run: Run) -> None:
    for ax, layer in zip(result.plot.similarity(), similarities(run), strict=True):
        (image,) = ax.images
        np.testing.assert_array_equal(image.get_array().filled(0).T, layer.counts)
        (line,) = ax.get_lines()
        np.testing.assert_array_equal(line.get_ydata(), layer.mean)


@pytest.mark.parametrize(
    "model",
    [layout(names=["v" * 1000]), layout(input_shape=(12,))],
    ids=["one layer with a long name", "inputs of one side"],
)
def test_odd_models_are_drawn(tmp_path: Path, model: st.Layout) -> None:
    plot = st.analyze(write(tmp_path / "run.h5", model=model)).plot
    for name in CHARTS:
        for ax in np.ravel(getattr(plot, name)()):
            assert max(map(len, labels(ax)), default=0) <= 40
        ax.get_figure().canvas.draw()


def test_a_run_of_one_step_is_a_point(tmp_path: Path) -> None:
    ax = st.analyze(write(tmp_path / "run.h5", steps=1)).plot.basis_set_size()
    assert all(line.get_marker() not in ("None", None) for line in ax.get_lines())


def test_a_model_that_never_answers(tmp_path: Path) -> None:
    model = st.Layout(
        num_features=2,
        layers=[st.LayerLayout(name="v1", num_macs=1, num_cms=3, num_neurons=4, connections=[[0]])],
    )
    plot = st.analyze(write(tmp_path / "run.h5", model=model)).plot
    for name in CHARTS:
        getattr(plot, name)().get_figure().canvas.draw()
    for ax in (plot.num_activations(), plot.basis_average()):
        assert silent(ax) == 1
        assert not [*ax.images, *ax.child_axes]
