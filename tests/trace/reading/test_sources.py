"""From what users name to the files of one trace."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.hdf5 import local_file
from sparsey_trace.trace.reading import merged
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.trace.reading.run_files import ALONE, size_of, write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_pattern_brings_in_what_its_files_continue(tmp_path: Path) -> None:
    first = write(tmp_path / "run.h5", range(10))
    second = write(
        tmp_path / "run.1.h5", range(10, 12), continues="run.h5", first_step=10, first_sample=size_of(first)
    )
    for source in (tmp_path / "run.*.h5", str(tmp_path / "run.[1].h5"), [second, first]):
        with open_trace(source) as trace:
            assert trace.paths == (first, second)
            assert trace.samples.step[-1] == 11
    with open_trace(tmp_path / "run.h?") as trace:
        assert trace.paths == (first,)
    assert len(open_trace(second)) == len(open_trace([second])) == size_of(first.with_name("run.1.h5"))
    first.unlink()
    message = (
        f"{second}: expected with it 'run.h5', which it continues, and all files before that one, "
        f"found that one is missing; name it too{ALONE}"
    )
    with pytest.raises(TraceError) as caught:
        open_trace(tmp_path / "run.*.h5")
    assert str(caught.value) == message


def test_a_name_that_exists_is_no_pattern(tmp_path: Path) -> None:
    path = write(tmp_path / "run[1].h5", range(3))
    write(tmp_path / "run1.h5", range(4))
    with open_trace(path) as trace:
        assert trace.num_steps == 3
    with pytest.raises(TraceError, match=r"no\*\.h5: expected files of such names, found none$"):
        open_trace(tmp_path / "no*.h5")
    with pytest.raises(TraceError, match=r"no\.h5: expected a trace file, found no such file$"):
        open_trace(tmp_path / "no.h5")
    with pytest.raises(TraceError, match=r"a pattern or a list of these, found an empty list$"):
        open_trace([])


def test_a_folder_that_exists_is_no_pattern(tmp_path: Path) -> None:
    for folder, steps in (("exp[3]", 3), ("exp3", 4)):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "run.0.h5", range(steps))
    for source, steps in (("exp[3]/run.*.h5", 3), ("exp[3]/run.0.h5", 3), ("exp[3-3]/run.*.h5", 4)):
        with open_trace(tmp_path / source) as trace:
            assert trace.num_steps == steps


def test_a_link_that_leads_nowhere_is_said_and_not_offered(tmp_path: Path) -> None:
    link = tmp_path / "run[1].h5"
    link.symlink_to("gone.h5")
    with pytest.raises(TraceError) as caught:
        open_trace(link)
    assert str(caught.value) == f"{link}: expected a trace file, found a link to gone.h5, where no file is"
    with pytest.raises(TraceError, match=r"ron\[1\]\.h5: expected files of such names, found none$"):
        open_trace(tmp_path / "ron[1].h5")
    with pytest.raises(TraceError, match=r"run-1\.h5: expected a trace file, found no such file$"):
        open_trace(tmp_path / "run-1.h5")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (
            "../secret/run.h5",
            "continues: expected a file's name without its folder, found '../secret/run.h5'",
        ),
        ("/run.h5", "continues: expected a file's name without its folder, found '/run.h5'"),
        ("..", "expected with it '..', which it continues"),
        ("folder", "expected with it 'folder', which it continues"),
    ],
)
def test_what_is_continued_is_never_looked_for_elsewhere(tmp_path: Path, name: str, found: str) -> None:
    (tmp_path / "secret").mkdir()
    write(tmp_path / "secret" / "run.h5", range(2))
    (tmp_path / "runs" / "folder").mkdir(parents=True)
    path = write(tmp_path / "runs" / "run.1.h5", range(2, 4), continues=name, first_step=2, first_sample=1)
    with pytest.raises(TraceError) as caught:
        open_trace(tmp_path / "runs" / "*.h5")
    assert str(caught.value).startswith(f"{path}: ")
    assert found in str(caught.value)


def test_many_ranks_take_few_descriptors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_file, "_MOST_OPEN", 6)
    monkeypatch.setattr(merged, "_MOST_KEPT", 10)
    ranks = 24
    for rank in range(ranks):
        write(tmp_path / f"run.rank{rank}.h5", range(1 + rank % 2), rank=rank, num_ranks=ranks)
    paths = [tmp_path / f"run.rank{rank}.h5" for rank in range(ranks)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    there = max(map(int, os.listdir("/proc/self/fd")))  # noqa: PTH208 - by number, as the limit counts
    resource.setrlimit(resource.RLIMIT_NOFILE, (there + 16, hard))
    try:
        with open_trace(tmp_path / "run.*.h5") as trace:
            assert len({id(file.head.layout) for file in trace.files}) == 1
            codes, labels = trace.layers[0].codes[:], trace.samples.label[:]
            known = trace.contents()
            assert known is not None
            assert trace.drops.tolist() == []
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    alone = [open_trace(path) for path in paths]
    parts = [(one, one.samples.step[:] == step) for step in range(2) for one in alone]
    np.testing.assert_array_equal(codes, np.concatenate([one.layers[0].codes[at] for one, at in parts]))
    np.testing.assert_array_equal(labels, np.concatenate([one.samples.label[at] for one, at in parts]))
