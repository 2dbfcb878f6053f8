"""What was recorded of a run, where several files say so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def joint_sampling(by_file: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What several files say together of what was recorded; see `Trace.sampling`.

    What all agree on stays as it is. Where they differ, steps of the run were chosen, by a rule that names the files:
    so what some of them lack is never taken for recorded.

    Args:
        by_file: a file's name to what it says.

    >>> joint_sampling({"run.h5": {"every": 10}, "run.1.h5": {"every": 10}})
    {'every': 10}
    >>> joint_sampling({"run.h5": {}, "run.1.h5": {"every": 10}})
    {'predicate': 'the rule of each file (run.h5: {}, run.1.h5: {"every": 10})'}
    """
    first, *others = by_file.values()
    agreed = {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}
    if all(len(said) == len(agreed) for said in by_file.values()):
        return agreed
    rest = {
        name: json.dumps({key: value for key, value in said.items() if key not in agreed})
        for name, said in by_file.items()
    }
    return agreed | {"predicate": f"the rule of each file ({', '.join(map(': '.join, rest.items()))})"}
