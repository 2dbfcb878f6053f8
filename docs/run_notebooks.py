"""Runs the notebooks and stores what they print and draw: `python docs/run_notebooks.py [NAME …]`."""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "notebooks"
KINDS = ("text/plain", "text/html", "image/png")
"""What is kept of an output: what GitHub and the site show."""


def run(path: Path, folder: Path) -> nbformat.NotebookNode:
    """A notebook with what it gives now, run beside the sample traces in a folder that can be thrown away."""
    from nbclient import NotebookClient

    (folder / "docs" / "notebooks").mkdir(parents=True)
    (folder / "sample_traces").symlink_to(ROOT / "sample_traces")
    notebook = nbformat.read(path, as_version=4)
    at = {"metadata": {"path": str(folder / "docs" / "notebooks")}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=at, record_timing=False).execute()
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = joined(cell.outputs)
    return notebook


def joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The outputs of a cell, with what was printed in one: a slow kernel sends it in several."""
    found: list[nbformat.NotebookNode] = []
    for output in outputs:
        before = found[-1] if found else None
        if (
            before is not None
            and output.output_type == before.output_type == "stream"
            and output.name == before.name
        ):
            before.text += output.text
        else:
            found.append(output)
    return found


def outputs_of(notebook: nbformat.NotebookNode) -> Iterator[nbformat.NotebookNode]:
    """What all cells put out."""
    for cell in notebook.cells:
        yield from cell.get("outputs", [])


def small(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The same with pictures of 48 colours."""
    for output in outputs_of(notebook):
        if "image/png" in output.get("data", {}):
            output.data["image/png"] = _small_picture(output.data["image/png"])
    return notebook


def _small_picture(picture: str) -> str:
    from PIL import Image

    made = io.BytesIO()
    drawn = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
    drawn.quantize(48, kmeans=1).save(made, format="png", optimize=True)
    return base64.b64encode(made.getvalue()).decode()


if __name__ == "__main__":
    for path in sorted(FOLDER.glob("*.ipynb")):
        if path.stem in sys.argv[1:] or not sys.argv[1:]:
            with tempfile.TemporaryDirectory() as scratch:
                path.write_text(nbformat.writes(small(run(path, Path(scratch)))) + "\n")
