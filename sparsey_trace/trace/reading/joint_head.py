"""What several files of a run say together before their first samples."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sparsey_trace.trace.format.losses import COUNTS, ERROR
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.reading.joint_sampling import joint_sampling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sparsey_trace.trace.format.head import Head
    from sparsey_trace.trace.reading.trace_file import TraceFile


def joint_head(files: Sequence[TraceFile]) -> Head:
    """What the files say together: what the first one does, but for what differs.

    The id is that of the run, whichever files it has by now: of one rank that of its first file, of several another,
    so that the results of all ranks are never taken for those of one.
    """
    heads = [file.head for file in files]
    id_, num_ranks = heads[0].id, heads[0].part.num_ranks
    return replace(
        heads[0],
        id=id_ if num_ranks == 1 else sha256(f"{id_} of {num_ranks} ranks".encode()).hexdigest()[:32],
        created=min(head.created for head in heads),
        host=", ".join(dict.fromkeys(head.host for head in heads)),
        sampling=joint_sampling({file.path.name: file.head.sampling for file in files}),
        losses=_joint_losses({file.path.name: file.head.losses for file in files}),
        part=RunPart(num_ranks=num_ranks, run=next((head.part.run for head in heads if head.part.run), "")),
        version=max(head.version for head in heads),
    )


def _joint_losses(by_file: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The sums of those of files that have some, but for passes: ranks have the same ones; and errors by file."""
    found: dict[str, Any] = {
        name: sum(losses.get(name, 0) for losses in by_file.values()) for name in COUNTS[2:]
    }
    errors = [f"{name}: {losses[ERROR]}" for name, losses in by_file.items() if ERROR in losses]
    found |= {ERROR: "; ".join(errors)} if errors else {}
    return {name: value for name, value in found.items() if value}
