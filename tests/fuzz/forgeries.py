"""What an adversary does to a file: changes that pass HDF5's checksums, by hand or by HDF5's own means."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.fuzz.edits import edit
from tests.fuzz.shared_types import share_type
from tests.fuzz.structures import structures

if TYPE_CHECKING:
    import random

    from tests.fuzz.structures import Structure

ODD_NUMBERS = (0, 1, 2, 7, 255, 256, 65_535, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1)


def change_structure(content: bytearray, rng: random.Random, whole: bytes) -> bytearray:
    """A field of HDF5's own, under a checksum that is right."""
    chosen = rng.choice(structures(whole))
    for _ in range(rng.choice([1, 1, 2, 4])):
        _change_field(content, chosen, rng, whole)
    chosen.seal(content)
    return content


def _change_field(content: bytearray, chosen: Structure, rng: random.Random, whole: bytes) -> None:
    size = rng.choice([1, 1, 2, 4, 8])
    offset = chosen.start + rng.randrange(4, max(5, chosen.size - size))
    old = int.from_bytes(content[offset : offset + size], "little")
    others = [other.start for other in structures(whole)]
    new = rng.choice(
        [
            old ^ (1 << rng.randrange(8 * size)),
            old + rng.choice([-8, -1, 1, 8]),
            old * 2,
            rng.choice(ODD_NUMBERS),
            rng.choice(others),
            rng.randrange(len(content)),
            rng.getrandbits(8 * size),
        ]
    )
    content[offset : offset + size] = (new % (1 << 8 * size)).to_bytes(size, "little")


def change_length(content: bytearray, rng: random.Random, whole: bytes) -> bytearray:
    """A number of the file's, wherever it stands: an address, a length or a size becomes another."""
    chosen = rng.choice(structures(whole))
    span = content[chosen.start : chosen.start + chosen.size]
    numbers = [int.from_bytes(span[i : i + 8], "little") for i in range(4, max(5, len(span) - 8))]
    likely = [i + 4 for i, number in enumerate(numbers) if 0 < number < 1 << 24]
    if likely:
        offset = chosen.start + rng.choice(likely)
        content[offset : offset + 8] = struct.pack("<Q", rng.choice(ODD_NUMBERS))
        chosen.seal(content)
    return content


def change_frame(content: bytearray, rng: random.Random, whole: bytes) -> bytearray:
    """What a compressed chunk says it holds, under a Fletcher32 that is right."""
    starts = [i for i in range(len(whole)) if whole.startswith(b"\x28\xb5\x2f\xfd", i)]
    offset = rng.choice(starts)
    size = rng.randrange(5, 18)
    content[offset + size] ^= 1 << rng.randrange(8)
    return content


FORGERIES = (
    change_structure,
    change_structure,
    change_structure,
    change_length,
    change_structure,
    change_frame,
    share_type,
    edit,
    edit,
)
