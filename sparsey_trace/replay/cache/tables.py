"""Tables that need not be made again, or only from where they ended."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import DataError
from sparsey_trace.metrics.base import SampleMetric
from sparsey_trace.metrics.declaration import promises_to_stay
from sparsey_trace.metrics.state_checks import check_number, check_parts
from sparsey_trace.replay.cache.code_version import maker_of
from sparsey_trace.replay.cache.sealed_files import digest_of
from sparsey_trace.replay.cache.store import Store, Unknown, warn
from sparsey_trace.replay.engine.metric_errors import blaming
from sparsey_trace.tables.groups import Groups, check_groups
from sparsey_trace.tables.manifest import manifest_path, read_manifest, table_at
from sparsey_trace.tables.names import table_names
from sparsey_trace.tables.open_table import num_rows
from sparsey_trace.tables.provenance import first_difference, make_provenance, provenance_in
from sparsey_trace.tables.run_totals import RunTotals, check_totals
from sparsey_trace.tables.stream import Halt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sparsey_trace.layout import Layout
    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.tables.gaps import Gaps
    from sparsey_trace.tables.manifest import Part
    from sparsey_trace.trace.reading.trace import Trace


_GAPS = ("gaps", "values")
"""The notes of a table that don't come from its metric."""


@dataclass(frozen=True, eq=False, kw_only=True)
class KnownTables:
    """What is known of a metric's tables.

    Attributes:
        whole: whether those that are there are those that are asked for.
        samples: of how many samples, from the first, the values are known.
        halts: by table, where its values ended; empty where it isn't to go on from there.
        parts: by table that lies in parts, those that stay as they are.
        why: why they aren't whole, in words.
    """

    whole: bool = False
    samples: int = 0
    halts: Mapping[str, Halt] = field(default_factory=dict)
    parts: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    why: str = ""


def known_tables(
    store: Store,
    metric: Metric[Any],
    trace: Trace,
    gaps: Gaps,
    *,
    partition_size: int | None = None,
    **question: Any,
) -> KnownTables:
    """What is known of a metric's tables; a warning names what is damaged.

    Args:
        store: beside them.
        metric: the metric.
        trace: the trace.
        gaps: what it doesn't hold of its run.
        partition_size: where its tables lie in parts, those of partitions of so many samples.
        question: the resolution and the reduction.
    """
    size = partition_size if isinstance(metric, SampleMetric) else None
    try:
        found = {
            name: _known(store, metric, trace, gaps, name, question, size) for name in table_names(metric)
        }
    except Unknown as unknown:
        return KnownTables(why=unknown.why)
    first = found[metric.name]
    if any((known.whole, known.samples) != (first.whole, first.samples) for known in found.values()):
        return KnownTables(why="its tables are of different lengths")
    halts = {name: halt for known in found.values() for name, halt in known.halts.items()}
    parts = {name: of_table for known in found.values() for name, of_table in known.parts.items()}
    return KnownTables(whole=first.whole, samples=first.samples, halts=halts, parts=parts, why=first.why)


def keep_table(store: Store, metric: Metric[Any], name: str, halt: Halt | None) -> None:
    """Keep what tells later that a table is whole, and where its values ended, if they came by chunks.

    Raises:
        OSError: it can't be written.
    """
    about = {"digest": _digest(table_at(store.tables, name)), "rows": None if halt is None else halt.rows}
    value = None if halt is None else (halt.waiting, dict(halt.totals))
    store.write(f"{name}.table", about, value, (Groups, RunTotals), maker_of(metric))


def _known(
    store: Store,
    metric: Metric[Any],
    trace: Trace,
    gaps: Gaps,
    name: str,
    question: dict[str, Any],
    partition_size: int | None,
) -> KnownTables:
    path = table_at(store.tables, name)
    made = provenance_in(path)
    if made is None or not _is_whole(made):
        raise _changed(path) if path.exists() else Unknown(why=f"there is no {name}.parquet")
    asked = json.loads(json.dumps(make_provenance(metric, trace, **question)))
    samples = asked.pop("samples")
    parameters = asked.pop("parameters")
    asked["partition_size"] = partition_size
    if other := first_difference(made, asked) or first_difference(made["parameters"], parameters):
        raise Unknown(why=f"there is {other}")
    more = samples - made["samples"]
    said = gaps.notes(metric, **question)
    whole = more == 0 and said == {key: made["notes"][key] for key in _GAPS if key in made["notes"]}
    why = "" if whole else grown(more)
    with blaming(metric, "values_stay"):
        goes_on = whole or (more >= 0 and promises_to_stay(metric, made["notes"]))
    if not goes_on:
        raise Unknown(why=why)
    halt = _halt(store, metric, name, question["resolution"], trace.layout, made["samples"])
    if whole or halt is None:
        return KnownTables(whole=whole, samples=samples - more, why=why)
    if manifest := read_manifest(path) if path.is_dir() else None:
        *settled, last = manifest.parts
        return KnownTables(samples=last.start, halts={name: halt}, parts={name: tuple(settled)}, why=why)
    return KnownTables(samples=samples - more, halts={name: halt}, why=why)


def _halt(
    store: Store, metric: Metric[Any], name: str, resolution: str, layout: Layout, samples: int
) -> Halt | None:
    """Where a table's values ended, if they came by chunks; the table is as it was written."""
    about, value = store.read(f"{name}.table", (Groups, RunTotals), maker_of(metric))
    path = table_at(store.tables, name)
    if about.get("digest") is None or _digest(path) != about["digest"]:
        raise _changed(path)
    store.check_content(about)
    if about.get("rows") is None or not isinstance(metric, SampleMetric):
        return None
    width = layout.num_macs if name == metric.name else len(layout.layers)
    try:
        check_number(about["rows"], "rows", lowest=0, highest=num_rows(path))
        check_parts(value, "groups and totals", tuple, count=2)
        waiting, totals = value
        if (waiting is None) is not (resolution == "sample" or path.is_dir()):
            msg = f"groups: expected them where resolution is not sample, found {type(waiting).__name__}"
            raise DataError(msg)
        over = metric.over_samples
        if waiting is not None:
            check_groups(waiting, resolution=resolution, over_samples=over, width=width, samples=samples)
        known = {name, *(metric.beside if name == metric.name else ())}
        check_totals(
            totals, known, over_samples=over, width=width, layers=len(layout.layers), samples=samples
        )
    except DataError as error:
        warn(f"{store.path(f'{name}.table')}: expected totals that can be gone on from, found {error}")
        raise Unknown(why=f"the totals of {path.name} were damaged") from error
    return Halt(about["rows"], waiting, totals)


def _digest(path: Path) -> str | None:
    """Of a table's file; of one in parts that of its manifest, where the parts are as that says."""
    if not path.is_dir():
        return _file_digest(path)
    manifest = read_manifest(path)
    if manifest is None or any(_is_other(path, part) for part in manifest.parts):
        return None
    return _file_digest(manifest_path(path))


def _is_other(table: Path, part: Part) -> bool:
    path = table / part.file
    return not path.is_file() or _file_digest(path) != part.digest


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return digest_of(stream, path.stat().st_size).hex()


def _changed(path: Path) -> Unknown:
    warn(f"{path}: expected the table as it was written, found it changed")
    return Unknown(why=f"{path.name} was changed")


def _is_whole(made: Mapping[str, Any]) -> bool:
    """Whether a table's provenance has the fields that are looked at, each of its type."""
    kinds = {"samples": int, "parameters": dict, "notes": dict}
    return all(type(made.get(key)) is kind for key, kind in kinds.items())


def grown(more: int) -> str:
    """What has become of a trace since its first samples were analysed."""
    if more == 0:
        return "more of the run is missing from the trace now"
    return f"the trace has grown by {more:,} samples" if more > 0 else f"the trace has lost {-more:,} samples"
