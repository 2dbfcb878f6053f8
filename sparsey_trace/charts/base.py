"""What a chart has: a name, words, what it shows as arrays, who draws it, and what has to be there before."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from sparsey_trace.errors import UsageError
from sparsey_trace.support.extras import require
from sparsey_trace.tables.provenance import provenance_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from sparsey_trace.charts.axes.look import Look
    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.run import Run, RunTables
    from sparsey_trace.charts.shared.views import Views
    from sparsey_trace.charts.shared.words import Heading, Words


class OfLayer(Protocol):
    """What a chart shows of one layer: a frozen dataclass of arrays."""

    @property
    def layer(self) -> int:
        """The layer's number."""
        ...

    @property
    def name(self) -> str:
        """The layer's name."""
        ...


_Shown = TypeVar("_Shown", bound=OfLayer)


class Chart(ABC, Generic[_Shown]):
    """One chart. Subclass `JointChart` or `LayerChart`, and give it a line in `catalogue`.

    Class attributes:
        name: of `sparsey-trace plot` and of `result.plot`.
        words: its title, axes and meaning.
        table: the name of the table that it is drawn from; None where the trace is enough.
        heading: of the section of a report that it stands in.
        has_layer_axes: whether matplotlib draws each layer on axes of its own.
        needs_steps: whether the table has to be by step; one that is of epochs or of the whole run needn't be.
        unless: why there may be nothing to be drawn, as a clause.
    """

    name: ClassVar[str]
    words: ClassVar[Words]
    table: ClassVar[str | None]
    heading: ClassVar[Heading]
    has_layer_axes: ClassVar[bool]
    needs_steps: ClassVar[bool] = True
    unless: ClassVar[str] = "no sample has a value"

    def fits(self, made: Mapping[str, Any]) -> bool:
        """Whether the table has the form that is needed: without a reduction, and by step where that is needed.

        Args:
            made: the table's provenance.
        """
        return made.get("reduction") is None and (not self.needs_steps or made.get("resolution") == "step")

    @abstractmethod
    def data(self, run: Run) -> Sequence[_Shown]:
        """What there is to be drawn of each layer, lowest first; layers without values are left out.

        Raises:
            KeyError: the table isn't there; the message says why.
        """

    @abstractmethod
    def in_report(self, views: Views) -> Contribution:
        """What a report shows, drawn by plotly."""


class JointChart(Chart[_Shown]):
    """A chart that has all layers on the same axes, and other runs' too if a caller puts them there."""

    has_layer_axes = False

    @abstractmethod
    def draw(self, ax: Axes, found: Sequence[_Shown], look: Look) -> None:
        """Draw on axes of matplotlib, which may hold other runs already.

        Args:
            ax: where.
            found: what `data` gave, of the layers that are asked for.
            look: what they are called, and their colour.
        """


class LayerChart(Chart[_Shown]):
    """A chart that has axes for each layer."""

    has_layer_axes = True

    @abstractmethod
    def draw(self, ax: Axes, found: _Shown) -> str:
        """Draw one layer on axes of matplotlib.

        Returns:
            What is to be said below the layer's name; empty where nothing is.
        """


def check_installed(what: str) -> None:
    """See that there is matplotlib.

    Args:
        what: is to be drawn, for the message.

    Raises:
        UsageError: there isn't.
    """
    require("matplotlib", what=what, extra="plot")


def check_table(tables: RunTables, chart: Chart[Any]) -> None:
    """See that the table that a chart is drawn from is among those of a run.

    Raises:
        UsageError: it is missing, or was made in another form.
    """
    if chart.table is None:
        return
    if chart.table not in tables:
        why = tables.skipped.get(chart.table)
        found = why or f"tables of {', '.join(tables)} only; name it in metrics=[…]"
        msg = f"plot.{chart.name}: expected the table {chart.table}, found {found}"
        raise UsageError(msg)
    made = provenance_in(tables.path(chart.table)) or {}
    if not chart.fits(made):
        reduction, resolution = made.get("reduction") or "none", made.get("resolution")
        msg = (
            f"plot.{chart.name}: expected {chart.table} by step and without a reduction, found resolution "
            f"{resolution} and reduction {reduction}; analyse once more with resolution='step' and reduction=None"
        )
        raise UsageError(msg)
