"""What stands at a name is opened only where it is an ordinary file itself."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.support.own_files import beginning, is_folder_itself, is_unfinished, open_itself

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR | os.O_CREAT])
def test_neither_links_nor_pipes_are_opened(tmp_path: Path, flags: int) -> None:
    (tmp_path / "theirs").write_text("precious")
    for name, target in (("link", "theirs"), ("dangling", "none"), ("round", "round")):
        (tmp_path / name).symlink_to(target)
        said = re.escape(f"expected an ordinary file, found a link: '{tmp_path / name}'")
        with pytest.raises(OSError, match=said):
            open_itself(tmp_path / name, flags)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="expected an ordinary file, found something else"):
        open_itself(tmp_path / "pipe", flags)
    assert (tmp_path / "theirs").read_text() == "precious"
    assert not (tmp_path / "none").exists()


def test_the_beginning_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert beginning(path, 4) is None
    for content, begun in ((b"", True), (b"PA", True), (b"PAR1", True), (b"PAR1...", True), (b"PAX", False)):
        path.write_bytes(content)
        assert beginning(path, 4) == content[:4]
        assert is_unfinished(path, b"PAR1") is begun
    (tmp_path / "link").symlink_to(path)
    assert beginning(tmp_path / "link", 4) is None
    assert beginning(tmp_path, 4) is None


def test_a_link_to_a_folder_is_none(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    assert is_folder_itself(tmp_path / "folder")
    assert not is_folder_itself(tmp_path / "link")
    assert not is_folder_itself(tmp_path / "none")
