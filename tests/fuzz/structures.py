"""HDF5's own structures in a file: where they stand, and their checksums, so that a change can pass for sound."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sparsey_trace.trace.hdf5.lookup3 import lookup3

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SUPERBLOCK = 44
_SIGNATURES = re.compile(
    rb"OHDR|OCHK|BTHD|BTLF|BTIN|FRHP|FHDB|FHIB|FSHD|EAHD|EAIB|EASB|EADB|FAHD|FADB|SMTB|SMLI"
)
_LONGEST = 2048
_HEAP_BLOCK, _HEAP_BLOCK_BYTES, _HEAP_BLOCK_CHECKSUMS = "FHDB", (512, 1024, 2048, 4096), (17, 18)
"""A fractal heap's block, which holds densely stored attributes or links, has its checksum near its beginning."""


@dataclass(frozen=True)
class Structure:
    """A piece of metadata with a checksum behind it, or within it.

    Attributes:
        name: its four letters.
        start: its first byte.
        size: how many bytes the checksum is of.
        checksum: where it stands, from the first byte on; where it stands within, it is of zeros in its place.
    """

    name: str
    start: int
    size: int
    checksum: int

    @classmethod
    def before(cls, name: str, start: int, size: int) -> Structure:
        """One with its checksum behind it."""
        return cls(name, start, size, checksum=size)

    def is_right(self, content: bytes) -> bool:
        """Whether the checksum in some content is right."""
        at = self.start + self.checksum
        return content[at : at + 4] == self._computed(content)

    def seal(self, content: bytearray) -> None:
        """Make its checksum right."""
        at = self.start + self.checksum
        content[at : at + 4] = self._computed(content)

    def _computed(self, content: bytes) -> bytes:
        covered = bytearray(content[self.start : self.start + self.size])
        if self.checksum < self.size:
            covered[self.checksum : self.checksum + 4] = bytes(4)
        return lookup3(bytes(covered)).to_bytes(4, "little")


@lru_cache(maxsize=8)
def structures(content: bytes) -> tuple[Structure, ...]:
    """All that are found in a sound file, by trying every length until the checksum fits."""
    found = [Structure.before("superblock", 0, _SUPERBLOCK)]
    for match in _SIGNATURES.finditer(content):
        name = match[0].decode()
        known = dict.fromkeys(other.size for other in found if other.name == name)
        right = (one for one in _possible(name, match.start(), content, known) if one.is_right(content))
        found += itertools.islice(right, 1)
    return tuple(found)


def _possible(name: str, start: int, content: bytes, known: Iterable[int]) -> Iterator[Structure]:
    """What a structure may be that begins at a byte, by where its checksum may stand; sizes known of others first."""
    if name == _HEAP_BLOCK:
        for size, checksum in itertools.product(_HEAP_BLOCK_BYTES, _HEAP_BLOCK_CHECKSUMS):
            yield Structure(name, start, size, checksum)
    else:
        for size in itertools.chain(known, range(4, min(_LONGEST, len(content) - start - 4))):
            yield Structure.before(name, start, size)
