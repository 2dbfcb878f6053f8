"""The samples of which a metric has its worst values, with what the trace knows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import UsageError
from sparsey_trace.layout import layer_number
from sparsey_trace.metrics.base import SampleMetric
from sparsey_trace.metrics.registry import make_metric
from sparsey_trace.tables.nothing_before import nothing_until
from sparsey_trace.tables.open_table import read_columns
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.tables.worst_samples import worst_samples

if TYPE_CHECKING:
    import pandas as pd

    from sparsey_trace.charts.plotting.accessor import RunResult
    from sparsey_trace.trace.reading.trace import Trace


def worst(result: RunResult, name: str, *, n: int, layer: int | str | None) -> pd.DataFrame:
    """See `Result.worst`."""
    metric = _metric(result, name)
    if n < 1:
        msg = f"n: expected at least 1, found {n}"
        raise UsageError(msg)
    if result.origin is None or result.by_sample is None:
        msg = "worst: expected what `analyze` returned, found tables whose trace isn't known"
        raise UsageError(msg)
    with result.origin.opened() as trace:
        number = None if layer is None else layer_number([its.name for its in trace.layers], layer)
        values = result.by_sample(trace, metric)  # a name of its own: its files may live as long as it does
        table = read_columns(values.path(name)).to_pandas()
        table = table[table["step"] > nothing_until(metric.name, trace.samples)]
        return _rows(trace, table if number is None else table[table["layer"] == number], metric, n)


def _metric(result: RunResult, name: str) -> SampleMetric[Any]:
    """The metric that made a table, as it was configured."""
    made = provenance_in(result.path(name)) or {}
    metric = make_metric(made["metric"], made["parameters"])
    if not isinstance(metric, SampleMetric):
        msg = f"{name}: expected a metric that has a value for each sample, found one of the run as a whole"
        raise UsageError(msg)
    return metric


def _rows(trace: Trace, table: pd.DataFrame, metric: SampleMetric[Any], n: int) -> pd.DataFrame:
    sample, value = worst_samples(
        table["sample"].to_numpy(), table["value"].to_numpy(), best=metric.best, n=n
    )
    frame = trace.samples.to_pandas(sample).drop(columns="time")
    frame["value"] = value
    # All else is the same for all layers.
    others = table.drop_duplicates("sample").set_index("sample").loc[sample]
    for column in (column for column in metric.extra if column in others):
        frame[column] = others[column].to_numpy()
    if "nearest_sample" in frame:
        frame["nearest_label"] = trace.samples.to_pandas(frame["nearest_sample"].to_numpy())["label"]
    return frame
