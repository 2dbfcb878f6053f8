"""Labels are read from tables and arrays, and what isn't labels is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sparsey_trace.errors import DataError
from sparsey_trace.layout import NO_LABEL
from sparsey_trace.trace.rescue.labels import read_labels

if TYPE_CHECKING:
    from pathlib import Path

CURRENT = np.arange(4)
LARGE = 2**53 + 1


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["label", "5", "6", "", str(LARGE)], [5, 6, NO_LABEL, LARGE]),
        (["sample,label", "2,-7", "0,"], [NO_LABEL, 1, -7, 3]),
        (["label,sample", "9,3"], [0, 1, 2, 9]),
    ],
)
def test_a_table_has_all_labels_or_those_that_change(
    tmp_path: Path, lines: list[str], expected: list[int]
) -> None:
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    assert read_labels(tmp_path / "labels.csv", CURRENT).tolist() == expected
    assert CURRENT.tolist() == [0, 1, 2, 3]


def test_an_array_has_all_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "labels.npy", np.array([4, 3, 2, 1], np.uint8))
    found = read_labels(tmp_path / "labels.npy", CURRENT)
    assert (found.tolist(), found.dtype) == ([4, 3, 2, 1], np.int64)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", "label\n1\n2\n", "expected 4 labels, one for each sample, found 2"),
        ("x.csv", "sample,label\n4,1\n", "expected samples from 0 to 3, found 4 to 4"),
        ("x.csv", "sample,label\n,1\n", "expected labels, found: a line without the number of a sample"),
        (
            "x.csv",
            "class\n1\n",
            "expected a column `label`, and `sample` beside it where not all samples have one, ",
        ),
        ("x.csv", "label\n1.5\n", "expected labels, found: .*'1.5'"),
        ("x.csv", "", "expected labels, found: Empty CSV file"),
        ("x.npy", "no array", "expected labels, found: "),
        ("x.csv", None, "expected labels, found: .*No such file"),
    ],
)
def test_what_is_no_labels_is_refused(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=f"{name}: {message}"):
        read_labels(tmp_path / name, CURRENT)


@pytest.mark.parametrize("labels", [np.zeros(4), np.zeros((2, 2), int), np.full(4, 2**63, np.uint64)])
def test_an_array_of_another_kind_is_refused(tmp_path: Path, labels: np.ndarray) -> None:
    np.save(tmp_path / "x.npy", labels)
    with pytest.raises(
        DataError, match=r"expected whole numbers \[N\] that fit int64, found (float|int|uint)64 of"
    ):
        read_labels(tmp_path / "x.npy", CURRENT)
