"""What code makes a metric's values: results are kept for that code only, whatever its version says."""

from __future__ import annotations

import sys
import time
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sparsey_trace.metrics.registry import BUILT_IN, package_of_metric

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sparsey_trace.metrics.base import Metric

_OURS = Path(__file__).parents[2]
_BEGAN = time.time()


def maker_of(metric: Metric[Any]) -> str | None:
    """A digest of the code that makes a metric's values.

    Of this package's sources and the versions of numpy and Arrow; for another package's metric, also of its
    version and of the files that define the metric.

    Returns:
        Hex digits; None where nothing tells its code of now from the code that it had then: no installed package
        offers the metric, or its files were changed after they may have been loaded.
    """
    theirs = _code_of(type(metric))
    return None if theirs is None else _digest([our_code().encode(), theirs.encode()])


def fold_name(metric: Metric[Any]) -> str:
    """A text for the metric's fold, the same for all that share it, in this process or another."""
    key = metric.fold_key
    return f"{type(key).__module__}.{type(key).__qualname__}: {key!r}"


@cache
def our_code() -> str:
    """A digest of this package's sources and the versions of numpy and Arrow."""
    sources = sorted(_OURS.rglob("*.py"))
    versions = f"numpy {np.__version__}, pyarrow {pa.__version__}, {len(sources)} files"
    return _digest([versions.encode(), *(path.read_bytes() for path in sources)])


@cache
def _code_of(cls: type[Metric[Any]]) -> str | None:
    """Of what isn't ours in the code of a class: once it is loaded, that stays, whatever becomes of its files."""
    package = package_of_metric(cls)
    files = _files_of(cls)
    if (cls not in BUILT_IN and package is None) or any(file.stat().st_mtime > _BEGAN for file in files):
        return None
    return _digest([f"{package}".encode(), *(file.read_bytes() for file in files)])


def _files_of(cls: type) -> list[Path]:
    """The files that define a class and what it inherits from, as far as they aren't ours."""
    modules = (sys.modules.get(part.__module__) for part in cls.__mro__)
    files = [Path(file) for module in modules if (file := getattr(module, "__file__", None))]
    return [file for file in files if file.is_file() and not file.is_relative_to(_OURS)]


def _digest(parts: Iterable[bytes]) -> str:
    found = blake2b(digest_size=16)
    for part in parts:
        found.update(len(part).to_bytes(8, "little") + part)
    return found.hexdigest()
