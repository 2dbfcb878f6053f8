"""How traces, layouts and tables look in a notebook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

import sparsey_trace as st
from sparsey_trace.tables.notebook import page_of
from tests.charts.runs import layout, write
from tests.fork_server import shared_server

if TYPE_CHECKING:
    from pathlib import Path


def test_a_layout_is_a_line_for_each_layer() -> None:
    page = layout()._repr_html_()
    assert (
        "<caption style='text-align:left;white-space:nowrap'>inputs of 12 features (3 x 4)</caption>" in page
    )
    assert "<tr><td>&lt;b&gt;$x$ &amp; c</td><td style='text-align:right'>4</td>" in page
    assert page.count("<tr>") == 3


def test_a_trace_shows_its_layers(tmp_path: Path) -> None:
    with st.open_trace(write(tmp_path / "run.h5")) as trace:
        assert layout()._repr_html_() in trace._repr_html_()
        assert repr(trace.samples) == (
            "<96 samples: step, epoch, phase, label, id, sequence, moment, time; to_pandas() has them as a table>"
        )


def test_a_table_shows_its_ends(tmp_path: Path) -> None:
    result = st.analyze(write(tmp_path / "run.h5"))
    found = result["basis_set_size"]
    page = page_of(found)
    assert page is not None
    assert ">basis_set_size: 108 rows, resolution step, reduction none, 96 samples</caption>" in page
    assert page.count("<tr>") == 1 + 5 + 1 + 5
    assert f"<td style='text-align:right'>{found['value'][-1].as_py():.4g}</td>" in page
    assert "<td>train</td>" in page
    short = page_of(found.slice(0, 7))
    assert short is not None
    assert (short.count("<tr>"), "…" in short) == (1 + 7, False)
    averages = page_of(result["basis_average"])
    assert averages is not None
    assert "<td>12 values</td>" in averages
    assert page_of(pa.table({"x": np.arange(3)})) is None


SCRIPT = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
import pyarrow as pa
import sparsey_trace as st

shell = InteractiveShell.instance()
format = lambda thing: shell.display_formatter.format(thing)[0]
table = pa.table({"x": [1]})
before = format(table)
result = st.analyze(sys.argv[1], metrics=["basis_set_size"])
ours, other = format(result["basis_set_size"]), format(table)
shell.display_formatter.formatters["text/html"].for_type(pa.Table, lambda table: "theirs")
st.analyze(sys.argv[1], metrics=["basis_set_size"])
print(json.dumps([before == other, list(other), ours["text/html"][:7], format(result["basis_set_size"])["text/html"]]))
"""


def test_ipython_shows_tables_of_ours_and_others_as_before(tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    run = write(tmp_path / "run.h5")
    found = shared_server().run(SCRIPT, run, environment={"IPYTHONDIR": str(tmp_path / "ipython")})
    assert found.returncode == 0, found.stderr
    same, kinds, ours, theirs = json.loads(found.stdout)
    assert same
    assert kinds == ["text/plain"]
    assert ours == "<table>"
    assert theirs == "theirs"
