"""What is in a folder of runs, as plain values that JSON can say, and in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sparsey_trace.replay.describe import size_in_words
from sparsey_trace.runs.configuration import as_text, differing, flat
from sparsey_trace.support.printable import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sparsey_trace.runs.entry import Entry

_MOST_VALUES = 12
"""So many values of a key are listed."""


def runs_facts(entries: Sequence[Entry]) -> dict[str, Any]:
    """What there is in all runs together, and in what they differ."""
    readable = [entry for entry in entries if entry.is_readable]
    flats = [flat(entry.config) for entry in readable]
    return {
        "runs": len(readable),
        "states": dict(Counter(entry.state for entry in entries)),
        "files": sum(len(entry.files) for entry in entries),
        "bytes": sum(entry.size for entry in entries),
        "samples": sum(entry.samples for entry in readable),
        "steps": sum(entry.steps for entry in readable),
        "created": sorted(entry.created for entry in readable),
        "hosts": list(dict.fromkeys(entry.host for entry in readable)),
        "models": dict(Counter(entry.model for entry in readable)),
        "differing": {
            key: [
                *_texts([one[key] for one in flats if key in one]),
                *["not there"] * any(key not in one for one in flats),
            ]
            for key in differing(entry.config for entry in readable)
        },
        "broken": {entry.name: entry.fault for entry in entries if not entry.is_readable},
    }


def _texts(values: Sequence[Any]) -> list[str]:
    """Each value once: numbers in their order, then others in that in which they come up.

    >>> _texts([128, 0.5, 4, "all", 4, True])
    ['0.5', '4', '128', 'all', 'true']
    """
    numbers = {value for value in values if type(value) in (int, float)}
    others = [value for value in values if type(value) not in (int, float)]
    return list(dict.fromkeys(map(as_text, [*sorted(numbers), *others])))


def described_runs(found: Mapping[str, Any]) -> dict[str, str]:
    """Facts in words, but for what differs and what is broken."""
    models = [f"{model} ({count(number, 'run')})" for model, number in found["models"].items()]
    created = found["created"]
    return {
        "runs": ", ".join(f"{number:,} {state}" for state, number in found["states"].items()),
        "files": f"{found['files']:,}, {size_in_words(found['bytes'])}",
        "samples": f"{found['samples']:,} in {count(found['steps'], 'step')}",
        **({"created": f"{created[0]} to {created[-1]}"} if created else {}),
        "hosts": ", ".join(found["hosts"]),
        "models": "; ".join(models[:_MOST_VALUES]) + _more(models),
    }


def values_in_words(values: Sequence[str]) -> str:
    """The values of a key, as many as can be listed.

    >>> values_in_words(["0.1", "0.2"])
    '0.1, 0.2'
    """
    return ", ".join(values[:_MOST_VALUES]) + _more(values)


def _more(values: Sequence[str]) -> str:
    more = len(values) - _MOST_VALUES
    return f" and {more:,} more" if more > 0 else ""
