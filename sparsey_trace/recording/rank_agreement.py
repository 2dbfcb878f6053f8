"""What the ranks of a training agree on as recording begins, where each of them knows its own files only."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sparsey_trace.errors import RecordError

if TYPE_CHECKING:
    from pathlib import Path

WAIT = timedelta(minutes=5)
"""For ranks that come later: they load data, or were started later."""

_turns: Counter[str] = Counter()


class Reached(NamedTuple):
    """How far a run has come.

    Attributes:
        number: of the last file; -1 where there is none.
        first_step: the first step behind all that are there.
        inputs: how inputs are kept; empty where nothing says so.
    """

    number: int
    first_step: int
    inputs: str


def agree(own: Reached, first: Path, *, rank: int, num_ranks: int) -> Reached:
    """How far the run has come in the files of all ranks, each of which calls this once.

    A rank that was killed early has fewer files than others, or none: what one of them sees is not enough.

    Args:
        own: what this rank's files say.
        first: the first file of rank 0, by which ranks know that they mean the same run.
        rank: which one this is.
        num_ranks: how many there are.

    Raises:
        RecordError: a rank didn't ask in time, or can't go on.
    """
    turn = _next_turn(first)
    store, keys = _store(), [_key(first, turn, other) for other in range(num_ranks)]
    store.set(keys[rank], json.dumps(own))
    found = [Reached(*_said(store, key, first, other)) for other, key in enumerate(keys)]
    return Reached(
        number=max(one.number for one in found),
        first_step=max(one.first_step for one in found),
        inputs=next((one.inputs for one in found if one.inputs), ""),
    )


def refuse(why: str, first: Path, *, rank: int) -> None:
    """Tell the other ranks, in place of agreeing, that this one can't go on, so that they don't wait for it."""
    _store().set(_key(first, _next_turn(first), rank), json.dumps(why))


def _next_turn(first: Path) -> int:
    turn = _turns[first.name]
    _turns[first.name] += 1
    return turn


def _key(first: Path, turn: int, rank: int) -> str:
    return f"sparsey-trace/{first.name}/{turn}/{rank}"


def _store() -> Any:
    """Where torch's ranks leave each other words: it asks nothing of devices, and waits no longer than it is told."""
    from torch.distributed.distributed_c10d import _get_default_store

    return _get_default_store()


def _said(store: Any, key: str, first: Path, rank: int) -> list[Any]:
    try:
        store.wait([key], WAIT)
    except RuntimeError as error:
        msg = (
            f"{first}: expected every rank to call record(..., resume=True), as ranks go on with the same step, found "
            f"nothing of rank {rank} for {WAIT.total_seconds():.0f} s; call it in all of them, or without resume"
        )
        raise RecordError(msg) from error
    said = json.loads(store.get(key))
    if isinstance(said, str):
        msg = f"{first}: expected every rank to go on, found that rank {rank} can't: {said}"
        raise RecordError(msg)
    return list(said)
