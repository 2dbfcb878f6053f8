"""What a trace shows of itself, and the ways to go through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, feed, sent

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.trace.reading.trace import Trace

STEPS = 30


def test_in_one_line(trace: Trace, path: Path) -> None:
    size = len(trace)
    assert size == len(sent(0, STEPS)["step"]) == 146
    assert repr(trace) == f"<Trace {path}: 146 samples in 30 steps, 2 (20, 3 MACs), closed>"
    assert repr(trace.layers[1]) == "<layer top: 146 samples, 3 MACs of 2 CMs, K = 300>"
    assert repr(trace.inputs) == "<inputs: uint8 [146, 13], read when indexed>"
    assert repr(trace.layers[0].active) == "<layers/0/active: bool [146, 20], read when indexed>"
    trace.close()
    assert repr(trace) == f"<Trace {path}: file closed>"


def test_in_one_line_while_it_is_written(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        feed(writer, 0, range(3))
        writer.commit()
        with open_trace(tmp_path / "run.h5") as trace:
            assert repr(trace).endswith("samples in 3 steps, 2 (20, 3 MACs), not closed>")
            assert "still being written, or its writer died" in trace._repr_html_()


def test_as_html(trace: Trace) -> None:
    html = trace._repr_html_()
    for words in ("146", "2 (20, 3 MACs)", "13 features, binary", "closed", trace.created, trace.host):
        assert f"<td>{words}</td>" in html
    trace.close()
    assert "<td>file closed</td>" in trace._repr_html_()


def test_html_of_a_hostile_trace_is_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "<script>alert('&')<"
    monkeypatch.setattr("socket.gethostname", lambda: evil)
    part = LayerLayout(name=evil, num_macs=1, num_cms=1, num_neurons=2, connections=[[0]])
    path = tmp_path / f"{evil.replace('/', '')}.h5"
    with TraceWriter(path, Layout(num_features=13, layers=[part])) as writer:
        feed(writer, 0, range(1))
    with open_trace(path) as trace:
        html = trace._repr_html_()
    assert evil not in html
    assert html.count("&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;") == 3


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, None, (0, 146)),
        (70, 100, (70, 100)),
        (140, 1000, (140, 146)),
        (200, None, None),
        (-6, None, (140, 146)),
    ],
)
def test_chunks_of_a_part(
    trace: Trace, start: int, stop: int | None, expected: tuple[int, int] | None
) -> None:
    chunks = list(trace.chunks(50, start=start, stop=stop))
    numbers = [number for chunk in chunks for number in chunk.sample.tolist()]
    assert numbers == (list(range(*expected)) if expected else [])
    assert all(len(chunk) == 50 for chunk in chunks[:-1])


def test_chunks_by_default_are_those_of_the_file(trace: Trace) -> None:
    assert trace.chunk_size == 64
    assert [len(chunk) for chunk in trace.chunks()] == [64, 64, 18]


@pytest.mark.parametrize("size", [0, -3])
def test_chunks_of_nothing_are_refused(trace: Trace, size: int) -> None:
    with pytest.raises(UsageError, match=f"^size: expected at least 1 sample a chunk, found {size}$"):
        list(trace.chunks(size))


def test_only_what_was_asked_for_is_read(trace: Trace) -> None:
    chunk = trace.chunk(0, 5, fields=frozenset({"active"}))
    assert (chunk.inputs, chunk.codes, len(chunk.active)) == (None, (), 2)
    np.testing.assert_array_equal(chunk.active[1], sent(0, STEPS)["active 1"][:5])
    assert trace.chunk(0, 5, fields=frozenset()).active == ()


def test_what_a_closed_trace_says(trace: Trace, path: Path) -> None:
    column = trace.inputs
    trace.close()
    trace.close()
    for use in (
        lambda: column[0],
        lambda: trace.chunk(0, 1),
        trace.refresh,
        lambda: trace.samples.to_pandas(),
    ):
        with pytest.raises(TraceError) as caught:
            use()
        assert str(caught.value) == f"{path}: expected an open trace, found one that was closed"


def test_any_number_of_readers(path: Path) -> None:
    readers = [open_trace(path) for _ in range(5)]
    readers[0].close()
    assert [len(reader.chunk(0, 146)) for reader in readers[1:]] == [146] * 4
    for reader in readers:
        reader.close()


def test_a_snapshot_goes_back_and_on_again(trace: Trace) -> None:
    """To fewer samples than there are, and not to more."""
    whole = trace.inputs[:]
    trace.rewind(10)
    assert (len(trace), len(trace.samples), trace.num_steps) == (
        10,
        10,
        len(np.unique(trace.samples.step[:])),
    )
    np.testing.assert_array_equal(trace.inputs[:], whole[:10])
    assert sum(len(chunk) for chunk in trace.chunks()) == 10
    with pytest.raises(UsageError, match="expected 0 to 10 samples to go back to, found 11"):
        trace.rewind(11)
    assert trace.refresh() == len(whole)
    np.testing.assert_array_equal(trace.inputs[:], whole)
