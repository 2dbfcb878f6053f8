"""Makes the tables of sparseypy.md, from observations and from the code: `python docs/sparseypy_tables.py`.

A test compares. What the originals do is in tests/golden/observed_*.json; what stands here of it is read off the
classes.
"""

from __future__ import annotations

import inspect
import json
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparseypy_differences import DIFFERENCES

from sparsey_trace.sparseypy import HookFactory, LayerIOHook, Metric, MetricFactory
from sparsey_trace.sparseypy.by_sample import BySample
from sparsey_trace.sparseypy.online import OnlineMetric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

HERE = Path(__file__).parent
PAGE = HERE / "sparseypy.md"
GENERATIONS = ("spring", "final")
SEEN = {
    name: json.loads((HERE.parent / f"tests/golden/observed_{name}.json").read_text()) for name in GENERATIONS
}
METRICS = sorted(MetricFactory.allowed_metrics)
TITLES = {OnlineMetric: "all metrics here", BySample: "all but `BasisAverageMetric`"}
FIRST, EVALUATED = "batch of 4, training=True", "batch of 4, training=False"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return (
        "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
        + "\n"
    )


def modules() -> str:
    """The original's modules, and what each has here."""
    names = {name for seen in SEEN.values() for name in seen["factory"]["allowed_modules"] if name.islower()}
    return table(
        ["module", "spring", "final", "what it has here"],
        [
            [
                f"`{name}`",
                *("yes" if name in seen["factory"]["allowed_modules"] else "-" for seen in SEEN.values()),
                _own(name),
            ]
            for name in sorted(names)
        ],
    )


def _own(module: str) -> str:
    """The public names that a module defines."""
    found = import_module(f"sparsey_trace.sparseypy.{module}")
    names = getattr(found, "__all__", None) or [
        name
        for name, value in vars(found).items()
        if not name.startswith("_") and callable(value) and getattr(value, "__module__", "") == found.__name__
    ]
    return ", ".join(f"`{name}`" for name in names)


def signatures() -> str:
    """Every call that was observed, and the same call here."""
    return table(["call", "spring", "final", "here"], _calls())


def _calls() -> Iterator[list[str]]:
    for name in METRICS:
        cls = MetricFactory.get_metric_class(name)
        yield [
            f"`{cls.__name__}`",
            *(_told(_constructor(seen, name)) for seen in SEEN.values()),
            _ours(cls.__init__),
        ]
    for group, owner in (("metric base", Metric), ("factory", MetricFactory)):
        for name in sorted(set().union(*(seen[group] for seen in SEEN.values())) - {"abstract"}):
            here = getattr(owner, name)
            told = [seen[group].get(name) for seen in SEEN.values()]
            if callable(here):
                yield [f"`{owner.__name__}.{name}`", *map(_told, told), _ours(here)]
            else:
                yield [f"`{owner.__name__}.{name}`", *(_items(items) for items in told), _items(here)]


def _constructor(seen: dict[str, Any], name: str) -> str | None:
    found: str | None = seen["compute returns"].get(name, {}).get("constructor")
    return found


def _items(names: Iterable[str]) -> str:
    return f"a set of {len(list(names))}"


def _told(signature: str | None) -> str:
    """An observed signature, without types."""
    if signature is None:
        return "-"
    inside = signature[1 : signature.rindex(")")]
    parts = re.split(r", (?![^\[(<]*[\])>])", inside)
    return _signature(part.partition(":")[0] + _default(part) for part in parts)


def _default(part: str) -> str:
    return "=" + re.sub(r"<function (\w+).*>", r"\1", part.partition(" = ")[2]) if " = " in part else ""


def _ours(function: Callable[..., Any]) -> str:
    return _signature(
        f"{'**' if given.kind is given.VAR_KEYWORD else ''}{name}" + _shown_default(given.default)
        for name, given in inspect.signature(function).parameters.items()
    )


def _shown_default(default: Any) -> str:
    if default is inspect.Parameter.empty:
        return ""
    return "=…" if getattr(default, "name", "") == "NOT_GIVEN" else f"={default!r}"


def _signature(parts: Iterable[str]) -> str:
    return f"`({', '.join(part for part in parts if part not in ('self', ''))})`"


def returns(generation: str) -> str:
    """What `compute` gives for each metric and reduction, of the models that were observed."""
    seen = SEEN[generation]["compute returns"]
    names = [key for key in next(iter(seen.values())) if key != "constructor"]
    alike: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        alike.setdefault(tuple(_returned(seen[metric][name]) for metric in seen), []).append(
            f"`{name.partition(' ')[2]}`"
        )
    return table(
        ["reduction", *(f"`{metric}`" for metric in seen)],
        [[", ".join(reductions), *cells] for cells, reductions in alike.items()],
    )


def _returned(given: dict[str, Any]) -> str:
    if "raises" in given:
        return f"{given['raises']}; here {brief({'tensor': []})}"
    trained, evaluated = brief(given[FIRST]), brief(given[EVALUATED])
    return trained if trained == evaluated else f"{trained}; in evaluation {evaluated}"


def brief(seen: Any) -> str:
    """A value by its nesting, shapes and types.

    >>> brief({"list": 2, "of": [{"list": 12, "of": "4.0"}, {"list": 4, "of": "4.0"}]})
    '[[12 float], [4 float]]'
    """
    if isinstance(seen, str):
        return _type(seen)
    if "tensor" in seen:
        return f"tensor {seen['tensor']}"
    if "nested tensor of" in seen:
        return "nested " + ", ".join(str(part["tensor"]) for part in seen["nested tensor of"])
    return f"[{_list(seen['list'], seen['of'])}]"


def _list(length: int, items: Any) -> str:
    if isinstance(items, list):
        kinds = list(map(brief, items))
        if all("tensor" in item for item in items if not isinstance(item, str)) and len(set(kinds)) > 2:
            return f"{length} tensors"
        return f"{length} {kinds[0]}" if len(set(kinds)) == 1 and kinds else ", ".join(kinds)
    kind = brief(items)
    return ", ".join([kind] * length) if kind.startswith("[") else f"{length} {kind}"


def _type(printed: str) -> str:
    if re.fullmatch(r"-?\d+", printed):
        return "int"
    return "float" if re.fullmatch(r"-?[\d.e+-]+", printed) else printed.partition("(")[0]


def names() -> str:
    """What every class has here."""
    classes = [
        Metric,
        OnlineMetric,
        BySample,
        *map(MetricFactory.get_metric_class, METRICS),
        LayerIOHook,
        HookFactory,
        MetricFactory,
    ]
    return table(
        ["class", "name", "what it is"],
        [
            [TITLES.get(cls, f"`{cls.__name__}`"), f"`{name}`", said]
            for cls in classes
            for name, said in (*_attributes(cls), *_methods(cls))
        ],
    )


def _attributes(cls: type) -> Iterator[tuple[str, str]]:
    """As the class's docstring has them."""
    section = (inspect.getdoc(cls) or "").partition("Attributes:\n")[2].partition("\n\n")[0]
    for name, said in re.findall(r"^    (\w+): ((?:.|\n     +)*)", section, re.MULTILINE):
        if said != "see above.":
            yield name, " ".join(said.split())


def _methods(cls: type) -> Iterator[tuple[str, str]]:
    """Its own methods and properties."""
    for name, value in vars(cls).items():
        found = getattr(value, "__func__", value)
        if name.startswith("_"):
            continue
        if isinstance(found, property):
            yield name, _first_line(found)
        elif inspect.isfunction(found):
            yield f"{name}{_ours(found).strip('`')}", _first_line(found)


def _first_line(found: Any) -> str:
    return inspect.getdoc(found).partition("\n")[0]


def differences() -> str:
    """See sparseypy_differences.py."""
    return table(
        ["the original", "here", "why", "test"],
        [[*row[:3], f"`tests/{row.test.partition('::')[0]}`"] for row in DIFFERENCES],
    )


PARTS: dict[str, Callable[[], str]] = {
    "modules": modules,
    "signatures": signatures,
    "returns of spring": lambda: returns("spring"),
    "returns of final": lambda: returns("final"),
    "names": names,
    "differences": differences,
}


def page(text: str) -> str:
    """The page with its tables made anew."""
    for name, make in PARTS.items():
        start, end = f"<!-- {name}: made by docs/sparseypy_tables.py -->\n", f"<!-- {name}: end -->\n"
        before, _, rest = text.partition(start)
        text = before + start + "\n" + make() + "\n" + end + rest.partition(end)[2]
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
