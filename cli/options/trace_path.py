"""A trace as it is named on the command line: a path, a pattern, or a URL, which is brought here first."""

from pathlib import Path


def trace_path(name: str) -> Path:
    """A path; of a URL, that of what was brought here, which all messages call by the URL.

    Raises:
        TraceError: there is no such file, or there are several that lie in different folders.
        UsageError: what fsspec needs for this URL isn't installed.
    """
    return _brought(name) if "::" in name or "://" in name else Path(name)


def run_path(name: str) -> Path:
    """A path of a trace, or of a folder of results; of a URL, that of what was brought here.

    Raises:
        TraceError: there is neither.
        UsageError: what fsspec needs for this URL isn't installed.
    """
    from sparsey_trace.support.user_path import is_url

    return (_results_at(name) if is_url(name) else None) or trace_path(name)


def results_path(name: str) -> Path:
    """A path of a folder of results; of a URL, that of what was brought here.

    Raises:
        TraceError: there are none at the URL.
        UsageError: what fsspec needs for this URL isn't installed.
    """
    from sparsey_trace.replay.results_place import results_folder

    return results_folder(name)


def path_here(name: str) -> Path:
    """A path of what is made, followed, or looked for among others, which a URL can't be.

    Raises:
        UsageError: it is a URL.
    """
    from sparsey_trace.support.user_path import user_path

    return user_path(name)


def _results_at(url: str) -> Path | None:
    from sparsey_trace.replay.results_place import results_at

    return results_at(url)


def _brought(name: str) -> Path:
    from sparsey_trace.errors import TraceError
    from sparsey_trace.support.user_path import is_url
    from sparsey_trace.trace.reading.remote import fetch

    if not is_url(name):
        return Path(name)
    found = fetch(name)
    if not found:
        msg = f"{name}: expected files of such names, found none"
        raise TraceError(msg)
    if len({path.parent for path in found}) > 1:
        msg = f"{name}: expected files of one folder, found them in several; name these one by one"
        raise TraceError(msg)
    # Nothing else lies where several were brought to.
    return found[0] if len(found) == 1 else found[0].parent / "*"
