"""The superblock: the first 48 bytes of an HDF5 file, which tell HDF5 how to open it.

Only version 3 (HDF5 1.10) is read. Older ones have no checksums behind them, and elsewhere in these bytes a file may
send HDF5 to other structures and files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparsey_trace.trace.hdf5.lookup3 import lookup3

if TYPE_CHECKING:
    from collections.abc import Callable

SUPERBLOCK_BYTES = 48
SUPERBLOCK_VERSION = 3
STORED_BY_OTHERS = ", as other HDF5 tools store it"
"""In errors: what a repair makes anew."""

SIGNATURE = b"\x89HDF\r\n\x1a\n"
UNDEFINED_ADDRESS = (1 << 64) - 1
"""Stands for the address of what isn't there."""

_KIND = b"\x03\x08\x08"
"""Its version, and that addresses and lengths take 8 bytes."""
_ADDRESSES = bytes(8) + UNDEFINED_ADDRESS.to_bytes(8, "little")
"""The base address, and that the superblock has no extension."""
_WRITING, _SWMR = 1, 4
"""Bits of its flags: open for writing; and that by a single writer whose file others read meanwhile (SWMR)."""


def user_block_bytes(read: Callable[[int, int], bytes], size: int) -> int | None:
    """How many bytes of another's stand before the superblock; None where there is none.

    Args:
        read: the file's bytes, by address and count.
        size: of the file.

    >>> content = bytes(1024) + SIGNATURE
    >>> user_block_bytes(lambda address, count: content[address : address + count], len(content))
    1024
    """
    places = [0, *(512 << power for power in range(40) if 512 << power < size)]
    return next((place for place in places if read(place, len(SIGNATURE)) == SIGNATURE), None)


def is_of_others(start: bytes) -> bool:
    """Whether a superblock is of another version, or leads to an extension, as other HDF5 tools write it."""
    extension = int.from_bytes(start[20:28], "little")
    return start[8:9] < bytes([SUPERBLOCK_VERSION]) or extension != UNDEFINED_ADDRESS


@dataclass(frozen=True, kw_only=True)
class Superblock:
    """What it says.

    Attributes:
        flags: whether a writer has the file open, or died; a byte.
        end_of_file: how long the file is.
        root: the address of the root group's object header.
    """

    flags: int
    end_of_file: int
    root: int

    @classmethod
    def parse(cls, start: bytes) -> Superblock | None:
        """From a file's first bytes; None where it is another kind of superblock than the above, or none."""
        if len(start) < SUPERBLOCK_BYTES or start[:11] != SIGNATURE + _KIND or start[12:28] != _ADDRESSES:
            return None
        end, root = (int.from_bytes(start[offset : offset + 8], "little") for offset in (28, 36))
        return cls(flags=start[11], end_of_file=end, root=root)

    @property
    def is_growing(self) -> bool:
        """Whether the file is being written so that it can be read meanwhile, or its writer died."""
        return bool(self.flags & _SWMR)

    @property
    def is_taken(self) -> bool:
        """Whether another program has it open for writing, or left it so."""
        return bool(self.flags & _WRITING) and not self.is_growing

    def __bytes__(self) -> bytes:
        """As it stands in a file, with its checksum."""
        numbers = self.end_of_file.to_bytes(8, "little") + self.root.to_bytes(8, "little")
        content = SIGNATURE + _KIND + bytes([self.flags]) + _ADDRESSES + numbers
        return content + lookup3(content).to_bytes(4, "little")
