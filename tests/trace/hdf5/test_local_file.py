"""Of many files only some are open at a time, which nobody who reads them notices."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.trace.hdf5 import local_file
from sparsey_trace.trace.hdf5.local_file import LocalFile

if TYPE_CHECKING:
    from pathlib import Path


def opened(path: Path, content: bytes) -> LocalFile:
    path.write_bytes(content)
    return LocalFile(str(path), os.open(path, os.O_RDONLY))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[LocalFile]:
    """Twelve, of which four are open at most."""
    monkeypatch.setattr(local_file, "_MOST_OPEN", 4)
    return [opened(tmp_path / str(number), b"file %d" % number) for number in range(12)]


def count_open() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the list itself is one of them


def test_each_reads_its_own(files: list[LocalFile]) -> None:
    before = count_open()
    for _ in range(2):
        assert [file.read(5, 9) for file in files] == [b"%d" % number for number in range(12)]
        assert [file.status().st_size for file in files] == [6] * 10 + [7] * 2
    assert count_open() == before
    for file in files:
        file.close()
        file.close()
        with pytest.raises(OSError, match="a file that was closed"):
            file.read(0, 1)
    assert count_open() == before - 4


def test_one_that_nobody_holds_is_closed(tmp_path: Path) -> None:
    before = count_open()
    file = opened(tmp_path / "file", b"")
    assert count_open() == before + 1
    del file
    assert count_open() == before


def test_another_file_in_its_place_is_noticed(files: list[LocalFile], tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"other!")
    for number in (0, 11):
        (tmp_path / "new").replace(tmp_path / str(number))
        (tmp_path / "new").write_bytes(b"other!")
    # The last one is still open.
    assert files[11].read(0, 7) == b"file 11"
    with pytest.raises(OSError, match=r"^another file in its place; open the trace anew$"):
        files[0].read(0, 7)


def test_threads_share_them(files: list[LocalFile]) -> None:
    found: set[tuple[int, bytes]] = set()

    def read_all(first: int) -> None:
        for number in range(first, first + 600):
            found.add((number % 12, files[number % 12].read(5, 2)))

    threads = [threading.Thread(target=read_all, args=(3 * first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {(number, b"%d" % number) for number in range(12)}


def test_one_that_is_in_use_is_closed_afterwards(files: list[LocalFile]) -> None:
    pool, file = local_file._pool, files[11]
    descriptor = pool.lend(file._key, lambda: -1)
    file.close()
    assert os.pread(descriptor, 4, 0) == b"file"
    pool.give_back(file._key)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_forked_child_reads_them(files: list[LocalFile]) -> None:
    with local_file._pool._lock:
        child = os.fork()
        if child == 0:
            os._exit(int([file.read(5, 2) for file in files] != [b"%d" % number for number in range(12)]))
    assert os.waitpid(child, 0)[1] == 0
