"""A state out of a file is one that its metric could have made, or is refused."""

from __future__ import annotations

import copy
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.errors import DataError
from sparsey_trace.metrics.basis_set import BasisSet
from sparsey_trace.metrics.basis_set_size import BasisSetSize
from sparsey_trace.metrics.code_usage import CodeUsage
from sparsey_trace.metrics.label_information import LabelInformation
from sparsey_trace.metrics.match_accuracy import MatchAccuracy
from sparsey_trace.metrics.registry import available, make_metric
from sparsey_trace.metrics.sisc_adherence import SiscAdherence
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.cli.commands import write_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sparsey_trace.chunk import Chunk

WITH_STATES = [name for name in available() if make_metric(name).has_fold]


@pytest.fixture(scope="module")
def chunk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chunk]:
    with open_trace(write_trace(tmp_path_factory.mktemp("run") / "run.h5", steps=6)) as trace:
        yield trace.chunk(0, len(trace))


def check(metric: Any, state: Any, chunk: Chunk) -> None:
    metric.check_state(state, chunk.layout, len(chunk))


def made(metric: Any, chunk: Chunk) -> Any:
    return metric.update(metric.init(chunk.layout), chunk)


def forged(part: Any) -> Iterator[Any]:
    """A state with each of its parts in turn made one of another kind or size."""
    if isinstance(part, np.ndarray):
        longer = (
            np.concatenate([part, part], axis=-1) if part.size else np.zeros((9,) * part.ndim, part.dtype)
        )
        yield from (None, 7, "text", part.astype(object), part[None], part[..., None], longer)
        return
    yield from (None, "text", [part])
    if isinstance(part, tuple):
        yield from (
            (*part[:index], other, *part[index + 1 :])
            for index in range(len(part))
            for other in forged(part[index])
        )
    elif isinstance(part, dict):
        yield from ({**part, key: other} for key in part for other in forged(part[key]))
        yield {10**9: next(iter(part.values()))}
    elif is_dataclass(part):
        names = [field.name for field in fields(part)]
        yield from (replace(part, **{name: other}) for name in names for other in forged(getattr(part, name)))


@pytest.mark.parametrize("name", WITH_STATES)
def test_parts_of_another_kind_or_size_are_refused(name: str, chunk: Chunk) -> None:
    metric = make_metric(name)
    state = made(metric, chunk)
    check(metric, metric.init(chunk.layout), chunk)
    check(metric, state, chunk)
    tried = 0
    for other in forged(state):
        with pytest.raises(DataError):
            check(metric, other, chunk)
        tried += 1
    assert tried >= 20


def far(part: Any) -> None:
    part[-1] = 10**12


def below(part: Any) -> None:
    part[0] = -1


def lowest(part: Any) -> None:
    part[0] = np.iinfo(np.int64).min


def turned(part: Any) -> None:
    part[:] = part[::-1].copy()


def same(part: Any) -> None:
    part[1:] = part[0]


FORGED = [
    (BasisSetSize(), lambda state: state[0][1], (far, below, lowest, turned, same)),
    (BasisSetSize(), lambda state: state[0][2], (far, below, lowest, turned)),
    (MatchAccuracy(), lambda state: state.seen, (far, below, lowest, same)),
    (MatchAccuracy(), lambda state: state.sample, (far, below, lowest, turned, same)),
    (MatchAccuracy(), lambda state: state.sample_step, (turned,)),
    (MatchAccuracy(), lambda state: state.step, (turned,)),
    (SiscAdherence(), lambda state: state.sample, (far, below, lowest, turned, same)),
    (SiscAdherence(), lambda state: state.step, (turned,)),
    (CodeUsage(), lambda state: next(iter(state.values()))[0], (far, below, lowest, turned, same)),
    (CodeUsage(), lambda state: next(iter(state.values()))[1], (far, below, lowest)),
    (BasisSet(), lambda state: state[0].ends, (far, below, lowest, turned)),
    (BasisSet(), lambda state: state[0].count, (far, below, lowest)),
    (BasisSet(), lambda state: state[0].first_step, (far, below, lowest, turned)),
    (BasisSet(), lambda state: state[0].last_step, (below, lowest)),
    (LabelInformation(), lambda state: state[0].labels, (far, turned, same)),
    (LabelInformation(), lambda state: state[0].samples, (far, below, lowest)),
    (LabelInformation(), lambda state: state[0].layers[0].ends, (far, below, lowest, turned)),
    (LabelInformation(), lambda state: state[0].layers[0].count, (far, below, lowest)),
]


@pytest.mark.parametrize(("metric", "part", "changes"), FORGED)
def test_numbers_that_lead_elsewhere_are_refused(
    metric: Any, part: Callable[[Any], Any], changes: tuple[Callable[[Any], None], ...], chunk: Chunk
) -> None:
    for change in changes:
        state = copy.deepcopy(made(metric, chunk))
        change(part(state))
        with pytest.raises(DataError, match=r"expected .*, found "):
            check(metric, state, chunk)
