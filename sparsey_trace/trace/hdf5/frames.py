"""Chunks as HDF5 stores them behind its Zstd and Fletcher32 filters, unpacked without HDF5.

HDF5 has one lock for all files of a process and holds it while it unpacks. Here neither that nor the interpreter's is
held meanwhile, so several threads unpack at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sparsey_trace.trace.hdf5.fletcher32 import fletcher32
from sparsey_trace.trace.hdf5.guarded import FLETCHER32_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_zstd = pa.Codec("zstd")

_MAGIC = b"\x28\xb5\x2f\xfd"
_SMALLEST = 9
_SIZE_BYTES = (0, 2, 4, 8)
"""How many bytes say how long a Zstd frame's content is, by the top bits of its descriptor."""


def unpack(frames: Sequence[bytes], size: int) -> NDArray[np.uint8]:
    """What frames hold, one after the other, [n * size] uint8.

    Zstd takes them as one piece, which costs less than a call for each.

    Args:
        frames: each without its checksum, and known to hold `size` bytes.
        size: in bytes.

    Raises:
        OSError, ValueError: they hold something else than they say.

    >>> frame = pa.Codec("zstd").compress(b"winners", asbytes=True)
    >>> unpack([frame, frame], 7).tobytes()
    b'winnerswinners'
    """
    return np.frombuffer(_zstd.decompress(b"".join(frames), len(frames) * size), np.uint8)


def checked(stored: bytes) -> bytes | None:
    """The Zstd frame of a chunk; None where its checksum is another one.

    Args:
        stored: the chunk's bytes in the file.
    """
    frame, checksum = stored[:-FLETCHER32_BYTES], stored[-FLETCHER32_BYTES:]
    return frame if fletcher32(frame) == int.from_bytes(checksum, "little") else None


def unpacked_size(frame: bytes) -> int:
    r"""How many bytes a Zstd frame says it holds; -1 where it doesn't, or is none.

    Args:
        frame: its first bytes.

    >>> unpacked_size(bytes.fromhex("28b52ffda00080010000000000")), unpacked_size(b"")
    (98304, -1)
    """
    if not frame.startswith(_MAGIC) or len(frame) < _SMALLEST:
        return -1
    descriptor = frame[4]
    is_single = bool(descriptor & 0b10_0000)
    count = _SIZE_BYTES[descriptor >> 6] or int(is_single)
    # A window stands before it where the frame isn't one segment, and the number of a dictionary.
    place = 5 + (not is_single) + (0, 1, 2, 4)[descriptor & 0b11]
    if not count or place + count > len(frame):
        return -1
    return int.from_bytes(frame[place : place + count], "little") + (256 if count == 2 else 0)
