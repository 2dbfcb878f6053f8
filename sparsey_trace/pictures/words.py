"""What pictures say: titles, axes with their units, and what each one means for Sparsey."""

from __future__ import annotations

from dataclasses import dataclass

SEEN = "training samples seen"
"""What all curves go along; so runs of other batch sizes line up."""

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
"""Okabe and Ito's colours, which the colour-blind can tell apart (jfly.uni-koeln.de/color, 2008)."""

MEASURE = "viridis"
"""The colour scale of measures: even in lightness, also in grey and to the colour-blind."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What one picture says.

    Attributes:
        title: a few words.
        x: the title of the horizontal axis, with its unit.
        y: the title of the vertical axis, with its unit.
        meaning: a sentence or two: how to read it, and what it means for Sparsey.
    """

    title: str
    x: str
    y: str
    meaning: str


WORDS = {
    "basis_set_size": Words(
        title="Basis set size",
        x=SEEN,
        y="basis set size (codes)",
        meaning="How many different codes a MAC has shown in training. A curve that flattens means that old codes "
        "come back for new inputs; one that keeps rising means that nearly every input gets a code of its own.",
    ),
    "basis_set_size_increase": Words(
        title="New codes",
        x=SEEN,
        y="new codes (per 100 samples)",
        meaning="How fast new codes still appear. Near 100 every sample brings a code that the MAC never showed.",
    ),
    "num_activations": Words(
        title="Activity",
        x="x position",
        y="y position",
        meaning="The share of all samples for which a MAC was active. A MAC that is never active learns nothing: "
        "too little, or too much, of its receptive field is ever on.",
    ),
    "feature_coverage": Words(
        title="Feature coverage",
        x=SEEN,
        y="feature coverage (share of on features)",
        meaning="How much of the input gets to a MAC through active MACs. What doesn't get there can't be learnt.",
    ),
    "match_accuracy": Words(
        title="Match accuracy",
        x=SEEN,
        y="match accuracy (similarity of codes)",
        meaning="For each evaluation sample, how far a MAC's code agrees with that for the nearest training input. "
        "1 means that an old input's code comes back.",
    ),
    "match_accuracy_by_class": Words(
        title="Match accuracy by class",
        x="class",
        y="match accuracy (similarity of codes)",
        meaning="The same by label: classes whose inputs are seldom recognised stand out.",
    ),
    "match_accuracy_by_distance": Words(
        title="Match accuracy by distance",
        x="distance to the nearest training input (features)",
        y="match accuracy (similarity of codes)",
        meaning="The same by how many features differ from the nearest training input: 0 is an input seen before. "
        "It should fall slowly; a cliff means that codes are brittle.",
    ),
    "sisc_adherence": Words(
        title="SISC adherence",
        x=SEEN,
        y="SISC adherence (cosine)",
        meaning="Whether similar inputs get similar codes: the cosine between the similarities of a sample's input "
        "to earlier training inputs and those of its code to their codes. 1 means that the two go together.",
    ),
    "similarity": Words(
        title="Input and code similarity",
        x="input similarity (Jaccard)",
        y="code similarity (Jaccard)",
        meaning="Pairs of training samples. Where similar inputs get similar codes, pairs lie along a rising line.",
    ),
    "basis_average": Words(
        title="Basis averages",
        x="x position",
        y="y position",
        meaning="The mean training input while a MAC was active, inside its projected receptive field: what it has "
        "come to stand for.",
    ),
}
"""By the names of `sparsey-trace plot` and of `result.plot`."""

DISTANCES = {
    "hamming": WORDS["match_accuracy_by_distance"].x,
    "jaccard": "distance to the nearest training input (1 - Jaccard similarity)",
}
"""The titles of axes of distances, by how these were measured."""
