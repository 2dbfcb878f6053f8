"""`sparsey-trace info`: what it says of sound, empty and unfinished traces."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

import sparsey_trace as st
from sparsey_trace.cli.main import main
from sparsey_trace.replay.describe import size_in_words
from tests.cli.commands import LAYOUT, being_written, sparsey_trace, write_steps, write_trace

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_what_is_in_a_trace(run: Path) -> None:
    found = sparsey_trace("info", run)
    assert (found.returncode, found.stderr) == (0, "")
    with st.open_trace(run) as trace:
        facts = dict(line.split("  ", 1) for line in found.stdout.splitlines()[:9])
        assert {name: value.strip() for name, value in facts.items()} == {
            "trace": str(run),
            "state": "closed",
            "id": trace.id,
            "created": f"{trace.created} on {trace.host}",
            "size": size_in_words(run.stat().st_size),
            "samples": "32 (24 train, 8 eval) in 8 steps and 2 epochs",
            "labels": "32 known",
            "inputs": "12 features (3 x 4), kept as binary",
            "versions": ", ".join(f"{name} {version}" for name, version in trace.versions.items()),
        }
    assert found.stdout.splitlines()[9:12] == ["", "configuration", "  lr: 1"]
    assert [line.split() for line in found.stdout.splitlines()[14:16]] == [
        ["v1", "3", "2", "5", "1", "to", "3"],
        ["v2", "2", "3", "4", "1", "to", "2"],
    ]
    assert "\nsisc_adherence           yes\n" in found.stdout


def test_json(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(run), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    with st.open_trace(run) as trace:
        assert found["id"] == trace.id
        assert found["versions"] == trace.versions
    assert (found["samples"], found["steps"], found["epochs"], found["labels"]) == (32, 8, 2, 32)
    assert found["phases"] == {"train": 24, "eval": 8}
    assert found["inputs"] == {"kind": "binary", "features": 12, "shape": [3, 4]}
    assert found["layers"][1] == {
        "name": "v2",
        "macs": 2,
        "cms": 3,
        "neurons": 4,
        "connections": [1, 2],
        "values": [],
    }
    assert (found["config"], found["closed"], found["bytes"]) == ({"lr": 1}, True, run.stat().st_size)
    assert set(found["metrics"]) == set(st.metrics.available())
    lacking = {name: why for name, why in found["metrics"].items() if why}
    assert lacking == {"layer_value": "the trace has no values"}


def test_further_values_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layers = [
        st.LayerLayout(name=name, num_macs=1, num_cms=1, num_neurons=2, connections=[[0]]) for name in "ab"
    ]
    layout = st.Layout(num_features=1, input_shape=(1,), layers=layers)
    one, winner = np.ones((1, 1)), np.zeros((1, 1, 1), np.uint8)
    with st.TraceWriter(tmp_path / "run.h5", layout) as writer:
        writer.append(
            inputs=one,
            codes=[winner] * 2,
            active=[one > 0] * 2,
            phase="train",
            epoch=0,
            values={"familiarity": [one, one], "gain": [None, one]},
        )
    assert main(["info", str(tmp_path / "run.h5")]) == 0
    assert "\nvalues    familiarity, gain (b)\n" in capsys.readouterr().out


def test_metrics_that_need_inputs_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_trace(tmp_path / "run.h5", inputs=False)
    assert main(["info", str(run)]) == 0
    text = capsys.readouterr().out
    assert "inputs    12 features (3 x 4), not recorded\n" in text
    assert "\nmatch_accuracy           no: the trace has no inputs\n" in text
    assert "\nbasis_set_size           yes\n" in text


def test_an_empty_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_trace(tmp_path / "run.h5", steps=0)
    assert main(["info", str(run)]) == 0
    text = capsys.readouterr().out
    assert "samples   0 (0 train, 0 eval) in 0 steps and 0 epochs\n" in text
    assert "\nbasis_set_size           no: the trace has no samples yet\n" in text


def test_a_trace_that_is_still_written(tmp_path: Path) -> None:
    with being_written(tmp_path / "run.h5", committed=1) as run:
        text = sparsey_trace("info", run).stdout
    assert "\nstate     not closed: still being written, or its writer died\n" in text
    assert "\nsamples   4 (4 train, 0 eval) in 1 step and 1 epoch\n" in text
    assert "\nmatch_accuracy           yes: there are no eval samples\n" in text
    assert "\nbasis_set_size           yes\n" in text


def test_metrics_of_training_say_that_there_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with st.TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        write_steps(writer, 1, first=3)
    assert main(["info", str(tmp_path / "run.h5")]) == 0
    text = capsys.readouterr().out
    assert "\nmatch_accuracy           yes: there are no train samples\n" in text
    assert "\nnum_activations          yes\n" in text
