"""The notebooks run as they stand, in a kernel of their own, and keep no outputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.faults import unless_dear

if TYPE_CHECKING:
    from collections.abc import Iterator

nbclient = pytest.importorskip(
    "nbclient", reason="notebooks are run where nbclient and ipykernel are installed"
)

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PICTURES = {"01_first_look": 3, "02_compare_runs": 2, "03_own_metric": 1, "04_what_a_mac_stands_for": 4}


def test_all_are_known() -> None:
    assert [path.stem for path in NOTEBOOKS] == list(PICTURES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_that_was_run_is_kept(path: Path) -> None:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert nbformat.writes(notebook) + "\n" == path.read_text()
    for cell in notebook.cells:
        assert cell.metadata == {}
        assert cell.cell_type == "markdown" or (cell.outputs, cell.execution_count) == ([], None)


DEAR = [path for path in NOTEBOOKS if path.stem != "04_what_a_mac_stands_for"]
"""They train models or start further analyses, as other tests do."""


@pytest.mark.parametrize("path", unless_dear(NOTEBOOKS, DEAR), ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if path.stem == "02_compare_runs":
        pytest.importorskip("torch")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (tmp_path / "sample_traces").symlink_to(ROOT / "sample_traces")
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    outputs = list(outputs_of(notebook))
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    assert sum("image/png" in output.get("data", {}) for output in outputs) == PICTURES[path.stem]
    assert [left.name for left in folder.iterdir() if left.name != ".hypothesis"] == []


def outputs_of(notebook: nbformat.NotebookNode) -> Iterator[nbformat.NotebookNode]:
    for cell in notebook.cells:
        yield from cell.get("outputs", [])
