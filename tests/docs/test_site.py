"""The site builds without a warning, is whole, and its first page works as it stands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import traceback
import warnings
import zlib
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NoReturn

import pytest

import sparsey_trace as st
from tests.docs.scripts import shape
from tests.faults import times
from tests.reporting.browser import chromium

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

main = pytest.importorskip("sphinx.cmd.build", reason="the site is built where Sphinx is installed").main


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of threads of ours, which the child does without
        child = os.fork()
    if not child:
        build(out)
    assert os.waitpid(child, 0)[1] == 0, (out / "said.txt").read_text()
    return out / "html"


def build(out: Path) -> NoReturn:
    """Build the site in a child of this process, which has imported most of what the pages are about."""
    options = ["--fail-on-warning", "--keep-going", "--quiet", "--builder", "html"]
    failed = True
    with (out / "said.txt").open("w") as said, redirect_stdout(said), redirect_stderr(said):
        try:
            warnings.resetwarnings()
            warnings.simplefilter("ignore")
            failed = main([*options, "--doctree-dir", f"{out / 'trees'}", f"{DOCS}", f"{out / 'html'}"]) != 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            said.flush()
            os._exit(failed)


def test_it_asks_nothing_of_a_network(site: Path) -> None:
    outside = re.compile(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["'](?:https?:)?//""")
    assert [page.name for page in site.rglob("*.html") if outside.search(page.read_text())] == []


def test_subscripts_hang_below_the_line(tmp_path: Path) -> None:
    style = (DOCS / "_static" / "site.css").read_text()
    names = (
        re.search(r"^math {\s*font-family: (.*), math;", style, re.MULTILINE)[1].replace('"', "").split(", ")
    )
    found = shutil.which("fc-list")
    installed = (
        subprocess.run([found, ":", "family"], capture_output=True, text=True, check=True).stdout
        if found
        else ""
    )
    if not any(name in installed for name in names):
        pytest.skip("none of the fonts for formulae is installed")
    page = tmp_path / "page.html"
    formula = "<math><msub><mi>a</mi><mi>n</mi></msub></math>"
    page.write_text(f"<!DOCTYPE html><style>body {{ font-family: sans-serif }} {style}</style>{formula}")
    with chromium() as browser:
        visit = browser.new_page()
        visit.goto(page.as_uri(), timeout=0)
        ends = visit.evaluate(
            "[...document.querySelectorAll('mi')].map(it => it.getBoundingClientRect().bottom)"
        )
    assert ends[1] > ends[0] + 1


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    names = objects(site / "objects.inv")
    public = {f"sparsey_trace.{name}" for name in st.__all__ if name != "metrics"}
    public |= {f"sparsey_trace.metrics.{name}" for name in st.metrics.__all__}
    warnings = {
        name.replace("sparsey_trace.", "sparsey_trace.errors.") for name in public if "Warning" in name
    }
    assert {name for name in public if "Warning" not in name} | warnings <= names


def objects(inventory: Path) -> set[str]:
    """What Sphinx lists for other sites to link to."""
    *_, body = inventory.read_bytes().split(b"\n", 4)
    return {line.split(" ")[0] for line in zlib.decompress(body).decode().splitlines()}


def test_the_reference_of_the_command_line_has_every_verb_and_its_examples(site: Path) -> None:
    page = (site / "cli.html").read_text()
    for verb in (
        "analyze",
        "compare",
        "export",
        "info",
        "watch",
        "validate",
        "repair",
        "relabel",
        "pack",
        "metrics",
        "demo",
        "plot",
    ):
        assert f'<section id="sparsey-trace-{verb}">' in page
    assert 'sparsey-trace analyze "run.*.h5"' in re.sub(
        r"<[^>]+>|&quot;", lambda m: '"' if "&" in m[0] else "", page
    )


def test_formulae_need_no_script(site: Path) -> None:
    page = (site / "metrics.html").read_text()
    assert page.count("<math") > 7
    assert "\\frac" not in page


def test_a_line_may_break_where_a_formula_has_a_wide_space(site: Path) -> None:
    formula = (site / "metrics.html").read_text().partition("argmin")[0].rpartition('<div class="math">')[2]
    assert formula.count("<math") == 2


def test_notebooks_are_pages_with_what_they_put_out(site: Path) -> None:
    page = (site / "notebooks" / "01_first_look.html").read_text()
    assert page.count('<img class="output"') == 3
    assert "&lt;table" not in page
    assert 'href="02_compare_runs.html"' in page


@pytest.mark.skipif(not times(0, 1), reason="make faults tries it: it trains the demo and starts every verb")
def test_the_first_look_works_as_it_stands(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    said: list[str] = []
    for language, code in re.findall(r"```(\w+)\n(.*?)```", (DOCS / "first-look.md").read_text(), re.DOTALL):
        if language == "text":
            unlike = [line for line in shape(code) if line not in shape(said[-1])]
            assert unlike == [], said[-1]
            continue
        call = ["bash", "-euc", code] if language == "sh" else [sys.executable, "-c", code]
        env = {**os.environ, "PATH": path}
        found = subprocess.run(call, capture_output=True, text=True, check=False, cwd=tmp_path, env=env)
        assert (found.returncode, found.stdout != "") == (0, True), found.stderr
        said.append(found.stdout)
    assert len(said) > 5
