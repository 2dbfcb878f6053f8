"""What a chart says: its title, its axes with their units, what it means, and where in a report it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace

SEEN = "training samples seen"
"""What all curves go along; so runs of other batch sizes line up."""

WINNERS_AXIS = "winners that agree (share of CMs)"


RECORDED = "recorded value"
"""Stands for the name of what was recorded, which only a trace knows."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What one chart says.

    Attributes:
        title: a few words.
        x: the title of the horizontal axis, with its unit.
        y: the title of the vertical axis, with its unit.
        meaning: a sentence or two: how to read it, and what it means for Sparsey.
        example: what is seen on the example in docs/plots.md, for those who don't see it.
    """

    title: str
    x: str
    y: str
    meaning: str
    example: str

    def about(self, name: str) -> Words:
        """With a recorded value's name on the axes."""
        return replace(self, x=self.x.replace(RECORDED, name), y=self.y.replace(RECORDED, name))


@dataclass(frozen=True)
class Heading:
    """A section of a report; charts with the same one stand in it together.

    Attributes:
        name: of its anchor.
        title: its heading.
    """

    name: str
    title: str


GROWTH = Heading("growth", "Basis set growth")
ACTIVITY = Heading("activity", "Activity")
USAGE = Heading("usage", "Code usage")
VALUES = Heading("values", "Recorded values")
LABELS = Heading("labels", "Labels")
MATCH = Heading("match", "Match accuracy")
SIMILARITY = Heading("similarity", "Similar inputs, similar codes (SISC)")
