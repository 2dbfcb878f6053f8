"""Draws the pictures of plots.md from a sample trace: `python docs/plots.py`. Needs the extra `plot`.

Their bytes depend on matplotlib's version, so no test compares them; 96 colours are enough, and a third of the size.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.cli.main import main

HERE = Path(__file__).parent
TRACE = HERE.parent / "sample_traces" / "mnist.h5"
WIDE = ("num_activations", "basis_average", "similarity")


def draw(folder: Path) -> None:
    """All of them, by way of a folder that can be thrown away."""
    run = folder / "mnist.h5"
    run.write_bytes(TRACE.read_bytes())
    for name in CHARTS:
        size = (
            ["--width", "216mm", "--height", "68mm"]
            if name in WIDE
            else ["--width", "135mm", "--height", "72mm"]
        )
        drawn = folder / f"{name}.png"
        assert (
            main(["plot", str(run), name, "-o", str(drawn), "--dpi", "100", "--font-size", "8", *size]) == 0
        )
        Image.open(drawn).convert("RGB").quantize(96).save(HERE / "plots" / drawn.name, optimize=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        draw(Path(scratch))
