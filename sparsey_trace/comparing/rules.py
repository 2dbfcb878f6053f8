"""Rules that say when a comparison has failed, for continuous integration."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from sparsey_trace.comparing.figures import FIGURE_NAMES, PRECISION
from sparsey_trace.errors import UsageError
from sparsey_trace.metrics.registry import metric_classes
from sparsey_trace.support.suggest import hint, unknown
from sparsey_trace.tables.names import table_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.comparing.figures import FigureName, Figures
    from sparsey_trace.comparing.run_figures import RunFigures
    from sparsey_trace.metrics.base import Metric

GRAMMAR = (
    "[now:|best:|area:][train:|eval:]METRIC[[LAYER]] with <, <=, > or >= and a limit: a number for the value itself; "
    "+number or -number, also with %, for its change against the first run; chance or chance+number for what the value "
    "would be by chance; such as feature_coverage<0.9, match_accuracy<-0.02, match_accuracy<=chance or "
    "area:basis_set_size[v1]>+10%"
)

_RULE = re.compile(
    r"""\s* (?: (?P<figure> now | best | area ) \s* : )?
    \s* (?: (?P<phase> train | eval ) \s* : )?
    \s* (?P<metric> [^\s\[\]:<>=]+ ) \s* (?: \[ (?P<layer> .+ ) \] )?
    \s* (?P<operator> <= | >= | < | > )
    \s* (?P<chance> chance )?
    \s* (?P<sign> [+-]? ) \s* (?P<number> (?: \d+ (?: \.\d* )? | \.\d+ ) (?: [eE][+-]?\d+ )? )?
    \s* (?P<percent> %? ) \s*""",
    re.VERBOSE,
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When a comparison has failed.

    Attributes:
        text: as it was written.
        figure: what it is about.
        phase: of which phase; None for every phase that the metric has figures of.
        metric: what the summary calls it.
        layer: the layer's name or number; None for every layer.
        operator: `<`, `<=`, `>`, `>=`.
        limit: of the `value`, of its `change` against the first run, of that change in `percent` of the first run's
            value, or of how far the value is above what it would be by `chance`.
        kind: which of these.
    """

    text: str
    figure: FigureName
    phase: str | None
    metric: str
    layer: str | None
    operator: str
    limit: float
    kind: Literal["value", "change", "percent", "chance"]

    @property
    def unit(self) -> str:
        """Of the limit."""
        return "%" if self.kind == "percent" else ""

    @property
    def limit_text(self) -> str:
        """The limit as it is written in a rule."""
        if self.kind == "value":
            return f"{self.limit:.6g}"
        far = "" if self.kind == "chance" and not self.limit else f"{self.limit:+.6g}{self.unit}"
        return f"chance{far}" if self.kind == "chance" else far

    @property
    def is_of_changes(self) -> bool:
        """Whether it judges how a run differs from the first."""
        return self.kind in ("change", "percent")

    def is_broken_by(self, found: float, slack: float) -> bool:
        """Whether a value is on the wrong side of the limit; within the slack it is at the limit."""
        if math.isnan(found):
            return True
        if abs(found - self.limit) <= slack:
            return "=" in self.operator
        return found < self.limit if self.operator.startswith("<") else found > self.limit


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A figure that breaks a rule, or one that a rule is about and that isn't there.

    Attributes:
        rule: as it was written.
        run: the run's path.
        metric: what the summary calls it.
        phase: of which phase; None for all of them.
        layer: as the comparison calls it; None for all of them.
        found: what the limit is of: a value, a change, a change in percent, or how far it is above chance; None where
            there is none.
        limit: the rule's; of one about chance, how far above it.
        why: in words.
    """

    rule: str
    run: str
    metric: str
    phase: str | None
    layer: str | None
    found: float | None
    limit: float
    why: str

    def __str__(self) -> str:
        """In one line."""
        layer = "" if self.layer is None else f"[{self.layer}]"
        phase = "" if self.phase is None else f" ({self.phase})"
        return f"{self.rule}: {self.run}: {self.metric}{layer}{phase}: {self.why}"


def parse_rule(text: str) -> Rule:
    """A rule as it is written.

    Raises:
        UsageError: another grammar, or there is no such metric.

    >>> rule = parse_rule("match_accuracy[v1] < -2%")
    >>> rule.figure, rule.layer, rule.operator, rule.limit, rule.kind
    ('now', 'v1', '<', -2.0, 'percent')
    """
    found = _RULE.fullmatch(text)
    if found is None or not _is_sound(found):
        msg = f"rule: expected {GRAMMAR}; found {text!r}"
        raise UsageError(msg)
    known = [name for cls in metric_classes().values() for name in _figures_of(cls)]
    if found["metric"] not in known:
        raise UsageError(unknown(f"rule {text!r}", found["metric"], known))
    figure: FigureName = next((name for name in FIGURE_NAMES if name == found["figure"]), "now")
    return Rule(
        text=text.strip(),
        figure=figure,
        phase=found["phase"],
        metric=found["metric"],
        layer=found["layer"] and found["layer"].strip(),
        operator=found["operator"],
        limit=float(found["sign"] + (found["number"] or "0")),
        kind=_kind(found),
    )


def _is_sound(found: re.Match[str]) -> bool:
    """Whether the limit of what looks like a rule is one."""
    if found["chance"]:
        # Chance is what the samples of now would come to.
        is_now = found["figure"] in (None, "now")
        return is_now and not found["percent"] and bool(found["sign"]) == bool(found["number"])
    return bool(found["number"]) and bool(found["sign"] or not found["percent"])


def _kind(found: re.Match[str]) -> Literal["value", "change", "percent", "chance"]:
    if found["chance"]:
        return "chance"
    return "percent" if found["percent"] else "change" if found["sign"] else "value"


def check(rule: Rule, runs: Sequence[RunFigures], figures: Sequence[Figures]) -> list[Violation]:
    """What breaks a rule: of every run, or where its limit is of a change, of every run but the first."""
    first, *others = runs
    about = _about(rule, figures)
    bases = {(one.phase, one.layer): one for one in about if one.run == first.name}
    broken: list[Violation] = []
    for run in others if rule.is_of_changes else [first, *others]:
        own = [one for one in about if one.run == run.name]
        judged = [one for one in own if (one.phase, one.layer) in bases] if rule.is_of_changes else own
        if not judged:
            broken.append(_nothing(rule, first if own else run, figures))
        for one in judged:
            broken += _judge(rule, one, bases.get((one.phase, one.layer), one))
    # Where the first run has nothing to compare with, one line is enough.
    return list(dict.fromkeys(broken))


def _about(rule: Rule, figures: Sequence[Figures]) -> list[Figures]:
    about = [one for one in figures if one.metric == rule.metric and rule.phase in (None, one.phase)]
    if rule.layer is None:
        return about
    named = [one for one in about if one.layer == rule.layer]
    return named or [one for one in about if str(one.number) == rule.layer]


def _judge(rule: Rule, judged: Figures, base: Figures) -> list[Violation]:
    value = judged.value(rule.figure)
    reference = judged.chance if rule.kind == "chance" else base.value(rule.figure)
    broken = partial(_violation, rule, run=judged.run, phase=judged.phase, layer=judged.layer)
    if value is not None and reference is None and rule.kind == "chance":
        return [broken(why="what it would be by chance isn't known")]
    if value is None or reference is None:
        return [broken(why=f"it has no figure {rule.figure!r}")]
    found, slack = _measured(rule, value, reference)
    if not rule.is_broken_by(found, slack):
        return []
    why = f"{rule.figure} is {value:.6g}"
    if rule.kind == "chance":
        why += f", {reference:.6g} by chance"
    elif rule.kind != "value":
        why += f", {found:+.6g}{rule.unit} against {reference:.6g} of {base.run}"
    # JSON knows no infinity.
    known = found if math.isfinite(found) else None
    return [broken(why=f"{why}; limit {rule.limit_text}", found=known)]


def _measured(rule: Rule, value: float, reference: float) -> tuple[float, float]:
    """What the limit is of, and how far from the limit it may be and still be at it."""
    if rule.kind == "value":
        return value, PRECISION * max(abs(value), abs(rule.limit))
    change, slack = value - reference, PRECISION * max(abs(value), abs(reference))
    if rule.kind in ("change", "chance"):
        return change, slack
    if reference == 0:
        return math.copysign(math.inf, change) if change else 0.0, 0.0
    share = 100 / abs(reference)
    return change * share, slack * share


def _nothing(rule: Rule, run: RunFigures, figures: Sequence[Figures]) -> Violation:
    """That a run has no figure that the rule could be about."""
    metric = next(name for name, cls in metric_classes().items() if rule.metric in _figures_of(cls))
    layers = list(
        dict.fromkeys(one.layer for one in figures if (one.metric, one.run) == (rule.metric, run.name))
    )
    if metric in run.skipped:
        why = f"not computed: {run.skipped[metric]}"
    elif rule.metric not in run.best:
        why = "not computed: it was not asked for"
    elif rule.metric in run.figureless:
        why = "it comes to no figure of a layer"
    elif not layers:
        why = "no sample has a value"
    elif rule.phase is not None and not any(
        one.phase == rule.phase for one in figures if (one.metric, one.run) == (rule.metric, run.name)
    ):
        why = f"it has no figure of {rule.phase}"
    elif rule.layer is not None:
        why = (
            f"expected a layer {rule.layer!r}, found {', '.join(map(str, layers))}{hint(rule.layer, layers)}"
        )
    else:
        why = "no layer is shared"
    return _violation(rule, why, run=run.name, phase=rule.phase, layer=rule.layer)


def _violation(
    rule: Rule, why: str, *, run: str, phase: str | None, layer: str | None, found: float | None = None
) -> Violation:
    return Violation(
        rule=rule.text,
        run=run,
        metric=rule.metric,
        phase=phase,
        layer=layer,
        found=found,
        limit=rule.limit,
        why=why,
    )


def _figures_of(cls: type[Metric[Any]]) -> list[str]:
    """What a metric is called in summaries: by the names of its tables, and of what else it tells."""
    return [*table_names(cls), *getattr(cls, "beside", ())]
