"""Kernels become machine code once, for the types they are called with."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numba.np import arraymath

from sparsey_trace.kernels import compiling, kept_code
from sparsey_trace.kernels.compiled import compiled, inlined

if TYPE_CHECKING:
    from pathlib import Path

FACTORS = np.array([2, 3])


@inlined
def product(number: int) -> int:
    return int(FACTORS[0]) * number


def twice(number: int) -> int:
    return product(number)


def first(numbers: np.ndarray) -> float:
    return numbers[1, 0] + 0.5


def is_even(number: int) -> bool:
    return number % 2 == 0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where machine code is kept."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_other_code_of_the_process_has_scipys_blas_where_scipy_is() -> None:
    assert (importlib.util.find_spec("scipy") is not None) == arraymath._HAVE_BLAS


def test_where_nothing_can_be_kept_kernels_work_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write_text("no folder")
    assert compiled(twice)(21) == 42


def test_what_is_kept_is_not_compiled_again_unless_it_is_damaged_or_stands_for_something_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compiled(twice)(21) == 42
    (file,) = folder.iterdir()
    assert file.suffix == ".o"
    monkeypatch.setattr(compiling, "compile_for", None)
    assert compiled(twice)(4) == 8
    with pytest.raises(TypeError, match="NoneType"):
        compiled(twice)(4.0)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(TypeError, match="NoneType"):
        compiled(twice)(4)
    before = kept_code.name_of(twice, ("int",))
    monkeypatch.setitem(globals(), "FACTORS", np.array([5, 3]))
    assert kept_code.name_of(twice, ("int",)) != before


def test_arrays_of_each_order_are_read_as_they_lie(folder: Path) -> None:
    numbers = np.arange(12.0).reshape(3, 4)
    kernel = compiled(first)
    assert [kernel(array) for array in (numbers, numbers.T, numbers[:, 2:], numbers[::-1])] == [
        4.5,
        1.5,
        6.5,
        4.5,
    ]
    assert len(list(folder.iterdir())) == 3


def test_what_a_kernel_takes_and_gives_back_is_bounded(folder: Path) -> None:
    with pytest.raises(TypeError, match="expected arrays, int and float, found bool"):
        compiled(twice)(np.True_)
    with pytest.raises(TypeError, match="gives back nothing, int64 or float64, found bool"):
        compiled(is_even)(3)


def test_a_numba_that_hands_over_arguments_otherwise_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Called as if it didn't it would crash."""
    types_of = compiling.types_of
    monkeypatch.setattr(compiling, "types_of", lambda args: types_of(args)[1:])
    with pytest.raises(RuntimeError, match=r"expected a version of numba that hands over .* of numba \d"):
        compiled(twice)(21)
    assert not folder.exists()
