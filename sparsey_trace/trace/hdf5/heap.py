"""A look through the text of variable length that version 1 has, before HDF5 reads any.

It stands in "global heap collections": an object behind the other, each of which says how long it is. HDF5 goes
from one to the next without asking whether it moves at all: a size of 0 in the wrong place, and it never ends.
Nothing in the file guards these sizes. Version 2 has no such text.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SIGNATURE = b"GCOL"
_HEAD_BYTES = 16
"""Of a collection: the signature, a version, its size. Of an object: its number, references, its size."""


def check_heaps(path: Path) -> None:
    """See that HDF5 can walk through every collection of a file.

    Raises:
        ValueError: one has an object that leads nowhere, or out of it.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        place = content.find(_SIGNATURE)
        while place >= 0:
            _walk(content, place)
            place = content.find(_SIGNATURE, place + 1)


def _walk(content: mmap.mmap, start: int) -> None:
    end = start + _number(content, start + 8)
    place = start + _HEAD_BYTES
    while place + _HEAD_BYTES <= end:
        number, size = _number(content, place, 2), _number(content, place + 8)
        # The object numbered 0 is the free space: its size is the whole of it.
        place += _HEAD_BYTES + -(-size // 8) * 8 if number else size
        if place > end or end > len(content) or (not number and size < _HEAD_BYTES):
            msg = f"expected text in the heap at byte {start}, found objects that lead nowhere"
            raise ValueError(msg)


def _number(content: mmap.mmap, place: int, count: int = 8) -> int:
    return int.from_bytes(content[place : place + count], "little")
