"""The sections of a report: what the charts of the catalogue add to each, put together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sparsey_trace.charts.catalogue import CHARTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sparsey_trace.charts.panels.panel import Contribution, Group
    from sparsey_trace.charts.shared.views import Views
    from sparsey_trace.charts.shared.words import Heading

HEADINGS = tuple(dict.fromkeys(chart.heading for chart in CHARTS.values()))
"""Of all sections, in order."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the report.

    Attributes:
        name: of its anchor.
        title: its heading.
        meaning: sentences on how to read it.
        key: (name of a style, words) for what lines and marks mean.
        groups: what it shows.
        notes: sentences on what couldn't be shown, and on what was left out or joined.
    """

    name: str
    title: str
    meaning: Sequence[str]
    key: Sequence[tuple[str, str]]
    groups: Sequence[Group]
    notes: Sequence[str]


def sections(views: Views) -> Iterator[Section]:
    """What there is to see, section by section; one that has nothing to show or to say is left out."""
    for heading in HEADINGS:
        charts = [chart for chart in CHARTS.values() if chart.heading == heading]
        section = _section(heading, [chart.in_report(views) for chart in charts])
        if section.groups or section.notes:
            yield section


def _section(heading: Heading, added: Sequence[Contribution]) -> Section:
    """What several charts add; what two of them say stands there once."""
    added = [_beside_its_group(one) for one in added]
    missing = [said for one in added for said in one.missing]
    thinned = [said for one in added for said in one.thinned]
    return Section(
        name=heading.name,
        title=heading.title,
        meaning=list(dict.fromkeys(said for one in added for said in one.meaning)),
        key=list(dict.fromkeys(entry for one in added for entry in one.key)),
        groups=_joined(
            group for one in added for group in one.groups if group.panels or group.maps or group.pairs
        ),
        notes=list(dict.fromkeys([*missing, *thinned])),
    )


def _beside_its_group(one: Contribution) -> Contribution:
    """With its meaning where it is read: beside the group, of which there may be several, or none."""
    if len(one.groups) != 1:
        return one
    return replace(one, meaning=[], groups=[replace(one.groups[0], meaning=one.meaning)])


def _joined(groups: Iterable[Group]) -> list[Group]:
    """Groups of one title as one, where the first stands; those without a title stay apart."""
    found: list[Group] = []
    for group in groups:
        same = [n for n, other in enumerate(found) if group.title and other.title == group.title]
        if same:
            first = found[same[0]]
            found[same[0]] = replace(
                first,
                panels=[*first.panels, *group.panels],
                maps=[*first.maps, *group.maps],
                pairs=[*first.pairs, *group.pairs],
                meaning=[*first.meaning, *group.meaning],
            )
        else:
            found.append(group)
    return found
