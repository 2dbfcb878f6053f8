"""A new file has its name only once it can be opened, and never takes another's place unasked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import h5py
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.paths import partial_path
from sparsey_trace.trace.writing.new_file import create, is_there, publish

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("durable", [False, True])
def test_it_gets_its_name_when_it_is_published(tmp_path: Path, *, durable: bool) -> None:
    path = tmp_path / "run.h5"
    with create(path, overwrite=False, durable=durable) as file:
        assert [found.name for found in tmp_path.iterdir()] == [partial_path(path).name]
        descriptor = file.id.get_vfd_handle()
        assert not is_there(path, descriptor)
        publish(path, durable=durable)
        assert is_there(path, descriptor)
        path.rename(tmp_path / "elsewhere.h5")
        path.touch()
        assert not is_there(path, descriptor)
    with h5py.File(tmp_path / "elsewhere.h5"):
        pass


def test_what_is_there_stays_unless_it_may_go(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    path.write_text("precious")
    with pytest.raises(TraceError, match="expected no file there, found one; choose another name"):
        create(path, overwrite=False, durable=False)
    create(path, overwrite=True, durable=False).close()
    assert path.read_text() == "precious"
    with pytest.raises(TraceError, match=re.escape(f"{tmp_path}: expected no file there, found a folder")):
        create(tmp_path, overwrite=True, durable=False)
    with pytest.raises(TraceError, match="expected to make a file there, found: "):
        create(tmp_path / "none/run.h5", overwrite=False, durable=False)
