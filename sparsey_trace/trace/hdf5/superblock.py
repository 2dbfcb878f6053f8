"""The first 48 bytes of a trace's file, which tell HDF5 how to open it.

They are of version 3 (HDF5 1.10). Older ones have no checksums behind them, and elsewhere in these bytes a file may
send HDF5 to what no trace has.
"""

from __future__ import annotations

from dataclasses import dataclass

from sparsey_trace.trace.hdf5.lookup3 import lookup3

SIZE = 48
SIGNATURE = b"\x89HDF\r\n\x1a\n"
_KIND = b"\x03\x08\x08"
"""Its version, and that places in the file, and lengths, take 8 bytes."""
_PLACES = bytes(8) + b"\xff" * 8
"""Where the file begins, and that no more of a superblock stands elsewhere."""
_WRITING, _GROWING = 1, 4
"""Bits of its flags: open for writing; and that in the way that readers can follow (SWMR)."""


@dataclass(frozen=True, kw_only=True)
class Superblock:
    """What it says.

    Attributes:
        flags: whether a writer has the file open, or died; a byte.
        end: how long the file is.
        root: where the root group's header stands.
    """

    flags: int
    end: int
    root: int

    @classmethod
    def parse(cls, start: bytes) -> Superblock | None:
        """From a file's first bytes; None where they are of another kind of file than a trace is."""
        if len(start) < SIZE or start[:11] != SIGNATURE + _KIND or start[12:28] != _PLACES:
            return None
        end, root = (int.from_bytes(start[place : place + 8], "little") for place in (28, 36))
        return cls(flags=start[11], end=end, root=root)

    @property
    def is_growing(self) -> bool:
        """Whether the file is being written so that it can be read meanwhile, or its writer died."""
        return bool(self.flags & _GROWING)

    @property
    def is_taken(self) -> bool:
        """Whether another program has it open for writing, or left it so."""
        return bool(self.flags & _WRITING) and not self.is_growing

    def __bytes__(self) -> bytes:
        """As it stands in a file, with its checksum."""
        numbers = self.end.to_bytes(8, "little") + self.root.to_bytes(8, "little")
        content = SIGNATURE + _KIND + bytes([self.flags]) + _PLACES + numbers
        return content + lookup3(content).to_bytes(4, "little")
