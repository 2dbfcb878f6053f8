"""Bob Jenkins' hash, with which HDF5 checks its own structures."""

from __future__ import annotations

_MASK = 0xFFFFFFFF


def lookup3(data: bytes) -> int:
    """The hash of some bytes, from 0 on; Python's own pace, for short ones.

    >>> lookup3(b"").to_bytes(4, "big").hex(), lookup3(b"Four score and seven years ago").to_bytes(4, "big").hex()
    ('deadbeef', '17770551')
    """
    a = b = c = (0xDEADBEEF + len(data)) & _MASK
    if not data:
        return c
    blocks = max(0, (len(data) - 1) // 12)
    for start in range(0, 12 * blocks, 12):
        a, b, c = _mix(*_added((a, b, c), data[start : start + 12]))
    return _final(*_added((a, b, c), data[12 * blocks :]))


def _added(state: tuple[int, int, int], block: bytes) -> tuple[int, int, int]:
    whole = block.ljust(12, b"\0")
    words = (int.from_bytes(whole[i : i + 4], "little") for i in (0, 4, 8))
    a, b, c = ((one + other) & _MASK for one, other in zip(state, words, strict=True))
    return a, b, c


def _turn(value: int, by: int) -> int:
    return ((value << by) | (value >> (32 - by))) & _MASK


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for by in (4, 6, 8, 16, 19, 4):
        a = ((a - c) & _MASK) ^ _turn(c, by)
        c = (c + b) & _MASK
        a, b, c = b, c, a
    return a, b, c


def _final(a: int, b: int, c: int) -> int:
    for by in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - _turn(b, by)) & _MASK
        a, b, c = b, c, a
    return b
