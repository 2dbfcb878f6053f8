"""Chunks are read past HDF5: what comes of it is what HDF5 reads, and none is unpacked more often than it must."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pyarrow as pa
import pytest

from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.hdf5 import chunk_codec
from sparsey_trace.trace.hdf5.chunk_codec import fletcher32
from sparsey_trace.trace.reading import column
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, check, feed, sent, write_closed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIBVER = ("v110", "v110")
STEPS = 60
CHUNK = 64
CHUNKS_OF_A_ROW = 11
"""A chunk for each of 12 columns, two for the 20 MACs of the first layer."""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    monkeypatch.setattr(schema, "_USUAL", 1)
    return write_closed(tmp_path / "run.h5", steps=STEPS)


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many chunks were unpacked each time."""
    counts: list[int] = []
    original = chunk_codec.decode

    def decode(found: list[bytes], size: int) -> Any:
        counts.append(len(found))
        return original(found, size)

    monkeypatch.setattr(chunk_codec, "decode", decode)
    return counts


@pytest.mark.parametrize("at_once", [1, 1 << 10, 1 << 20])
def test_every_span_is_what_hdf5_reads(path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(column, "_AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    with h5py.File(path, locking=False) as file, open_trace(path) as trace:
        columns = {name: file[name][:] for name in trace.columns}
        for _ in range(40):
            start, stop = sorted(rng.integers(len(trace) + 1, size=2).tolist())
            low, high = sorted(rng.integers(4, size=2).tolist())
            for name, expected in columns.items():
                within = slice(low, high) if expected.ndim > 1 else slice(None)
                part = expected[:, within] if expected.ndim > 1 else expected
                np.testing.assert_array_equal(trace.storage.read(name, start, stop, within), part[start:stop])
                picks = np.unique(rng.integers(len(trace), size=20))
                np.testing.assert_array_equal(trace.storage.pick(name, picks, within), part[picks])


def test_consecutive_spans_unpack_each_chunk_once(path: Path, unpacked: list[int]) -> None:
    with open_trace(path) as trace:
        rows = -(-len(trace) // trace.chunk_size)
        chunks = len(list(trace.chunks(50)))
    assert chunks > rows
    # All columns but the time, which chunks don't hold.
    assert sum(unpacked) == rows * (CHUNKS_OF_A_ROW - 1)


def test_samples_from_all_over_unpack_each_chunk_once(path: Path, unpacked: list[int]) -> None:
    expected = sent(0, STEPS)["codes 0"]
    picks = np.random.default_rng(0).permutation(len(expected))[:200]
    with open_trace(path) as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[picks], expected[picks])
        assert sum(unpacked) == 2 * -(-len(trace) // CHUNK)
    unpacked.clear()
    with open_trace(path, cache_bytes=1 << 20) as trace:
        for _ in range(3):
            np.testing.assert_array_equal(trace.layers[0].codes[picks], expected[picks])
        assert sum(unpacked) == 2 * -(-len(trace) // CHUNK)


@pytest.mark.parametrize("in_order", [False, True])
def test_threads_share_what_is_kept(path: Path, unpacked: list[int], *, in_order: bool) -> None:
    expected = sent(0, STEPS)["codes 0"]
    picks = np.random.default_rng(0).permutation(len(expected))[:200]
    with open_trace(path, cache_bytes=1 << 20) as trace, ThreadPoolExecutor(4) as pool:
        if in_order:
            assert len(trace.layers[0].codes[:]) == len(expected)
        for found in pool.map(lambda _: trace.layers[0].codes[picks], range(8)):
            np.testing.assert_array_equal(found, expected[picks])
        assert sum(unpacked) == 2 * -(-len(trace) // CHUNK)


def test_what_is_kept_is_bounded(path: Path, unpacked: list[int]) -> None:
    with open_trace(path) as trace:
        sample = sum(column.sample_bytes for column in trace.columns.values())
    with open_trace(path, cache_bytes=2 * CHUNK * sample) as trace:
        for number in (0, 1, 64, 65, 0, 64, 128, 0):
            trace.layers[1].codes[number]
    # The third chunk takes the place of the first.
    assert unpacked == [1] * 4


def test_one_mac(path: Path, unpacked: list[int]) -> None:
    expected = sent(0, STEPS)
    with open_trace(path) as trace:
        layer = trace.layers[0]
        for number in (0, 7, 8, 15, 16, np.int64(19)):
            mac = layer.mac(number)
            np.testing.assert_array_equal(mac.codes[:], expected["codes 0"][:, number])
            np.testing.assert_array_equal(mac.active[5:70], expected["active 0"][5:70, number])
            np.testing.assert_array_equal(mac.codes[[3, 0, -1]], expected["codes 0"][[3, 0, -1], number])
            assert (mac.codes.dtype, mac.active.dtype) == (np.uint8, np.bool_)
            assert (mac.codes.shape, mac.active.shape) == ((len(trace), 3), (len(trace),))
        assert (
            repr(mac) == f"<MAC with <layers/0/codes of MAC 19: uint8 [{len(trace)}, 3], read when indexed>>"
        )
    unpacked.clear()
    with open_trace(path) as trace:
        trace.layers[0].mac(17).codes[:]
        assert sum(unpacked) == -(-len(trace) // CHUNK), "the other 16 MACs were read too"


@pytest.mark.parametrize("number", [20, -1, 1.0, True, "17"])
def test_a_mac_that_is_not_there(path: Path, number: Any) -> None:
    with open_trace(path) as trace, pytest.raises(UsageError) as caught:
        trace.layers[0].mac(number)
    assert str(caught.value) == f"low: expected one of its 20 MACs, 0 to 19, found {number!r}"


def test_one_mac_of_a_trace_with_a_tail(tmp_path: Path) -> None:
    expected = sent(0, 30)
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        feed(writer, 0, range(30))
        writer.commit()
        with open_trace(tmp_path / "run.h5") as trace:
            mac = trace.layers[0].mac(17)
            np.testing.assert_array_equal(mac.codes[:], expected["codes 0"][:, 17])
            np.testing.assert_array_equal(mac.active[::-7], expected["active 0"][::-7, 17])
            np.testing.assert_array_equal(trace.inputs[[70, 3, 140]], expected["inputs"][[70, 3, 140]])


def test_readers_beside_each_other_follow_the_writer(path: Path, tmp_path: Path) -> None:
    # HDF5 reads other chunks than it is asked for once one of them has refreshed its datasets.
    expected = sent(1, 150)
    with TraceWriter(tmp_path / "grows.h5", LAYOUT) as writer:
        feed(writer, 1, range(2))
        writer.commit()
        with open_trace(tmp_path / "grows.h5") as one, open_trace(tmp_path / "grows.h5") as other:
            for first in range(2, 150, 37):
                feed(writer, 1, range(first, first + 37))
                writer.commit()
                for trace in (one, other, one):
                    trace.refresh()
                    check(trace, expected)


def test_threads_read_side_by_side(path: Path) -> None:
    expected, faults = sent(0, STEPS), []

    def read() -> None:
        try:
            with open_trace(path) as trace:
                for start in range(0, len(trace), 30):
                    check(trace, expected, start=start, stop=min(start + 30, len(trace)))
        except BaseException as error:  # noqa: BLE001 - it is raised below
            faults.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def other_checksum(stored: bytes) -> bytes:
    return stored[:-1] + bytes([stored[-1] ^ 1])


def other_size(stored: bytes) -> bytes:
    frame = pa.Codec("zstd").compress(bytes(100), asbytes=True)
    return frame + fletcher32(frame).to_bytes(4, "little")


def cut_short(stored: bytes) -> bytes:
    frame = stored[:-8]
    return frame + fletcher32(frame).to_bytes(4, "little")


def longer(stored: bytes) -> bytes:
    # HDF5 keeps the old entry, and with it the old mask, of what is as long as before.
    return stored + bytes(8)


def too_long(stored: bytes) -> bytes:
    return stored + bytes(10_000)


WHOLE = "the chunk at [64, 16, 0] isn't 3,072 bytes that were stored whole"
DAMAGE: dict[str, tuple[Callable[[bytes], bytes], int, str]] = {
    "a checksum": (other_checksum, 0, "the chunk at [64, 16, 0] has another checksum than it should"),
    "a size": (other_size, 0, WHOLE),
    "a frame": (cut_short, 0, "ZSTD decompression failed: "),
    "no filter": (longer, 1, WHOLE),
    "no checksum": (longer, 2, WHOLE),
    "more bytes": (too_long, 0, WHOLE),
}


@pytest.mark.parametrize(("change", "mask", "expected"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_chunk_is_named(
    path: Path, change: Callable[[bytes], bytes], mask: int, expected: str
) -> None:
    with h5py.File(path, "r+", libver=LIBVER) as file:
        codes = file["layers/0/codes"].id
        stored = codes.read_direct_chunk((64, 16, 0))[1]
        codes.write_direct_chunk((64, 16, 0), change(stored), filter_mask=mask)
    with open_trace(path) as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[:64], sent(0, STEPS)["codes 0"][:64])
        for read in (lambda: trace.layers[0].codes[:], lambda: trace.layers[0].mac(17).codes[70]):
            with pytest.raises(TraceError) as caught:
                read()
            assert str(caught.value).startswith(f"{path}: expected to read ")
            assert f"found: {expected}" in str(caught.value)
        np.testing.assert_array_equal(trace.layers[0].mac(3).codes[:], sent(0, STEPS)["codes 0"][:, 3])
