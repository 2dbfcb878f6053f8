"""`sparsey-trace metrics`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sparsey_trace.cli.main import main
from sparsey_trace.cli.options.metric import metric_names

if TYPE_CHECKING:
    import pytest


def test_metrics_lists_every_metric_with_its_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics"]) == 0
    text = capsys.readouterr().out
    assert "basis_set_size  How many distinct codes" in text
    assert "    distance=hamming  (hamming or jaccard)" in text
    assert "    reference_size=none  (int or none)" in text
    assert main(["metrics", "--json"]) == 0
    found = {metric["name"]: metric for metric in json.loads(capsys.readouterr().out)["metrics"]}
    assert set(found) == {name for name, _ in metric_names()}
    assert found["match_accuracy"]["parameters"]["seed"] == {"default": 0, "type": "int"}
    assert found["code_usage"]["resolutions"] == ["step", "epoch", "run"]
    assert found["basis_set"]["resolutions"] == ["step", "epoch", "run"]
    assert found["basis_average"]["reductions"] == [None, "sparse"]
