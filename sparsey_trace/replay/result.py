"""What an analysis comes to: tables by name."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sparsey_trace.errors import UsageError
from sparsey_trace.layout import MARKS, PHASES
from sparsey_trace.support.html_table import table
from sparsey_trace.support.suggest import unknown
from sparsey_trace.tables.notebook import show_tables
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.tables.row_groups import read_table
from sparsey_trace.tables.summary import (
    TEXT_COLUMNS,
    TEXT_NUMBERS,
    SummaryRow,
    summary_frame,
    summary_in,
    summary_texts,
    unit_lines,
)
from sparsey_trace.trace.reading.open_trace import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from sparsey_trace.charts.plotting.accessor import Plot
    from sparsey_trace.charts.shared.run import BySample
    from sparsey_trace.trace.reading.trace import Trace


def origin_of(trace: Trace) -> Snapshot:
    """What a result remembers of its trace."""
    words = {"role": "the trace that the tables were made from", "remedy": "analyse it anew"}
    return Snapshot.of(trace, **words).absolute()


class Result(Mapping[str, "pa.Table"]):
    """Tables by the names of their metrics, read from Parquet when they are asked for.

    Attributes:
        paths: name to Parquet file.
        skipped: metrics that could not be computed, and why.
        origin: the trace that they are of, as it was then; None where only the tables are known.
        by_sample: computes a metric of that trace by sample, which some charts need; None without a trace.
    """

    def __init__(
        self,
        paths: dict[str, Path],
        *,
        skipped: dict[str, str],
        temporary: Path | None = None,
        origin: Snapshot | None = None,
        by_sample: BySample | None = None,
    ) -> None:
        """Made by `analyze`; a temporary folder lives as long as the result."""
        self.paths, self.skipped = paths, skipped
        self.origin, self.by_sample = origin, by_sample
        show_tables()
        if temporary is not None:
            weakref.finalize(self, shutil.rmtree, temporary, ignore_errors=True)

    def __getitem__(self, name: str) -> pa.Table:
        """A metric's table.

        Raises:
            KeyError: there is none of that name; the message says which there are, or why not.
        """
        return read_table(self.path(name))

    def path(self, name: str) -> Path:
        """A metric's Parquet file.

        Raises:
            KeyError: there is none of that name; the message says which there are, or why not.
        """
        if name not in self.paths:
            reason = self.skipped.get(name)
            msg = f"{name} was not computed: {reason}" if reason else unknown("table", name, self)
            raise KeyError(msg)
        return self.paths[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is a table of that name; none is read for it."""
        return name in self.paths

    def __iter__(self) -> Iterator[str]:
        """The names of the tables."""
        return iter(self.paths)

    def __len__(self) -> int:
        """How many tables there are."""
        return len(self.paths)

    def to_pandas(self, name: str) -> pd.DataFrame:
        """A metric's table as a pandas frame; labels and other marks, which may be unknown, as Int64."""
        import pandas as pd

        found = self[name]
        frame: pd.DataFrame = found.to_pandas()
        for name in set(MARKS.values()) & set(frame):
            # By way of floats, large ones would become others.
            frame[name] = found[name].to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return frame

    def worst(self, name: str, n: int = 20, *, layer: int | str | None = None) -> pd.DataFrame:
        """The samples of which a metric has its worst values, worst first; of equal ones the first recorded.

        The metric is computed by sample for it, with the parameters of the table that is there.

        Args:
            name: a table with a value for each sample, such as `match_accuracy`.
            n: how many samples at most.
            layer: go by one layer, a name or a number; by default by the mean over layers. A layer's value is the mean
                over its MACs.

        Returns:
            A row for each: sample, step, epoch, phase, label, value; of match_accuracy also nearest_sample, distance
            and nearest_label, of the training sample that it was compared with.

        Raises:
            KeyError: there is no such table; the message says which there are, or why not.
            UsageError: its values aren't of single samples, there is no such layer, or the trace isn't known.
            TraceError: the trace isn't there any more.
        """
        from sparsey_trace.replay.worst import worst

        return worst(self, name, n=n, layer=layer)

    @property
    def plot(self) -> Plot:
        """Charts, drawn with matplotlib: `result.plot.basis_set_size()` and so on; see docs/plots.md."""
        from sparsey_trace.charts.plotting.accessor import Plot

        return Plot(self)

    @cached_property
    def gaps(self) -> str:
        """What the trace doesn't hold of its run, in one line; empty where it holds everything."""
        return str(next((notes["gaps"] for notes in self._notes.values() if "gaps" in notes), ""))

    @cached_property
    def notes(self) -> dict[str, list[str]]:
        """By table, lines on what gaps, or inputs that are numbers, make of its values; other tables are left out."""
        return {name: list(notes["values"]) for name, notes in self._notes.items() if notes.get("values")}

    @cached_property
    def _notes(self) -> dict[str, dict[str, Any]]:
        found = {name: provenance_in(path) or {} for name, path in self.paths.items()}
        return {name: provenance["notes"] for name, provenance in found.items()}

    def summary(self, phase: str | None = None) -> pd.DataFrame:
        """What the run came to: a row for each metric, phase and layer; see "What a run comes to" in docs/metrics.md.

        Columns: `metric`, `phase`, `layer`, `layer_name`; `now`, over the last epoch of the phase, or the last 1,000
        training samples of a run of one epoch; `best` and `best_epoch`, where better means better; `chance`;
        `samples`, how many `now` stands for; `unit`. What has no meaning is null.

        Args:
            phase: only the rows of `train` or of `eval`.

        Raises:
            UsageError: there is no such phase.
        """
        if phase not in (None, *PHASES):
            raise UsageError(unknown("phase", phase, PHASES))
        return summary_frame(row for row in self.summary_rows() if phase in (None, row.phase))

    def summary_rows(self) -> list[SummaryRow]:
        """The same, row by row, with the area of sizes; nothing of tables that no analysis of now has made."""
        return [row for path in self.paths.values() for row in summary_in(path) or ()]

    def __repr__(self) -> str:
        """One line: which tables there are."""
        return f"<Result: {', '.join(self)}>"

    def _repr_html_(self) -> str:
        remarks = [f"{name}: {line}" for name, notes in self.notes.items() for line in notes]
        skipped = [f"not computed: {name}: {why}" for name, why in self.skipped.items()]
        of = "" if self.origin is None else f" of {self.origin.samples:,} samples"
        rows = self.summary_rows()
        return table(
            [summary_texts(row) for row in rows],
            heads=TEXT_COLUMNS,
            numbers=TEXT_NUMBERS,
            caption=f"{len(self)} tables{of}; figures are means over the MACs of a layer",
            notes=[*unit_lines(rows), self.gaps, *remarks, *skipped],
        )
