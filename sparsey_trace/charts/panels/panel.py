"""A report's figures with what stands around them, and what a chart adds to its section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.charts.panels.gallery import Gallery
    from sparsey_trace.charts.panels.pairs import Pairs
    from sparsey_trace.charts.shared.views import Views

Width = Literal["third", "half", "whole"]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A figure with what stands around it.

    Attributes:
        title: its heading, as it is.
        label: what it shows, in a sentence for those who don't see it.
        figure: for Plotly; colours are added in the browser, where it is known whether it is dark.
        caption: what else is to be known.
    """

    title: str
    label: str
    figure: dict[str, Any]
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Panels that stand together; of one section, groups of one title are joined.

    Attributes:
        title: its heading; none where empty.
        panels: in order.
        maps: instead of these, layers of pictures.
        pairs: instead of these, samples beside others, run by run.
        width: of each panel, on a wide screen.
        meaning: sentences on how to read it.
        is_shared: whether all panels measure the same, so that a reader may ask for the same axes.
    """

    title: str = ""
    panels: Sequence[Panel] = ()
    maps: Sequence[Gallery] = ()
    pairs: Sequence[Pairs] = ()
    width: Width = "third"
    meaning: Sequence[str] = ()
    is_shared: bool = False


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What a chart adds to its section of a report.

    Attributes:
        meaning: sentences on how to read it; they stand beside its group, if it is the only one.
        key: (name of a style, words) for what lines and marks mean.
        groups: what it shows.
        missing: sentences on what couldn't be shown, and why.
        thinned: sentences on what was left out or joined.
    """

    meaning: Sequence[str] = ()
    key: Sequence[tuple[str, str]] = ()
    groups: Sequence[Group] = ()
    missing: Sequence[str] = ()
    thinned: Sequence[str] = ()


def width_of(views: Views) -> Width:
    """Of panels that stand in a group of a layer: one for each run, and one of all runs."""
    return "third" if views.are_several else "half"
