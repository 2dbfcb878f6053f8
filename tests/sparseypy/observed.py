"""What was observed of the running originals: `tests/golden/observed_*.json`, and values in its words."""

from __future__ import annotations

import contextlib
import json
from functools import cache
from typing import Any

from torch import Tensor

from tests.golden_runs import FOLDER

GENERATIONS = ("spring", "final")
BATCHES = ((4, True), (4, False), (1, True))
"""What each metric was shown, one after the other: a batch's size, and whether it was training."""


@cache
def observed(generation: str) -> dict[str, Any]:
    """All of a generation's."""
    found: dict[str, Any] = json.loads((FOLDER / f"observed_{generation}.json").read_text())
    return found


def reductions(generation: str, metric: str) -> list[str | None]:
    """All that a metric was tried with."""
    names = [key.partition(" ")[2].strip("'") for key in observed(generation)["compute returns"][metric]]
    return [None if name == "None" else name for name in names if name]


def returned(generation: str, metric: str, reduction: str | None) -> dict[str, Any]:
    """What `compute` gave, by batch; or what it raised, by `raises`."""
    found: dict[str, Any] = observed(generation)["compute returns"][metric][f"reduction {reduction!r}"]
    return found


def batch_name(size: int, *, training: bool) -> str:
    return f"batch of {size}, training={training}"


def form(value: Any) -> Any:
    """A value's nesting, shapes and types, without its numbers."""
    if isinstance(value, Tensor) and value.is_nested:
        return {"nested tensor of": [form(part) for part in value.unbind()]}
    if isinstance(value, Tensor):
        return {"tensor": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
    if isinstance(value, list):
        return [form(item) for item in value]
    return type(value).__name__


def form_of_observation(seen: Any) -> Any:
    """The same of what was observed, where numbers stand as they print."""
    if isinstance(seen, str):
        return _type_of(seen)
    if "list" in seen:
        items = seen["of"] if isinstance(seen["of"], list) else [seen["of"]] * seen["list"]
        return [form_of_observation(item) for item in items]
    return seen


def _type_of(printed: str) -> str:
    if printed == "None":
        return "NoneType"
    if printed.startswith("np."):
        return printed.removeprefix("np.").partition("(")[0]
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return type(kind(printed)).__name__
    return printed
