"""Makes the part of plots.md that shows each chart, and its pictures: `python docs/plots.py`. Needs the extra `plot`.

The pictures' bytes depend on matplotlib's version, so no test compares them; 96 colours are enough, and a third of the
size. The text is compared.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.cli.main import main

HERE = Path(__file__).parent
PAGE = HERE / "plots.md"
TRACE = HERE.parent / "sample_traces" / "mnist.h5"
START = "<!-- From here on made by docs/plots.py from the catalogue of charts. -->\n"


def text() -> str:
    """Each chart's name, picture and words."""
    parts = [
        f"### {name}\n\n![{chart.words.example}](plots/{name}.png)\n\n"
        f"**{chart.words.title}.** {chart.words.meaning}\n"
        for name, chart in CHARTS.items()
    ]
    return "\n".join(parts)


def draw(folder: Path) -> None:
    """All pictures, by way of a folder that can be thrown away."""
    run = folder / "mnist.h5"
    run.write_bytes(TRACE.read_bytes())
    for name, chart in CHARTS.items():
        size = ["--width", "180mm"] if chart.has_layer_axes else ["--width", "135mm", "--height", "72mm"]
        drawn = folder / f"{name}.png"
        assert main(["plot", str(run), name, "-o", str(drawn), "--dpi", "120", *size]) == 0
        Image.open(drawn).convert("RGB").quantize(96).save(HERE / "plots" / drawn.name, optimize=True)


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text().partition(START)[0] + START + "\n" + text())
    with tempfile.TemporaryDirectory() as scratch:
        draw(Path(scratch))
