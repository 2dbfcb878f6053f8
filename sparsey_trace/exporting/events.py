"""Curves as TensorBoard's event files, by its own protocol buffers and record writer: no torch, no TensorFlow."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from sparsey_trace.tables.layer_means import KEYS, layer_means, whole_groups
from sparsey_trace.tables.nothing_before import nothing_until
from sparsey_trace.tables.open_table import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace.trace.reading.trace import Trace

_SAMPLES_AT_ONCE = 1 << 16


def write_events(trace: Trace, tables: Mapping[str, Path], folder: Path) -> None:
    """Write the layers' means of tables by step: a file for each phase, as TensorBoard sets runs side by side.

    Args:
        trace: the run.
        tables: name to Parquet file.
        folder: there, and empty.
    """
    steps, times = _clock(trace)
    names = [layer.name for layer in trace.layout.layers]
    with contextlib.ExitStack() as stack:
        files: dict[str, RecordWriter] = {}
        for table, path in tables.items():
            until = nothing_until(table, trace.samples)
            for phase, step, layer, value in _means(path):
                if step <= until:
                    continue
                if phase not in files:
                    files[phase] = _begun(folder / phase, times[0])
                    stack.callback(files[phase].close)
                time = float(times[np.searchsorted(steps, step)])
                point = Summary.Value(tag=f"{table}/{names[layer]}", simple_value=value)
                event = Event(wall_time=time, step=step, summary=Summary(value=[point]))
                files[phase].write(event.SerializeToString())


def _begun(folder: Path, time: float) -> RecordWriter:
    folder.mkdir()
    # TensorBoard tells event files by the name, and the order of several by the number.
    file = RecordWriter((folder / f"events.out.tfevents.{int(time)}.sparsey-trace").open("wb"))
    file.write(Event(wall_time=time, file_version="brain.Event:2").SerializeToString())
    return file


def _means(path: Path) -> Iterator[tuple[str, int, int, float]]:
    """Phase, step, layer and mean over the layer's MACs, in the order of steps."""
    names = schema_of(path).names
    for part in whole_groups(path, [name for name in (*KEYS, "layer", "value") if name in names]):
        means = layer_means(part)
        phases = part["phase"].cast("string").take(means.row).to_pylist()
        step, known = part["step"].to_numpy()[means.row], ~np.isnan(means.value)
        for index in np.flatnonzero(known).tolist():
            yield phases[index], int(step[index]), int(means.layer[index]), float(means.value[index])


def _clock(trace: Trace) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The recorded steps, and when each began, in seconds since 1970."""
    steps: list[NDArray[np.int64]] = []
    times: list[NDArray[np.float64]] = []
    for start in range(0, len(trace), _SAMPLES_AT_ONCE):
        part = slice(start, start + _SAMPLES_AT_ONCE)
        number, first = np.unique(trace.samples.step[part], return_index=True)
        is_new = number != (steps[-1][-1] if steps else -1)
        steps.append(number[is_new])
        times.append(trace.samples.time[part][first[is_new]])
    return np.concatenate(steps), np.concatenate(times)
