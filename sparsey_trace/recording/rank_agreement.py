"""What the ranks of a training agree on as recording begins, where each of them knows its own files only.

They leave each other words where torch's ranks meet, under the number of the recording that each of them begins
there: the first of a rank goes with the first of another. A recording that fails to begin takes no number, so that a
rank that tries again finds what the others said to its first attempt.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sparsey_trace.errors import RecordError
from sparsey_trace.trace.format.trace_origin import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WAIT = timedelta(minutes=5)
"""For ranks that come later: they load data, or were started later."""


class Reached(NamedTuple):
    """How far a run has come.

    Attributes:
        number: of the last file; -1 where there is none.
        first_step: the first step behind all that are there.
        inputs: how inputs are kept; empty where nothing says so.
        run: what the run's files share; empty where nothing says so.
        last: the name of the last file; empty where there is none.
    """

    number: int
    first_step: int
    inputs: str
    run: str = ""
    last: str = ""


class Meeting(NamedTuple):
    """Where the ranks that record one run meet.

    Attributes:
        first: the first file of rank 0, by which ranks know that they mean the same run.
        rank: which one this is.
        num_ranks: how many there are.
    """

    first: Path
    rank: int
    num_ranks: int

    def run(self) -> str:
        """What the files of a run that begins now share, which whoever asks first decides: nobody waits."""
        if self.num_ranks == 1:
            return new_id()
        if _store() is None:  # ranks that another program lets meet can't be asked
            return ""
        return str(_store().compare_set(self._key("run"), "", new_id()).decode())

    def agree(self, own: Reached) -> Reached:
        """How far the run has come in the files of all ranks, each of which calls this once.

        A rank that was killed early has fewer files than others, or none: what one of them sees is not enough.

        Args:
            own: what this rank's files say.

        Raises:
            RecordError: a rank didn't ask in time, or can't go on, or has files of another run.
        """
        store = _store()
        self._tell(own)
        found = [Reached(*self._said(store, other)) for other in range(self.num_ranks)]
        self._check_one_run(found)
        return Reached(
            number=max(one.number for one in found),
            first_step=max(one.first_step for one in found),
            inputs=next((one.inputs for one in found if one.inputs), ""),
            run=next((one.run for one in found if one.run), ""),
        )

    def refuse(self, why: str) -> None:
        """Tell the other ranks, in place of agreeing, that this one can't go on, so that they don't wait for it."""
        self._tell(why)
        self.leave()

    def leave(self) -> None:
        """The recording has begun, or all that take part know that it can't: what comes next is another."""
        if self.num_ranks > 1 and _store() is not None:
            _store().add(self._turns, 1)

    @property
    def _turns(self) -> str:
        return f"sparsey-trace/{self.first.name}/turns/{self.rank}"

    def _key(self, what: int | str) -> str:
        return f"sparsey-trace/{self.first.name}/{_store().add(self._turns, 0)}/{what}"

    def _tell(self, word: Reached | str) -> None:
        _store().set(self._key(self.rank), json.dumps(word))

    def _said(self, store: Any, rank: int) -> list[Any]:
        key = self._key(rank)
        try:
            store.wait([key], WAIT)
        except RuntimeError as error:
            msg = (
                f"{self.first}: expected every rank to call record(..., resume=True), as ranks go on with the same "
                f"step, found nothing of rank {rank} for {WAIT.total_seconds():.0f} s; call it in all of them, or "
                "without resume"
            )
            raise RecordError(msg) from error
        said = json.loads(store.get(key))
        if isinstance(said, str):
            self.leave()
            msg = f"{self.first}: expected every rank to go on, found that rank {rank} can't: {said}"
            raise RecordError(msg)
        return list(said)

    def _check_one_run(self, found: Sequence[Reached]) -> None:
        by_run: dict[str, list[str]] = {}
        for one in found:
            if one.run:
                by_run.setdefault(one.run, []).append(one.last)
        if len(by_run) > 1:
            self.leave()
            runs = "; ".join(f"of run {run[:8]} {', '.join(names)}" for run, names in by_run.items())
            msg = (
                f"{self.first}: expected files of one run to go on from, found {runs}: a rank that is killed before "
                "its first commit leaves its file of an earlier recording; remove what is of another run, or record "
                "anew with overwrite=True"
            )
            raise RecordError(msg)


def _store() -> Any:
    """Where torch's ranks leave each other words: it asks nothing of devices, and waits no longer than it is told."""
    from torch.distributed.distributed_c10d import _get_default_store

    return _get_default_store()
