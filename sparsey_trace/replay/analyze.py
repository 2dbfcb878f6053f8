"""`analyze`: from a trace to tables, in two passes at most, in bounded memory."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from sparsey_trace.replay.by_chunk import ChunkedReplay
from sparsey_trace.replay.by_partition import PartitionedReplay, begin, end, make_job
from sparsey_trace.replay.cache.cache import Cache
from sparsey_trace.replay.chance import chance_from
from sparsey_trace.replay.choose import asked
from sparsey_trace.replay.dask_hands import check_client
from sparsey_trace.replay.engine.engines import check_engine, make_engine
from sparsey_trace.replay.engine.lanes import AT_ONCE, Lanes
from sparsey_trace.replay.engine.memory import keep_what_is_freed
from sparsey_trace.replay.hands import make_hands
from sparsey_trace.replay.kept_bytes import MOST_BYTES, check_bytes
from sparsey_trace.replay.outputs import Outputs
from sparsey_trace.replay.pairs import MOST_PAIRS, check_pairs
from sparsey_trace.replay.partitioned.partitions import PARTITION_SIZE, check_partition_size, partitions_of
from sparsey_trace.replay.plan import plan
from sparsey_trace.replay.result import Result, origin_of
from sparsey_trace.replay.results_place import ResultsPlace
from sparsey_trace.support.progress import progress
from sparsey_trace.tables.names import paths_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.replay.chance import Chance
    from sparsey_trace.replay.choose import Asked
    from sparsey_trace.replay.hands import Hands
    from sparsey_trace.replay.partitioned.partitions import Partition
    from sparsey_trace.replay.plan import Plan
    from sparsey_trace.tables.stream import Halt
    from sparsey_trace.trace.reading.sources import Source
    from sparsey_trace.trace.reading.trace import Trace


def analyze(
    source: Source | Trace,
    *,
    metrics: Iterable[str | Metric[Any]] | None = None,
    resolution: str = "step",
    reduction: str | None = None,
    out: str | os.PathLike[str] | None = None,
    n_jobs: int = 1,
    engine: str = "auto",
    client: Any = None,
    chunk_size: int | None = None,
    total_memory: str | int = "1G",
    most_pairs: int = MOST_PAIRS,
    most_bytes: str | int = MOST_BYTES,
    partition_size: int | None = PARTITION_SIZE,
    cache: bool = True,
    progress_bar: bool = False,
) -> Result:
    """Replay metrics from a trace.

    The same trace gives the same bytes of table, whatever the engine, the number of jobs and the
    size of chunks, and whatever earlier analyses left in the folder: what is there and whole isn't made
    again, and where the trace has grown only its new part is replayed. See `explain`.

    Args:
        source: a trace's path, several files' of one run or a pattern, as `open_trace` takes them; or an open trace.
        metrics: names, or metrics with parameters; by default all that are built in.
        resolution: over which samples values are taken together: `sample`, `step`, `epoch`, `run`.
        reduction: over which MACs and layers: None, `layerwise_mean`, `layerwise_sum`, `mean`, `sum`,
            `highest_layer`, `highest_layer_mean`, or `sparse` for basis averages.
        out: a folder for the Parquet files, also a URL that fsspec can write to; it may hold earlier results of the
            same trace, and nothing else. By default they go to a temporary folder that lives as long as the result.
        n_jobs: how many jobs (threads; processes with engine='processes'); -1 for one on each core.
        engine: `serial`, `threads`, `processes`, or `auto`: threads where there is more than one job; or `dask`: the
            partitions of a long trace on the workers of a cluster, which see the trace and `out` under the same names.
        client: a `distributed.Client`, with engine='dask'; the cluster is the caller's.
        chunk_size: how many samples are worked on at once; by default as many as `total_memory` allows.
        total_memory: what they may take together, as "800M", "1G" or in bytes; each call on a dask worker.
        most_pairs: what would compare more pairs of samples than this, if no input comes twice, is refused before it
            begins; a metric's `reference_size` bounds them.
        most_bytes: what would keep more than this of training, as "16G" or in bytes, if no input comes twice, is
            refused before it begins; a metric's `reference_size` bounds it.
        partition_size: a power of two: tables by sample and by step of a longer trace lie in several parts, each of the
            steps that begin in so many samples. None for one file each.
        cache: whether to use what earlier analyses left in `out`, and to leave there what later ones can use.
        progress_bar: show progress on standard error.

    Returns:
        The tables by name, read when they are asked for.

    Raises:
        UsageError: an unknown metric, parameter, resolution, reduction or engine.
        TraceError: no trace, a damaged or an empty one, none of the metrics can be computed, or one would compare
            more than `most_pairs` or keep more than `most_bytes`.
        OutputError: `out` holds something else, or can't be written.
        MetricError: a metric raised something of its own; none of the results appear.
    """
    question: dict[str, Any] = {"resolution": resolution, "reduction": reduction}
    budget: dict[str, Any] = {"n_jobs": n_jobs, "chunk_size": chunk_size, "total_memory": total_memory}
    check_engine(engine)
    check_client(engine, client, out)
    check_partition_size(partition_size)
    keep_what_is_freed()
    with contextlib.ExitStack() as stack:
        found = stack.enter_context(
            asked(source, metrics=metrics, **question, **budget, engine=engine, partition_size=partition_size)
        )
        trace = found.trace
        partitions = partitions_of(trace, partition_size)
        size = partition_size if len(partitions) > 1 else None
        place = ResultsPlace.of(out)
        folder = place.folder
        unless_done = stack.enter_context(contextlib.ExitStack())
        unless_done.callback(place.discard)
        with Outputs(folder, trace, **question, partition_size=size) as outputs:
            used = cache and out is not None
            known = Cache(folder, trace, **question, used=used, partition_size=size)
            todo = plan(found.metrics, known)
            check_pairs(todo, trace, most_pairs)
            check_bytes(todo, trace, most_bytes)
            if todo.missing:
                known.take_content()
            with progress("replaying", unit="samples", shown=progress_bar) as show:
                doing = _Doing(found, todo, known, outputs, question)
                if size is None or not todo.missing:
                    doing.chunk_by_chunk(engine, show)
                else:
                    hands = make_hands(engine, found.jobs, len(partitions), client)
                    doing.by_partition(hands, partitions, size, show)
        unless_done.pop_all()
        place.publish()
        paths = paths_of(folder, todo.metrics)
        return Result(
            paths,
            skipped=found.skipped,
            temporary=place.temporary,
            origin=origin_of(trace),
            by_sample=by_sample,
        )


def by_sample(trace: Trace, metric: Metric[Any], *, n_jobs: int = 1) -> Result:
    """A metric of a trace by sample, as means over the MACs of each layer; some charts need it.

    Raises:
        MetricError: the metric raised something of its own.
        TraceError: the trace is damaged or empty, or the metric can't be computed.
    """
    return analyze(trace, metrics=[metric], resolution="sample", reduction="layerwise_mean", n_jobs=n_jobs)


class _Doing:
    """A plan, and where what it comes to goes."""

    def __init__(
        self, found: Asked, todo: Plan, known: Cache, outputs: Outputs, question: Mapping[str, Any]
    ) -> None:
        self._found, self._todo, self._known = found, todo, known
        self._outputs, self._question = outputs, question

    def chunk_by_chunk(self, engine: str, show: Callable[[int, int], None]) -> None:
        """Do it in this process and those that help it, which give back what comes of each chunk."""
        with contextlib.closing(make_engine(engine, self._found.jobs)) as work:
            replay = ChunkedReplay(
                self._found.trace, work, self._outputs, self._found.chunk_size, self._question
            )
            states = replay.run_all(self._todo, show)
            halts = self._publish(chance_from(self._found.trace, replay.chances), work.lanes)
            self._known.keep(self._todo.missing, halts, states, work.lanes)

    def by_partition(
        self, hands: Hands, partitions: Sequence[Partition], size: int, show: Callable[[int, int], None]
    ) -> None:
        """Do it by calls that leave what comes of them in files."""
        trace, todo = self._found.trace, self._todo
        job = make_job(
            trace,
            todo,
            self._outputs.folder,
            **self._question,
            chunk_size=self._found.chunk_size,
            partition_size=size,
        )
        begin(job)
        try:
            replay = PartitionedReplay(trace, todo, job, partitions)
            replay.run_all(hands, show)
            replay.hand_over(self._outputs)
            halts = self._publish(replay.chance(hands))
            self._known.keep(todo.missing, halts, [])
            if self._known.content is not None:
                replay.keep_states(hands, self._known.content)
            end(job)
        except Exception:
            end(job)
            raise
        finally:
            hands.close(job)

    def _publish(self, chance: Chance, lanes: Lanes = AT_ONCE) -> dict[str, Halt | None]:
        halts = self._outputs.finish(chance, lanes)
        self._known.forget(halts)
        self._outputs.publish()
        return halts
