"""Kernels become machine code once, for the types they are called with."""

from __future__ import annotations

import importlib.util
import os
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numba.core.codegen import CPUCodeLibrary
from numba.np import arraymath

from sparsey_trace.kernels import compiling, kept_code, machine_code
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


def refuse(*args: object) -> None:
    raise AttributeError("_final_module")  # noqa: EM101 - as Python itself does


@pytest.mark.parametrize(
    ("owner", "name", "value", "told"),
    [
        # Called as if arguments were handed over as ever it would crash.
        (compiling, "_LLVM_TYPES", dict.fromkeys(compiling._LLVM_TYPES, "i1"), "handed over in another way"),
        (compiling, "_check_order", refuse, "AttributeError: _final_module"),
        (
            CPUCodeLibrary,
            "serialize_using_object_code",
            None,
            "AttributeError: .*serialize_using_object_code",
        ),
        (machine_code.binding, "create_lljit_compiler", None, "AttributeError: .*create_lljit_compiler"),
    ],
)
def test_kernels_work_with_a_numba_that_is_not_known(
    folder: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, value: object, told: str
) -> None:
    monkeypatch.setattr(machine_code, "_linker", machine_code._linker.__wrapped__)
    if value is None:
        monkeypatch.delattr(owner, name)
    else:
        monkeypatch.setattr(owner, name, value)
    with pytest.warns(RuntimeWarning, match=f"^numba [0-9.]+ is not a version .*{told}.*constraints.txt"):
        assert compiled(twice)(21) == 42


def test_machine_code_of_other_versions_does_not_pile_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was used least recently goes; what is not ours stays, however old."""
    monkeypatch.setattr(kept_code, "_MOST_BYTES", 3000)
    made = kept_code.KeptCode("symbol", "none", bytes(900))
    names = [f"sparsey_trace.kernels.sums._add-{number:032x}" for number in range(5)]
    long_ago = time.time() - 1e7

    def age(name: str, days: int) -> None:
        os.utime(folder / name, (long_ago, long_ago - days * 24 * 3600))

    folder.mkdir()
    for name in ("numba's.1.nbc", f"{names[0]}.0123456789abcdef", "sparsey_trace.h5"):
        (folder / name).write_bytes(bytes(9000))
        age(name, 9)
    for days, name in enumerate(names[:3]):
        kept_code.keep(name, made)
        age(f"{name}.o", days)
    assert kept_code.kept(names[2]) == made  # The oldest, which is still used.
    kept_code.keep(names[3], made)
    found = {path.name for path in folder.iterdir()}
    assert found == {"numba's.1.nbc", "sparsey_trace.h5", *(f"{names[number]}.o" for number in (0, 2, 3))}
