"""A cluster on the command line: both of its options, and somebody who answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.cli.options import cluster as module
from tests.cli.commands import sparsey_trace, write_trace
from tests.clusters import a_cluster

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_its_options_come_together_and_somebody_has_to_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", "50ms")
    trace = write_trace(tmp_path / "run.h5")
    for given, message in (
        (["--engine", "dask"], "--engine dask: expected --scheduler ADDRESS with it, found none"),
        (["--scheduler", "tcp://a:1"], "--scheduler: expected --engine dask with it, found none"),
        (
            ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"],
            "--scheduler: expected the address of a dask scheduler, such as tcp://host:8786, found tcp://127.0.0.1:1: ",
        ),
    ):
        done = sparsey_trace("analyze", trace, *given)
        assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_the_workers_of_a_cluster_do_it(tmp_path: Path) -> None:
    trace = write_trace(tmp_path / "run.h5")
    with a_cluster(1, processes=False) as client:
        given = ["--engine", "dask", "--scheduler", client.scheduler.address, "--partition-size", "16"]
        done = sparsey_trace("analyze", trace, "-m", "num_activations", *given)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith(": num_activations/")
    parts = sorted(path.name for path in (tmp_path / "run.metrics" / "num_activations").iterdir())
    assert parts == ["part-00000.parquet", "part-00001.parquet"]
