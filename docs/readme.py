"""Makes what README.md shows of a run: `python docs/readme.py`. Needs the extra `report`, and Chromium."""

from __future__ import annotations

import contextlib
import html
import io
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sparsey_trace.cli.main import main

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "README.md"
TRACE = ROOT / "sample_traces" / "mnist.h5"
IMAGES = ROOT / "docs" / "images"
START, END = "<!-- From here on made by docs/readme.py. -->\n", "<!-- To here. -->\n"
TOP = (1200, 960)
NARROW = (800, 640)
"""Of a picture that stands beside others: the page is read at 400 pixels there."""


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


def two_runs(folder: Path) -> list[Path]:
    """Two runs of the demo's Sparsey, which differ in when a cell stops learning."""
    import torch

    import sparsey_trace as st
    from sparsey_trace.demo import DIGITS, Sparsey, load_digits

    digits, runs = load_digits(), []
    for name, saturation in (("early", 0.05), ("late", 0.8)):
        layers = tuple(
            replace(its, learning=replace(its.learning, saturation=saturation)) for its in DIGITS.layers
        )
        model = Sparsey(replace(DIGITS, layers=layers), seed=0)
        runs.append(folder / f"{name}.h5")
        with st.record(model, runs[-1], config={"saturation": saturation}) as recorder:
            for training, numbers in ((True, range(400)), (False, range(400, 500))):
                model.train(training)
                for first in numbers[::8]:
                    recorder.labels = digits.labels[first : first + 8]
                    model(torch.from_numpy(digits.inputs[first : first + 8]).float())
    return runs


def compared(runs: list[Path]) -> str:
    """What compare prints of two runs, with the command above it."""
    asked = ["-m", "basis_set_size", "-m", "match_accuracy", "--fail-if", "basis_set_size>+10%"]
    said = io.StringIO()
    with contextlib.chdir(runs[0].parent), contextlib.redirect_stdout(said):
        assert main(["compare", *(run.name for run in runs), *asked, "--no-progress-bar"]) == 0
    command = " ".join(
        ["$ sparsey-trace compare", *(run.name for run in runs), "\\\n   ", *asked[:-1], f'"{asked[-1]}"']
    )
    return f"{command}\n\n{said.getvalue()}"


def print_out(browser: Browser, printed: str, picture: str, size: tuple[int, int]) -> None:
    """What a terminal shows, as a picture of a size: as much as there is room for."""
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height})
    style = "margin: 0; padding: 20px; font: 14px/1.3 monospace; color: #ddd; background: #1e1e1e; min-height: 100vh"
    page.set_content(f'<body style="margin: 0"><pre style="{style}">{html.escape(printed)}</pre>')
    page.screenshot(path=IMAGES / picture)
    few_colours(IMAGES / picture)


def few_colours(picture: Path) -> None:
    """Make a picture smaller: 128 colours."""
    from PIL import Image

    Image.open(picture).convert("RGB").quantize(128, kmeans=1).save(picture, optimize=True)


def shoot(browser: Browser, report: Path, picture: str, size: tuple[int, int], at: str = "#findings") -> None:
    """A part of a report as it is seen, from a place in it on, in 128 colours."""
    from tests.reporting.browser import Visit

    width, height = size
    visit = Visit(browser, report, width=width)
    visit.page.set_viewport_size({"width": width, "height": height})
    if at != "#findings":
        # At once: the page's own way is slow and smooth, and would be shot on the way.
        visit.page.evaluate("at => document.querySelector(at).scrollIntoView({ behavior: 'instant' })", at)
        visit.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
    shot = IMAGES / picture
    visit.page.screenshot(path=shot, timeout=0)
    few_colours(shot)


def draw(folder: Path) -> None:
    """The top of a report, maps of MACs in it, and two runs compared."""
    from tests.reporting.browser import chromium

    run = folder / "mnist.h5"
    run.write_bytes(TRACE.read_bytes())
    assert main(["report", str(run)]) == 0
    printed = compared(two_runs(folder))
    with chromium() as browser:
        shoot(browser, run.with_suffix(".html"), "report.png", TOP)
        shoot(browser, run.with_suffix(".html"), "report-macs.png", NARROW, "#averages")
        print_out(browser, printed, "compare.png", NARROW)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as scratch:
        PAGE.write_text(text(Path(scratch)))
        draw(Path(scratch))
