"""Of what stands in a folder of results only what is provably ours is replaced or removed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.errors import OutputError
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.cache.private_folder import FOLDER
from sparsey_trace.replay.results_folder import strange_paths, tables_of
from sparsey_trace.support.writing import PartialFile
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.cli.commands import write_trace
from tests.replay.cache.folders import content

if TYPE_CHECKING:
    from pathlib import Path

METRICS = ["num_activations", "basis_set_size"]
PRECIOUS = ("thesis.tex", "photo.jpg", "data.partial", "x.table", "x.fold", ".hidden", "none")
"""Names of a victim's files."""


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trace(tmp_path_factory.mktemp("run") / "run.h5", steps=3)


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A folder of somebody else's files."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    for name in PRECIOUS:
        (folder / name).write_text(f"precious {name}")
    return folder


def everything(folder: Path) -> dict[str, str]:
    """What is in a folder, and below it; where a link leads to."""
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else path.read_text(errors="replace")
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize("results", [False, True])
@pytest.mark.parametrize("what", ["link", "folder", "file", "dangling"])
def test_what_stands_in_place_of_the_private_folder_stays(
    trace: Path, tmp_path: Path, theirs: Path, what: str, *, results: bool
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    if results:
        analyze(trace, out=out, metrics=METRICS[:1], cache=False)
    place = out / FOLDER
    if what == "folder":
        theirs = theirs.rename(place)
    elif what == "file":
        place.write_text("precious")
    else:
        place.symlink_to(theirs if what == "link" else "none")
    before = everything(theirs), content(out)
    found = {"folder": "a folder of something else", "file": "a file"}.get(what, "a link")
    expected = (
        f"{place}: expected a folder that sparsey-trace made, or none, found {found}; remove it, or choose another "
        "folder for the results"
    )
    for cache in (True, False):
        with pytest.raises(OutputError, match=re.escape(expected)):
            analyze(trace, out=out, metrics=METRICS, cache=cache)
    assert (everything(theirs), content(out)) == before


def test_a_home_is_no_empty_folder(trace: Path, tmp_path: Path, theirs: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    theirs.rename(home / ".cache")
    (home / ".bashrc").write_text("precious")
    before = everything(home)
    with pytest.raises(
        OutputError, match=r"home: expected an empty folder, or earlier results of .*, found \.bashrc;"
    ):
        analyze(trace, out=home, metrics=METRICS)
    assert everything(home) == before


def test_hidden_files_of_others_may_come_later(trace: Path, tmp_path: Path, theirs: Path) -> None:
    out = tmp_path / "out"
    analyze(trace, out=out, metrics=METRICS)
    before = content(out)
    theirs.rename(out / ".cache")
    (out / ".DS_Store").write_text("a file browser's")
    strange = everything(out / ".cache")
    for table in out.glob("*.parquet"):
        table.unlink()
    for _ in range(2):
        analyze(trace, out=out, metrics=METRICS)
        assert (content(out), everything(out / ".cache")) == (before, strange)


def test_what_others_put_into_the_private_folder_stays(trace: Path, tmp_path: Path, theirs: Path) -> None:
    out = tmp_path / "out"
    analyze(write_trace(tmp_path / "other.h5", steps=2), out=out)
    for table in out.glob("*.parquet"):
        table.unlink()
    for name in PRECIOUS:
        (theirs / name).rename(out / FOLDER / name)
        (out / FOLDER / f"link {name}.table").symlink_to(f"../../theirs/{name}")
        (out / FOLDER / f".{name}.fold.0123456789abcdef.partial").symlink_to(name)
    (out / FOLDER / "a.folder.table").mkdir()
    before = {name for name in everything(out / FOLDER) if name.startswith((*PRECIOUS, "link", "."))}
    analyze(trace, out=out, metrics=["num_activations"])
    found = everything(out / FOLDER)
    assert found.keys() == before | {"num_activations.table", "CACHEDIR.TAG"}
    assert all(found[name] == f"precious {name}" for name in PRECIOUS)


def test_a_lock_that_is_not_ours_stays(trace: Path, tmp_path: Path, theirs: Path) -> None:
    out = tmp_path / "out"
    analyze(trace, out=out, metrics=METRICS[:1])
    lock = out / ".analysis.lock"
    lock.symlink_to(theirs / "thesis.tex")
    before = everything(theirs)
    with pytest.raises(OutputError, match="expected an ordinary file, found a link"):
        analyze(trace, out=out, metrics=METRICS)
    lock.unlink()
    lock.write_text("precious")
    with pytest.raises(OutputError, match=r"expected \.analysis\.lock to be sparsey-trace's"):
        analyze(trace, out=out, metrics=METRICS)
    assert lock.read_text() == "precious"
    assert everything(theirs) == before


def test_links_in_place_of_tables_are_replaced(trace: Path, tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    analyze(trace, out=elsewhere, metrics=METRICS, resolution="run")
    before = content(elsewhere)
    out.mkdir()
    for table in elsewhere.glob("*.parquet"):
        (out / table.name).symlink_to(table)
    analyze(trace, out=out, metrics=METRICS)
    assert content(elsewhere) == before
    assert not any(path.is_symlink() for path in out.iterdir())


def test_whose_a_folder_is(trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    analyze(trace, out=out, metrics=METRICS)
    with open_trace(trace) as run:
        assert [path.stem for path in tables_of(out, run.id)] == sorted(METRICS)
    assert tables_of(out, "another") == []
    for table in out.glob("*.parquet"):
        table.unlink()
    PartialFile(out / "x.parquet").create().close()
    (out / ".analysis.lock").write_text('{"host": "a", "pid": 1, "started": ""}')
    assert strange_paths(out) == []
    (out / "notes.txt").touch()
    assert strange_paths(out) == [out / "notes.txt"]
