"""HDF5's own structures in a file: where they stand, and their checksums, so that a change can pass for sound."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from sparsey_trace.trace.hdf5.lookup3 import lookup3

_SUPERBLOCK = 44
_SIGNATURES = re.compile(
    rb"OHDR|OCHK|BTHD|BTLF|BTIN|FRHP|FHDB|FHIB|FSHD|EAHD|EAIB|EASB|EADB|FAHD|FADB|SMTB|SMLI"
)
_LONGEST = 2048


@dataclass(frozen=True)
class Structure:
    """A piece of metadata with a checksum behind it.

    Attributes:
        name: its four letters.
        start: its first byte.
        size: how many bytes the checksum is of.
    """

    name: str
    start: int
    size: int

    def seal(self, content: bytearray) -> None:
        """Make its checksum right."""
        end = self.start + self.size
        content[end : end + 4] = lookup3(bytes(content[self.start : end])).to_bytes(4, "little")


@lru_cache(maxsize=8)
def structures(content: bytes) -> tuple[Structure, ...]:
    """All that are found in a sound file, by trying every length until the checksum fits."""
    found = [Structure("superblock", 0, _SUPERBLOCK)]
    for match in _SIGNATURES.finditer(content):
        start = match.start()
        for size in range(4, min(_LONGEST, len(content) - start - 4)):
            stored = int.from_bytes(content[start + size : start + size + 4], "little")
            if lookup3(content[start : start + size]) == stored:
                found.append(Structure(match[0].decode(), start, size))
                break
    return tuple(found)
