"""`result.plot`: where it draws, and what it needs."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from matplotlib import pyplot

import sparsey_trace as st
from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.replay.result import Result
from tests.charts.runs import NAMES, append, layout, write
from tests.faults import times
from tests.fork_server import shared_server

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["basis_set_size", "match_accuracy_by_class"])
def test_it_draws_on_axes_that_are_there(result: st.Result, name: str) -> None:
    figure, ax = pyplot.subplots()
    assert getattr(result.plot, name)(ax) is ax
    assert getattr(result.plot, name)(ax=ax, layer=1, label="again", color="red") is ax
    assert pyplot.get_fignums() == [figure.number]
    assert ax.get_legend_handles_labels()[1][-1] == "again"
    assert ax.get_lines()[-1].get_color() == "red"


def test_runs_lie_over_each_other(result: st.Result) -> None:
    ax = result.plot.basis_set_size(label="$A")
    result.plot.basis_set_size(ax, label="B", layer=NAMES[1])
    assert ax.get_legend_handles_labels()[1] == [
        r"\$A,  _a\$\frac{",
        r"\$A, <b>\$x\$ & c",
        "B",
    ]
    assert (
        len({str(line.get_color()) + str(line.get_linestyle()) for line in ax.get_legend_handles_labels()[0]})
        == 3
    )
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ax.get_legend_handles_labels()[1]


def test_layers_take_axes_each(result: st.Result) -> None:
    _, axes = pyplot.subplots(1, 2)
    assert (result.plot.num_activations(axes) == axes).all()
    _, ax = pyplot.subplots()
    assert result.plot.similarity(ax, layer=np.int64(1)) is ax
    assert ax.get_title().startswith(r"Input and code similarity, <b>\$x\$ & c")
    expected = (
        f"ax: expected axes for each of 2 layers ({NAMES[0]}, {NAMES[1]}), found 1; give as many, or name one "
        f"layer: layer={NAMES[1]!r}"
    )
    with pytest.raises(UsageError, match=re.escape(expected)):
        result.plot.basis_average(ax)


@pytest.mark.parametrize("layer", ["v3", 2, -1, True, 0.5])
def test_an_unknown_layer(result: st.Result, layer: Any) -> None:
    expected = f"layer: expected one of {NAMES[0]}, {NAMES[1]}, or 0 to 1, found {layer!r}"
    with pytest.raises(UsageError, match=re.escape(expected)):
        result.plot.basis_set_size(layer=layer)


def test_a_missing_table(tmp_path: Path) -> None:
    run = write(tmp_path / "run.h5")
    plot = st.analyze(run, metrics=["feature_coverage"]).plot
    expected = (
        "plot.basis_set_size_increase: expected the table basis_set_size, found tables of feature_coverage, "
        "feature_coverage_layer only; name it in metrics=[…]"
    )
    with pytest.raises(UsageError, match=re.escape(expected)):
        plot.basis_set_size_increase()
    plot.similarity()  # needs none
    without = st.analyze(write(tmp_path / "without.h5", inputs=False)).plot
    expected = "plot.match_accuracy: expected the table match_accuracy, found the trace has no inputs"
    with pytest.raises(UsageError, match=expected):
        without.match_accuracy()
    with pytest.raises(
        TraceError, match="expected a trace with inputs, found one recorded with inputs='none'"
    ):
        without.similarity()


@pytest.mark.parametrize(
    ("options", "drawn"),
    [
        ({"resolution": "epoch"}, {"basis_average", "code_usage", "code_usage_over_epochs"}),
        ({"resolution": "sample"}, {"basis_average"}),
        (
            {"resolution": "run"},
            {"basis_average", "basis_set", "code_usage", "label_information", "sisc_curve"},
        ),
        ({"reduction": "layerwise_mean"}, set()),
        ({"metrics": [st.metrics.BasisAverage(sparse=True), *CHARTS][:1]}, set()),
    ],
)
def test_tables_of_another_form(tmp_path: Path, options: dict[str, Any], drawn: set[str]) -> None:
    result = st.analyze(write(tmp_path / "run.h5"), **options)
    for name in {"basis_set_size", "num_activations", "basis_average"} - drawn:
        with pytest.raises(UsageError, match=f"^plot.{name}: expected (the table )?{name}"):
            getattr(result.plot, name)()
    for name in drawn:
        getattr(result.plot, name)()


def test_what_to_do_about_another_resolution(tmp_path: Path) -> None:
    result = st.analyze(write(tmp_path / "run.h5"), resolution="epoch")
    expected = (
        "plot.basis_set_size: expected basis_set_size by step and without a reduction, found resolution epoch and "
        "reduction none; analyse once more with resolution='step' and reduction=None"
    )
    with pytest.raises(UsageError, match=re.escape(expected)):
        result.plot.basis_set_size()
    result.plot.match_accuracy_by_distance()  # replayed, whatever the table


def test_the_trace_may_have_grown(tmp_path: Path) -> None:
    path, model = tmp_path / "run.h5", layout()
    with st.TraceWriter(path, model) as writer:
        append(writer, model, 8)
        writer.commit()
        result = st.analyze(path)
        before = {name: drawing(result, name) for name in list(CHARTS)[:: times(3, 1)]}
        append(writer, model, 4)
    for name, found in before.items():
        assert drawing(result, name) == found


def drawing(result: st.Result, name: str) -> list[Any]:
    axes = np.ravel(getattr(result.plot, name)())
    values: list[Any] = [line.get_xydata().tolist() for ax in axes for line in ax.get_lines()]
    values += [image.get_array().tolist() for ax in axes for image in ax.images]
    values += [
        part.get_array().tolist() for ax in axes for part in ax.collections if part.get_array() is not None
    ]
    pyplot.close("all")
    return [str(value) for value in values]


def test_the_trace_may_be_gone_or_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "run.h5")
    result = st.analyze("run.h5")
    monkeypatch.chdir("/")
    result.plot.basis_set_size()
    path.unlink()
    expected = (
        f"{path}: expected the trace that the tables were made from, found no file there; "
        "analyse it anew where it is now"
    )
    with pytest.raises(TraceError, match=re.escape(expected)):
        result.plot.basis_set_size()
    write(path)
    expected = (
        f"{path}: expected the trace that the tables were made from, found another trace; analyse it anew"
    )
    with pytest.raises(TraceError, match=re.escape(expected)):
        result.plot.basis_set_size()
    with pytest.raises(
        UsageError, match="expected what `analyze` returned, found tables whose trace isn't known"
    ):
        Result(result.paths, skipped={}).plot.basis_set_size()


def test_nothing_to_draw(tmp_path: Path) -> None:
    path = write(tmp_path / "run.h5", phase="train")
    result = st.analyze(path)
    expected = f"{path}: match_accuracy: expected values to draw, found that no sample has a value"
    with pytest.raises(TraceError, match=re.escape(expected)):
        result.plot.match_accuracy()


def test_without_matplotlib(result: st.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    expected = (
        "plot.basis_set_size: expected the package matplotlib, found it not installed; "
        'run pip install "sparsey-trace[plot]"'
    )
    with pytest.raises(UsageError, match=re.escape(expected)):
        result.plot.basis_set_size()


def test_matplotlib_is_loaded_by_the_first_picture_only(tmp_path: Path) -> None:
    code = (
        "import sys, sparsey_trace as st\n"
        "plot = st.analyze(sys.argv[1]).plot\n"
        "print(plot)\n"
        "assert 'matplotlib' not in sys.modules\n"
        "plot.basis_set_size()\n"
        "assert 'matplotlib' in sys.modules\n"
    )
    done = shared_server().run(code, write(tmp_path / "run.h5"), environment={"MPLBACKEND": "Agg"})
    assert (done.returncode, done.stderr) == (0, "")
