"""Rules fail where they should, pass where they should, and say what they found."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pytest

from sparsey_trace.comparing.comparison import Comparison
from sparsey_trace.comparing.rules import parse_rule
from sparsey_trace.comparing.run_figures import RunFigures
from sparsey_trace.errors import UsageError
from sparsey_trace.tables.summary import SummaryRow


def run_of(
    name: str,
    *rows: tuple[str, int | None, float, float | None],
    chance: float | None = None,
    **more: Any,
) -> RunFigures:
    """A run with figures: metric, layer, now, best; and what all would be by chance."""
    found = [
        SummaryRow(
            metric=metric,
            phase="eval",
            layer=layer,
            layer_name=str(layer),
            now=now,
            best=best,
            chance=chance,
        )
        for metric, layer, now, best in rows
    ]
    return RunFigures(
        **{
            "name": name,
            "trace": name,
            "samples": 1,
            "layers": (),
            "summary": found,
            "best": {metric: "highest" for metric, *_ in rows},
            "skipped": {},
            "remarks": [],
            **more,
        }
    )


FIRST = run_of("a", ("match_accuracy", 0, 0.90, 0.95), ("match_accuracy", 1, 0.50, 0.80))
SECOND = run_of("b", ("match_accuracy", 0, 0.87, 0.97), ("match_accuracy", 1, 0.55, 0.80))
BOTH = Comparison([FIRST, SECOND])


def broken(rule: str, comparison: Comparison = BOTH) -> list[tuple[str, str | None]]:
    """The runs and layers that break a rule."""
    return [(violation.run, violation.layer) for violation in comparison.check(rule)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("match_accuracy<0.6", [("a", "1"), ("b", "1")]),
        ("match_accuracy<0.5", []),
        ("match_accuracy<=0.5", [("a", "1")]),
        ("match_accuracy>0.87", [("a", "0")]),
        ("match_accuracy>=0.87", [("a", "0"), ("b", "0")]),
        ("match_accuracy[0]<0.89", [("b", "0")]),
        (" now : match_accuracy [ 0 ] < .89 ", [("b", "0")]),
        ("best:match_accuracy<0.9", [("a", "1"), ("b", "1")]),
        ("best:match_accuracy<8e-1", []),
        ("match_accuracy<-0.02", [("b", "0")]),
        ("match_accuracy< - 0.03", []),
        ("match_accuracy<=-0.03", [("b", "0")]),
        ("match_accuracy>+0.02", [("b", "1")]),
        ("match_accuracy<-0", [("b", "0")]),
        ("match_accuracy<-3%", [("b", "0")]),
        ("match_accuracy<-3.4%", []),
        ("match_accuracy[1]>=+10 %", [("b", "1")]),
        ("match_accuracy[1]>+10%", []),
        ("best:match_accuracy>+0.01", [("b", "0")]),
        ("eval:match_accuracy<0.6", [("a", "1"), ("b", "1")]),
        ("now : eval : match_accuracy[0] <.89", [("b", "0")]),
    ],
)
def test_a_rule_is_broken_where_it_should_be(rule: str, expected: list[tuple[str, str]]) -> None:
    assert broken(rule) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "match_accuracy",
        "match_accuracy<",
        "<0.9",
        "match_accuracy=0.9",
        "match_accuracy==0.9",
        "match_accuracy<0.9 or more",
        "match_accuracy<90%",
        "match_accuracy[]<0.9",
        "match_accuracy[0<0.9",
        "first:match_accuracy<0.9",
        "match_accuracy<--1",
        "match_accuracy<nan",
        "match_accuracy<0.9.1",
        "match accuracy<0.9",
        "match_accuracy<chance 0.1",
        "match_accuracy<chance+",
        "match_accuracy<chance+10%",
        "match_accuracy<chances",
        "best:match_accuracy<chance",
    ],
)
def test_what_is_no_rule_is_told_the_grammar(rule: str) -> None:
    with pytest.raises(
        UsageError, match=re.escape("rule: expected [now:|best:|area:][train:|eval:]METRIC[[LAYER]] with")
    ):
        parse_rule(rule)
    with pytest.raises(UsageError, match=re.escape(f"; found {rule!r}")):
        BOTH.check(["match_accuracy<0", rule])


def test_chance_is_a_limit() -> None:
    """A code that is always the same agrees with itself, and breaks no rule but one about chance."""
    same = run_of("same", ("match_accuracy", 0, 1.0, 1.0), chance=1.0)
    good = run_of("good", ("match_accuracy", 0, 0.9, 0.9), chance=0.2)
    both = Comparison([same, good])
    assert broken("match_accuracy<0.9", both) == []
    for rule in ("match_accuracy<=chance", "now: match_accuracy < chance + 0.5", "match_accuracy<=chance-0"):
        assert broken(rule, both) == [("same", "0")]
    assert broken("match_accuracy<chance", both) == []
    assert broken("match_accuracy<chance+.8", both) == [("same", "0"), ("good", "0")]
    (violation, _) = both.check("match_accuracy<chance+.8")
    assert str(violation).endswith("same: match_accuracy[0] (eval): now is 1, 1 by chance; limit chance+0.8")
    assert (violation.found, violation.limit) == (0.0, 0.8)
    (unknown, _) = BOTH.check("match_accuracy[0]<=chance")
    assert unknown.why == "what it would be by chance isn't known"


def test_an_unknown_metric_is_no_rule() -> None:
    message = (
        "rule 'coverage<1': expected one of num_activations, .*feature_coverage_layer.*, found 'coverage'"
    )
    with pytest.raises(UsageError, match=message):
        parse_rule("coverage<1")


def test_a_line_names_rule_run_metric_layer_value_and_limit() -> None:
    rules = ["match_accuracy[0]<0.88", "match_accuracy[0]<-0.02", "match_accuracy[0] < -3%"]
    assert [str(violation) for violation in BOTH.check(rules)] == [
        "match_accuracy[0]<0.88: b: match_accuracy[0] (eval): now is 0.87; limit 0.88",
        "match_accuracy[0]<-0.02: b: match_accuracy[0] (eval): now is 0.87, -0.03 against 0.9 of a; limit -0.02",
        "match_accuracy[0] < -3%: b: match_accuracy[0] (eval): now is 0.87, -3.33333% against 0.9 of a; limit -3%",
    ]
    (violation,) = BOTH.check("match_accuracy[0]<-0.02")
    assert (violation.limit, violation.found) == (-0.02, pytest.approx(-0.03))


def test_float32_is_not_below_the_limit_that_it_stands_for() -> None:
    stored = 0.8999999761581421  # 0.9 as float32
    comparison = Comparison([run_of(run, ("match_accuracy", 0, stored, stored)) for run in "ab"])
    assert broken("match_accuracy<0.9", comparison) == []
    assert broken("match_accuracy<=0.9", comparison) == [("a", "0"), ("b", "0")]
    nearly = Comparison([FIRST, run_of("b", ("match_accuracy", 0, 0.90 - 1e-8, 0.95))])
    assert broken("match_accuracy<-0", nearly) == []


def test_what_is_not_a_number_breaks_every_rule() -> None:
    comparison = Comparison([FIRST, run_of("b", ("match_accuracy", 0, math.nan, math.nan))])
    for rule in ("match_accuracy<0", "match_accuracy>1", "match_accuracy<-1", "match_accuracy>+1%"):
        assert broken(rule, comparison) == [("b", "0")]


def test_a_share_of_zero() -> None:
    comparison = Comparison(
        [run_of(run, ("num_activations", 0, last, 0.0)) for run, last in (("a", 0.0), ("b", 1.0), ("c", 0.0))]
    )
    (violation,) = comparison.check("num_activations>+900%")
    assert str(violation).endswith(
        "b: num_activations[0] (eval): now is 1, +inf% against 0 of a; limit +900%"
    )
    assert violation.found is None
    assert broken("num_activations<-0%", comparison) == []


def test_absolute_rules_are_about_every_run_and_changes_about_all_but_the_first() -> None:
    three = Comparison([FIRST, SECOND, replace(SECOND, name="c", trace="c")])
    assert broken("match_accuracy[1]>0", three) == [("a", "1"), ("b", "1"), ("c", "1")]
    assert broken("match_accuracy[1]>+0", three) == [("b", "1"), ("c", "1")]


def test_a_metric_that_is_not_there_breaks_its_rules() -> None:
    lacking = replace(run_of("b"), skipped={"match_accuracy": "the trace has no inputs"})
    (violation,) = Comparison([FIRST, lacking]).check("match_accuracy<0.1")
    assert str(violation) == "match_accuracy<0.1: b: match_accuracy: not computed: the trace has no inputs"
    for rule in ("feature_coverage_layer<0.9", "feature_coverage_layer<-0.1"):
        found = [str(violation) for violation in BOTH.check(rule)]
        assert found[-1] == f"{rule}: b: feature_coverage_layer: not computed: it was not asked for"
    (violation,) = Comparison([run_of("a"), SECOND]).check("match_accuracy<-0.5")
    assert str(violation) == "match_accuracy<-0.5: a: match_accuracy: not computed: it was not asked for"


def test_a_metric_without_values_breaks_its_rules() -> None:
    bare = run_of("b", best={"match_accuracy": "highest"})
    (violation,) = Comparison([FIRST, bare]).check("match_accuracy<0.1")
    assert str(violation) == "match_accuracy<0.1: b: match_accuracy: no sample has a value"
    curve = run_of("b", best={"sisc_curve": "highest"}, figureless=frozenset({"sisc_curve"}))
    (violation,) = Comparison([FIRST, curve]).check("sisc_curve<0.1")[-1:]
    assert str(violation) == "sisc_curve<0.1: b: sisc_curve: it comes to no figure of a layer"


def test_a_phase_that_is_not_there_breaks_its_rules() -> None:
    found = [str(violation) for violation in BOTH.check("train:match_accuracy<0.1")]
    assert found == [
        f"train:match_accuracy<0.1: {run}: match_accuracy (train): it has no figure of train" for run in "ab"
    ]


def test_a_layer_that_is_not_there_breaks_its_rules() -> None:
    found = [str(violation) for violation in BOTH.check("match_accuracy[v9]<0.1")]
    assert found == [
        f"match_accuracy[v9]<0.1: {run}: match_accuracy[v9]: expected a layer 'v9', found 0, 1"
        for run in "ab"
    ]


def test_a_change_is_of_the_layers_that_the_first_run_has() -> None:
    higher = run_of("b", ("match_accuracy", 0, 0.9, 0.9), ("match_accuracy", 7, 0.1, 0.1))
    assert broken("match_accuracy<-0.01", Comparison([FIRST, higher])) == []
    (violation,) = Comparison([FIRST, higher]).check("match_accuracy[7]<-0.01")
    assert (violation.run, violation.why) == ("a", "expected a layer '7', found 0, 1")
    apart = Comparison([FIRST, run_of("b", ("match_accuracy", 7, 0.1, 0.1))])
    (violation,) = apart.check("match_accuracy<-0.01")
    assert violation.why == "no layer is shared"


def test_a_figure_that_is_not_there_breaks_its_rules() -> None:
    (violation,) = BOTH.check("area:match_accuracy[0]<-5")
    assert str(violation) == "area:match_accuracy[0]<-5: b: match_accuracy[0] (eval): it has no figure 'area'"


def test_areas_can_be_judged() -> None:
    one, other = (
        run_of(
            run,
            ("basis_set_size", 0, 9, None),
            summary=[
                SummaryRow(metric="basis_set_size", phase="train", layer=0, layer_name="0", now=9, area=area)
            ],
        )
        for run, area in (("a", 5.0), ("b", 6.0))
    )
    (violation,) = Comparison([one, other]).check("area:basis_set_size > +10%")
    assert (
        str(violation)
        == "area:basis_set_size > +10%: b: basis_set_size[0] (train): area is 6, +20% against 5 of a; limit +10%"
    )
