"""Single instructions that numba has no names for."""

from __future__ import annotations

from typing import Any


def popcount(word: Any) -> int:
    """How many bits of a uint64 are on, as int64."""
    return int(word).bit_count()


def _popcount() -> Any:
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def instruction(context: Any, word: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.ctpop(arguments[0])

        return types.int64(types.uint64), generate

    return instruction


popcount.for_compiler = _popcount  # type: ignore[attr-defined]
