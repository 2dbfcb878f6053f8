"""Opening a trace: its files, checked and put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.trace.reading.merged import MergedStorage
from sparsey_trace.trace.reading.shards import joint_head
from sparsey_trace.trace.reading.sources import open_chains

if TYPE_CHECKING:
    from sparsey_trace.trace.reading.sources import Source
from sparsey_trace.trace.reading.trace import Trace


def open_trace(source: Source, *, cache_bytes: int | None = None) -> Trace:
    """Open a trace for reading; one that is still being written, or was never closed, as well.

    Nothing of a single file's samples is read until it is asked for.

    The files of a run, one for each rank and for each time it was resumed, are one trace: ordered by step, then by
    rank, then as recorded. While they are written, the trace ends with the last step that no rank can add to
    any more.

    Args:
        source: a file; a list of files, which have to be all of a run; or a pattern such as "run.*.h5", where it
            is no file's name itself: what matches, and the files in the same folder that it continues. Each may be
            a URL that fsspec knows ("s3://bucket/run.h5"): of a file elsewhere a copy is brought, for as long as the
            process lasts.
        cache_bytes: how much may be kept decompressed, of all datasets together, beside the chunk of each that
            was read last; worth giving where samples are picked from all over the trace, again and again.

    Raises:
        TraceError: a file doesn't exist, is no trace, or is damaged; or several don't make one run.
        VersionError: it was written in a newer version of the format.
    """
    chains = open_chains(source, cache_bytes=cache_bytes or 0)
    shards = [shard for chain in chains for shard in chain]
    if len(shards) == 1:
        return Trace(shards, shards[0].head, shards[0].storage)
    try:
        return Trace(shards, joint_head(shards), MergedStorage(chains))
    except BaseException:
        for shard in shards:
            shard.storage.close()
        raise
