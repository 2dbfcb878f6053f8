"""What rows take before they are written: at resolution `sample` more than the samples that they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sparsey_trace.metrics.base import SampleMetric
from sparsey_trace.tables.row_groups import ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.layout import Layout
    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.trace.reading.trace import Trace

_ROW_BYTES = 72
"""Of a row by sample in memory, with label, id and the like; measured: 64 to 68."""

_EXTRA_BYTES = 8
_AHEAD = 2


class RowBytes(NamedTuple):
    """What rows take that wait.

    Attributes:
        per_sample: for each sample of a chunk, all chunks at work and behind together.
        fixed: whatever the chunks: what tables gather until a group of rows is full.
    """

    per_sample: int = 0
    fixed: int = 0

    @classmethod
    def of(
        cls,
        metrics: Sequence[Metric[Any]],
        trace: Trace,
        *,
        resolution: str,
        reduction: str | None,
        jobs: int,
        partition_size: int | None,
    ) -> RowBytes:
        """Those of an analysis; see `analyze` for the arguments."""
        if resolution != "sample":
            return cls()
        tables = [
            _rows(trace.layout, reduction, is_whole=is_whole)
            * (_ROW_BYTES + _EXTRA_BYTES * len(metric.extra))
            for metric in metrics
            if isinstance(metric, SampleMetric)
            for is_whole in (False, True)[: 1 + metric.has_layer_values]
        ]
        gathered = sum(min(ROWS * _ROW_BYTES, len(trace) * each) for each in tables)
        # Of so many partitions each is worked on by one job, with files of its own.
        is_parted = jobs > 1 and partition_size is not None and len(trace) > 2 * jobs * partition_size
        held = 2 * jobs if is_parted or jobs == 1 else _held(jobs)
        return cls(per_sample=held * sum(tables), fixed=gathered * (jobs if is_parted else 1))


def chunks_ahead(resolution: str, jobs: int) -> int:
    """How many chunks may be at work, or done and not yet taken.

    Two for each job, so that none waits for work; but where what comes of them is large, not many more than jobs.
    """
    return min(jobs + _AHEAD, 2 * jobs) if resolution == "sample" else 2 * jobs


def _held(jobs: int) -> int:
    """Of how many chunks there may be rows: those ahead, one that is handed out, in lanes two, and one in writing."""
    return chunks_ahead("sample", jobs) + 4


def _rows(layout: Layout, reduction: str | None, *, is_whole: bool) -> int:
    """How many rows of a table a sample has at most."""
    if is_whole or reduction in ("layerwise_mean", "layerwise_sum"):
        return len(layout.layers)
    if reduction in ("mean", "sum", "highest_layer_mean"):
        return 1
    return layout.layers[-1].num_macs if reduction == "highest_layer" else layout.num_macs
