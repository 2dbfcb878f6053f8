"""Recorders in threads: beside each other, one thread after the other, and in threads that end first."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.recording import record
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, OriginalModel, samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import nn

    from sparsey_trace.recording import WinnerTakeAll

KINDS: tuple[tuple[Callable[[], nn.Module], list[WinnerTakeAll] | None], ...] = (
    (OriginalModel, None),
    (lambda: Classifier().eval(), CLASSIFIER_LAYERS),
)
NUM_STEPS = 200


def in_threads(*acts: Callable[[], None]) -> None:
    """Do all at once, each in a thread of its own, and raise what the first of them that failed raised."""
    failures: list[BaseException] = []

    def attempt(act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)

    threads = [threading.Thread(target=attempt, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    if failures:
        raise failures[0]


def train(path: Path, kind: int) -> None:
    make, layers = KINDS[kind]
    torch.manual_seed(kind)
    model = make()
    with record(model, path, layers=layers, commit_every=0.001):
        for seed in range(NUM_STEPS):
            model(samples(3 + kind, seed=seed))


def contents(path: Path) -> list[np.ndarray]:
    with st.open_trace(path) as trace:
        assert trace.closed
        columns = [trace.samples.step[:], trace.inputs[:]]
        return columns + [view[:] for layer in trace.layers for view in (layer.codes, layer.active)]


@pytest.mark.parametrize("kind", [0, 1])
def test_a_thread_records_what_the_main_one_would(tmp_path: Path, kind: int) -> None:
    train(tmp_path / "main.h5", kind)
    in_threads(lambda: train(tmp_path / "thread.h5", kind))
    for found, expected in zip(contents(tmp_path / "thread.h5"), contents(tmp_path / "main.h5"), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_two_models_in_two_threads_at_once_do_not_mix(tmp_path: Path) -> None:
    models = [make() for make, _ in KINDS]  # made here, as they draw from the same random state

    def run(kind: int, path: Path) -> None:
        with record(models[kind], path, layers=KINDS[kind][1], commit_every=0.001):
            for seed in range(NUM_STEPS):
                models[kind](samples(3 + kind, seed=seed))

    in_threads(lambda: run(0, tmp_path / "both0.h5"), lambda: run(1, tmp_path / "both1.h5"))
    for kind in (0, 1):
        found = contents(tmp_path / f"both{kind}.h5")
        size = 3 + kind
        np.testing.assert_array_equal(found[0], np.repeat(range(NUM_STEPS), size))
        np.testing.assert_array_equal(
            found[1], np.concatenate([samples(size, seed=seed) for seed in range(NUM_STEPS)])
        )


def test_a_recorder_passes_from_thread_to_thread(tmp_path: Path) -> None:
    model = OriginalModel()
    rec = record(model, tmp_path / "run.h5")
    for seed in range(3):
        in_threads(lambda seed=seed: model(samples(2, seed=seed)))
    in_threads(rec.commit)
    assert rec.stats().committed == 6
    in_threads(rec.close)
    _, inputs, *_ = contents(tmp_path / "run.h5")
    np.testing.assert_array_equal(inputs, np.concatenate([samples(2, seed=seed) for seed in range(3)]))


def test_closing_from_several_threads_at_once_closes_once(tmp_path: Path) -> None:
    model = OriginalModel()
    rec = record(model, tmp_path / "run.h5")
    model(samples(2))
    in_threads(*[rec.close] * 8)
    assert len(contents(tmp_path / "run.h5")[0]) == 2


def test_closing_while_another_thread_trains_stops_recording_between_two_passes(tmp_path: Path) -> None:
    model = OriginalModel()
    rec = record(model, tmp_path / "run.h5")
    has_begun, may_end = threading.Event(), threading.Event()
    told: list[str] = []

    def train() -> None:
        while not may_end.is_set():
            try:
                model(samples(2))
            except RecordError as error:  # of the pass that was under way, if there was one
                told.append(str(error))
            has_begun.set()

    def close() -> None:
        has_begun.wait(60)
        rec.close()
        may_end.set()

    in_threads(train, close)
    assert len(told) <= 1
    steps = contents(tmp_path / "run.h5")[0]
    assert len(steps) == 2 * rec.stats().steps >= 2
