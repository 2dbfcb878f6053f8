"""The page on other tools: every block runs, and the three ways to ask give the answer that numpy gives."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest

from sparsey_trace.cli.main import main
from sparsey_trace.layout import EVAL, TRAIN
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.cli.commands import write_trace

if TYPE_CHECKING:
    from sparsey_trace.trace.reading.trace import Trace

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "queries.md").read_text()

QUESTIONS = {
    "How many codes has each MAC learnt?": "learnt",
    "Which MACs are silent, and how much of the input gets to the others?": "macs",
    "Do old inputs bring back old codes, by layer and class?": "recalled",
}
"""The page's questions, and what their answer is called."""


def blocks(heading: str) -> list[tuple[str, str]]:
    """Language and text of what is under a heading."""
    section = re.split(r"^#+ ", PAGE.partition(f"# {heading}\n")[2], flags=re.MULTILINE)[0]
    return re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page's two commands leave."""
    folder = tmp_path_factory.mktemp("queries")
    shutil.copy(ROOT / "sample_traces" / "mnist.h5", folder / "run.h5")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in blocks("Tables: three common questions")[0][1].splitlines():
            assert main(line.split()[1:]) == 0
    return folder


def answers(heading: str) -> list[pd.DataFrame]:
    """In pandas, DuckDB and Polars, all as frames of pandas."""
    found = [answer(language, text, QUESTIONS[heading]) for language, text in blocks(heading)]
    return [one.to_pandas() if isinstance(one, pl.DataFrame) else one for one in found]


def answer(language: str, text: str, name: str) -> Any:
    """What a block gives that name, or what a query gives."""
    if language == "sql":
        return duckdb.sql(text).df()
    names: dict[str, Any] = {}
    exec(compile(text, "docs/queries.md", "exec"), names)
    return names[name]


@pytest.mark.parametrize("heading", QUESTIONS)
def test_all_three_ways_give_the_same(folder: Path, heading: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    in_pandas, in_duckdb, in_polars = answers(heading)
    for other in (in_duckdb, in_polars):
        pd.testing.assert_frame_equal(other, in_pandas, check_dtype=False, rtol=1e-5)


def test_codes_learnt_are_those_of_the_trace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    found = answers("How many codes has each MAC learnt?")[1]
    with open_trace("run.h5") as trace:
        expected = [
            len(np.unique(codes[active], axis=0))
            for layer in trace.layers
            for codes, active in of_macs(layer, trace.samples.phase[:] == TRAIN)
        ]
    assert found["value"].tolist() == expected


def test_activity_is_that_of_the_trace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    found = answers("Which MACs are silent, and how much of the input gets to the others?")[1]
    with open_trace("run.h5") as trace:
        expected = np.concatenate([layer.active[:].sum(axis=0) for layer in trace.layers])
    assert found["active"].tolist() == expected.tolist()
    silent = found[found["active"] == 0]
    assert len(silent) > 1
    assert (silent["coverage"] == 0).all()


def test_recall_is_that_of_the_trace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the top layer, of class 3, by the definition: the nearest earlier input's latest code."""
    monkeypatch.chdir(folder)
    found = answers("Do old inputs bring back old codes, by layer and class?")[1]
    with open_trace("run.h5") as trace:
        expected = np.mean([agreement(trace, sample) for sample in evaluations(trace, label=3)])
    row = found[(found["layer"] == len(trace.layout.layers) - 1) & (found["label"] == 3)]
    assert row["value"].item() == pytest.approx(expected, rel=1e-5)


def of_macs(layer: Any, wanted: Any) -> list[tuple[Any, Any]]:
    codes, active = layer.codes[:][wanted], layer.active[:][wanted]
    return [(codes[:, mac], active[:, mac]) for mac in range(active.shape[1])]


def evaluations(trace: Trace, *, label: int) -> list[int]:
    is_one = (trace.samples.phase[:] == EVAL) & (trace.samples.label[:] == label)
    return np.flatnonzero(is_one).tolist()


def agreement(trace: Trace, sample: int) -> float:
    """The share of equal cells, over the MACs of the top layer."""
    inputs, layer = trace.inputs[:], trace.layers[-1]
    past = np.flatnonzero(
        (trace.samples.phase[:] == TRAIN) & (trace.samples.step[:] < trace.samples.step[sample])
    )
    distance = (inputs[past] != inputs[sample]).sum(axis=1)
    nearest = inputs[past[distance.argmin()]]
    latest = past[(inputs[past] == nearest).all(axis=1)][-1]
    one, other = (cells(layer, number) for number in (sample, latest))
    return float((one == other).mean(axis=1).mean())


def cells(layer: Any, sample: int) -> Any:
    """[M, Q * K] bool."""
    found = (
        np.eye(layer.layout.num_neurons, dtype=bool)[layer.codes[sample]]
        & layer.active[sample][:, None, None]
    )
    return found.reshape(len(found), -1)


@pytest.mark.parametrize("resolution", ["sample", "step", "epoch", "run"])
def test_every_table_is_read_as_arrow_reads_it(resolution: str, tmp_path: Path) -> None:
    run = write_trace(tmp_path / "run.h5", steps=40)
    assert main(["analyze", str(run), "-o", str(tmp_path / "out"), "--resolution", resolution]) == 0
    tables = sorted((tmp_path / "out").glob("*.parquet"))
    assert len(tables) >= 8
    for path in tables:
        texts = {"phase": str, "layer_name": str, "metric": str}
        expected = pd.read_parquet(path).astype(texts)
        for found in (duckdb.sql(f"FROM '{path}'").df(), pl.read_parquet(path).to_pandas()):
            pd.testing.assert_frame_equal(found.astype(texts), expected, check_dtype=False)


def test_a_folder_reads_as_one_data_set(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    *ways, (_, metadata) = blocks("Tables: a folder as one data set")
    in_pandas, *others = [framed(answer(language, text, "means")) for language, text in ways]
    tables = [pd.read_parquet(path) for path in Path("run.metrics").glob("*.parquet")]
    expected = {
        (table["metric"].iloc[0], name): rows["value"].mean() if "value" in rows else np.nan
        for table in tables
        for name, rows in table.groupby("layer_name", observed=True)
    }
    assert in_pandas.to_dict() == pytest.approx(expected, rel=1e-6, nan_ok=True)
    assert len(others) == 3
    for other in others:
        pd.testing.assert_series_equal(other, in_pandas, rtol=1e-5, check_dtype=False)
    names: dict[str, Any] = {}
    exec(compile(metadata, "docs/queries.md", "exec"), names)
    with open_trace("run.h5") as trace:
        assert names["first"].shape == trace.layout.input_shape
        assert names["layers"] == [layer.name for layer in trace.layout.layers]


def test_a_bare_folder_is_what_the_page_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert "value" not in pd.read_parquet("run.metrics")
    assert "value" not in ds.dataset("run.metrics").schema.names
    with pytest.raises(pl.exceptions.PolarsError):
        pl.read_parquet("run.metrics")
    with pytest.raises(pl.exceptions.PolarsError):
        pl.scan_parquet("run.metrics/*.parquet").collect()
    with pytest.raises(duckdb.Error, match='Referenced column "value" not found'):
        duckdb.sql("SELECT avg(value) FROM 'run.metrics/*.parquet'")


def framed(found: Any) -> pd.Series[float]:
    """The value by metric and layer, in their order."""
    table = found if isinstance(found, pd.DataFrame) else found.to_pandas()
    rows = table.astype({"metric": str, "layer_name": str}).set_index(["metric", "layer_name"])
    return rows.iloc[:, 0].rename("value").sort_index()


def test_ten_questions_are_answered_in_three_lines(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (_, begin), *questions = blocks("Ten questions, three lines each")
    assert len(questions) == 10
    found: dict[str, Any] = {}
    for text in [begin, *(text for _, text in questions)]:
        assert text == begin or len(text.splitlines()) <= 3
        exec(compile(text, "docs/queries.md", "exec"), found)
    with found["trace"] as trace:
        check_answers(found, trace)


def check_answers(found: dict[str, Any], trace: Trace) -> None:
    """By plain readings of the trace."""
    first, second, top = trace.layers
    codes, active, label = first.codes[:], first.active[:], trace.samples.label[:]
    is_train, epoch = trace.samples.phase[:] == TRAIN, trace.samples.epoch[:]
    seen = [
        {
            (mac, *codes[n, mac])
            for n in np.flatnonzero(is_train & (epoch <= last))
            for mac in active[n].nonzero()[0]
        }
        for last in (0, 1)
    ]
    per_hundred = 100 * (len(seen[1]) - len(seen[0])) / (is_train & (epoch == 1)).sum() / first.num_macs
    assert found["rate"]["layers.0", 1] == pytest.approx(per_hundred)
    silent = {
        (layer.name, mac) for layer in trace.layers for mac in np.flatnonzero(~layer.active[:].any(axis=0))
    }
    assert set(found["never"]) == silent != set()
    accuracy = [agreement(trace, n) for n in found["worst"]["sample"]]
    np.testing.assert_allclose(found["worst"]["value"], accuracy, rtol=1e-6)
    assert found["recalled"]["layers.2"] > max(accuracy)
    mixed_up = found["mixed_up"].stack()
    wrong = found["worst"][["label", "nearest_label"]].value_counts()
    assert mixed_up[mixed_up > 0].sort_index().tolist() == wrong.sort_index().tolist()
    mean = trace.inputs[:][is_train & active[:, 3]].mean(axis=0)
    field = first.layout.connections[3]
    np.testing.assert_allclose(found["picture"].ravel()[field], mean[field], rtol=1e-5)
    one, other = second.codes[40], second.codes[1200]
    both = second.active[40] & second.active[1200]
    assert found["shared"].tolist() == ((one == other).sum(axis=1) * both).tolist()
    assert found["favourites"].sum() == max_sum(Counter(map(tuple, codes[active[:, 3], 3].tolist())))
    of_mac = [top.codes[:][top.active[:][:, mac], mac] for mac in range(top.num_macs)]
    assert found["used"].tolist() == [[len(np.unique(cm)) for cm in mac.T] for mac in of_mac]
    np.testing.assert_allclose(found["by_class"].loc[3], second.active[:][label == 3].mean(axis=0))


def max_sum(times: Counter[Any]) -> int:
    """What the five most frequent come to, and all that are as frequent as the fifth."""
    least = sorted(times.values())[-5]
    return sum(number for number in times.values() if number >= least)


def test_the_trace_opens_in_xarray(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    ((_, text),) = blocks("The trace in xarray")
    names: dict[str, Any] = {}
    exec(compile(text, "docs/queries.md", "exec"), names)
    with open_trace("run.h5") as trace:
        assert names["codes"].shape == trace.layers[0].codes.shape
        training = trace.samples.phase[:] == TRAIN
        expected = trace.layers[0].active[:][training].mean(axis=0)
    np.testing.assert_allclose(names["share"].sel(phase="train"), expected)
    names["run"].close()


def test_the_commands_for_other_programs_are_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_trace(tmp_path / "run.h5")
    monkeypatch.chdir(tmp_path)
    for line in blocks("Other programs")[0][1].splitlines():
        assert main(line.split()[1:]) == 0
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {"run.h5", "run.metrics", "run.tensorboard", "run.csv", "run.nc", "run.zarr"}
