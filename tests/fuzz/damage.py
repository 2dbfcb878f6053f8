"""What disks, networks and careless programs do to a file: every change is blind to what stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

Content = bytearray


def flip_bits(content: Content, rng: random.Random) -> Content:
    """One bit to eight, close together or not."""
    offset, spread = rng.randrange(len(content)), rng.choice([1, 64, len(content)])
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        content[(offset + rng.randrange(spread)) % len(content)] ^= 1 << rng.randrange(8)
    return content


def overwrite(content: Content, rng: random.Random) -> Content:
    """A run of bytes: with zeros, ones or noise."""
    offset, size = _run(content, rng)
    content[offset : offset + size] = rng.choice([bytes(size), b"\xff" * size, rng.randbytes(size)])
    return content


def swap(content: Content, rng: random.Random) -> Content:
    """Two runs of bytes change places."""
    size = rng.choice([1, 8, 64, 512, 4096])
    one, other = (rng.randrange(len(content) // size) * size for _ in range(2))
    content[one : one + size], content[other : other + size] = (
        content[other : other + size],
        content[one : one + size],
    )
    return content


def copy_over(content: Content, rng: random.Random) -> Content:
    """A run of bytes by another."""
    offset, size = _run(content, rng)
    source = rng.randrange(len(content) - size)
    content[offset : offset + size] = content[source : source + size]
    return content


def shift(content: Content, rng: random.Random) -> Content:
    """Some bytes left out, or some more in between."""
    offset, size = _run(content, rng)
    if rng.random() < 0.5:
        del content[offset : offset + size]
    else:
        content[offset:offset] = rng.randbytes(size)
    return content


def truncate(content: Content, rng: random.Random) -> Content:
    """The end is missing."""
    return content[: rng.choice([rng.randrange(len(content)), rng.randrange(4096), len(content) - 1])]


def extend(content: Content, rng: random.Random) -> Content:
    """Something stands behind the end."""
    size = rng.choice([1, 512, 65_536])
    return content + rng.choice([bytes(size), rng.randbytes(size), content[:size]])


def _run(content: Content, rng: random.Random) -> tuple[int, int]:
    size = rng.choice([1, 2, 4, 8, 16, 64, 512, 4096])
    return rng.randrange(max(1, len(content) - size)), size


DAMAGES = (flip_bits, flip_bits, overwrite, overwrite, swap, copy_over, shift, truncate, extend)
