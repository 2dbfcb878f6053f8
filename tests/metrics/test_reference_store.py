"""What a state no longer says of inputs that come back is found in the run, and is the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import sparsey_trace
from sparsey_trace.layout import TRAIN
from sparsey_trace.metrics import reference_store
from sparsey_trace.metrics.base import Context
from sparsey_trace.metrics.match_accuracy import MatchAccuracy
from sparsey_trace.metrics.recall import recall_from
from sparsey_trace.replay.partitioned import site
from sparsey_trace.testing import check_metric_laws, runs, split, write_run
from tests import definitions
from tests.cli.commands import LAYOUT
from tests.faults import times

if TYPE_CHECKING:
    from pathlib import Path


@given(run=runs(), span=st.sampled_from([1, 8, 64]), cut=st.integers(0, 12))
@settings(max_examples=times(30, 500), deadline=None)
def test_the_latest_sighting_is_found_however_few_are_kept(
    run: sparsey_trace.Chunk, span: int, cut: int
) -> None:
    metric = MatchAccuracy()
    with mock.patch.multiple(reference_store, SPAN=span, _AT_ONCE=2, _TIMES_SMALLER=0):
        check_metric_laws(metric, split(run, [min(cut, len(run))]))
        store, until = metric.finalize(metric.update(metric.init(run.layout), run), run.layout)
        given_out = metric.values(run, run.layout, Context((store, until), recall_from(run)))
    assert len(store.seen) <= len(store.step) * (2 + len(run) // span)
    if given_out is None:
        return
    for n, nearest in zip(given_out.sample.tolist(), given_out.extra["nearest_sample"].tolist(), strict=True):
        latest = [
            r
            for r in definitions.train_before(run, n)
            if run.inputs[r].tolist() == run.inputs[nearest].tolist()
        ]
        assert nearest == latest[-1]


@given(st.lists(st.sampled_from([*(bytes([n]).ljust(16, b"\0") for n in range(3)), bytes(15) + b"\1"])))
def test_inputs_are_numbered_as_they_come(identities: list[bytes]) -> None:
    known = list(dict.fromkeys(identities))
    first, number = reference_store._first_of_each(np.frombuffer(b"".join(identities), "V16"))
    assert first.tolist() == [identities.index(one) for one in known]
    assert number.tolist() == [known.index(one) for one in identities]


def nbytes(state: reference_store.ReferenceStore) -> int:
    return sum(array.nbytes for array in vars(state).values() if isinstance(array, np.ndarray))


def repeating(samples: int, distinct: int, *, batch: int = 16) -> sparsey_trace.Chunk:
    """A run over few inputs, of which every fifth step is evaluation."""
    rng = np.random.default_rng(2)
    step = np.arange(samples) // batch
    return sparsey_trace.Chunk(
        layout=LAYOUT,
        start=0,
        step=step,
        epoch=np.zeros(samples, np.int32),
        phase=np.where(step % 5 == 4, 1 - TRAIN, TRAIN).astype(np.uint8),
        label=np.zeros(samples, np.int64),
        inputs=rng.integers(0, 2, (distinct, LAYOUT.num_features), np.uint8)[
            rng.integers(distinct, size=samples)
        ],
        codes=tuple(
            rng.integers(layer.num_neurons, size=(samples, layer.num_macs, layer.num_cms)).astype(
                layer.code_dtype
            )
            for layer in LAYOUT.layers
        ),
        active=tuple(rng.random((samples, layer.num_macs)) < 0.8 for layer in LAYOUT.layers),
    )


def test_a_state_grows_with_what_is_learnt_and_not_with_the_run() -> None:
    metric, sizes = MatchAccuracy(), []
    for samples in (1000, 4000):
        state = metric.update(metric.init(LAYOUT), repeating(samples, 20))
        sizes.append(nbytes(state))
        assert len(state.seen) == 2 * len(state.step)
    assert sizes[0] == sizes[1]


def test_where_no_input_comes_twice_a_state_takes_what_is_told_before() -> None:
    run = repeating(400, 20)
    bits = np.arange(1, 401)[:, None] >> np.arange(LAYOUT.num_features) & 1
    run = replace(run, inputs=bits.astype(np.uint8))
    trained = int(run.is_train.sum())
    for metric, share in ((MatchAccuracy(), 1.0), (MatchAccuracy(reference_size=20), 0.7)):
        told = metric.state_bytes(trained, LAYOUT)
        found = nbytes(metric.merge(metric.init(LAYOUT), metric.update(metric.init(LAYOUT), run)))
        assert share * told <= found <= told / share


def test_inputs_that_come_back_are_not_copied() -> None:
    run = repeating(400, 20)
    earlier, later = (reference_store.ReferenceStore.of(run[part]) for part in (slice(200), slice(200, 400)))
    assert earlier.followed_by(later).inputs is earlier.inputs
    assert reference_store.ReferenceStore.empty(LAYOUT.num_features).followed_by(later).inputs is later.inputs


def test_what_a_stretch_needs_of_a_long_run_grows_with_inputs_only() -> None:
    metric = MatchAccuracy()
    with mock.patch.object(reference_store, "SPAN", 64):
        sizes = []
        for samples in (2048, 8192):
            state = metric.update(metric.init(LAYOUT), repeating(samples, 20))
            sizes.append(nbytes(metric.excerpt(state, samples - 64, samples)))
            assert sizes[-1] < nbytes(state) / 4
    assert sizes[0] == sizes[1]
    short = metric.update(metric.init(LAYOUT), repeating(100, 20))
    assert metric.excerpt(short, 0, 100) is short


def test_a_trace_has_the_same_values_however_few_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    write_run(path, repeating(480, 20))
    tables = []
    read_state = mock.patch.object(site, "read_state", wraps=site.read_state)
    # Of spans of one sample all sightings are kept.
    for span, jobs, excerpts in ((1, 1, 4), (64, 1, 2), (1 << 20, 2, 0)):
        with mock.patch.object(reference_store, "SPAN", span), read_state as reads:
            found = sparsey_trace.analyze(
                path,
                metrics=["match_accuracy"],
                resolution="sample",
                n_jobs=jobs,
                chunk_size=100,
                partition_size=128,
            )
        tables.append(found["match_accuracy"].to_pylist())
        # Of the four partitions, as far as it is worth it.
        assert sum("is_excerpt" in call.kwargs for call in reads.call_args_list) == excerpts
    assert tables[0] == tables[1] == tables[2]
