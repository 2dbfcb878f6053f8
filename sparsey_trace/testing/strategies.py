"""Generated layouts and runs, small but nasty: for our tests and for those of a plug-in's metrics.

Needs hypothesis. Structure (layers, steps, how much varies) is drawn, so that a failing run shrinks
to a small one; the values inside come from a drawn seed, so that drawing is fast.

    from hypothesis import given
    from sparsey_trace.testing import runs, split

    @given(runs())
    def test_my_metric(run):
        first, rest = split(run, [len(run) // 2])
        ...
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from sparsey_trace.chunk import Chunk
from sparsey_trace.connections import EVERYTHING
from sparsey_trace.layout import EVAL, MARKS, NO_LABEL, PHASES, TRAIN, LayerLayout, Layout
from sparsey_trace.testing.laws import check_metric_laws
from sparsey_trace.trace.format.inputs import dtype_for_metrics
from sparsey_trace.trace.format.schema import INPUT_KINDS
from sparsey_trace.trace.writing.writer import TraceWriter

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["append_step", "check_metric_laws", "layouts", "runs", "split", "write_run"]

_SEEDS = st.integers(0, 2**16 - 1)

_RANGES = {"uint8": (0, 255), "int32": (-(1 << 31), (1 << 31) - 1), "int64": (-(1 << 63), (1 << 63) - 1)}
"""From which to which number inputs of whole kinds go."""
_HALF = -60_000, 60_000
"""Numbers that float16 holds lie between these."""
_KINDS = st.sampled_from(["binary", "float32", "binary", "uint8", "int64", "float16", "float64", "int32"])

# No whole number of bytes, one byte exactly, and more than one 64-bit word.
_INPUT_SHAPES = [(1,), (3,), (2, 4), (5, 2, 2), (67,)]

# (Q, K): codes of a few bits, of 64 exactly, of more, and winners that need 16 bits.
_SHORT_CODES = st.tuples(st.integers(1, 4), st.integers(1, 5))
_LONG_CODES = st.sampled_from([(2, 257), (8, 256), (16, 16), (9, 256), (17, 16), (20, 300)])


@st.composite
def layouts(draw: st.DrawFn, *, max_layers: int = 3) -> Layout:
    """Models of 1 to `max_layers` layers of 1 to 5 MACs with ragged, overlapping fields.

    Some layers are wired to everything, some MACs to a source twice, some codes don't fit 64 bits (Q up to 20, K up to
    300), and some layers have no positions.

    Args:
        draw: given by hypothesis.
        max_layers: the most layers to draw.
    """
    input_shape = draw(st.sampled_from(_INPUT_SHAPES))
    num_sources = num_features = math.prod(input_shape)
    layers: list[LayerLayout] = []
    for index in range(draw(st.integers(1, max_layers))):
        layers.append(draw(_layers(name=f"layer{index}", num_sources=num_sources)))
        num_sources = layers[-1].num_macs
    return Layout(num_features=num_features, input_shape=input_shape, layers=tuple(layers))


@st.composite
def _layers(draw: st.DrawFn, *, name: str, num_sources: int) -> LayerLayout:
    num_macs = draw(st.integers(1, 5))
    num_cms, num_neurons = draw(_SHORT_CODES | _LONG_CODES)
    placed = draw(st.booleans())
    rng = np.random.default_rng(draw(_SEEDS))
    return LayerLayout(
        name=name,
        num_macs=num_macs,
        num_cms=num_cms,
        num_neurons=num_neurons,
        connections=EVERYTHING
        if rng.random() < 0.15
        else [_connections(rng, num_sources) for _ in range(num_macs)],
        positions=rng.random((num_macs, 2)) if placed else None,
    )


def _connections(rng: np.random.Generator, num_sources: int) -> NDArray[np.int64]:
    count = rng.integers(1, num_sources + 1)
    return rng.choice(num_sources, count, replace=bool(rng.random() < 0.25))


@st.composite
def runs(
    draw: st.DrawFn,
    *,
    layout: Layout | None = None,
    real_inputs: bool | None = None,
    max_samples: int = 40,
    values: Sequence[str] = (),
) -> Chunk:
    """Whole runs of 0 to `max_samples` samples, each a `Chunk` that starts at sample 0.

    Steps of 1 to 8 samples, train and eval in any order; step numbers with gaps; epochs that mostly
    rise and sometimes fall back; unknown labels, ids, sequences and moments. Inputs repeat, differ in one
    feature, are empty or all on; others than bits also repeat with the same features on but other values, and real ones
    hold negative zeros. Codes repeat or differ in one CM; MACs are silent sometimes or always, and the codes of
    silent ones are any number that the dtype can hold.

    Args:
        draw: given by hypothesis.
        layout: the model; by default drawn from `layouts()`.
        real_inputs: whether inputs are float32 with any values, or uint8 zeros and ones; None draws both, and the
            numbers of all other kinds that a trace keeps, of the dtypes in which metrics see them.
        max_samples: the most samples to draw.
        values: the names of further values of MACs; single layers may lack one, single samples too, and silent
            MACs have some.
    """
    model = draw(layouts()) if layout is None else layout
    # A fewest that varies, and is 0 last: left alone, hypothesis wastes a third on runs without a step.
    fewest = min(draw(st.sampled_from([1, 4, 8, 0])), max_samples)
    step, epoch, phase = _columns(draw(_steps(fewest=fewest, most=max_samples)), max_samples)
    kind = draw(_KINDS) if real_inputs is None else "float32" if real_inputs else "binary"
    variety = draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(_SEEDS))
    active = tuple(_active(rng, layer, len(step)) for layer in model.layers)
    return Chunk(
        layout=model,
        start=0,
        step=step,
        epoch=epoch,
        phase=phase,
        **{
            name: rng.choice(np.array([NO_LABEL, -1, 0, 1, 9], np.int64), len(step))
            for name in MARKS.values()
        },
        inputs=_inputs(rng, kind, model.num_features, len(step), variety),
        codes=tuple(_codes(rng, *of_layer, variety) for of_layer in zip(model.layers, active, strict=True)),
        active=active,
        values=tuple(_values(rng, values, of_layer.shape) for of_layer in active) if values else (),
    )


def _steps(*, fewest: int, most: int) -> st.SearchStrategy[list[tuple[int, ...]]]:
    """Each step's samples, phase, change of epoch and distance from the step before."""
    choices = (st.integers(1, 8), *map(st.sampled_from, ([TRAIN, EVAL], [0, 0, 1, 1, -1], [1, 1, 1, 3])))
    return st.lists(st.tuples(*choices), min_size=fewest, max_size=most)


def _columns(
    steps: list[tuple[int, ...]], max_samples: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8]]:
    """The samples' step, epoch and phase; no epoch is below 0."""
    sizes, phases, changes, distances = np.array(steps, np.int64).reshape(-1, 4).T
    epochs = np.cumsum(changes)
    epochs -= epochs.min(initial=0)
    step, epoch, phase = (
        np.repeat(of_steps, sizes)[:max_samples] for of_steps in (np.cumsum(distances) - 1, epochs, phases)
    )
    return step, epoch.astype(np.int32), phase.astype(np.uint8)


def _inputs(rng: np.random.Generator, kind: str, num_features: int, size: int, variety: int) -> NDArray[Any]:
    """[size, D], as metrics see inputs that a trace keeps as this kind."""
    pool = _patterns(rng, num_features, variety)
    if kind == "binary":
        return pool[rng.integers(variety, size=size)].astype(np.uint8)
    dtype = dtype_for_metrics(kind)
    if kind in _RANGES:
        low, high = _RANGES[kind]
        # The same features on, with other values.
        values = rng.integers(low, high, (2, *pool.shape), endpoint=True)
        return np.asarray(
            (pool * values)[rng.integers(2, size=size), rng.integers(variety, size=size)], dtype
        )
    # Magnitudes so far apart that a sum depends on its order, if it is careless.
    values = rng.standard_normal(pool.shape) * 10.0 ** rng.integers(-4, 5, pool.shape)
    factors = rng.choice([1, 1, 1, -2], (size, 1))
    found = (pool * values)[rng.integers(variety, size=size)] * factors
    return np.asarray(found.clip(*_HALF).astype(np.float16) if kind == "float16" else found, dtype)


def _patterns(rng: np.random.Generator, num_features: int, variety: int) -> NDArray[np.bool_]:
    """[variety, D] bool: some empty, some all on; every second is the first with one feature flipped."""
    pool = rng.random((variety, num_features)) < rng.choice([0, 0.2, 0.5, 0.8, 1], (variety, 1))
    pool[1::2] = pool[0]
    for row in pool[1::2]:
        row[rng.integers(num_features)] ^= True
    return pool


def _active(rng: np.random.Generator, layer: LayerLayout, size: int) -> NDArray[np.bool_]:
    rates = rng.choice([0, 0.5, 0.9, 1], layer.num_macs)
    return rng.random((size, layer.num_macs)) < rates


def _codes(
    rng: np.random.Generator, layer: LayerLayout, active: NDArray[np.bool_], variety: int
) -> NDArray[Any]:
    """[n, M, Q] winners of each MAC's few codes; every second is the first but for one CM."""
    num_macs, num_cms = layer.num_macs, layer.num_cms
    pool = rng.integers(layer.num_neurons, size=(num_macs, variety, num_cms))
    pool[:, 1::2] = pool[:, :1]
    for row in pool[:, 1::2].reshape(-1, num_cms):
        row[rng.integers(num_cms)] = rng.integers(layer.num_neurons)
    codes = pool[np.arange(num_macs), rng.integers(variety, size=active.shape)]
    anything = rng.integers(np.iinfo(layer.code_dtype).max + 1, size=codes.shape)
    return np.where(active[..., None], codes, anything).astype(layer.code_dtype)


def _values(
    rng: np.random.Generator, names: Sequence[str], shape: tuple[int, ...]
) -> dict[str, NDArray[np.float32]]:
    """A layer's further values, [n, M] each: of every size, some huge, nan where there is none."""
    found = {}
    for name in names:
        sizes = 10.0 ** rng.integers(-3, 5, shape)
        drawn = rng.choice([1, 1, 1, np.nan, 1e12], shape) * rng.standard_normal(shape) * sizes
        found[name] = drawn.astype(np.float32)
    return {name: drawn for name, drawn in found.items() if rng.random() < 0.8}


def split(run: Chunk, cuts: Iterable[int]) -> list[Chunk]:
    """Cut a run into neighbouring chunks.

    Args:
        run: the run, or any chunk.
        cuts: the samples, counted from the chunk's first, to cut before; in any order. One that is
            there twice, or at an end, makes an empty chunk.

    Returns:
        One chunk more than there are cuts.
    """
    return [run[first:stop] for first, stop in pairwise([0, *sorted(cuts), len(run)])]


def append_step(writer: TraceWriter, step: Chunk) -> None:
    """Append a chunk whose samples are one step's.

    Raises:
        TraceError: the trace is closed, or can't be written.
    """
    writer.append(
        inputs=step.inputs,
        codes=step.codes,
        active=step.active,
        phase=PHASES[step.phase[0]],
        epoch=int(step.epoch[0]),
        **{name: getattr(step, column) for name, column in MARKS.items()},
        step=int(step.step[0]),
        values=_by_name(step),
    )


def _by_name(step: Chunk) -> dict[str, list[NDArray[np.float32] | None]] | None:
    """Further values as a writer takes them."""
    names = sorted({name for of_layer in step.values for name in of_layer})
    return {name: [of_layer.get(name) for of_layer in step.values] for name in names} or None


def write_run(path: str | os.PathLike[str], run: Chunk, *, commit_steps: int | None = None) -> None:
    """Write a whole run to a new trace, step by step, and close it.

    Args:
        path: the file to make.
        run: the run; every step in one phase and epoch.
        commit_steps: commit after every so many steps; None commits on closing only.

    Raises:
        TraceError: the file exists, or can't be made there.
    """
    firsts = np.flatnonzero(np.diff(run.step)) + 1
    steps = split(run, firsts.tolist()) if len(run) else []
    with TraceWriter(path, run.layout, inputs=_input_kind(run)) as writer:
        for count, step in enumerate(steps, start=1):
            append_step(writer, step)
            if commit_steps and count % commit_steps == 0:
                writer.commit()


def _input_kind(run: Chunk) -> str:
    """The smallest kind that keeps a run's inputs, and has them come back in their dtype."""
    if run.inputs is None:
        return "none"
    kinds = [kind for kind in INPUT_KINDS if kind != "none" and dtype_for_metrics(kind) == run.inputs.dtype]
    return next(kind for kind in kinds if _is_kept(run.inputs, kind))


def _is_kept(inputs: NDArray[Any], kind: str) -> bool:
    if kind in _RANGES:
        low, high = _RANGES[kind]
        is_whole = inputs.dtype.kind == "i" or bool((inputs == np.trunc(inputs)).all())
        return is_whole and bool((inputs >= low).all() and (inputs <= high).all())
    with np.errstate(over="ignore"):
        return kind != "float16" or bool((inputs.astype(np.float16) == inputs).all())
