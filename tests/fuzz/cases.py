"""One case of the fuzzer: a sound trace, a change that its number alone decides, and what reading it came to."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import TraceError
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.repair import repair
from sparsey_trace.trace.rescue.validate import validate
from tests.fuzz.damage import DAMAGES
from tests.fuzz.forgeries import FORGERIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from sparsey_trace.trace.reading.trace import Trace

_HERE = Path(__file__).parent
ORIGINALS = {
    "closed": _HERE / "closed.h5",
    "left": _HERE / "left.h5",
    "digits": _HERE.parents[1] / "sample_traces" / "digits.h5",
    "mnist": _HERE.parents[1] / "sample_traces" / "mnist.h5",
}
_SHARES = {"closed": 8, "left": 6, "digits": 3, "mnist": 3}
_SMALL = frozenset({"closed", "left"})
METRICS = ("basis_set_size", "feature_coverage")


@dataclass(frozen=True)
class Case:
    """A changed file.

    Attributes:
        number: what it is made again from.
        original: the name of the sound trace.
        change: the name of what was done to it.
        is_forged: whether the change passes checksums: then what is read may be other values.
        content: the file's bytes.
    """

    number: int
    original: str
    change: str
    is_forged: bool
    content: bytes


def make(number: int, *, originals: tuple[str, ...] = tuple(ORIGINALS)) -> Case:
    """The case of a number."""
    rng = random.Random(number)
    original = rng.choices(originals, [_SHARES[name] for name in originals])[0]
    whole = _content(original)
    if rng.random() < 0.5:
        damage = rng.choice(DAMAGES)
        content = bytes(damage(bytearray(whole), rng))
        return Case(number, original, damage.__name__, is_forged=False, content=content)
    forge = rng.choice(FORGERIES)
    content = bytes(forge(bytearray(whole), rng, whole))
    return Case(number, original, forge.__name__, is_forged=True, content=content)


def unchanged(original: str) -> Case:
    """No change: what every way has to read right, or all cases would be refused for what isn't their change."""
    return Case(-1, original, "nothing", is_forged=False, content=_content(original))


def outcomes(case: Case, path: Path) -> dict[str, str]:
    """What each way of reading came to: `right`, `other` values, `refused`, or what is wrong with that.

    Args:
        case: the case.
        path: where its file is put.
    """
    path.write_bytes(case.content)
    ways = {"open_trace": _values, "validate": _validated, "analyze": _tables}
    if case.original in _SMALL:
        ways["repair"] = _repaired
    return {name: _outcome(way, case, path) for name, way in ways.items()}


def _outcome(way: Callable[[Path], dict[str, Any]], case: Case, path: Path) -> str:
    try:
        found = way(path)
    except TraceError as error:
        text = str(error)
        is_fine = text.startswith(f"{path}: ") and text.isprintable()
        return "refused" if is_fine else f"FAULT: a message such as {text!r}"
    except Exception as error:  # noqa: BLE001 - any other is what this looks for
        return f"FAULT: {type(error).__name__}: {error}"
    expected = _expected(way, case.original)
    wrong = [
        name
        for name in expected
        if name not in found or not _agrees(found[name], expected[name], case.original)
    ]
    if not wrong:
        return "right"
    if case.is_forged:
        return "other"
    return f"FAULT: other values of {', '.join(wrong)}"


@lru_cache(maxsize=16)
def _expected(way: Callable[[Path], dict[str, Any]], original: str) -> dict[str, Any]:
    return way(ORIGINALS[original])


def _agrees(found: Any, expected: Any, original: str) -> bool:
    if not isinstance(expected, np.ndarray):
        return bool(found == expected)
    if original == "left":
        # Nothing guards its counter: it may have become smaller.
        expected = expected[: len(found)]
    return np.array_equal(found, expected, equal_nan=expected.dtype.kind == "f")


@lru_cache(maxsize=8)
def _content(original: str) -> bytes:
    return ORIGINALS[original].read_bytes()


def _values(path: Path) -> dict[str, Any]:
    with open_trace(path) as trace:
        found = {name: trace.storage.read(name, 0, len(trace)) for name in trace.columns}
        _show(trace)
        return {"config": trace.config, "layout": trace.layout, **found}


def _show(trace: Trace) -> None:
    trace.samples.to_pandas()
    shown = [repr(trace), *map(repr, trace.layers)]
    assert all(text.isprintable() for text in shown), shown
    assert "<script" not in trace._repr_html_()
    assert trace.drops.ndim == 1


def _validated(path: Path) -> dict[str, Any]:
    validate(path)
    return {}


def _tables(path: Path) -> dict[str, Any]:
    result = analyze(path, metrics=list(METRICS), n_jobs=1, engine="serial", total_memory="300M")
    return {name: result[name]["value"].to_numpy() for name in METRICS if name in result}


def _repaired(path: Path) -> dict[str, Any]:
    """Whether what is kept is whole steps as they were in either small trace; both are of the same run."""
    before = path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "repaired.h5"
        repair(path, out)
        assert path.read_bytes() == before, "it wrote to its input"
        validate(out)
        return {"samples": _are_original(out)}


def _are_original(path: Path) -> bool:
    with open_trace(path) as trace, open_trace(ORIGINALS["closed"]) as whole:
        kept = np.isin(whole.samples.step[:], trace.samples.step[:])
        same = [
            np.array_equal(
                trace.storage.read(name, 0, len(trace)), whole.storage.read(name, 0, len(whole))[kept]
            )
            for name in whole.columns.keys() & trace.columns.keys()
        ]
        return all(same)
