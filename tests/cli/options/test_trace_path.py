"""A trace may lie elsewhere: verbs take its URL, call it by that, and put results where they were called."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import fsspec
import pytest

from tests.cli.commands import sparsey_trace, write_trace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL = "memory://runs/run.h5"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder to call commands in; the memory file system has a run, which no other run is beside."""
    folder = tmp_path_factory.mktemp("here")
    path = write_trace(tmp_path_factory.mktemp("run") / "run.h5", steps=2)
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/runs/run.h5", path.read_bytes())
    memory.pipe_file("/others/run.h5", path.read_bytes())
    yield folder
    memory.rm("/runs", recursive=True)
    memory.rm("/others", recursive=True)


def test_verbs_call_it_by_its_url(there: Path) -> None:
    for verb in (["info"], ["validate"], ["repair", "-o", there / "repaired.h5"]):
        done = sparsey_trace(verb[0], URL, *verb[1:], cwd=there)
        assert (done.returncode, done.stderr) == (0, "")
        assert "sparsey-trace-" not in done.stdout
    assert URL in sparsey_trace("info", URL).stdout
    assert sparsey_trace("validate", "memory://runs/*.h5").stdout.startswith("memory:///runs/run.h5: sound")


def test_results_stand_where_the_command_was_called(there: Path) -> None:
    done = sparsey_trace("analyze", URL, "-m", "num_activations", cwd=there)
    assert done.returncode == 0, done.stderr
    assert (there / "run.metrics" / "num_activations.parquet").is_file()
    again = sparsey_trace("analyze", URL, "-m", "num_activations", "--json", cwd=there)
    assert again.returncode == 0
    assert URL in again.stdout


@pytest.mark.parametrize(
    ("url", "found", "code"),
    [
        (
            "memory://runs/none.h5",
            "expected a file that fsspec can read, found FileNotFoundError: /runs/none.h5",
            1,
        ),
        (
            "nowhere://run.h5",
            "expected a file that fsspec can read, found ValueError: Protocol not known: nowhere",
            1,
        ),
        ("memory://runs/*.hdf", "expected files of such names, found none", 1),
        (
            "memory://*/run.h5",
            "expected files of one folder, found them in several; name these one by one",
            1,
        ),
    ],
)
def test_what_can_t_be_had_is_told_in_a_line_that_names_the_url(
    there: Path, url: str, found: str, code: int
) -> None:
    for verb in ("info", "analyze", "report"):
        done = sparsey_trace(verb, url, cwd=there)
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr == f"sparsey-trace: {url}: {found}\n"


def test_results_stand_at_a_url(there: Path) -> None:
    place = "memory://results/run.metrics"
    done = sparsey_trace("analyze", URL, "-m", "num_activations", "-o", place, "--json", cwd=there)
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    table = said["tables"]["num_activations"]
    assert said["folder"] == place
    assert re.fullmatch(place + "/[0-9T]{15}-[0-9a-f]{16}/num_activations.parquet", table)
    assert fsspec.filesystem("memory").exists(table)
    again = sparsey_trace("analyze", URL, "-m", "num_activations", "-o", place, "--explain", cwd=there)
    assert "num_activations: from the cache" in again.stdout
    here = sparsey_trace("analyze", URL, "-m", "num_activations", cwd=there)
    assert here.returncode == 0
    other = write_trace(there / "other.h5", steps=3)
    compared = sparsey_trace("compare", place, other, "-m", "num_activations", cwd=there)
    assert (compared.returncode, compared.stderr) == (0, "")
    assert place in compared.stdout
    words = ["export", URL, "--to", "csv", "-m", "num_activations", "--tables", place, "-o", "csv"]
    assert sparsey_trace(*words, cwd=there).returncode == 0
    nowhere = sparsey_trace("plot", URL, "learning", "--tables", "memory://results/none", cwd=there)
    assert nowhere.stderr == (
        "sparsey-trace: memory://results/none: expected a folder of results, which `analyze` writes, found none\n"
    )
    fsspec.filesystem("memory").rm("/results", recursive=True)
    shutil.rmtree(there / "run.metrics")


PLACE = "s3://bucket/results"


@pytest.mark.parametrize(
    "words",
    [
        ["watch", PLACE],
        ["runs", ".", "-o", PLACE],
        ["compare", "run.h5", "other.h5", "-o", PLACE],
        ["demo", "-o", PLACE],
        ["export", "run.h5", "--to", "csv", "-o", PLACE],
        ["plot", "run.h5", "learning", "-o", PLACE],
        ["pack", "run.h5", "-o", PLACE],
        ["relabel", "run.h5", "--labels", "labels.csv", "-o", PLACE],
        ["repair", "run.h5", "-o", PLACE],
        ["report", "run.h5", "-o", PLACE],
    ],
)
def test_what_is_looked_for_followed_or_made_lies_here(words: list[str], there: Path) -> None:
    before = sorted(there.iterdir())
    done = sparsey_trace(*words, cwd=there)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{PLACE}: expected a path on this machine's disks, found a URL; copy what is there" in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(there.iterdir()) == before
