"""What the documents show is what happens."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import fsspec
import pandas as pd
import pytest
import yaml

import sparsey_trace as st
from sparsey_trace.metrics import available
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.docs.scripts import script

ROOT = Path(__file__).parents[2]


def blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def test_the_page_on_analysis_reads_and_analyzes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.h5").symlink_to(ROOT / "sample_traces" / "digits.h5")
    analyze("run.h5", metrics=["basis_set_size"], resolution="step", out="run.metrics")
    in_pandas, in_python, at_a_url, reading = blocks("docs/analyse.md")
    names = {"st": st, "pd": pd}
    for example in (in_pandas, in_python.replace("n_jobs=2", "n_jobs=1"), reading):
        exec(compile(example, "docs/analyse.md", "exec"), names)
    assert len(names["result"]) == 3
    exec(compile(at_a_url.replace("s3://", "memory://"), "docs/analyse.md", "exec"), names)
    assert list(names["result"]) == ["basis_set_size"]
    fsspec.filesystem("memory").rm("/bucket", recursive=True)


def test_what_the_readme_shows_is_there_and_small() -> None:
    shown = re.findall(r"!\[[^]]{20,}\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert len(shown) == 4
    assert [name for name in shown if (ROOT / name).stat().st_size > 100_000] == []


def test_the_readmes_figures_are_what_analyze_prints(tmp_path: Path) -> None:
    assert (ROOT / "README.md").read_text() == script("readme").text(tmp_path), "run python docs/readme.py"


def test_what_pages_name_of_the_project_is_there() -> None:
    """A promise names the test that holds it: one that was moved would hold nothing."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "sparsey_trace").rglob("README.md")]
    named = re.compile(r"`((?:tests|sparsey_trace|cli|docs|benchmarks|sample_traces)/[\w./-]+)`")
    found = {
        (str(page.relative_to(ROOT)), name) for page in pages for name in named.findall(page.read_text())
    }
    assert len(found) > 100
    assert [each for each in sorted(found) if not (ROOT / each[1]).exists()] == []


def test_the_citation_names_this_version() -> None:
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert found["version"] == metadata.version("sparsey-trace")


@pytest.mark.filterwarnings(
    "ignore:.*(does not have many workers|run with no optimizer|LeafSpec|than the logging interval)"
)
def test_the_page_on_recording_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from tests.recording.models import OriginalModel, samples

    monkeypatch.chdir(tmp_path)
    names = {"model": OriginalModel(), "loader": [(samples(4), [0] * 4)] * 3}
    for example in blocks("docs/record.md"):
        exec(compile(example, "docs/record.md", "exec"), names)
    expected = {"run": 24, "own": 80, "signs": 8, "moments": 40, "lit": 16, "arrays": 80}
    assert {name: len(open_trace(f"{name}.h5")) for name in expected} == expected


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_the_size_that_the_questions_tell(name: str) -> None:
    path = ROOT / "sample_traces" / f"{name}.h5"
    with open_trace(path) as trace:
        layers = trace.layout.layers
        sample = sum(layer.num_macs * layer.num_cms + layer.num_macs / 8 for layer in layers)
        sample += trace.layout.num_features / 8 + 53
        values = 4 * sum(layer.num_macs for layer in layers)  # familiarity
        told = len(trace) * (sample / 5 + values * 2 / 5) + trace.chunk_size * (sample + values)
    assert told == pytest.approx(path.stat().st_size, rel=0.1)


def test_the_pictures_are_what_their_script_draws(tmp_path: Path) -> None:
    script("pictures").draw(tmp_path)
    drawn = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert drawn == {path.name: path.read_text() for path in (ROOT / "docs" / "pictures").iterdir()}
    page = (ROOT / "docs" / "metrics.md").read_text()
    assert [name for name in drawn if f"(pictures/{name})" not in page] == []


def test_the_pictures_show_what_is_computed() -> None:
    names = ["feature_coverage", "match_accuracy", "sisc_adherence"]
    result = analyze(ROOT / "sample_traces" / "digits.h5", metrics=names, resolution="sample")
    for name in names:
        said = (ROOT / "docs" / "pictures" / f"{name}.svg").read_text()
        sample = re.search(r"sample (\d+)", said, re.IGNORECASE)[1]
        table = result.to_pandas(name).set_index(["sample", "layer", "mac"])["value"]
        shown = re.findall(r"\b[01]\.\d\d+(?=\.?</text>)", said)[-1]
        assert float(shown) == pytest.approx(table[int(sample), 2, 0], abs=0.006)


def test_the_picture_of_usage_shows_what_is_computed() -> None:
    table = analyze(ROOT / "sample_traces" / "digits.h5", metrics=["code_usage"]).to_pandas("code_usage")
    table = table[(table["phase"] == "train") & (table["layer"] == 2) & (table["mac"] == 0)]
    said = (ROOT / "docs" / "pictures" / "code_usage.svg").read_text()
    shown = [float(found) for found in re.findall(r"perplexity ([\d.]+)<", said)]
    last = table[table["epoch"] == table["epoch"].max()]["perplexity"]
    assert shown == pytest.approx(last.tolist(), abs=0.006)


def test_the_pictures_of_whole_runs_show_what_is_computed() -> None:
    names = ["label_information", "sisc_curve"]
    result = analyze(ROOT / "sample_traces" / "digits.h5", metrics=names)
    of_mac = "phase == 'train' and layer == 2 and mac == 0"
    labels, curve = (result.to_pandas(name).query(of_mac) for name in names)
    told, pairs = ((ROOT / "docs" / "pictures" / f"{name}.svg").read_text() for name in names)
    assert f"{labels['bits'].iloc[0]:.2f} bits" in told
    assert f"{curve['pairs'].sum():,} pairs;" in pairs
    assert f"0.5 to 0.55: {curve['mean'].iloc[10]:.3f}<" in pairs


def test_every_metric_is_on_the_page() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    assert [name for name in available() if f"### {name}\n" not in page] == []


def test_the_page_on_metrics_ends_with_one_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """The class on the page is that of the example package, and keeps the laws."""
    laws, metric = blocks("docs/write-a-metric.md")
    assert metric == (ROOT / "tests/plugin_example/src/class_agreement/metric.py").read_text()
    assert len([line for line in metric.splitlines() if line]) < 40
    page = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", page)  # a dataclass looks its module up
    names = vars(page)
    for example in (metric, laws):
        exec(compile(example, "docs/write-a-metric.md", "exec"), names)
    names["test_laws"]()
    run = ROOT / "sample_traces/digits.h5"
    found = analyze(run, metrics=[names["ClassAgreement"]()]).to_pandas("class_agreement")
    assert found["value"].tolist() == [pytest.approx(value) for value in agreement(run)]
    top = found["value"][found["layer"] == 2]
    assert "3.0 to 3.9" in (ROOT / "docs/write-a-metric.md").read_text()
    assert (round(top.min(), 1), round(top.max(), 1)) == (pytest.approx(3.0), pytest.approx(3.9))


def agreement(path: Path) -> list[float]:
    """The same by the definition, pair by pair of a MAC's samples."""
    with open_trace(path) as trace:
        run = trace.chunk(0, len(trace))
    values = []
    for codes, active in zip(run.codes, run.active, strict=True):
        for mac in range(active.shape[1]):
            shared = pairs = 0
            for label in range(10):
                own = codes[active[:, mac] & run.is_train & (run.label == label), mac]
                equal = [(own[i + 1 :] == own[i]).sum() for i in range(len(own) - 1)]
                shared, pairs = shared + sum(equal), pairs + len(own) * (len(own) - 1) // 2
            values.append(shared / pairs if pairs else float("nan"))
    return values
