"""Tables with long lists: few values in memory at once, whatever parts they come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sparsey_trace as st
from sparsey_trace.metrics import basis_average
from sparsey_trace.tables import row_groups
from sparsey_trace.tables.row_groups import group_ends, list_values
from tests.cli.commands import write_trace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LISTS = pa.table({"mac": [0, 1, 2, 3, 4], "average": [[1, 2], None, [3, 4, 5], [6], [7]]})


@pytest.mark.parametrize("values", [1, 2, 3, 4, 100])
def test_groups_end_where_they_do_in_whatever_parts_rows_come(values: int) -> None:
    whole = group_ends(LISTS, values=values)
    found, start = [], 0
    for stop in range(1, len(LISTS) + 1):
        ends = [start + end for end in group_ends(LISTS.slice(start, stop - start), values=values)]
        found += ends
        start = ends[-1] if ends else start
    assert found == whole


def test_values_of_all_lists_count() -> None:
    both = LISTS.append_column("feature", LISTS["average"])
    assert list_values(both).tolist() == [4, 0, 6, 2, 2]


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"reduction": "sparse"},
        {"resolution": "epoch"},
        {"chunk_size": 3},
        {"n_jobs": 1, "engine": "processes"},
    ],
)
def test_basis_averages_are_written_a_few_macs_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any]
) -> None:
    path = write_trace(tmp_path / "run.h5", steps=4)
    question = {name: how[name] for name in ("reduction", "resolution") if name in how}
    whole = st.analyze(path, metrics=["basis_average"], **question)["basis_average"]
    width = len(whole["average"][0])
    parts: list[int] = []

    def rows(self: Any, averages: Any, macs: range) -> pa.Table:
        parts.append(len(macs))
        return made(self, averages, macs)

    made = basis_average.BasisAverage._rows
    monkeypatch.setattr(basis_average.BasisAverage, "_rows", rows)
    monkeypatch.setattr(basis_average, "_VALUES", 2 * width)
    monkeypatch.setattr(row_groups, "VALUES", 3 * width)
    result = st.analyze(path, metrics=["basis_average"], **how)
    with pq.ParquetFile(result.path("basis_average")) as file:
        groups = [file.read_row_group(number) for number in range(file.num_row_groups)]
    assert len(groups) > 1
    sums = [int(list_values(group).sum()) for group in groups]
    assert all(found <= 3 * width or len(group) == 1 for found, group in zip(sums, groups, strict=True))
    assert result["basis_average"].equals(whole)
    assert max(parts) < len(whole)


def test_its_bytes_are_the_same_whoever_made_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_groups, "VALUES", 20)
    path = write_trace(tmp_path / "run.h5", steps=4)
    ways: list[dict[str, Any]] = [{}, {"chunk_size": 3}, {"n_jobs": 2, "engine": "processes"}]
    made = [st.analyze(path, metrics=["basis_average"], **how) for how in ways]
    monkeypatch.setattr(basis_average, "_VALUES", 7)
    made.append(st.analyze(path, metrics=["basis_average"]))
    assert len({result.path("basis_average").read_bytes() for result in made}) == 1


def test_a_table_of_a_plug_in_comes_in_parts(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Halves(st.metrics.base.RunMetric[None]):
        name = "halves"
        requires = frozenset({"active"})

        def update(self, state: None, chunk: st.Chunk) -> None:
            return None

        def finalize(self, state: None, layout: st.Layout) -> pa.Table:
            return pa.concat_tables(list(self.parts(state, layout)))

        def parts(self, state: None, layout: st.Layout) -> Iterator[pa.Table]:
            for mac in range(2):
                yield pa.table({"mac": np.array([mac]), "seen": [[mac] * 3]})

    found = st.analyze(write_trace(tmp_path / "run.h5"), metrics=[Halves()])["halves"]
    assert found["seen"].to_pylist() == [[0, 0, 0], [1, 1, 1]]
