"""What is no trace, or was damaged, is a TraceError of one line that names the file; nothing else."""

from __future__ import annotations

import contextlib
import os
import random
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sparsey_trace.errors import TraceError, VersionError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.hdf5.attributes import fixed_length_text
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.faults import times
from tests.trace.feed import LAYOUT, check, check_file, read, sent, start_writer, write_closed, write_left

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEPS = 60
LIBVER = ("v110", "v110")
NO_NUMBER = "expected a whole number, found another kind of attribute"
NO_TEXT = "expected text of fixed length, found another kind"
NO_VERSION = "Unable to synchronously open attribute (can't locate attribute in name index)"
VERSIONED = "expected a sparsey-trace file with a format_version, found:"
TRUNCATED = (
    "expected a whole file, found a truncated one: copy it again, or see what `sparsey-trace repair` can save"
)
FORMAT = "expected a trace as docs/trace-format.md describes it, found: "


def message(path: Path) -> str:
    """The error of reading all of a file: one line, the file's name first."""
    with pytest.raises(TraceError) as caught, open_trace(path) as trace:
        read(trace, 0, len(trace))
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of 64 samples."""
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A closed trace of some chunks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_CHUNK_BYTES", 1)
        return write_closed(tmp_path_factory.mktemp("closed") / "closed.h5", steps=STEPS).read_bytes()


@pytest.fixture
def closed(tmp_path: Path, whole: bytes) -> Path:
    """The same in a file of its own."""
    path = tmp_path / "closed.h5"
    path.write_bytes(whole)
    return path


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A trace whose writer died; its last samples stand in the tail."""
    return write_left(tmp_path / "left.h5", steps=STEPS)


def test_files_that_are_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    assert message(tmp_path / "none.h5") == "expected a trace file, found no such file"
    assert message(tmp_path) == "expected a trace file, found a folder"
    assert message(tmp_path / ("x" * 300)) == "expected a readable file, found: File name too long"
    path.touch()
    assert message(path) == "expected a sparsey-trace file (HDF5), found an empty file"
    assert message(path / "below.h5") == "expected a trace file, found no such file"
    path.write_bytes(b"sample,step\n" * 1000)
    assert message(path) == "expected a sparsey-trace file (HDF5), found a file that isn't HDF5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(1000))
    assert message(path) == "expected a sparsey-trace file, found HDF5 of another kind"
    path.write_bytes(b"\x89HDF\r\n\x1a\n\x03\x08\x08\x00" + bytes(8) + b"\xff" * 8 + bytes(1000))
    assert message(path) == (
        "expected a sparsey-trace file (HDF5), found: its root: expected an object as HDF5 1.10 makes them for a "
        "trace, found another at byte 0"
    )
    os.mkfifo(tmp_path / "pipe")
    assert message(tmp_path / "pipe") == "expected a trace file, found something else"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_file_that_may_not_be_read(closed: Path) -> None:
    closed.chmod(0)
    assert message(closed) == "expected a readable file, found no permission to read it"


def test_hdf5_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "other.h5"
    expected = "expected a sparsey-trace file, found HDF5 of another kind"
    with h5py.File(path, "w"):
        pass
    assert message(path) == expected
    with h5py.File(path, "w", libver=LIBVER) as file:
        pass
    assert message(path) == f"{expected} (it holds: nothing)"
    with h5py.File(path, "w", libver=LIBVER) as file:
        file["weights"] = file["two\nlines"] = np.zeros(3)
    assert message(path) == rf"{expected} (it holds: 'two\nlines', 'weights')"
    with h5py.File(path, "w", libver=LIBVER) as file:
        file.attrs.update(format=fixed_length_text("weights"), format_version=2)
    assert message(path) == "expected a file of the format sparsey-trace, found: format 'weights'"
    with h5py.File(path, "w", libver=LIBVER) as file:
        file.attrs.update(format=["sparsey-trace", "x"], format_version=2)
    assert message(path) == (
        "expected a file of the format sparsey-trace, found: format: expected text of fixed length, found another kind"
    )


def test_one_whose_writer_has_not_begun(tmp_path: Path) -> None:
    with start_writer(
        tmp_path / "run.h5", seed=0, steps=0, commit_every=1, chunk_bytes=1, end="exit"
    ) as writer:
        writer.stdout.read()
    assert message(tmp_path / "run.h5") == (
        "expected a trace file, found one without a step yet: its writer is about to begin, or died before"
    )
    # A new writer finds nothing in its way.
    write_closed(tmp_path / "run.h5", steps=2)
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


def test_one_that_another_program_has_open(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file.flush()
        assert message(path) == (
            "expected a trace, found HDF5 that another program has open for writing, or left so"
        )


@pytest.mark.parametrize(
    ("version", "kind", "expected"),
    [
        (
            3,
            VersionError,
            "expected format version 2, found 3: a newer sparsey-trace wrote it; "
            "upgrade with `pip install -U sparsey-trace`",
        ),
        (
            1,
            VersionError,
            "expected format version 2, found 1: only commits 6516d5b to ff128d1 of sparsey-trace read it; "
            "check out ff128d1 and rewrite the trace with `sparsey-trace repair OLD -o NEW`",
        ),
        (0, TraceError, "expected a format_version of 1 or more, found 0"),
        (-1, TraceError, "expected a format_version of 1 or more, found -1"),
        (1.5, TraceError, f"{VERSIONED} format_version: {NO_NUMBER}"),
        ("new", TraceError, f"{VERSIONED} format_version: {NO_NUMBER}"),
        ([2, 2], TraceError, f"{VERSIONED} format_version: expected a whole number, found 2"),
        (None, TraceError, f"{VERSIONED} {NO_VERSION}"),
    ],
)
def test_versions(closed: Path, version: object, kind: type[TraceError], expected: str) -> None:
    with h5py.File(closed, "r+", libver=LIBVER) as file:
        del file.attrs["format_version"]
        if version is not None:
            file.attrs["format_version"] = version
    assert message(closed) == expected
    with pytest.raises(TraceError) as caught:
        open_trace(closed)
    assert type(caught.value) is kind


def test_what_is_not_known_is_ignored(closed: Path) -> None:
    with h5py.File(closed, "r+", libver=LIBVER) as file:
        file.attrs["comment"] = "mine"
        file["notes/first"] = [1, 2]
        file["layers/0/weights"] = np.zeros(3)
    with open_trace(closed) as trace:
        check(trace, sent(0, STEPS))


def without(name: str) -> Callable[[h5py.File], None]:
    return lambda file: file.__delitem__(name)


def attribute(group: str, name: str, value: object) -> Callable[[h5py.File], None]:
    stored = fixed_length_text(value) if isinstance(value, str) else value
    return lambda file: file[group].attrs.__setitem__(name, stored)


def instead(name: str, value: object) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        del file[name]
        file[name] = value

    return edit


def text_instead(name: str, text: str) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, data=fixed_length_text(text)[None], chunks=(1,), fletcher32=True)

    return edit


EDITS = {
    "no dataset": (without("samples/step"), "step: expected a dataset, found none"),
    "no codes": (without("layers/1/codes"), "codes: expected a dataset, found none"),
    "no tail": (without("tail/inputs"), "inputs: expected a dataset, found none"),
    "no checksums": (without("tail/checksums"), "checksums: expected a dataset, found none"),
    "no drops": (without("progress/drops"), "drops: expected a dataset, found none"),
    "drops": (
        instead("progress/drops", [0.5]),
        "/progress/drops: expected int64 of shape ('N',), found float64",
    ),
    "sampling": (text_instead("sampling", "[1]"), "sampling: expected a JSON object, found list"),
    "a rank": (attribute("/", "rank", 1), "rank: expected a number from 0 to 0, found 1"),
    "a first step": (
        attribute("/", "first_step", -1),
        "first_step and first_sample: expected numbers of 0 or more, found -1 and 0",
    ),
    "no counter": (without("progress/committed"), "committed: expected a dataset, found none"),
    "no progress": (without("progress"), "progress/committed: expected a dataset, found none"),
    "no connections": (without("layers/0/connections"), "connections: expected a dataset, found none"),
    "no config": (without("config"), "config: expected a dataset, found none"),
    "no layer": (without("layers/1"), "num_layers: expected at most 1, as in the file, found 2"),
    "no attribute": (lambda file: file.attrs.__delitem__("num_features"), "can't locate attribute"),
    "a dtype": (
        instead("layers/0/codes", np.zeros((277, 20, 3), np.uint16)),
        "/layers/0/codes: expected uint8 of shape ('N', 20, 3), found uint16 of shape (277, 20, 3)",
    ),
    "a shape": (
        instead("tail/samples/step", np.zeros((64, 2), np.int64)),
        "/tail/samples/step: expected int64 of shape ('N',), found int64 of shape (64, 2)",
    ),
    "a scalar": (instead("samples/step", np.int64(3)), "/samples/step: expected int64 of shape"),
    "no space": (instead("samples/step", h5py.Empty("i8")), "/samples/step: expected"),
    "an empty tail": (
        instead("tail/samples/epoch", np.zeros(0, np.int32)),
        "tail: expected datasets of one length of at least 1, found others",
    ),
    "a group": (
        lambda file: (without("samples/step")(file), file.create_group("samples/step")),
        "samples/step: expected a dataset as a trace has, found a group",
    ),
    "config is no JSON": (text_instead("config", "{lr: 1"), "Expecting property name"),
    "config is a list": (text_instead("config", "[1]"), "config: expected a JSON object, found list"),
    "config is a number": (instead("config", 3), f"config: {NO_TEXT}"),
    "config nests without end": (text_instead("config", "[" * 100_000), "recursion"),
    "versions are no JSON": (attribute("/", "versions", "x"), "Expecting value"),
    "an input kind": (
        attribute("/", "input_kind", "float64"),
        "input_kind: expected one of binary, float32, float16, none, found 'float64'",
    ),
    "another input kind": (
        attribute("/", "input_kind", "float32"),
        "/inputs: expected float32 of shape ('N', 13), found uint8 of shape",
    ),
    "features as text": (
        attribute("/", "num_features", "13"),
        f"num_features: {NO_NUMBER}",
    ),
    "an infinite number of layers": (attribute("/", "num_layers", np.inf), f"num_layers: {NO_NUMBER}"),
    "more layers": (attribute("/", "num_layers", 2**60), "num_layers: expected at most 2, as in the file"),
    "no layers": (attribute("/", "num_layers", 0), "layers: expected at least one layer, found none"),
    "a shape of the input": (
        attribute("/", "input_shape", [2, 3]),
        "input_shape: expected sides whose product is num_features = 13, found (2, 3) (product 6)",
    ),
    "a shape of too many sides": (attribute("/", "input_shape", [1] * 65), f"input_shape: {NO_NUMBER}"),
    "an id": (attribute("/", "id", "../run"), "id: expected 32 hexadecimal digits, found '../run'"),
    "a folder": (
        attribute("/", "continues", "../run.h5"),
        "continues: expected a file's name without its folder, found '../run.h5'",
    ),
    "MACs": (
        attribute("layers/1", "num_macs", 4),
        "top: connections: expected one row for each of 4 MACs, found 3",
    ),
    "CMs": (attribute("layers/1", "num_cms", 3), "layers/1/codes: expected uint16 of shape ('N', 3, 3)"),
    "neurons": (attribute("layers/1", "num_neurons", 200), "layers/1/codes: expected uint8 of shape"),
    "no neurons": (
        attribute("layers/1", "num_neurons", 0),
        "top: num_neurons: expected a whole number from 1 to 65,535, found 0",
    ),
    "a name": (attribute("layers/1", "name", 5), f"name: {NO_TEXT}"),
    "names": (
        attribute("layers/1", "name", "low"),
        "layers: expected a different name for each layer, found 'low' more than once",
    ),
    "connections": (
        lambda file: file["layers/1/connections"].__setitem__((0, 0), 20),
        "top: connections of MAC 0: expected indices below 20 (MACs of low), found 20",
    ),
}
COUNTERS = {
    "committed": {"committed": 10**9},
    "none committed": {"committed": -1},
    "fewer committed": {"committed": 3},
    "in chunks": {"in_chunks": 10**9, "committed": 10**9},
    "none in chunks": {"in_chunks": -5, "committed": 0, "closed": 0},
}


@pytest.mark.parametrize(("edit", "expected"), EDITS.values(), ids=EDITS)
def test_files_that_contradict_the_format(
    closed: Path, edit: Callable[[h5py.File], None], expected: str
) -> None:
    with h5py.File(closed, "r+", libver=LIBVER) as file:
        edit(file)
    text = message(closed)
    assert text.startswith(FORMAT)
    assert expected in text


@pytest.mark.parametrize("values", COUNTERS.values(), ids=COUNTERS)
def test_counters_that_do_not_fit(closed: Path, values: dict[str, int]) -> None:
    with h5py.File(closed, "r+", libver=LIBVER) as file:
        for name, value in values.items():
            file[f"progress/{name}"][()] = value
        counts = [file[f"progress/{name}"][()] for name in ("committed", "in_chunks")]
    assert message(closed) == (
        f"{FORMAT}counters that don't fit the data: {counts[0]} samples committed, {counts[1]} in chunks, "
        f"{len(sent(0, STEPS)['step'])} there"
    )


def test_a_closed_trace_cut_anywhere(closed: Path) -> None:
    whole = closed.read_bytes()
    for size in range(12, len(whole), len(whole) // 50):
        closed.write_bytes(whole[:size])
        text = message(closed)
        if size > 48:  # the superblock
            assert text == TRUNCATED


def test_a_trace_left_behind_and_cut_anywhere(tmp_path: Path) -> None:
    # All of its samples stand in the tail, where no checksum tells zeros from values.
    path = write_left(tmp_path / "left.h5", steps=3)
    whole, expected, readable = path.read_bytes(), sent(0, 3), 0
    for size in range(12, len(whole), len(whole) // 25):
        path.write_bytes(whole[:size])
        # Only what nobody reads yet can be missing unnoticed.
        with contextlib.suppress(TraceError):
            assert check_file(path, expected) == len(expected["step"])
            readable += 1
    assert readable <= 5


def damaged(whole: bytes, rng: random.Random) -> bytes:
    """A copy with one bit flipped, or up to 64 bytes overwritten, anywhere."""
    copy = bytearray(whole)
    offset = rng.randrange(len(whole))
    if rng.random() < 0.7:
        copy[offset] ^= 1 << rng.randrange(8)
    else:
        length = min(rng.randrange(1, 64), len(copy) - offset)
        copy[offset : offset + length] = rng.choice([bytes(length), b"\xff" * length, rng.randbytes(length)])
    return bytes(copy)


def values_or_error(path: Path, expected: dict[str, np.ndarray], config: dict[str, int]) -> bool:
    """Whether a damaged file could be read; its checked parts are right then."""
    try:
        with open_trace(path) as trace:
            assert trace.layout == LAYOUT
            assert trace.config == config
            checked = min(len(trace), trace.storage.in_chunks)
            for name, found in read(trace, 0, checked).items():
                np.testing.assert_array_equal(found, expected[name][:checked], err_msg=name)
            trace.samples.to_pandas()
            assert "\n" not in repr(trace)
            trace._repr_html_()
    except TraceError as error:
        assert str(error).startswith(f"{path}: ")
        assert "\n" not in str(error)
        return False
    return True


def test_damage_anywhere_in_a_closed_trace_is_found_or_harmless(closed: Path) -> None:
    whole, rng, expected = closed.read_bytes(), random.Random(0), sent(0, STEPS)
    found, tries = 0, times(100, 3000)
    for _ in range(tries):
        closed.write_bytes(damaged(whole, rng))
        found += not values_or_error(closed, expected, {"lr": 1})
    assert found > tries / 3


def test_damage_anywhere_in_a_trace_left_behind_is_found_or_spares_the_chunks(left: Path) -> None:
    whole, rng, expected = left.read_bytes(), random.Random(1), sent(0, STEPS)
    found, tries = 0, times(50, 1000)
    for _ in range(tries):
        left.write_bytes(damaged(whole, rng))
        found += not values_or_error(left, expected, {})
    assert found > 0.3 * tries
