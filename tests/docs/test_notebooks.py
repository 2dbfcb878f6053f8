"""The notebooks run as they stand, in a kernel of their own, and what is stored in them is what that gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.scripts import ROOT, script, shape
from tests.faults import unless_dear

if TYPE_CHECKING:
    from pathlib import Path

nbformat = pytest.importorskip("nbformat", reason="notebooks are read where nbformat is installed")

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
PICTURES = {"01_first_look": 3, "02_compare_runs": 2, "03_own_metric": 1, "04_what_a_mac_stands_for": 4}
MOST_BYTES = 150_000
"""Of a notebook; they are read on a telephone too, and each change stays in the history."""

RUNNER = script("run_notebooks")


def test_all_are_known() -> None:
    assert [path.stem for path in NOTEBOOKS] == list(PICTURES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_stored_is_small_and_shows(path: Path) -> None:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert nbformat.writes(notebook) + "\n" == path.read_text()
    assert path.stat().st_size < MOST_BYTES
    assert [cell.metadata for cell in notebook.cells if cell.metadata] == []
    programs = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in programs] == list(range(1, len(programs) + 1))
    outputs = list(RUNNER.outputs_of(notebook))
    assert {output.output_type for output in outputs} <= {"stream", "display_data", "execute_result"}
    assert {output.name for output in outputs if output.output_type == "stream"} <= {"stdout"}
    assert {kind for output in outputs for kind in output.get("data", {})} <= set(RUNNER.KINDS)
    assert num_pictures(notebook) == PICTURES[path.stem]
    assert "/tmp" not in path.read_text()


DEAR = [path for path in NOTEBOOKS if path.stem != "04_what_a_mac_stands_for"]
"""They train models or start further analyses, as other tests do."""


@pytest.mark.parametrize("path", unless_dear(NOTEBOOKS, DEAR), ids=lambda path: path.stem)
def test_running_gives_what_is_stored(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nbclient", reason="notebooks are run where nbclient and ipykernel are installed")
    if path.stem == "02_compare_runs":
        pytest.importorskip("torch")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    (tmp_path / "run").mkdir()
    notebook = RUNNER.run(path, tmp_path / "run")
    assert said(notebook) == said(nbformat.read(path, as_version=4)), "run python docs/run_notebooks.py"
    assert num_pictures(notebook) == PICTURES[path.stem]
    left = (tmp_path / "run" / "docs" / "notebooks").iterdir()
    assert [file.name for file in left if file.name != ".hypothesis"] == []


def test_what_is_printed_in_parts_is_stored_as_one() -> None:
    said = [("stdout", "a\n"), ("stdout", "b\n"), ("stderr", "c"), ("stdout", "d")]
    streams = [nbformat.v4.new_output("stream", name=name, text=text) for name, text in said]
    found = RUNNER.joined([*streams[:2], nbformat.v4.new_output("display_data"), *streams[2:]])
    assert [output.get("text") for output in found] == ["a\nb\n", None, "c", "d"]


def num_pictures(notebook: nbformat.NotebookNode) -> int:
    return sum("image/png" in output.get("data", {}) for output in RUNNER.outputs_of(notebook))


def said(notebook: nbformat.NotebookNode) -> list[list[str]]:
    """What each output says, without its numbers and the order in which a kernel sends two of one cell."""
    found = (
        output.get("text", output.get("data", {}).get("text/plain")) for output in RUNNER.outputs_of(notebook)
    )
    return sorted(shape(text) for text in found)
