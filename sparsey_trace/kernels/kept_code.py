"""Where machine code of kernels is kept: a file for each kernel and the types it was compiled for."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import re
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHECKSUM = 16

_MOST_BYTES = 16 << 20
"""What machine code may take in a folder: that of a hundred versions of the package, or of numba."""

_A_DAY = 24 * 3600
_OURS = re.compile(r"sparsey_trace\..*-[0-9a-f]{32}\.(o|[0-9a-f]{16})")
"""Names of files: of machine code, and of what stays where a process ends while it writes."""


@dataclass(frozen=True)
class KeptCode:
    """What a kernel became.

    Attributes:
        symbol: its name in the code.
        returns: the type that it gives back, as Numba writes it.
        code: an object file.
    """

    symbol: str
    returns: str
    code: bytes


def name_of(function: Callable[..., Any], kind: tuple[object, ...]) -> str:
    """The name of a kernel's file for some types: of other code, or for another machine, it is another one."""
    told = hashlib.blake2b(digest_size=16)
    for part in (*_machine(), repr(kind), *_parts(function)):
        told.update(part.encode() if isinstance(part, str) else part)
        told.update(b"\0")
    return f"{function.__module__}.{function.__name__}-{told.hexdigest()}"


def kept(name: str) -> KeptCode | None:
    """The machine code of that name; None where there is none, or not as it was written."""
    for folder in _folders():
        try:
            path = folder / f"{name}.o"
            found = path.read_bytes()
            _still_used(path)
        except OSError:
            continue
        if hashlib.blake2b(found[_CHECKSUM:], digest_size=_CHECKSUM).digest() == found[:_CHECKSUM]:
            symbol, returns, code = found[_CHECKSUM:].split(b"\n", 2)
            return KeptCode(symbol.decode(), returns.decode(), code)
    return None


def keep(name: str, made: KeptCode) -> None:
    """Keep machine code in the first folder that takes it; nowhere if none does."""
    text = b"\n".join([made.symbol.encode(), made.returns.encode(), made.code])
    checked = hashlib.blake2b(text, digest_size=_CHECKSUM).digest() + text
    for folder in _folders():
        path = folder / f"{name}.o"
        new = path.with_suffix(f".{secrets.token_hex(8)}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Under a name that nobody can guess, and nothing that is there: a link would be followed.
            with new.open("xb") as stream:
                stream.write(checked)
            new.replace(path)
            _make_room(folder, path)
        except OSError:
            continue
        return


def _still_used(path: Path) -> None:
    """Let its age tell when it was last used, to the day; where that can't be said nothing is written there either."""
    if time.time() - path.stat().st_mtime > _A_DAY:
        with contextlib.suppress(OSError):
            os.utime(path)


def _make_room(folder: Path, newest: Path) -> None:
    """Remove what was used least recently where machine code takes more than it may; beside it may lie anything."""
    ages: list[tuple[float, int, Path]] = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            if path != newest and _OURS.fullmatch(path.name):
                told = path.stat()
                ages.append((told.st_mtime, told.st_size, path))
    left = _MOST_BYTES - newest.stat().st_size
    for age, size, path in sorted(ages, reverse=True):
        left -= size
        if left < 0 or (path.suffix != ".o" and time.time() - age > _A_DAY):
            with contextlib.suppress(OSError):
                path.unlink()


def _folders() -> Iterator[Path]:
    """Where it may be, and may be put: what is said to Numba counts here as well."""
    if said := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(said)
        return
    yield Path(__file__).with_name("__pycache__")
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "sparsey-trace"


@functools.cache
def _machine() -> tuple[str, ...]:
    """What else code depends on."""
    import llvmlite
    from llvmlite import binding

    features = binding.get_host_cpu_features().flatten()
    numba = importlib.metadata.version("numba")
    triple = binding.get_process_triple()
    return numba, llvmlite.__version__, sys.version, triple, binding.get_host_cpu_name(), features


def _parts(function: Callable[..., Any]) -> Iterator[str | bytes]:
    """What a function does: its code, and what the names in it stand for."""
    code = function.__code__
    yield code.co_code
    yield repr((code.co_consts, code.co_names, code.co_varnames))
    for name in code.co_names:
        value: Any = function.__globals__.get(name)
        if hasattr(value, "for_compiler"):
            yield from _parts(value)
        elif hasattr(value, "tobytes"):
            yield f"{value.dtype} {value.shape}"
            yield value.tobytes()
        else:
            yield value.__name__ if isinstance(value, ModuleType) else repr(value)
