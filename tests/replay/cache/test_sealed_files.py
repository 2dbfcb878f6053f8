"""Sealed files hold what was written, or are refused; nothing in them runs."""

from __future__ import annotations

import json
import pickle
import random
from dataclasses import dataclass, field
from hashlib import blake2b
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.metrics.basis_average import Sums
from sparsey_trace.replay.cache import sealed_files
from sparsey_trace.replay.cache.sealed_files import (
    SIGNATURE,
    Unkept,
    Unsealed,
    about_sealed,
    read_sealed,
    write_sealed,
)
from sparsey_trace.testing.laws import _same

if TYPE_CHECKING:
    from pathlib import Path

VALUE = (
    Sums(
        epoch=3, active=np.arange(4), parts={0: np.arange(6).reshape(2, 3).T, -24: np.zeros((0, 2), np.uint8)}
    ),
    [None, True, 7, 2.5, float("inf"), "a\nb", np.float32(0.1)],
    np.frombuffer(b"0123456789abcdef" * 2, np.dtype((np.void, 16))),
    {"deep": ((), {1: []})},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_sealed(tmp_path / "x.fold", {"trace": "t"}, VALUE, (Sums,))
    return tmp_path / "x.fold"


def test_what_was_written_comes_back(path: Path) -> None:
    about, value = read_sealed(path, (Sums,))
    assert about == about_sealed(path) == {"trace": "t"}
    assert _same(value, VALUE)
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_any_change_is_found(path: Path) -> None:
    sound, rng = path.read_bytes(), random.Random(0)
    for place in rng.sample(range(len(sound)), 200):
        flipped = bytearray(sound)
        flipped[place] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        with pytest.raises(Unsealed, match="another checksum than it should have"):
            read_sealed(path, (Sums,))
    for size in [0, 1, 31, 32, 33, *rng.sample(range(len(sound)), 50)]:
        path.write_bytes(sound[:size])
        with pytest.raises(Unsealed):
            read_sealed(path, (Sums,))


def sealed(path: Path, line: bytes, arrays: bytes = b"") -> Path:
    body = SIGNATURE + line + b"\n" + arrays
    path.write_bytes(body + blake2b(body, digest_size=32).digest())
    return path


class Mine:
    """Leaves a mark when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("code was run",)


def test_a_pickle_with_the_right_checksum_is_refused(tmp_path: Path) -> None:
    array = BytesIO()
    np.lib.format.write_array(array, np.array([Mine()], object))
    with pytest.raises(pytest.fail.Exception):
        pickle.loads(array.getvalue()[128:])
    path = sealed(tmp_path / "x.fold", b'[{}, ["array", 0]]', array.getvalue())
    with pytest.raises(Unsealed, match="Object arrays cannot be loaded"):
        read_sealed(path)


@pytest.mark.parametrize(
    "flat",
    [
        ["Sums", {"epoch": 1}],
        ["Path", {}],
        ["array", 0],
        ["array", -1, 5],
        ["dict", [["list"], 1]],
        [],
        {},
        None,
    ],
)
def test_other_nonsense_with_the_right_checksum_is_refused(tmp_path: Path, flat: Any) -> None:
    line = json.dumps([{}, flat] if flat is not None else {}).encode()
    with pytest.raises(Unsealed):
        read_sealed(sealed(tmp_path / "x.fold", line), (Sums,))


def test_deep_nonsense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unsealed, match="RecursionError"):
        read_sealed(sealed(tmp_path / "x.fold", b"[" * 100_000))


def test_a_file_of_another_program_is_refused(path: Path) -> None:
    content = path.read_bytes()[len(SIGNATURE) : -32]
    path.write_bytes(content + blake2b(content, digest_size=32).digest())
    for read in (read_sealed, about_sealed):
        with pytest.raises(Unsealed, match="something that sparsey-trace didn't write"):
            read(path)


def test_no_file_and_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_sealed(tmp_path / "x.fold")
    with pytest.raises(Unsealed, match="expected an ordinary file, found something else"):
        read_sealed(tmp_path)


@dataclass(frozen=True)
class Derived:
    known: int = field(default=1, init=False)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, "expected values and arrays, or one of the metric's state_types, found set"),
        ([VALUE[0]], "found Sums"),
        (Derived(), "found Derived"),
        (np.array([None]), "expected arrays of numbers, found one of objects"),
        (np.zeros(200, np.uint8), "expected at most 100 bytes, found 200"),
    ],
)
def test_what_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: Any, message: str
) -> None:
    monkeypatch.setattr(sealed_files, "_LARGEST", 100)
    with pytest.raises(Unkept, match=message):
        write_sealed(tmp_path / "x.fold", {}, value, (Derived,))
    assert list(tmp_path.iterdir()) == []
