"""What a table says of where its values come from: written into its metadata, read back, and compared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from sparsey_trace.metrics.registry import package_of_metric
from sparsey_trace.tables.open_table import metadata_in
from sparsey_trace.trace.format.trace_origin import program_version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.trace.reading.trace import Trace

METADATA_KEY = b"sparsey_trace"


def make_provenance(
    metric: Metric[Any], trace: Trace, *, resolution: str, reduction: str | None
) -> dict[str, Any]:
    """All that a metric's table depends on, and what names its layers and gives its pictures their shape.

    Its notes come later, as they depend on the values.
    """
    return {
        "metric": metric.name,
        "version": metric.version,
        "parameters": metric.parameters,
        "best": metric.best,
        "units": metric.column_units,
        "resolution": resolution,
        "reduction": reduction,
        "trace": trace.id,
        "samples": len(trace),
        **trace.rules.choice(),
        "input_shape": trace.layout.input_shape,
        "layer_names": [layer.name for layer in trace.layout.layers],
        "program": f"sparsey-trace {program_version()}",
        "package": package_of_metric(type(metric)),
    }


def metadata_of(provenance: Mapping[str, Any]) -> dict[bytes, bytes]:
    """Provenance as the metadata of a table: JSON under `sparsey_trace`."""
    return {METADATA_KEY: json.dumps(provenance, sort_keys=True).encode()}


def provenance_of(schema: pa.Schema) -> dict[str, Any] | None:
    """The provenance in a table's metadata; None where the table isn't one of ours."""
    return _said_in(schema.metadata or {})


def provenance_in(path: Path) -> dict[str, Any] | None:
    """The provenance of a table in a file; None where there is no file, or one that is no table of ours."""
    try:
        found = _said_in(_metadata_in(path)) if path.exists() else None
    except (OSError, ValueError, RecursionError, pa.ArrowException):
        return None
    return found if isinstance(found, dict) else None


def _metadata_in(path: Path) -> dict[bytes, bytes]:
    # What a file says of its columns is read with them, so that damage to either is found.
    return metadata_in(path) if path.is_dir() else pq.read_schema(path).metadata or {}


def _said_in(metadata: Mapping[bytes, bytes]) -> dict[str, Any] | None:
    found = metadata.get(METADATA_KEY)
    return None if found is None else json.loads(found)


def first_difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    """The first provenance field that differs, in words; None where none does.

    Args:
        found: the provenance of a table.
        wanted: the fields that count, as they should be.
    """
    for key, value in wanted.items():
        if found.get(key) != value:
            return f"a table made with {key} {_said(found.get(key))}, not {_said(value)}"
    return None


def _said(value: Any) -> str:
    return "none" if value is None else str(value)
