"""The private folder is ours by its marker, however far it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sparsey_trace.replay.cache.private_folder import FOLDER, MARKER, make_private, whose

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / FOLDER


def test_one_that_was_made_is_ours(folder: Path) -> None:
    assert whose(folder) == ""
    make_private(folder)
    marker = (folder / MARKER).read_bytes()
    assert marker.startswith(b"Signature: 8a477f597d28d172789f06886806bc55\n")
    assert whose(folder) == ""
    for size in (0, 1, 50, len(marker) - 1):
        (folder / MARKER).write_bytes(marker[:size])  # as a kill leaves it
        assert whose(folder) == ""
        make_private(folder)
        assert (folder / MARKER).read_bytes() == marker
    (folder / "x.table").write_bytes(b"anything")
    assert whose(folder) == ""
    (folder / MARKER).write_bytes(marker[:50])
    assert whose(folder) == "a folder of something else"


@pytest.mark.parametrize("content", [None, b"", b"precious"])
def test_one_of_another_program_is_not(folder: Path, content: bytes | None) -> None:
    folder.mkdir()
    (folder / "theirs").write_text("precious")
    if content is not None:
        (folder / MARKER).write_bytes(content)
    assert whose(folder) == "a folder of something else"
    with pytest.raises(OSError, match="that sparsey-trace made, found a folder of something else"):
        make_private(folder)
    assert (content is not None) == (folder / MARKER).exists()


def test_neither_links_nor_files_are(folder: Path, tmp_path: Path) -> None:
    make_private(tmp_path / "real")
    folder.symlink_to("real")
    assert whose(folder) == "a link"
    with pytest.raises(OSError, match="found a link"):
        make_private(folder)
    folder.unlink()
    folder.symlink_to("none")
    assert whose(folder) == "a link"
    folder.unlink()
    folder.write_text("precious")
    assert whose(folder) == "a file"


def test_a_link_in_the_markers_place_is_not_followed(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    (tmp_path / "theirs").write_bytes(b"")
    (folder / MARKER).symlink_to("../theirs")
    assert whose(folder) == "a folder of something else"
    with pytest.raises(OSError, match="found a folder of something else"):
        make_private(folder)
    assert (tmp_path / "theirs").read_bytes() == b""
