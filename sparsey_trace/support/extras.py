"""Packages that only some uses need."""

from __future__ import annotations

import importlib.util

from sparsey_trace.errors import UsageError


def require(*packages: str, what: str, extra: str) -> None:
    """See that packages are installed, without loading them.

    Args:
        packages: the names they are imported by.
        what: needs them.
        extra: what brings them.

    Raises:
        UsageError: one isn't.

    >>> require("numpy", "nonesuch", what="this", extra="that")
    Traceback (most recent call last):
    sparsey_trace.errors.UsageError: this: expected the package nonesuch, found it not installed; run pip install \
"sparsey-trace[that]"
    """
    for package in packages:
        if not is_installed(package):
            msg = (
                f"{what}: expected the package {package}, found it not installed; "
                f'run pip install "sparsey-trace[{extra}]"'
            )
            raise UsageError(msg)


def is_installed(package: str) -> bool:
    """Whether a package can be imported; it isn't."""
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # what stands in for it in sys.modules has no spec
        return False
