"""What `record` refuses, before training begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sparsey_trace as st
from sparsey_trace.errors import DataError, RecordError, TraceError
from sparsey_trace.recording import record
from tests.recording.models import OriginalModel, samples
from tests.recording.passes import num_hooks

if TYPE_CHECKING:
    from pathlib import Path


def test_an_existing_file_is_refused_before_training(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(TraceError, match=r"run\.h5: expected no file there, found one; .* overwrite=True"):
        record(OriginalModel(), path)
    assert path.read_text() == "precious"


def test_overwriting_waits_for_the_first_pass(path: Path) -> None:
    path.write_text("precious")
    model = OriginalModel()
    with record(model, path, overwrite=True):
        assert path.read_text() == "precious"
        model(samples(2))
    with st.open_trace(path) as trace:
        assert len(trace) == 2


@pytest.mark.parametrize("place", ["nowhere/run.h5", "file/run.h5", "/proc/run.h5"])
def test_a_place_without_room_is_refused_before_training(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    model = OriginalModel()
    with pytest.raises(TraceError, match=r"run\.h5: expected a folder that files can be made in, found"):
        record(model, tmp_path / place)
    assert num_hooks(model) == 0
    with pytest.raises(TraceError, match=r"found: no folder .*/nowhere; make it first$"):
        record(model, tmp_path / "nowhere" / "run.h5")


@pytest.mark.parametrize("length", [249, 300])
def test_a_name_too_long_for_itself_or_its_lock_is_refused_before_training(
    tmp_path: Path, length: int
) -> None:
    with pytest.raises(
        TraceError, match=r"\.h5: expected a folder that files can be made in, found: .*too long"
    ):
        record(OriginalModel(), tmp_path / f"{'x' * length}.h5")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_its_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path, ".", "/"):
        for kept in ({}, {"resume": True}, {"overwrite": True}):
            with pytest.raises(
                TraceError, match=r"(expected no file there|expected a trace file), found a folder"
            ):
                record(OriginalModel(), folder, **kept)


def test_unknown_kinds_of_inputs_and_models_are_refused(path: Path) -> None:
    with pytest.raises(DataError, match=r"inputs: expected one of auto, binary, .*, found 'packed'"):
        record(OriginalModel(), path, inputs="packed")
    with pytest.raises(RecordError, match=r"model: expected a torch\.nn\.Module, found str"):
        record("model", path)  # type: ignore[arg-type]
