"""`sparsey-trace plot`: which files it makes, and what it says."""

from __future__ import annotations

import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib
import pytest
from PIL import Image

from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.cli.main import main
from sparsey_trace.replay.analyze import analyze
from tests.charts.runs import NAMES, write
from tests.cli.commands import COMMAND
from tests.faults import times

MAGIC = {"png": b"\x89PNG\r\n", "svg": b"<?xml", "pdf": b"%PDF-1.4"}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that isn't easy to draw, beside which the tables stay that its pictures are made of."""
    return write(tmp_path_factory.mktemp("odd") / "odd.h5")


@pytest.fixture
def own(odd: Path, tmp_path: Path) -> Path:
    """The same, without tables."""
    return Path(shutil.copy(odd, tmp_path))


IN_ANOTHER_PROCESS = """
import runpy, sys
from sparsey_trace.cli.main import main

command, run, out, *names = sys.argv[1:]
for name in names:
    assert main(["plot", run, name, "-o", f"{out}/{name}.2.svg"]) == 0
print("LOADED", *{"matplotlib.figure", "matplotlib.pyplot", "torch"} & sys.modules.keys())
# What the installed command is.
sys.argv = [command, "plot", run, "similarity", "-o", f"{out}/x.pdf"]
runpy.run_path(command, run_name="__main__")
"""


def test_every_picture_has_the_same_bytes_in_another_process_which_loads_neither_pyplot_nor_torch(
    odd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = list(CHARTS)[:: times(7, 1)]
    for name in names:
        out = tmp_path / f"{name}.svg"
        assert main(["plot", str(odd), name, "-o", str(out)]) == 0
        assert capsys.readouterr().out.startswith(f"{out}: {CHARTS[name].words.title} of {odd}, ")
    call = [sys.executable, "-W", "error", "-c", IN_ANOTHER_PROCESS, COMMAND, odd, tmp_path, *names]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "LOADED matplotlib.figure" in done.stdout.splitlines()
    assert (tmp_path / "x.pdf").read_bytes().startswith(MAGIC["pdf"])
    for name in names:
        assert (tmp_path / f"{name}.svg").read_bytes() == (tmp_path / f"{name}.2.svg").read_bytes()


@pytest.mark.parametrize("ending", MAGIC)
def test_each_kind_of_file(
    odd: Path,
    tmp_path: Path,
    ending: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = []
    for moment in (0, 1_000_000_000):
        # Not what matplotlib would take the date from, if it were asked to.
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(moment))
        out = tmp_path / f"{moment}.{ending}"
        assert main(["plot", str(odd), "basis_average", "-o", str(out)]) == 0
        made.append(out.read_bytes())
    assert made[0].startswith(MAGIC[ending])
    assert made[0] == made[1]
    assert capsys.readouterr().err == ""


def test_text_stays_text_and_is_escaped(odd: Path, own: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.svg"
    assert main(["plot", str(odd), "basis_set_size", "-o", str(out), "--font-size", "8"]) == 0
    texts = [
        "".join(part.itertext()).strip() for part in ElementTree.parse(out).iter() if "text" in str(part.tag)
    ]
    assert {name.strip() for name in NAMES} <= set(texts)
    # Of tables in parts it is the same picture.
    analyze(own, metrics=["basis_set_size"], out=own.with_suffix(".metrics"), partition_size=16)
    assert main(["plot", str(own), "basis_set_size", "-o", str(tmp_path / "y.svg"), "--font-size", "8"]) == 0
    assert (tmp_path / "y.svg").read_bytes() == out.read_bytes()
    assert len(list(own.with_suffix(".metrics").glob("basis_set_size/*"))) > 1
    assert "Basis set size" in texts
    assert main(["plot", str(odd), "basis_set_size", "-o", str(out), "--overwrite", "--no-title"]) == 0
    assert "Basis set size" not in out.read_text().replace(CHARTS["basis_set_size"].words.y, "")


def test_sizes(odd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "x.png"
    command = ["plot", str(odd), "num_activations", "-o", str(out), "--overwrite", "--dpi", "100"]
    for size, expected in (
        (["--width", "127mm", "--height", "7.62cm"], (500, 300)),
        (["--height", "4in", "--layer", "1"], (467, 400)),
    ):
        assert main([*command, *size]) == 0
        with Image.open(out) as image:
            assert image.size == pytest.approx(expected, abs=1)
    assert capsys.readouterr().out.splitlines()[0].endswith("Activity of " + f"{odd}, 127 x 76 mm")


def test_a_matplotlibrc_has_no_say_and_nothing_is_left_behind(odd: Path, tmp_path: Path) -> None:
    out = [tmp_path / "a.svg", tmp_path / "b.svg"]
    assert main(["plot", str(odd), "feature_coverage", "-o", str(out[0])]) == 0
    with matplotlib.rc_context({"lines.linewidth": 9, "savefig.bbox": "tight", "font.size": 30}):
        before = dict(matplotlib.rcParams)
        assert main(["plot", str(odd), "feature_coverage", "-o", str(out[1])]) == 0
        assert dict(matplotlib.rcParams) == before
    assert out[0].read_bytes() == out[1].read_bytes()


def test_tables_are_taken_from_the_folder_of_analyze(own: Path, tmp_path: Path) -> None:
    command = ["plot", str(own), "basis_set_size", "--overwrite", "-o", str(tmp_path / "x.svg")]
    assert main(command) == 0
    table = tmp_path / "odd.metrics" / "basis_set_size.parquet"
    before = table.stat().st_mtime_ns
    assert main(command) == 0
    assert table.stat().st_mtime_ns == before


def test_tables_that_answer_another_question_stay(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(own), "--resolution", "epoch"]) == 0
    assert main(["plot", str(own), "basis_set_size", "-o", str(tmp_path / "x.svg")]) == 0
    assert "left as it is, found a table made with resolution epoch, not step" in capsys.readouterr().err


def test_a_layer_is_named_or_numbered(odd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = []
    for layer in ("1", NAMES[1]):
        out = tmp_path / "x.svg"
        command = ["plot", str(odd), "basis_set_size", "--overwrite", "-o", str(out), "--layer", layer]
        assert main(command) == 0
        made.append(out.read_bytes())
    assert made[0] == made[1]
    assert main([*command[:-1], "v9"]) == 2
    assert "layer: expected one of" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["run.h5"], ["run.*.h5"]])
def test_without_a_picture_it_lists_them(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(CHARTS)
    assert all(chart.words.meaning in line for chart, line in zip(CHARTS.values(), lines[1:], strict=True))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["RUN", "basis_set_siz", "-o", "x.svg"], "found 'basis_set_siz' (did you mean basis_set_size?)"),
        (["RUN", "qqq", "-o", "x.svg"], "PICTURE: expected one of basis_set_size, basis_set_size_increase, "),
        (
            ["basis_set_size", "-o", "x.svg"],
            "RUN.h5: expected a trace before the picture's name, as in `plot ",
        ),
        (
            ["RUN", "basis_set_size"],
            "--out: expected a file to make, as in `-o basis_set_size.svg`, found none",
        ),
        (
            ["RUN", "basis_set_size", "-o", "x.PDF"],
            "--out: expected a file's name that ends in one of .png, .svg, .pdf, found 'x.PDF' (did you mean x.pdf?)",
        ),
        (["RUN", "basis_set_size", "-o", "x"], "ends in one of .png, .svg, .pdf, found 'x'"),
        (
            ["RUN", "basis_set_size", "-o", "x.svg", "--width", "85"],
            "--width: expected a size such as 85mm, 8.5cm or 3.3in, found '85'",
        ),
        (["RUN", "basis_set_size", "-o", "x.svg", "--height", "9999mm"], "--height: expected a size such as"),
        (
            ["RUN", "basis_set_size", "-o", "x.svg", "--font", "DejaVu Sanss"],
            "--font: expected a font that is installed, such as DejaVu Sans, ",
        ),
        (
            ["RUN", "basis_set_size", "-o", "x.png", "--width", "100in", "--dpi", "2400"],
            "--dpi: expected a picture of at most 134,217,728 pixels, found 240,000 x 160,000",
        ),
        (["RUN", "basis_set_size", "-o", "nowhere/x.svg"], "nowhere/x.svg: expected to write results there"),
        (
            ["RUN", "basis_set_size", "-o", "there.svg"],
            "choose another name with -o, or replace it with --overwrite",
        ),
    ],
)
def test_errors_correct_the_command(
    odd: Path,
    tmp_path: Path,
    arguments: list[str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.svg").write_text("mine")
    assert main(["plot", *(str(odd) if argument == "RUN" else argument for argument in arguments)]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1
    assert (tmp_path / "there.svg").read_text() == "mine"
    assert not list(tmp_path.glob("x*"))
