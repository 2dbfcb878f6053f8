"""The sections of a report, in order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sparsey_trace.pictures.activity import activity
from sparsey_trace.pictures.averages import averages
from sparsey_trace.pictures.curves import curves, increase
from sparsey_trace.pictures.matches import matches
from sparsey_trace.pictures.similarity import MOST_SAMPLES, similarity
from sparsey_trace.pictures.words import WORDS
from sparsey_trace.reporting.curve_charts import KEY, curve_charts, spread_chart, thinned
from sparsey_trace.reporting.figures import Chart, Group, Section
from sparsey_trace.reporting.map_charts import map_charts
from sparsey_trace.reporting.match_charts import by_class, by_distance
from sparsey_trace.reporting.pictures import Gallery, galleries, shrinking
from sparsey_trace.reporting.similarity_charts import similarity_chart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sparsey_trace.pictures.curves import Curve
    from sparsey_trace.pictures.similarity import Similarity
    from sparsey_trace.reporting.views import View, Views

    Curves = Sequence[tuple[View, Sequence[Curve]]]

MOST_POINTS = 200
"""On a curve: a chart is some 300 pixels wide."""

STEPS = 6
"""How many sections `sections` makes."""

_MAC_KEY = ("mac", "single MACs: the mouse finds which")


def sections(views: Views, *, n_jobs: int) -> Iterator[Section]:
    """What there is to see, section by section."""
    yield _growth(views)
    yield _activity(views)
    yield _coverage(views)
    yield _matches(views, n_jobs)
    yield _similarity(views)
    yield _averages(views)


def _curves(views: Views, table: str, phase: str | None = None, *, most: int = MOST_POINTS) -> Curves:
    """Each run's curves, of one phase or both; runs without are left out."""
    found = [(view, curves(view.run, table, most=most)) for view in views.having(table)]
    return _of_phase(found, phase)


def _of_phase(found: Curves, phase: str | None) -> Curves:
    kept = [(view, [curve for curve in made if phase in (None, curve.phase)]) for view, made in found]
    return [(view, made) for view, made in kept if made]


def _growth(views: Views) -> Section:
    name = "basis_set_size"
    sizes = _curves(views, name, "train")
    # Few points: over few samples an increase is a small whole number, and jumps.
    coarse = _curves(views, name, "train", most=MOST_POINTS // 4)
    speeds = [(view, [increase(curve) for curve in found]) for view, found in coarse]
    with_macs = not views.are_several
    return Section(
        name="growth",
        title="Basis set growth",
        meaning=[WORDS[name].meaning, WORDS[f"{name}_increase"].meaning],
        key=[KEY[0], KEY[2], *([_MAC_KEY] if with_macs else [])],
        groups=[
            Group(title=WORDS[name].title, charts=curve_charts(sizes, name, with_macs=with_macs)),
            Group(title=WORDS[f"{name}_increase"].title, charts=curve_charts(speeds, f"{name}_increase")),
        ],
        notes=[
            *views.lacking(name, "basis set sizes"),
            *thinned(sizes, with_macs=with_macs),
            *[f"In charts of new codes: {line}" for line in thinned(coarse)],
        ],
    )


def _activity(views: Views) -> Section:
    name = "num_activations"
    found = [(view, activity(view.run)) for view in views.having(name)]
    return Section(
        name="activity",
        title=WORDS[name].title,
        meaning=[WORDS[name].meaning],
        key=[("cross", "never active")],
        groups=_by_layer(views, map_charts(found)),
        notes=views.lacking(name, "activity"),
    )


def _by_layer(views: Views, charts: Sequence[tuple[str, View, Chart]]) -> list[Group]:
    """Charts of one run together, by layer; of several runs a group for each layer, by run."""
    if not views.are_several:
        return [Group(charts=[chart for _, _, chart in charts])]
    return [
        Group(
            title=layer,
            charts=[replace(chart, title=view.name) for name, view, chart in charts if name == layer],
        )
        for layer in dict.fromkeys(name for name, _, _ in charts)
    ]


def _coverage(views: Views) -> Section:
    name = "feature_coverage"
    found = _curves(views, name)
    overall = _of_phase(found, "train") or found
    return Section(
        name="coverage",
        title=WORDS[name].title,
        meaning=[WORDS[name].meaning],
        key=KEY,
        groups=[
            Group(title="Over the run", charts=curve_charts(found, name)),
            Group(
                title="By layer",
                charts=[spread_chart(overall, views.layers, name)] if overall else [],
                width="whole",
            ),
        ],
        notes=[*views.lacking(name, "feature coverage"), *thinned(found)],
    )


def _matches(views: Views, n_jobs: int) -> Section:
    name = "match_accuracy"
    found = _curves(views, name)
    single = [(view, matches(view.run, n_jobs=n_jobs)) for view, _ in found]
    return Section(
        name="match",
        title=WORDS[name].title,
        meaning=[WORDS[name].meaning, WORDS[f"{name}_by_distance"].meaning],
        key=[("dash", "median over the MACs of a layer"), KEY[2]],
        groups=[
            Group(title="Over the run", charts=curve_charts(found, name)),
            Group(
                title="By layer",
                charts=[spread_chart(found, views.layers, name)] if found else [],
                width="whole",
            ),
            Group(title="By class", charts=by_class(single)),
            Group(title="By distance", charts=by_distance(single)),
        ],
        notes=[*views.lacking(name, "match accuracy"), *_valueless(views, name, found), *thinned(found)],
    )


def _valueless(views: Views, name: str, found: Curves) -> list[str]:
    """A line for each run whose table has no lines."""
    with_values = {view.place for view, _ in found}
    return [
        f"No {WORDS[name].title.lower()}{f' of {view.name}' if views.are_several else ''}: no sample has a value."
        for view in views.having(name)
        if view.place not in with_values
    ]


def _similarity(views: Views) -> Section:
    name = "sisc_adherence"
    found = _curves(views, name)
    pairs = [(view, similarity(view.run)) for view in views.having(name)]
    adherence = {chart.title: chart for chart in curve_charts(found, name)}
    drawn = [
        f"{view.name}: pairs of {layers[0].samples:,} of {layers[0].of:,} training samples, evenly chosen."
        for view, layers in pairs
        if layers and layers[0].of > MOST_SAMPLES
    ]
    return Section(
        name="similarity",
        title="Similar inputs, similar codes (SISC)",
        meaning=[WORDS["similarity"].meaning, WORDS[name].meaning],
        key=[("mean", "mean code similarity"), *KEY],
        groups=[
            Group(title=layer, charts=_pair(views, pairs, layer, adherence), width="half")
            for layer in views.layers
        ],
        notes=[
            *views.lacking(name, "SISC adherence"),
            *_valueless(views, name, found),
            *drawn,
            *thinned(found),
        ],
    )


def _pair(
    views: Views, pairs: Iterable[tuple[View, Sequence[Similarity]]], layer: str, adherence: dict[str, Chart]
) -> list[Chart]:
    heats = []
    for view, layers in pairs:
        for mine in layers:
            if view.layers[mine.layer] == layer:
                chart = similarity_chart(view, mine)
                heats.append(replace(chart, title=view.name) if views.are_several else chart)
    beside = [replace(adherence[layer], title=WORDS["sisc_adherence"].title)] if layer in adherence else []
    return [*heats, *beside]


def _averages(views: Views) -> Section:
    name = "basis_average"
    found = [(view, averages(view.run)) for view in views.having(name)]
    shrink = shrinking(found)
    made: list[Gallery] = []
    for view, layers in found:
        shares = activity(view.run) if view.has("num_activations") else None
        made += galleries(view, layers, shares, shrink=shrink)
    joined = f"Pictures are shown at 1/{shrink} of their height and width."
    return Section(
        name="averages",
        title=WORDS[name].title,
        meaning=[
            WORDS[name].meaning,
            "Small pictures show the part of the input around the receptive field. A click on a MAC, or Enter, shows "
            "all of it, with the MAC's numbers; arrow keys go from one to the next.",
        ],
        key=[("outline", "receptive field"), ("cross", "never active in training")],
        groups=[
            Group(title=layer, maps=[gallery for gallery in made if gallery.layer == layer])
            for layer in dict.fromkeys(gallery.layer for gallery in made)
        ],
        notes=[*views.lacking(name, "basis averages"), *([joined] if shrink > 1 else [])],
    )
