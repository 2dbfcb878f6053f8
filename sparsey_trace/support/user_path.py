"""Paths as users write them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sparsey_trace.errors import UsageError

_URL = re.compile(r"[a-z][a-z0-9+.-]+(::|://)", re.IGNORECASE)
"""One letter and a colon is a Windows drive."""

_URL_AS_PATH = re.compile(r"([a-z][a-z0-9+.-]+:)/(?!/)", re.IGNORECASE)
"""What pathlib leaves of the two slashes."""


def is_url(name: str | os.PathLike[str]) -> bool:
    """Whether it names something elsewhere, which fsspec is to be asked for.

    >>> is_url("s3://bucket/run.h5"), is_url("zip://run.h5::runs.zip"), is_url("runs/run.h5"), is_url("C://run.h5")
    (True, True, False, False)
    """
    return isinstance(name, str) and _URL.match(name) is not None


def user_path(named: str | os.PathLike[str]) -> Path:
    """A path as a user wrote it, `~` read as a shell reads it.

    Raises:
        UsageError: it is empty, and would stand for the current folder; or it is a URL, also one that was made a Path,
            and would stand for a folder called `s3:`.

    >>> user_path("runs/run.h5").as_posix()
    'runs/run.h5'
    """
    text = os.fspath(named)
    if not text:
        msg = "path: expected the name of a file or folder, found an empty one"
        raise UsageError(msg)
    if url := url_named(named):
        msg = (
            f"{url}: expected a path on this machine's disks, found a URL; copy what is there to here first, "
            "or what is made here to there afterwards"
        )
        raise UsageError(msg)
    return Path(os.path.expanduser(text))  # noqa: PTH111 - Path's own raises where there is no such user


def as_named(path: str | os.PathLike[str]) -> str:
    """A path as messages call it, and open it: the URL that was made a Path is one again.

    >>> as_named(Path("s3://bucket/run.h5")), as_named(Path("run.h5"))
    ('s3://bucket/run.h5', 'run.h5')
    """
    return url_named(path) or str(path)


def url_named(named: str | os.PathLike[str]) -> str:
    """The URL that was named, also one that was made a Path; empty where a path was.

    >>> from pathlib import PurePosixPath
    >>> url_named("s3://bucket/run.metrics"), url_named(PurePosixPath("s3://bucket/run.metrics"))
    ('s3://bucket/run.metrics', 's3://bucket/run.metrics')
    >>> url_named("run.metrics")
    ''
    """
    text = os.fspath(named)
    return text if is_url(text) else _lost_url(text)


def _lost_url(text: str) -> str:
    """The URL that a path was made of; empty where a folder of such a name is there."""
    found = _URL_AS_PATH.match(text)
    return "" if found is None or os.path.lexists(found[1]) else f"{found[1]}//{text[found.end() :]}"
