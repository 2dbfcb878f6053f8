"""Many runs by their names, and what is known of them without opening them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import sparsey_trace as st
from sparsey_trace.errors import CacheWarning, OutputError, TraceError
from sparsey_trace.runs import catalogue
from sparsey_trace.runs.runs import open_runs
from tests.cli.commands import being_written, write_trace
from tests.runs.sweeps import NAMES, resume, settle
from tests.trace.rescue.test_validate import damage

if TYPE_CHECKING:
    from pathlib import Path


def rows(frame: pd.DataFrame) -> dict[str, dict[str, object]]:
    return frame.set_index("name").to_dict("index")


def test_runs_are_found_under_names_of_their_own(written: Path) -> None:
    runs = st.open_runs(written)
    assert list(runs) == NAMES
    assert len(runs) == 4
    assert len(runs["a/run"]) == 32
    assert len(runs["more/ranks"]) == len(runs["more/resumed"]) == 64
    broken = runs.broken()
    assert list(broken) == ["more/broken"]
    assert "broken.h5: expected a whole file, found a truncated one" in broken["more/broken"]
    assert runs.differing() == ["lr", "model.macs"]
    assert repr(runs) == f"<Runs: 4, and 1 broken, in {written}>"
    assert "<td>more/ranks</td><td>closed</td><td>64</td>" in runs._repr_html_()
    with pytest.raises(KeyError, match="run: expected one of a/run, b/run"):
        runs["a"]


def test_a_pattern_or_a_list_names_some(written: Path, tmp_path: Path) -> None:
    assert list(open_runs(str(written / "*" / "run.h5"))) == ["a/run", "b/run"]
    assert list(open_runs([written / "a", written / "more" / "ranks.rank*.h5"])) == ["a/run", "more/ranks"]
    checkpoint = written / "more" / "checkpoint.h5"
    assert (
        "checkpoint.h5: expected HDF5 as a trace is written" in open_runs(checkpoint).broken()["checkpoint"]
    )
    with pytest.raises(
        TraceError, match=r"expected runs there, files that end in \.h5 or \.hdf5, found none"
    ):
        open_runs(tmp_path)
    with pytest.raises(TraceError, match="nowhere: expected a run, or a folder of runs, found neither"):
        open_runs(written / "nowhere")


def test_the_catalogue_has_a_row_a_run(sweep: Path) -> None:
    frame = open_runs(sweep).catalogue()
    found = rows(frame)
    assert found["a/run"]["config.lr"] == 0.1
    assert found["a/run"]["config.model.macs"] == 3
    assert pd.isna(found["more/ranks"]["config.model.macs"])
    assert found["a/run"]["state"] == "closed"
    assert (found["a/run"]["epoch"], found["a/run"]["eval_epoch"]) == (1, 1)
    assert found["more/broken"]["state"] == "broken"
    kept = pd.read_parquet(sweep / "runs.metrics" / "runs.parquet")
    assert kept["run"].tolist() == frame["run"].tolist()
    with st.open_trace(sweep / "a" / "run.h5") as trace:
        assert found["a/run"]["run"] == trace.id


def test_only_what_has_changed_is_opened(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_runs(sweep).catalogue()
    opened: list[str] = []
    read = catalogue.read_file
    monkeypatch.setattr(catalogue, "read_file", lambda path: opened.append(path.name) or read(path))
    again = open_runs(sweep).catalogue()
    assert opened == ["broken.h5", "checkpoint.h5"]
    pd.testing.assert_frame_equal(first, again)
    opened.clear()
    (sweep / "b" / "run.h5").unlink()
    write_trace(sweep / "b" / "run.h5", steps=12)
    resume(sweep, 2)
    found = rows(open_runs(sweep).catalogue())
    assert sorted({*opened} - {"broken.h5", "checkpoint.h5"}) == ["resumed.2.h5", "run.h5"]
    assert found["b/run"]["samples"] == 48
    assert found["more/resumed"]["samples"] == 96


def test_what_changed_just_now_is_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = write_trace(tmp_path / "run.h5")
    open_runs(tmp_path).catalogue()
    opened: list[Path] = []
    read = catalogue.read_file
    monkeypatch.setattr(catalogue, "read_file", lambda path: opened.append(path) or read(path))
    open_runs(tmp_path).catalogue()
    assert opened == [run]


def test_a_run_says_whether_it_is_written(tmp_path: Path) -> None:
    with being_written(tmp_path / "run.h5", committed=4):
        assert rows(open_runs(tmp_path).catalogue())["run"]["state"] == "recording"
        left = shutil.copytree(tmp_path, tmp_path / "left", ignore=shutil.ignore_patterns("*.lock"))
    assert rows(open_runs(left).catalogue())["run"]["state"] == "left"


def test_copies_of_a_run_count_once(tmp_path: Path) -> None:
    write_trace(tmp_path / "run.h5")
    shutil.copy(tmp_path / "run.h5", tmp_path / "copy.h5")
    runs = open_runs(tmp_path)
    assert list(runs) == ["copy"]
    assert "expected each run once, found the same trace as in" in runs.broken()["run"]


def test_of_copies_the_whole_one_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sparsey_trace.runs.looking._RACY", 0)
    run, damaged = write_trace(tmp_path / "run.h5"), tmp_path / "copy.h5"
    shutil.copy(run, damaged)
    shutil.copy(run, tmp_path / "whole.h5")
    damage(damaged)
    runs = open_runs(tmp_path)
    assert list(runs) == ["run"]
    told = runs.broken()["copy"]
    assert (
        f"found the same trace as in {run}, which is used; remove it, as it is damaged: {damaged}: " in told
    )
    assert runs.broken()["whole"].endswith("which is used; leave out one")
    # It isn't read again as long as it stays as it is, and another takes its place where it doesn't.
    runs.catalogue()
    with monkeypatch.context() as patch:
        patch.setattr("sparsey_trace.trace.rescue.validate.validate", None)
        assert list(open_runs(tmp_path)) == ["run"]
    damage(run)
    assert list(open_runs(tmp_path)) == ["whole"]
    damage(tmp_path / "whole.h5")
    assert list(open_runs(tmp_path)) == ["copy"]


def test_names_and_the_folder_of_results_stay_when_runs_come_and_go(tmp_path: Path) -> None:
    (tmp_path / "sweep" / "a").mkdir(parents=True)
    run = write_trace(tmp_path / "sweep" / "a" / "run.h5")
    for source in (tmp_path / "sweep", str(tmp_path / "sweep" / "*" / "run.h5"), [tmp_path / "sweep"]):
        runs = open_runs(source)
        assert (list(runs), runs.folder) == (["a/run"], tmp_path / "sweep" / "runs.metrics")
    for named in ([run], run, [run, run.parent]):
        runs = open_runs(named)
        assert (list(runs), runs.folder) == (["run"], run.parent / "runs.metrics")


def test_links_are_no_runs_of_their_own(tmp_path: Path) -> None:
    write_trace(tmp_path / "run.h5", config={"rate": 1, "batch": {"size": 2}})
    for name in ("first.h5", "other.h5"):
        (tmp_path / name).symlink_to("run.h5")
    runs = open_runs(tmp_path)
    assert (list(runs), runs.broken()) == (["run"], {})
    assert list(open_runs([tmp_path / "first.h5", tmp_path / "other.h5"])) == ["first"]
    assert list(open_runs([tmp_path / "other.h5", tmp_path / "run.h5"])) == ["run"]
    (tmp_path / "nowhere.h5").symlink_to("not_there.h5")
    fault = open_runs(tmp_path).broken()["nowhere"]
    assert fault == (
        f"{tmp_path}/nowhere.h5: expected a run, found a link to not_there.h5, which isn't there; remove the link"
    )
    (tmp_path / "nowhere.h5").unlink()
    # Keys keep their order, also where they are known from the catalogue.
    for _ in range(2):
        assert [key for key in open_runs(tmp_path).catalogue() if key.startswith("config.")] == [
            "config.rate",
            "config.batch.size",
        ]


def test_the_folder_of_results_holds_nothing_else(sweep: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("")
    with pytest.raises(OutputError, match=r"earlier results of many runs, found notes\.txt; choose another"):
        open_runs(sweep).catalogue(out=other)
    (sweep / "runs.metrics").write_text("")
    with pytest.warns(CacheWarning, match="what is known of the runs isn't kept: .*found a file"):
        assert len(open_runs(sweep).catalogue()) == 5


def test_a_damaged_catalogue_is_made_anew(sweep: Path) -> None:
    folder = sweep / "runs.metrics"
    first = open_runs(sweep).catalogue()
    content = (folder / "runs.parquet").read_bytes()
    (folder / "runs.parquet").write_bytes(content[: len(content) // 2] + content[len(content) // 2 + 8 :])
    runs = open_runs(sweep)
    assert len(runs.entries()) == len(first)


def test_configurations_of_any_kind_are_columns(tmp_path: Path) -> None:
    configs = [
        {"x": 1, "big": 1 << 70, "l": [1], "a.b": True},
        {"x": "one", "l": [], "a": {"b": 2.5}},
        {"x": None},
    ]
    for number, config in enumerate(configs):
        write_trace(tmp_path / f"{number}.h5", steps=4, config=config)
    settle(tmp_path)
    frame = open_runs(tmp_path).catalogue()
    assert frame["config.x"].tolist()[:2] == ["1", '"one"']
    assert frame["config.l"].tolist()[:2] == ["[1]", "[]"]
    assert frame['config."a.b"'].tolist()[0] is True
    assert frame["config.a.b"].tolist()[1] == 2.5
    (tmp_path / "0.h5").rename(tmp_path / "moved.h5")
    assert open_runs(tmp_path).catalogue()["name"].tolist() == ["1", "2", "moved"]
