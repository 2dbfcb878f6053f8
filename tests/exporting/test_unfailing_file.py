"""What a disk that fails leaves of a file for HDF5: the error, and a file that reads as it was written."""

from __future__ import annotations

import errno
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.errors import OutputError
from sparsey_trace.exporting import arrays
from sparsey_trace.exporting.export import export
from sparsey_trace.exporting.unfailing_file import UnfailingFile
from tests.cli.commands import write_trace
from tests.faults import times

if TYPE_CHECKING:
    from pathlib import Path


class FullDisk(io.FileIO):
    """A file on a disk that takes so many bytes, the last of them in part."""

    room: int

    def write(self, data: Any) -> int:
        """As a disk does."""
        room = max(0, self.room - self.tell())
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(memoryview(data).cast("B")[:room])


@pytest.mark.parametrize("room", [0, 1, 4096, 10_000, 1 << 20])
def test_it_reads_as_it_was_written_wherever_the_disk_is_full(tmp_path: Path, room: int) -> None:
    rng, real = np.random.default_rng(room), io.BytesIO()
    with FullDisk(tmp_path / "file", "x+b") as disk, UnfailingFile(disk) as file:
        disk.room = room
        for _ in range(60):
            at, given = int(rng.integers(30_000)), rng.bytes(int(rng.integers(6000)))
            assert file.seek(at) == real.seek(at)
            assert file.write(given) == real.write(given)
            assert file.tell() == real.tell()
            file.seek(at := int(rng.integers(36_000)))
            real.seek(at)
            assert file.read(5000) == real.read(5000)
        assert file.seek(0, io.SEEK_END) == len(real.getvalue())
        assert file.truncate(20_000) == 20_000
        file.seek(0)
        assert file.read() == real.getvalue()[:20_000]
        if room == 1 << 20:
            file.check()
        else:
            with pytest.raises(OSError, match="No space left"):
                file.check()


def test_a_disk_that_is_full_at_any_place_ends_an_export_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_trace(tmp_path / "run.h5")
    whole = export(run, to="netcdf", out=tmp_path / "whole.nc")[0].stat().st_size
    monkeypatch.setattr(arrays, "_opened", lambda path: FullDisk(path, "x+b"))
    for room in np.linspace(0, whole - 1, times(2, 40)).astype(int).tolist():
        monkeypatch.setattr(FullDisk, "room", room, raising=False)
        with pytest.raises(
            OutputError, match=r"full.nc: expected to write .* \[Errno 28\] No space left on device$"
        ):
            export(run, to="netcdf", out=tmp_path / "full.nc")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["run.h5", "whole.nc"]
    monkeypatch.setattr(FullDisk, "room", whole)
    assert export(run, to="netcdf", out=tmp_path / "full.nc")[0].stat().st_size == whole
