"""The strategies draw what they claim, what is drawn is sound, and runs survive a trip through a file."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, find, given, settings
from hypothesis import strategies as st

from sparsey_trace.connections import PADDING
from sparsey_trace.layout import EVAL, MARKS, NO_LABEL, TRAIN, LayerLayout, Layout
from sparsey_trace.testing import layouts, runs, split, write_run
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.faults import times

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

    from sparsey_trace.chunk import Chunk


class Drawn:
    """What a strategy drew so far, for all tests that look for something in it."""

    def __init__(self, strategy: SearchStrategy) -> None:
        self.strategy, self.examples = strategy, []

    def has(self, wanted: Callable) -> bool:
        """Whether one of these is as wanted, or one in a thousand others."""
        return any(map(wanted, self.examples)) or self._finds(wanted)

    def _finds(self, wanted: Callable) -> bool:
        def kept(example: object) -> bool:
            self.examples.append(example)
            return wanted(example)

        found = settings(max_examples=1000, phases=[Phase.generate], database=None)
        return find(self.strategy, kept, settings=found, random=Random(len(self.examples))) is not None


@pytest.fixture(scope="module")
def drawn_layouts() -> Drawn:
    return Drawn(layouts())


@pytest.fixture(scope="module")
def drawn_runs() -> Drawn:
    return Drawn(runs())


def rows(layer: LayerLayout) -> list[list[int]]:
    return [row[row != PADDING].tolist() for row in layer.connections]


def code_bits(layer: LayerLayout) -> float:
    return layer.num_cms * np.log2(layer.num_neurons)


def any_layer(wanted: Callable[[LayerLayout], bool]) -> Callable[[Layout], bool]:
    return lambda layout: any(map(wanted, layout.layers))


LAYOUTS = {
    "one layer": lambda layout: len(layout.layers) == 1,
    "three layers": lambda layout: len(layout.layers) == 3,
    "shaped input": lambda layout: len(layout.input_shape) == 3,
    "more features than a word has bits": lambda layout: layout.num_features > 64,
    "one MAC": any_layer(lambda layer: layer.num_macs == 1),
    "five MACs": any_layer(lambda layer: layer.num_macs == 5),
    "one neuron": any_layer(lambda layer: layer.num_neurons == 1),
    "wide winners": any_layer(lambda layer: layer.code_dtype == np.uint16),
    "codes of 64 bits": any_layer(lambda layer: code_bits(layer) == 64),
    "codes beyond 64 bits": any_layer(lambda layer: code_bits(layer) > 64),
    "short codes": any_layer(lambda layer: code_bits(layer) < 8),
    "ragged": any_layer(lambda layer: len({len(row) for row in rows(layer)}) > 1),
    "overlapping fields": any_layer(lambda layer: bool(set.intersection(*map(set, rows(layer))))),
    "wired twice": any_layer(lambda layer: any(len(set(row)) < len(row) for row in rows(layer))),
    "positions": any_layer(lambda layer: layer.positions is not None),
    "no positions": any_layer(lambda layer: layer.positions is None),
}


@pytest.mark.parametrize("wanted", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_reach(drawn_layouts: Drawn, wanted: Callable[[Layout], bool]) -> None:
    assert drawn_layouts.has(wanted)


def on(run: Chunk) -> list[bytes]:
    return [row.tobytes() for row in run.on_bits]


def step_sizes(run: Chunk) -> list[int]:
    return list(Counter(run.step.tolist()).values())


def emitted(run: Chunk) -> list[tuple]:
    """(layer, MAC, code) of every sample in which the MAC is active."""
    return [
        (layer, mac, codes[n, mac].tobytes())
        for layer, codes in enumerate(run.codes)
        for n, mac in np.argwhere(run.active[layer])
    ]


def emits_near_codes(run: Chunk) -> bool:
    pairs = [
        (codes[:-1], codes[1:], on[:-1] & on[1:]) for codes, on in zip(run.codes, run.active, strict=True)
    ]
    return any(((a != b).sum(axis=-1) == 1)[both].any() for a, b, both in pairs if a.shape[-1] > 1)


def silent_code_out_of_range(run: Chunk) -> bool:
    parts = zip(run.layout.layers, run.codes, run.active, strict=True)
    return any((codes[~active] >= layer.num_neurons).any() for layer, codes, active in parts)


RUNS = {
    "no sample": lambda run: len(run) == 0,
    "forty samples": lambda run: len(run) == 40,
    "a step of one": lambda run: 1 in step_sizes(run),
    "a step of eight": lambda run: 8 in step_sizes(run),
    "train only": lambda run: len(run) > 2 and (run.phase == TRAIN).all(),
    "eval only": lambda run: len(run) > 2 and (run.phase == EVAL).all(),
    "interleaved": lambda run: np.count_nonzero(np.diff(run.phase.astype(int))) > 3,
    "a gap in the steps": lambda run: (np.diff(run.step) > 1).any(),
    "epochs that rise": lambda run: (np.diff(run.epoch) > 0).sum() > 1,
    "an epoch that falls back": lambda run: (np.diff(run.epoch) < 0).any(),
    "known and unknown labels": lambda run: {True, False} == set((run.label == NO_LABEL).tolist()),
    "a repeated input": lambda run: len(set(on(run))) < len(run),
    "an empty input": lambda run: not run.on_bits.any(axis=1).all(),
    "an input all on": lambda run: (run.inputs != 0).all(axis=1).any(),
    "inputs one feature apart": lambda run: (
        np.bitwise_count(run.on_bits[:-1] ^ run.on_bits[1:]).sum(axis=1) == 1
    ).any(),
    "binary inputs": lambda run: run.inputs.dtype == np.uint8,
    "real inputs": lambda run: run.inputs.dtype == np.float32,
    "same features on, other values": lambda run: (
        len(set(on(run))) < len({row.tobytes() for row in run.inputs + np.float32(0)})
    ),
    "a negative zero": lambda run: np.signbit(run.inputs[run.inputs == 0]).any(),
    "a MAC that is always silent": lambda run: (
        len(run) > 8 and any((~on).all(axis=0).any() for on in run.active)
    ),
    "a MAC that is silent sometimes": lambda run: any(
        (on.any(axis=0) & ~on.all(axis=0)).any() for on in run.active
    ),
    "a MAC that is never silent": lambda run: len(run) > 8 and any(on.all(axis=0).any() for on in run.active),
    "a repeated code": lambda run: max(Counter(emitted(run)).values(), default=0) > 1,
    "codes one CM apart": emits_near_codes,
    "anything for silent MACs": silent_code_out_of_range,
}


@pytest.mark.parametrize("wanted", RUNS.values(), ids=RUNS)
def test_runs_reach(drawn_runs: Drawn, wanted: Callable[[Chunk], bool]) -> None:
    assert drawn_runs.has(wanted)


@settings(max_examples=times(15, 100))
@given(runs())
def test_runs_are_sound(run: Chunk) -> None:
    assert run.start == 0
    assert (np.diff(run.step) >= 0).all()
    for step in np.unique(run.step):
        assert len(set(zip(run.epoch[run.step == step], run.phase[run.step == step], strict=True))) == 1
    assert run.epoch.min(initial=0) >= 0
    assert np.isfinite(run.inputs).all()
    for layer, codes, active in zip(run.layout.layers, run.codes, run.active, strict=True):
        assert codes.dtype == layer.code_dtype
        assert codes[active].max(initial=0) < layer.num_neurons


@settings(max_examples=times(15, 100))
@given(st.data())
def test_runs_are_as_asked(data: st.DataObject) -> None:
    layout = data.draw(layouts(max_layers=1))
    run = data.draw(runs(layout=layout, real_inputs=True, max_samples=5))
    assert len(layout.layers) == 1
    assert run.layout is layout
    assert run.inputs.dtype == np.float32
    assert len(run) <= 5
    assert data.draw(runs(layout=layout, real_inputs=False)).inputs.dtype == np.uint8


def test_runs_shrink_to_something_small() -> None:
    # Without the phase that explains why it fails, which takes most of the time.
    found = settings(database=None, phases=[Phase.generate, Phase.shrink])
    run = find(runs(max_samples=8), lambda run: len(run) > 1, settings=found, random=Random(0))
    assert len(run) == 2
    assert run.layout.num_features == 1
    assert [layer.num_macs for layer in run.layout.layers] == [1]


@settings(max_examples=times(15, 100))
@given(st.data())
def test_split_cuts_before_the_given_samples(data: st.DataObject) -> None:
    run = data.draw(runs())
    cuts = data.draw(st.lists(st.integers(0, len(run)), max_size=4))
    parts = split(run, cuts)
    assert [part.start for part in parts] == [0, *sorted(cuts)]
    assert np.concatenate([part.sample for part in parts]).tolist() == run.sample.tolist()
    assert np.array_equal(np.concatenate([part.inputs for part in parts]), run.inputs)


# The folder is made once for all examples: each removes the file that it wrote.
@settings(
    max_examples=times(12, 100), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(run=runs(), commit_steps=st.sampled_from([None, 1, 3]))
def test_a_written_run_reads_as_it_was(tmp_path: Path, run: Chunk, commit_steps: int | None) -> None:
    path = tmp_path / "run.h5"
    write_run(path, run, commit_steps=commit_steps)
    with open_trace(path) as trace:
        read = trace.chunk(0, len(trace))
    path.unlink()
    assert read.layout == run.layout
    for name in ("step", "epoch", "phase", *MARKS.values(), "inputs"):
        assert np.array_equal(getattr(read, name), getattr(run, name)), name
        assert getattr(read, name).dtype == getattr(run, name).dtype, name
    for index, active in enumerate(run.active):
        assert np.array_equal(read.active[index], active)
        assert np.array_equal(read.codes[index][active], run.codes[index][active])


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(run=runs())
def test_chunks_of_a_written_run_are_its_samples_in_order(tmp_path: Path, run: Chunk) -> None:
    assume(len(run) > 3)
    path = tmp_path / "run.h5"
    write_run(path, run)
    with open_trace(path) as trace:
        chunks = list(trace.chunks(3))
    path.unlink()
    assert [chunk.start for chunk in chunks] == list(range(0, len(run), 3))
    assert np.concatenate([chunk.step for chunk in chunks]).tolist() == run.step.tolist()
