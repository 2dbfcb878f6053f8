"""Which files make one trace, in which order, and whether they fit each other.

A run leaves several files where several ranks record it, one each, and where it is resumed, each time a
new one. What a file says of its place in the run is its `Part`; here it is held against the others'.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import count, pairwise
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.damage import reading
from sparsey_trace.trace.format.head import Head, read_head
from sparsey_trace.trace.format.run_part import Part
from sparsey_trace.trace.reading.joint_sampling import joint_sampling
from sparsey_trace.trace.reading.open_file import close_file, open_file
from sparsey_trace.trace.reading.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sparsey_trace.layout import LayerLayout, Layout

_ALONE = "; to read one file, name it alone"


@dataclass(frozen=True, eq=False, kw_only=True)
class Shard:
    """An open file of a trace.

    Attributes:
        path: the file.
        head: what it says before its first sample.
        columns: path in the file to how its values are stored.
        storage: its samples.
    """

    path: Path
    head: Head
    columns: Mapping[str, schema.Column]
    storage: Storage

    @property
    def part(self) -> Part:
        """Its place in the run."""
        return self.head.part

    @property
    def last_step(self) -> int:
        """The number of the last committed step; the one before its first where it has none."""
        size = self.storage.committed
        if not size:
            return self.part.first_step - 1
        return int(self.storage.read("samples/step", size - 1, size)[0])


def open_shard(path: Path, *, cache_bytes: int = 0) -> Shard:
    """Open and check one file.

    Raises:
        TraceError: it doesn't exist, is no trace, or is damaged.
        VersionError: it is in a version of the format that this program doesn't read.
    """
    file = open_file(path)
    try:
        with reading(path, "a trace as docs/trace-format.md describes it"):
            head = read_head(file)
            columns = {c.path: c for c in schema.columns(head.layout, head.input_kind)}
            storage = Storage(file, columns, cache_bytes=cache_bytes)
    except BaseException:
        close_file(file)
        raise
    return Shard(path=path, head=head, columns=columns, storage=storage)


def chains(shards: Sequence[Shard]) -> list[list[Shard]]:
    """The files of each rank, in order, after a look at whether they make one run.

    Raises:
        TraceError: they don't; the message names the files, what differs, and what to do.
    """
    _check_distinct(shards)
    for other in shards[1:]:
        _check_alike(shards[0], other)
    by_rank: dict[int, list[Shard]] = defaultdict(list)
    for shard in shards:
        by_rank[shard.part.rank].append(shard)
    _check_ranks(shards[0], by_rank)
    return [_chain(by_rank[rank]) for rank in sorted(by_rank)]


def joint_head(shards: Sequence[Shard]) -> Head:
    """What the files say together: the first one's, but for what differs.

    The id depends on the files and their order only, so that it stands for the numbers of the samples.
    """
    heads = [shard.head for shard in shards]
    return replace(
        heads[0],
        id=sha256(" ".join(head.id for head in heads).encode()).hexdigest()[:32],
        created=min(head.created for head in heads),
        host=", ".join(dict.fromkeys(head.host for head in heads)),
        sampling=joint_sampling({shard.path.name: shard.head.sampling for shard in shards}),
        part=Part(num_ranks=heads[0].part.num_ranks),
        version=max(head.version for head in heads),
    )


def _check_distinct(shards: Sequence[Shard]) -> None:
    seen: dict[str, Shard] = {}
    for shard in shards:
        first = seen.setdefault(shard.head.id, shard)
        if first is not shard:
            msg = (
                f"{shard.path}: expected each file once, found the same trace in {first.path}; leave out one"
            )
            raise TraceError(msg)


def _check_alike(first: Shard, other: Shard) -> None:
    left_out = [shard.head.sampling.get("layers", []) for shard in (first, other)]
    model = layout_difference(first.head.layout, other.head.layout) or _change(
        "layers left out", *map(repr, left_out)
    )
    inputs = _change("kept as", first.head.input_kind, other.head.input_kind)
    ranks = _change("num_ranks", first.part.num_ranks, other.part.num_ranks)
    for what, found in {"model": model, "inputs": inputs, "ranks": ranks}.items():
        if found:
            msg = f"{other.path}: expected the {what} of {first.path}, as in one run, found {found}{_ALONE}"
            raise TraceError(msg)


def layout_difference(first: Layout, other: Layout) -> str:
    """What the other layout has instead, in words; empty where they are equal."""
    found = [
        _change("num_features", first.num_features, other.num_features),
        _change("input_shape", first.input_shape, other.input_shape),
        _change("layers", [layer.name for layer in first.layers], [layer.name for layer in other.layers]),
    ]
    if not any(found):
        found = [_layer_difference(*pair) for pair in zip(first.layers, other.layers, strict=True)]
    return next(filter(None, found), "")


def _layer_difference(first: LayerLayout, other: LayerLayout) -> str:
    counts = ("num_macs", "num_cms", "num_neurons")
    found = [_change(name, getattr(first, name), getattr(other, name)) for name in counts]
    if not any(found):
        arrays = ("connections", "positions")
        same = [np.array_equal(getattr(first, name), getattr(other, name)) for name in arrays]
        found = ["" if equal else f"other {name}" for name, equal in zip(arrays, same, strict=True)]
    text = next(filter(None, found), "")
    return text and f"{text} in layer {first.name}"


def _change(name: str, first: object, other: object) -> str:
    return "" if first == other else f"{name} {other} instead of {first}"


def _check_ranks(first: Shard, by_rank: Mapping[int, Sequence[Shard]]) -> None:
    missing = next(rank for rank in count() if rank not in by_rank)
    if missing < first.part.num_ranks:
        there = by_rank[min(by_rank)][0].path.name
        likely = re.sub(r"(?<=rank)\d+", str(missing), there)
        name = "" if likely == there else f" ({likely})"
        msg = (
            f"{first.path}: expected with it the files of all {first.part.num_ranks} ranks of the run, found "
            f"none of rank {missing}{name}; name that too{_ALONE}"
        )
        raise TraceError(msg)


def _chain(shards: Sequence[Shard]) -> list[Shard]:
    """One rank's files in order: each continues the one before, and the first continues none."""
    following: dict[str, Shard] = {}
    for shard in shards:
        other = following.setdefault(shard.part.continues, shard)
        if other is not shard:
            place = f"to continue {shard.part.continues!r}" if shard.part.continues else "to begin the run"
            msg = (
                f"{shard.path}: expected one file of rank {shard.part.rank} {place}, found {other.path} too; "
                f"give the files of one run{_ALONE}"
            )
            raise TraceError(msg)
    ordered: list[Shard] = []
    while (name := ordered[-1].path.name if ordered else "") in following:
        ordered.append(following.pop(name))
    for shard in following.values():
        msg = (
            f"{shard.path}: expected with it {shard.part.continues!r}, which it continues, and all files before "
            f"that one, found that one is missing; name it too{_ALONE}"
        )
        raise TraceError(msg)
    _check_connected(ordered)
    return ordered


def _check_connected(ordered: Sequence[Shard]) -> None:
    samples = 0
    for earlier, later in pairwise(ordered):
        samples += earlier.storage.committed
        if later.part.first_sample != samples:
            msg = (
                f"{earlier.path}: expected a run of {later.part.first_sample} samples to end here, as {later.path} "
                f"says, which continues it, found {samples}; one of them was changed or replaced{_ALONE}"
            )
            raise TraceError(msg)
        if later.part.first_step <= earlier.last_step:
            msg = (
                f"{later.path}: expected to begin after step {earlier.last_step}, the last of {earlier.path}, "
                f"found that it begins at step {later.part.first_step}; they overlap{_ALONE}"
            )
            raise TraceError(msg)
