"""From a broken, unclosed or partly unreadable trace to a sound one with all that can be had."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import OutputError, TraceError, UsageError
from sparsey_trace.layout import MARKS, PHASES
from sparsey_trace.support.interrupts import uninterrupted
from sparsey_trace.support.user_path import user_path
from sparsey_trace.support.writing import writing
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.trace_origin import TraceOrigin, new_id
from sparsey_trace.trace.paths import lock_path
from sparsey_trace.trace.reading.remote import make_whole
from sparsey_trace.trace.rescue.broken_file import opened_broken
from sparsey_trace.trace.rescue.whole_steps import WholeSteps
from sparsey_trace.trace.writing.lock import holder_of
from sparsey_trace.trace.writing.writer import TraceWriter

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace.trace.format.head import Head
    from sparsey_trace.trace.rescue.salvage import Salvage


LOST = "lost: not all of it could be repaired"
"""Why a step is missing that the repaired trace had."""


@dataclass(frozen=True, kw_only=True)
class Repaired:
    """What a repair came to.

    Attributes:
        kept: how many samples the new trace holds.
        committed: how many the old one held, as far as is known.
        steps: how many steps these belong to.
        losses: what was found to be lost, a line each.
    """

    kept: int
    committed: int
    steps: int
    losses: tuple[str, ...]

    @property
    def lost(self) -> int:
        """How many committed samples could not be had."""
        return self.committed - self.kept


def repair(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Repaired:
    """Write what can be had of a trace into a new, closed one, of the newest version of the format.

    A step is kept whole or not at all. Steps keep their numbers, and samples move up; steps that are lost are named
    among the drops, as far as their numbers are known, so that every analysis says so. The
    new trace has a new id, as it is another trace for those that have results of the first; its origin,
    configuration and which part of a run it is are the old one's.

    Args:
        path: the trace, which is only read.
        out: the file to make; a repair that is stopped leaves none.
        overwrite: replace an existing file instead of refusing.
        on_progress: called with how many samples are done, and of how many.

    Raises:
        OutputError: the file can't be made, or the disk fails.
        TraceError: nothing can be had; or the trace is still being written.
        UsageError: both are the same file.
        VersionError: it is in a version of the format that this program doesn't read.

    >>> import tempfile
    >>> from sparsey_trace import Layout, LayerLayout, TraceWriter
    >>> v1 = LayerLayout(name="v1", num_macs=1, num_cms=2, num_neurons=3, connections=[[0, 1]])
    >>> folder = tempfile.mkdtemp()
    >>> writer = TraceWriter(folder + "/run.h5", Layout(num_features=2, layers=[v1]))
    >>> writer.append(inputs=[[0, 1]], codes=[[[[2, 0]]]], active=[[[True]]], phase="train")
    >>> writer.close()
    >>> repair(folder + "/run.h5", folder + "/repaired.h5")
    Repaired(kept=1, committed=1, steps=1, losses=())
    """
    path, out = user_path(path), user_path(out)
    make_whole(path)
    check_paths(path, out)
    with opened_broken(path, out) as salvage:
        whole = WholeSteps(salvage.head.part.first_step)
        steps = _steps(salvage, whole, on_progress)
        first = next(steps, None)
        if first is None:
            why = salvage.losses[0] if salvage.losses else "it holds no samples"
            msg = f"{path}: expected a trace of which something can be had, found nothing: {why}"
            raise TraceError(msg)
        writer = _write(out, salvage, whole, itertools.chain([first], steps), overwrite=overwrite)
    return Repaired(
        kept=writer.num_samples,
        committed=salvage.committed,
        steps=writer.num_steps,
        losses=tuple(dict.fromkeys(salvage.losses)),
    )


def _write(
    out: Path,
    salvage: Salvage,
    whole: WholeSteps,
    steps: Iterable[Mapping[str, NDArray[Any]]],
    *,
    overwrite: bool,
) -> TraceWriter:
    """Write each step, and which are missing; the writer, closed."""
    with contextlib.ExitStack() as unless_done:
        with uninterrupted():
            writer = writer_like(out, salvage.head, overwrite=overwrite)
            unless_done.enter_context(whole_or_not_at_all(writer))
        for values in steps:
            append_stored(writer, salvage.head, values)
        # So that every analysis of the new trace says what it lacks.
        writer.note_next_step(salvage.next_step())
        writer.note_losses(salvage.head.losses)
        if missing := dict.fromkeys(sorted(whole.lost), LOST) | salvage.drops():
            writer.note_drops([*missing], [*missing.values()])
    return writer


def check_paths(path: Path, out: Path) -> None:
    """See that nothing that is about to be made is the trace, and that nobody writes that any more.

    Args:
        path: the trace.
        out: the file to make.

    Raises:
        UsageError, TraceError: it is, or somebody does.
    """
    for made in (out, lock_path(out)):
        if path.exists() and made.exists() and path.samefile(made):
            msg = (
                f"{out}: expected to make {made.name}, found that it is the trace, which is never written to; choose "
                "another name"
            )
            raise UsageError(msg)
    holder = holder_of(path) or holder_of(path.resolve())
    if holder is not None and not holder.is_dead:
        msg = f"{path}: expected a trace that nobody writes any more, found that {holder} does; wait until it ends"
        raise TraceError(msg)


def _steps(
    salvage: Salvage, whole: WholeSteps, on_progress: Callable[[int, int], None] | None
) -> Iterator[Mapping[str, NDArray[Any]]]:
    """Each whole step: a column's path to its values [n, ...], as they are stored."""
    done = 0
    for piece in salvage.pieces():
        if piece.values is None:
            whole.lose(piece.size, piece.steps)
        else:
            yield from whole.add(piece.values, piece.good)
        done += piece.size
        if on_progress is not None:
            on_progress(done, salvage.committed)
    yield from whole.finish(is_complete=salvage.is_whole)


@contextlib.contextmanager
def whole_or_not_at_all(writer: TraceWriter) -> Iterator[None]:
    """Half a repaired trace would look like a whole one: it is removed where something stops the repair.

    Raises:
        OutputError: the file can't be written.
    """
    try:
        with writer:
            yield
    except BaseException as error:
        if writer.num_samples:
            writer.path.unlink(missing_ok=True)
        if isinstance(error, TraceError) and writer.gave_up:
            # Of the place, and not of the trace that is read; and nothing is left of what was committed.
            with writing(writer.path):
                disk = error.__cause__
                raise OSError(*disk.args) if isinstance(disk, OSError) else OutputError(str(error)) from error
        raise


def writer_like(out: Path, head: Head, *, overwrite: bool, change: str = "") -> TraceWriter:
    """A writer of a trace that comes from another.

    Args:
        out: the file to make.
        head: the other's.
        overwrite: replace an existing file instead of refusing.
        change: what is changed, in a line.

    Raises:
        OutputError: the file can't be made.
    """
    changes = "\n".join(line for line in (head.changes, change) if line)
    try:
        return TraceWriter(
            out,
            head.layout,
            config=head.config,
            inputs=head.input_kind,
            overwrite=overwrite,
            sampling=head.sampling,
            part=head.part,
            origin=TraceOrigin(
                id=new_id(), created=head.created, host=head.host, versions=head.versions, changes=changes
            ),
        )
    except TraceError as error:
        # Of the place, and not of the trace that was to be read.
        raise OutputError(str(error)) from error


def append_stored(writer: TraceWriter, head: Head, values: Mapping[str, NDArray[Any]]) -> None:
    """Append one step, whose values [n, ...] are as they are stored."""
    column = schema.input_column(head.layout, head.input_kind)
    layers = range(len(head.layout.layers))
    writer.append(
        inputs=None if column is None else column.decode(values[schema.INPUTS]),
        codes=[values[schema.codes_path(index)] for index in layers],
        active=[
            np.unpackbits(values[schema.active_path(index)], axis=-1, count=layer.num_macs)
            for index, layer in enumerate(head.layout.layers)
        ],
        phase=PHASES[int(values["samples/phase"][0])],
        epoch=int(values["samples/epoch"][0]),
        **{name: values[f"samples/{column}"] for name, column in MARKS.items()},
        values={
            name: [
                values[schema.value_path(index, name)] if name in of_layer else None
                for index, of_layer in enumerate(head.values)
            ]
            for name in dict.fromkeys(itertools.chain(*head.values))
        },
        step=int(values["samples/step"][0]),
        time=float(values["samples/time"][0]),
    )
