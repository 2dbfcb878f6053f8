"""Chunks are read past HDF5: what comes of it is what HDF5 reads, and none is decoded more often than it must."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pyarrow as pa
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.hdf5.chunk_codec import fletcher32
from sparsey_trace.trace.reading import column
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.trace.feed import check, sent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIBVER = ("v110", "v110")
STEPS = 60
CHUNK = 64
CHUNKS_OF_A_ROW = 15
"""A chunk for each of 12 columns, two for the 20 MACs of the first layer."""


@pytest.mark.parametrize("at_once", [1, 1 << 10, 1 << 20])
def test_every_span_is_what_hdf5_reads(
    closed_run: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(column, "_AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    with h5py.File(closed_run, locking=False) as file, open_trace(closed_run) as trace:
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


def test_consecutive_spans_decode_each_chunk_once(closed_run: Path, decoded: list[int]) -> None:
    with open_trace(closed_run) as trace:
        rows = -(-len(trace) // trace.chunk_size)
        chunks = len(list(trace.chunks(50)))
    assert chunks > rows
    # All columns but the time, which chunks don't hold.
    assert sum(decoded) == rows * (CHUNKS_OF_A_ROW - 1)


def test_samples_from_all_over_decode_each_chunk_once(closed_run: Path, decoded: list[int]) -> None:
    expected = sent(0, STEPS)["codes 0"]
    picks = np.random.default_rng(0).permutation(len(expected))[:200]
    with open_trace(closed_run) as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[picks], expected[picks])
        assert sum(decoded) == 2 * -(-len(trace) // CHUNK)
    decoded.clear()
    with open_trace(closed_run, cache_bytes=1 << 20) as trace:
        for _ in range(3):
            np.testing.assert_array_equal(trace.layers[0].codes[picks], expected[picks])
        assert sum(decoded) == 2 * -(-len(trace) // CHUNK)


@pytest.mark.parametrize("in_order", [False, True])
def test_threads_share_what_is_kept(closed_run: Path, decoded: list[int], *, in_order: bool) -> None:
    expected = sent(0, STEPS)["codes 0"]
    picks = np.random.default_rng(0).permutation(len(expected))[:200]
    with open_trace(closed_run, cache_bytes=1 << 20) as trace, ThreadPoolExecutor(4) as pool:
        if in_order:
            assert len(trace.layers[0].codes[:]) == len(expected)
        for found in pool.map(lambda _: trace.layers[0].codes[picks], range(8)):
            np.testing.assert_array_equal(found, expected[picks])
        assert sum(decoded) == 2 * -(-len(trace) // CHUNK)


def test_what_is_kept_is_bounded(closed_run: Path, decoded: list[int]) -> None:
    with open_trace(closed_run) as trace:
        sample = sum(column.sample_bytes for column in trace.columns.values())
    with open_trace(closed_run, cache_bytes=2 * CHUNK * sample) as trace:
        for number in (0, 1, 64, 65, 0, 64, 128, 0):
            trace.layers[1].codes[number]
    # The third chunk takes the place of the first.
    assert decoded == [1] * 4


def test_what_is_still_kept_is_not_decoded_again(closed_run: Path, decoded: list[int]) -> None:
    with open_trace(closed_run) as trace:
        sample = sum(column.sample_bytes for column in trace.columns.values())
        every = np.arange(0, len(trace), CHUNK // 2)
    rows, kept, times = -(-(every[-1] + 1) // CHUNK), 3, 4
    assert rows > kept
    with open_trace(closed_run, cache_bytes=kept * CHUNK * sample) as trace:
        for _ in range(times):
            trace.layers[1].codes[every]
    assert sum(decoded) == times * (rows - kept) + kept


def test_threads_read_side_by_side(closed_run: Path) -> None:
    expected, faults = sent(0, STEPS), []

    def read() -> None:
        try:
            with open_trace(closed_run) as trace:
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
    closed: Path, change: Callable[[bytes], bytes], mask: int, expected: str
) -> None:
    with h5py.File(closed, "r+", libver=LIBVER) as file:
        codes = file["layers/0/codes"].id
        stored = codes.read_direct_chunk((64, 16, 0))[1]
        codes.write_direct_chunk((64, 16, 0), change(stored), filter_mask=mask)
    with open_trace(closed) as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[:64], sent(0, STEPS)["codes 0"][:64])
        for read in (lambda: trace.layers[0].codes[:], lambda: trace.layers[0].mac(17).codes[70]):
            with pytest.raises(TraceError) as caught:
                read()
            assert str(caught.value).startswith(f"{closed}: expected to read ")
            assert f"found: {expected}" in str(caught.value)
        np.testing.assert_array_equal(trace.layers[0].mac(3).codes[:], sent(0, STEPS)["codes 0"][:, 3])


def test_a_column_kept_in_memory_reads_the_same(path: Path) -> None:
    picks = np.random.default_rng(0).integers(146, size=500)
    with open_trace(path, cache_bytes=10_000) as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[picks], sent(0, 30)["codes 0"][picks])
