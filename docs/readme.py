"""Makes what README.md shows of a run: `python docs/readme.py`. Needs the extra `report`, and Chromium."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path

from sparsey_trace.cli.main import main

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "README.md"
TRACE = ROOT / "sample_traces" / "mnist.h5"
PICTURE = ROOT / "docs" / "images" / "report.png"
START, END = "<!-- From here on made by docs/readme.py. -->\n", "<!-- To here. -->\n"
SIZE = (1200, 960)


def figures(folder: Path) -> str:
    """What analyze prints of match accuracy, as a block of README.md."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main(["analyze", str(TRACE), "-m", "match_accuracy", "-o", str(folder / "mnist")]) == 0
    rows = [line for line in said.getvalue().splitlines() if line.startswith(("metric ", "match_accuracy"))]
    return "\n" + "".join(f"    {row}\n" for row in rows) + "\n"


def text(folder: Path) -> str:
    """README.md with the figures of now."""
    before, _, rest = PAGE.read_text().partition(START)
    return before + START + figures(folder) + END + rest.partition(END)[2]


def draw(folder: Path) -> None:
    """The top of a report, in 64 colours."""
    from PIL import Image

    from tests.reporting.browser import chromium

    run, shot = folder / "mnist.h5", folder / "report.png"
    run.write_bytes(TRACE.read_bytes())
    assert main(["report", str(run)]) == 0
    with chromium() as browser:
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.goto(run.with_suffix(".html").as_uri(), wait_until="commit", timeout=0)
        page.locator("#growth .chart svg.main-svg").nth(2).wait_for(timeout=0)
        page.screenshot(path=shot, timeout=0)
    Image.open(shot).convert("RGB").quantize(64).save(PICTURE, optimize=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        PAGE.write_text(text(Path(scratch)))
        draw(Path(scratch))
