"""What became of each pass adds up, and stands in the file: whatever was left out, dropped or lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

import sparsey_trace as st
from sparsey_trace.errors import RecordWarning
from sparsey_trace.recording import record
from sparsey_trace.recording.queue.step_queue import StepQueue
from sparsey_trace.replay.describe import described, facts
from tests.recording.models import OriginalModel, samples

if TYPE_CHECKING:
    from pathlib import Path


def parts(stats: Any) -> tuple[int, ...]:
    return stats.steps, stats.left_out, stats.refused, stats.drops, stats.lost


def test_whatever_is_missing_adds_up_and_is_in_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, written, append = OriginalModel(), [], st.TraceWriter.append_steps

    def failing(self: st.TraceWriter, steps: Any, *arguments: Any, **values: Any) -> None:
        written.extend(step["step"] for step in steps)
        if len(written) > 4:
            msg = "no room left" * 60
            raise MemoryError(msg)
        append(self, steps, *arguments, **values)

    monkeypatch.setattr(st.TraceWriter, "append_steps", failing)
    with (
        pytest.warns(RecordWarning),
        record(model, path, every=2, inputs="binary", on_full="drop") as rec,
    ):
        for number in range(14):
            batch = samples(2)
            if number == 2:
                batch[0, 0] = torch.nan  # seen by the writer thread, before it is written
            if number == 4:
                batch /= 2  # seen by the writer thread
            with monkeypatch.context() as patch:
                if number == 6:
                    patch.setattr(StepQueue, "_has_room", lambda *_: False)
                model(batch)
            if number < 11:
                rec.commit()
        rec._writer_thread.queue.wait_for(lambda: False)  # until the writer thread has failed
        model(samples(2))
    stats = rec.stats()
    assert (stats.steps, stats.refused, stats.drops) == (3, 2, 1)
    assert stats.lost in (2, 3)
    assert sum(parts(stats)) == stats.passes == 15
    with st.open_trace(path) as trace:
        error = trace.losses["error"]
        assert trace.closed
        assert error.startswith("MemoryError: no room left")
        assert error.endswith("…")
        # What the writer thread knew as it ended: the passes behind that left nothing in the file.
        counts = {name: trace.losses[name] for name in trace.losses if name != "error"}
        assert counts.pop("passes") >= 13
        assert counts.pop("lost") == 1
        assert counts.pop("left_out") in (6, 7)
        assert counts == {"steps": 3, "refused": 2, "drops": 1}
        said = described(facts(trace))
        assert f"recording has stopped: {error}" in said["gaps"]
        assert said["lost"].startswith("3 of 1")


def test_a_run_that_is_whole_has_no_losses(path: Path) -> None:
    model = OriginalModel()
    with record(model, path) as rec:
        model(samples(2))
    assert sum(parts(rec.stats())) == rec.stats().passes == 1
    with st.open_trace(path) as trace:
        assert trace.losses == {}
        assert "lost" not in described(facts(trace))
