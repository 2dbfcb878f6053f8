"""Link messages: the names in a group, where its header holds them, and what they lead to."""

from __future__ import annotations

_HARD = 0
_HAS_KIND, _HAS_ORDER, _HAS_CHARSET = 8, 4, 16


def parse_link(message: bytes) -> tuple[bytes, int | None]:
    """A link's name, and the address of the object header that it leads to; None where it leads elsewhere.

    Raises:
        ValueError: it isn't whole, or of another version; half of a message.
    """
    if len(message) < 3 or message[0] != 1:
        msg = f"a link that begins with {message[:2].hex() or 'nothing'}"
        raise ValueError(msg)
    flags, offset = message[1], 2
    kind = message[offset] if flags & _HAS_KIND else _HARD
    offset += bool(flags & _HAS_KIND) + 8 * bool(flags & _HAS_ORDER) + bool(flags & _HAS_CHARSET)
    width = 1 << (flags & 3)
    begin = offset + width
    end = begin + int.from_bytes(message[offset:begin], "little")
    if end + 8 * (kind == _HARD) > len(message):
        msg = f"a link of {len(message)} bytes, which is too few"
        raise ValueError(msg)
    return message[begin:end], int.from_bytes(message[end : end + 8], "little") if kind == _HARD else None
