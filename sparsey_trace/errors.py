"""Every error that this package raises on purpose.

The tree, and whose fault each one names:

    SparseyTraceError
    ├── LayoutError     (ValueError)  a layout contradicts itself
    ├── DataError       (ValueError)  arrays that don't fit the layout, or values no trace may hold
    ├── TraceError                    a file that is no trace, is damaged, or can't be written
    │   └── VersionError              a trace of a version of the format that this program doesn't read
    ├── RecordError     (RuntimeError) a model that can't be recorded as asked
    ├── UsageError      (ValueError)  an unknown metric, parameter, resolution or reduction
    ├── OutputError     (OSError)     a place where results can't be put
    └── MetricError     (RuntimeError) a metric that raised something of its own

    RecordWarning       (UserWarning) training goes on, but isn't recorded; no error, so not of the tree
    CacheWarning        (UserWarning) what an earlier analysis kept is damaged, and computed anew
    PluginWarning       (UserWarning) something that another package offers is left out

Messages say what was expected, what was found, in which file, and what to do.
"""

from __future__ import annotations

_URLS: dict[str, str] = {}
"""Of each file that was brought here from elsewhere, what the user calls it."""


def call_by_url(copy: str, url: str) -> None:
    """Have messages call a file that was brought here by the URL that it came from.

    Args:
        copy: the file's path here, which says nothing to its user.
        url: where it came from.
    """
    _URLS[copy] = url


def call_by_path(copy: str) -> None:
    """Have messages call a file by its path here again."""
    _URLS.pop(copy, None)


def url_of(path: str) -> str | None:
    """The URL that a file, or a folder of such files, was brought here from; None where it lay here."""
    return _URLS.get(path)


def said_by_url(text: str) -> str:
    """A text, in which files that were brought here are called by their URLs."""
    # Of a folder in a folder its own first.
    for copy in sorted(_URLS, key=len, reverse=True):
        text = text.replace(copy, _URLS[copy])
    return text


class SparseyTraceError(Exception):
    """Base of all errors of this package; catch it to catch them all."""

    def __str__(self) -> str:
        """The message."""
        return said_by_url(super().__str__())


class LayoutError(SparseyTraceError, ValueError):
    """A layout that contradicts itself: shapes, ranges, or no layers at all."""


class DataError(SparseyTraceError, ValueError):
    """Arrays that don't fit the layout, or values that no trace may hold."""


class TraceError(SparseyTraceError):
    """A file that is no trace, is damaged, or can't be read or written."""


class VersionError(TraceError):
    """A trace in a version of the format that this program doesn't read: newer, or given up."""


class RecordError(SparseyTraceError, RuntimeError):
    """A model, or a forward pass, that can't be recorded as asked."""


class MetricError(SparseyTraceError, RuntimeError):
    """A metric that raised something of its own while it was computed."""


class CacheWarning(UserWarning):
    """What an earlier analysis kept beside its tables is damaged, or nothing can be kept there."""


class PluginWarning(UserWarning):
    """Something that another package offers is broken, and left out."""


class RecordWarning(UserWarning):
    """Something that was to be recorded isn't, and the program goes on without."""


class UsageError(SparseyTraceError, ValueError):
    """A name or parameter that doesn't exist or doesn't fit: the caller has to change the call."""


class OutputError(SparseyTraceError, OSError):
    """A place where results can't be put: not empty, not writable, or another trace's."""
