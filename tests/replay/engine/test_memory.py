"""How many samples are worked on at once, for the memory that may be taken; and what is taken where inputs are wide."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.replay.engine.engines import processes_of
from sparsey_trace.replay.engine.memory import (
    bytes_per_sample,
    chunk_samples,
    expected_bytes,
    layout_bytes,
    parse_memory,
)
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.cli.commands import write_trace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sparsey_trace.trace.reading.trace import Trace

ALL = frozenset({"inputs", "codes", "active"})
WIDE = 50_176
MIB = 1 << 20

ANALYSE = """
import resource, sys
import sparsey_trace as st
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    st.analyze(path)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    with open_trace(write_trace(tmp_path_factory.mktemp("run") / "run.h5", steps=1)) as trace:
        yield trace


@pytest.mark.parametrize(
    ("size", "expected"),
    [(7, 7), ("7", 7), ("2k", 2048), (" 1.5 MB ", 3 << 19), ("1GiB", 1 << 30), ("1t", 1 << 40)],
)
def test_sizes_in_words(size: str | int, expected: int) -> None:
    assert parse_memory(size) == expected


@pytest.mark.parametrize("size", ["", "0", "-1G", "1.G", "1X", "much", 0])
def test_what_is_no_size(size: str | int) -> None:
    with pytest.raises(UsageError, match=r"^total_memory: expected bytes, or a text such as"):
        parse_memory(size)


def test_more_memory_and_fewer_jobs_make_larger_chunks(trace: Trace) -> None:
    few, more = (chunk_samples(trace, trace.fields, None, size, 1) for size in ("161M", "162M"))
    assert 64 <= few < more <= 4096
    assert few % 64 == more % 64 == 0
    assert expected_bytes(trace, trace.fields, more, 1) <= 162 << 20
    assert chunk_samples(trace, trace.fields, None, "1G", 1) == 4096
    kept = len(trace) * 2 * (16 + 4 * 3 + 4)
    chunks = 3 * 64 * bytes_per_sample(trace.layout, trace.fields) + layout_bytes(trace.layout, trace.fields)
    for processes in (1, 3):
        expected = chunks + processes * (160 << 20)
        assert expected <= expected_bytes(trace, trace.fields, 64, 2, processes) <= expected + kept


def test_threads_share_what_a_process_takes(trace: Trace) -> None:
    in_threads, in_processes = (
        chunk_samples(trace, trace.fields, None, "1G", 40, processes_of(engine, 40))
        for engine in ("threads", "processes")
    )
    assert (in_threads, in_processes) == (4096, 64)
    told = [st.explain(trace, engine=engine, n_jobs=40) for engine in ("auto", "processes")]
    assert [one.chunk_size for one in told] == [4096, 64]
    assert told[1].memory - told[0].memory > 39 * (160 << 20)


def test_a_size_that_is_asked_for_is_taken(trace: Trace) -> None:
    assert chunk_samples(trace, trace.fields, 7, "1G", 2) == 7
    with pytest.raises(UsageError, match=r"^chunk_size: expected at least 1 sample, found 0$"):
        chunk_samples(trace, trace.fields, 0, "1G", 2)


class Given(NamedTuple):
    """As much of a trace as is asked."""

    path: str
    layout: Layout
    input_kind: str = "binary"


def _layout(num_features: int, num_macs: int = 4, fan_in: int = 1000) -> Layout:
    rng = np.random.default_rng(0)
    wiring = [np.sort(rng.choice(num_features, fan_in, replace=False)) for _ in range(num_macs)]
    low = LayerLayout(name="low", num_macs=num_macs, num_cms=2, num_neurons=4, connections=wiring)
    top = LayerLayout(name="top", num_macs=2, num_cms=2, num_neurons=65_535, connections=[[0, 1], [2, 3]])
    return Layout(num_features=num_features, layers=[low, top])


def _written(path: Path, kind: str) -> Path:
    layout, rng = _layout(WIDE), np.random.default_rng(0)
    with st.TraceWriter(path, layout, inputs=kind) as writer:
        for phase in ("train", "eval"):
            inputs = rng.random((4, WIDE)).astype(np.float32)
            writer.append(
                inputs=inputs if kind == "float32" else (inputs < 0.3).astype(np.uint8),
                codes=[rng.integers(0, 4, (4, layer.num_macs, 2)) for layer in layout.layers],
                active=[np.ones((4, layer.num_macs), bool) for layer in layout.layers],
                phase=phase,
            )
    return path


def test_wide_inputs_are_analysed_in_little_memory(tmp_path: Path) -> None:
    paths = [_written(tmp_path / f"{kind}.h5", kind) for kind in ("binary", "float32")]
    call = [sys.executable, "-c", ANALYSE, *map(str, paths)]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    # A matrix of features by features would take 2,401 MiB in bits of a byte each.
    assert int(done.stdout) < 400


def test_a_layout_costs_what_its_fields_hold() -> None:
    costs = {width: layout_bytes(_layout(width), ALL) for width in (2000, WIDE, 1_000_000)}
    # Fields of two MACs overlap where there are few features.
    assert costs[2000] < costs[WIDE] < costs[1_000_000] < 1.1 * costs[WIDE]
    assert layout_bytes(_layout(WIDE), frozenset({"codes", "active"})) == 0
    given = [cast("Trace", Given("run.h5", _layout(WIDE, num_macs=macs))) for macs in (4, 1000)]
    fields = [expected_bytes(trace, ALL, 64, 1) for trace in given]
    assert 40 * MIB < fields[1] - fields[0] < 120 * MIB


def test_a_layout_that_takes_too_much_is_refused_before_its_fields_are_made() -> None:
    low = LayerLayout(name="low", num_macs=1, num_cms=1, num_neurons=2, connections=[np.arange(100_000)])
    wiring = np.zeros((20_000, 1), np.int32)
    top = LayerLayout(name="top", num_macs=20_000, num_cms=1, num_neurons=2, connections=wiring)
    given = cast("Trace", Given("run.h5", Layout(num_features=100_000, layers=[low, top])))
    expected = (
        r"run.h5: expected wiring \(20,001 MACs over 100,000 features\) that can be analysed in total_memory "
        r"\(1,073,741,824 bytes\), found that it takes more; raise total_memory"
    )
    for chunk_size in (None, 1):
        with pytest.raises(TraceError, match=expected):
            chunk_samples(given, ALL, chunk_size, "1G", 1)
    assert chunk_samples(given, frozenset({"active"}), None, "1G", 1) == 512


def test_one_sample_that_takes_too_much_is_refused() -> None:
    layer = LayerLayout(name="v1", num_macs=2, num_cms=1, num_neurons=2, connections=[[0], [1]])
    given = cast("Trace", Given("run.h5", Layout(num_features=2**31 - 1, layers=[layer])))
    with pytest.raises(TraceError, match=r"expected wiring \(2 MACs over 2,147,483,647 features\)"):
        chunk_samples(given, ALL, None, "1G", 1)
