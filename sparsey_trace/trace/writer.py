"""Writing a trace: append steps, commit, close. Needs no torch.

The order of writes is what makes a trace sound at every moment; `docs/trace-format.md` has the
protocol and the reasons.
"""

from __future__ import annotations

import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py

from sparsey_trace.errors import DataError, TraceError
from sparsey_trace.trace import schema
from sparsey_trace.trace.blocks import Blocks, writing
from sparsey_trace.trace.head import config_text, write_head
from sparsey_trace.trace.steps import as_numbers, encode_step, kind_of

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from numpy.typing import ArrayLike

    from sparsey_trace.layout import Layout


class TraceWriter:
    """Writes one run into a new trace.

    Args:
        path: the file to make.
        layout: the model.
        config: the run's configuration; anything that JSON can say (other values as their repr).
        inputs: how inputs are kept: `binary` (packed bits), `float32`, `float16`, `none`, or
            `auto`: binary where the first step's inputs are all 0 or 1, else float32.
        overwrite: replace an existing file instead of refusing.

    Raises:
        TraceError: the file exists, or can't be made there.
        DataError: `inputs` is none of the above, or `config` isn't a mapping from names.

    >>> import tempfile, numpy as np
    >>> from sparsey_trace import Layout, LayerLayout, TraceWriter, open_trace
    >>> v1 = LayerLayout(name="v1", num_macs=1, num_cms=2, num_neurons=3, connections=[[0, 1]])
    >>> path = tempfile.mkdtemp() + "/run.h5"
    >>> with TraceWriter(path, Layout(num_features=2, layers=[v1])) as writer:
    ...     writer.append(inputs=[[0, 1]], codes=[[[[2, 0]]]], active=[[[True]]], phase="train")
    >>> open_trace(path).layers[0].codes[0]
    array([[2, 0]], dtype=uint8)
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        layout: Layout,
        *,
        config: Mapping[str, Any] | None = None,
        inputs: str = "auto",
        overwrite: bool = False,
    ) -> None:
        """Make the file; see the class for the arguments."""
        if inputs not in ("auto", *schema.INPUT_KINDS):
            msg = f"inputs: expected 'auto' or one of {', '.join(schema.INPUT_KINDS)}, found {inputs!r}"
            raise DataError(msg)
        self.path = Path(path)
        self.layout = layout
        self.num_samples = 0
        self.num_committed = 0
        self.num_steps = 0
        self._last_step = -1
        self._input_kind = inputs
        self._blocks: Blocks | None = None
        text = config_text(config or {})
        self._file = _create(self.path, overwrite=overwrite)
        with writing(self.path):
            write_head(self._file, layout, text)

    def append(
        self,
        *,
        inputs: ArrayLike | None,
        codes: Sequence[ArrayLike],
        active: Sequence[ArrayLike],
        phase: str,
        epoch: int = 0,
        labels: ArrayLike | None = None,
        step: int | None = None,
        time: float | None = None,
    ) -> None:
        """Take in one step: the B samples of one forward pass. Arrays may be reused afterwards.

        Args:
            inputs: [B, D], or [B, *input_shape]; None only where the trace keeps no inputs.
            codes: per layer [B, M, Q] whole numbers, the winners; ignored where a MAC is silent.
            active: per layer [B, M] booleans.
            phase: `train` or `eval`.
            epoch: the epoch's number.
            labels: [B] whole numbers, or None where unknown.
            step: the step's number, above the last one's; by default the next.
            time: seconds since 1970-01-01 UTC; by default now.

        Raises:
            DataError: shapes or values that don't fit; nothing of the step is taken in.
            TraceError: the trace is closed, or the file can't be written; no more can be appended,
                and whole steps only are kept.
        """
        if not self._file:
            msg = f"{self.path}: expected an open trace to append to, found one that was closed"
            raise TraceError(msg)
        number = self._last_step + 1 if step is None else step
        where = f"{self.path}: step {number}"
        array = None if inputs is None else as_numbers(inputs, f"{where}: inputs")
        kind = kind_of(array) if self._input_kind == "auto" else self._input_kind
        values = encode_step(
            self.layout,
            kind,
            where=where,
            inputs=array,
            codes=codes,
            active=active,
            sample={
                "step": number,
                "epoch": epoch,
                "phase": phase,
                "label": labels,
                "time": clock.time() if time is None else time,
            },
        )
        if number <= self._last_step:
            msg = f"{self.path}: step: expected a number above the last step's {self._last_step}, found {number}"
            raise DataError(msg)
        self._input_kind = kind
        self._open_blocks().extend(values)
        self._last_step = int(number)
        self.num_steps += 1
        self.num_samples += len(values["samples/step"])

    def commit(self) -> None:
        """Make all samples so far safe: after it returns, they survive a kill of the process.

        Raises:
            TraceError: the file can't be written; the samples of earlier commits stay readable.
        """
        if self.num_committed == self.num_samples or not self._file:
            return
        self._open_blocks().commit()
        self.num_committed = self.num_samples

    def close(self) -> None:
        """Commit, move the last samples into the chunks and leave an ordinary HDF5 file."""
        if not self._file:
            return
        try:
            self._open_blocks().finish()
            self.num_committed = self.num_samples
        finally:
            self._file.close()

    def __enter__(self) -> TraceWriter:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, whatever happened: what was appended is whole steps and worth keeping."""
        self.close()

    def __repr__(self) -> str:
        """One line: where, and how far."""
        state = "open" if self._file else "closed"
        return f"<TraceWriter {self.path}: {self.num_samples:,} samples, {self.num_committed:,} committed, {state}>"

    def _open_blocks(self) -> Blocks:
        if self._blocks is None:
            kind = "binary" if self._input_kind == "auto" else self._input_kind
            self._file.attrs["input_kind"] = kind
            self._blocks = Blocks(self._file, schema.columns(self.layout, kind), self.path)
        return self._blocks


def _create(path: Path, *, overwrite: bool) -> h5py.File:
    try:
        # The 1.10 formats are the oldest that have SWMR: anything newer would shut readers out.
        return h5py.File(path, "w" if overwrite else "x", libver=("v110", "v110"))
    except FileExistsError as error:
        msg = f"{path}: expected no file there, found one; choose another name or pass overwrite=True"
        raise TraceError(msg) from error
    except OSError as error:
        msg = f"{path}: expected to make a file there, found: {error}"
        raise TraceError(msg) from error
