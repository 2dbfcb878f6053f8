"""A package of its own adds a metric and a family of models: in a fresh environment, as its user would have it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sparsey_trace.metrics.registry import BUILT_IN

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "tests/plugin_example"
RUN = ROOT / "sample_traces/digits.h5"
OURS = [cls.name for cls in BUILT_IN]

LAWS = """
import warnings
warnings.simplefilter("ignore")
from hypothesis import given, settings, strategies as st
from class_agreement.metric import ClassAgreement
from sparsey_trace.testing import check_metric_laws, runs, split

@settings(max_examples=50, deadline=None)
@given(runs(), st.lists(st.integers(0, 60)))
def check(run, cuts):
    check_metric_laws(ClassAgreement(), split(run, cuts))

check()
"""

RECORD = """
import warnings
warnings.simplefilter("ignore")
import torch
import sparsey_trace as st

class Winners(torch.nn.Module):
    winners_of = (2, 3)

    def forward(self, x):
        return x[:, :2].long() % 3

model = torch.nn.Sequential(Winners())
with st.record(model, "one.h5"):
    model(torch.tensor([[1.0, 2.0, 0.5]]))
print(st.open_trace("one.h5").layers[0].codes[:].tolist())
"""

LAZY = """
import sys
import sparsey_trace.cli.main as cli
cli.main(["--help"])
cli.main(["analyze", "--help"])
cli.main(["info", sys.argv[1]])
cli.main(["analyze", sys.argv[1], "-m", "basis_set_size", "-o", "own", "--resolution", "run"])
assert not [name for name in sys.modules if name.startswith("class_agreement")]
"""


class Environment:
    """A virtual environment with the example in it, beside what this one has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "env", with_pip=False)
        self.python = folder / "env/bin/python"
        site = next((folder / "env/lib").glob("python*/site-packages"))
        # What the tests run in, sparsey-trace included, without installing it again.
        (site / "here.pth").write_text(
            f"import site; site.addsitedir({sysconfig.get_paths()['purelib']!r})\n"
        )
        source = shutil.copytree(EXAMPLE, folder / "example")
        call = [sys.executable, "-m", "pip", "--quiet", "install", "--no-deps", "--no-build-isolation"]
        subprocess.run([*call, "--disable-pip-version-check", "--target", site, source], check=True)

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        call = [self.python, *arguments]
        return subprocess.run(call, capture_output=True, text=True, check=False, cwd=self.folder)

    def command(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        program = "import sys; from sparsey_trace.cli.main import run; run()"
        return self.run("-c", program, *arguments)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("plugins"))


def test_the_metric_is_one_of_ours(environment: Environment) -> None:
    tables = []
    for jobs in ("1", "2"):
        out = environment.folder / f"out{jobs}"
        metric = "class_agreement:first_label=1"
        done = environment.command("analyze", RUN, "-m", metric, "-o", out, "--n-jobs", jobs)
        assert done.returncode == 0, done.stderr
        assert "class_agreement" in done.stdout
        tables.append((out / "class_agreement.parquet").read_bytes())
    assert tables[0] == tables[1]
    table = pq.read_table(environment.folder / "out1/class_agreement.parquet")
    assert table.column_names == ["phase", "layer", "mac", "value", "layer_name", "metric"]
    assert len(table) == 56
    values = [value for value in table["value"].to_pylist() if value is not None]
    assert 0 < min(values) <= max(values) <= 6
    said = json.loads(table.schema.metadata[b"sparsey_trace"])
    assert said["package"] == "class-agreement 1.2"
    assert said["parameters"] == {"first_label": 1}


def test_it_is_listed_and_what_is_broken_is_named(environment: Environment) -> None:
    done = environment.command("metrics")
    assert done.returncode == 0
    assert (
        "class_agreement  In how many of its CMs a MAC's codes for two training samples of one class agree, on "
        "average. (from class-agreement 1.2)\n    first_label=0  (int)\n"
    ) in done.stdout
    assert "basis_set_size  How many distinct codes" in done.stdout
    broken, taken = done.stderr.splitlines()
    assert broken == (
        "sparsey-trace: PluginWarning: class-agreement 1.2: entry point 'broken' of sparsey_trace.metrics is left out: "
        "class_agreement.missing:Nothing can't be imported: ModuleNotFoundError: No module named "
        "'class_agreement.missing'; upgrade the package, or uninstall it"
    )
    assert taken == (
        "sparsey-trace: PluginWarning: class-agreement 1.2: entry point 'taken' of sparsey_trace.metrics is left out: "
        "Taken: name: expected one that no other metric has, found 'basis_set_size'; upgrade the "
        "package, or uninstall it"
    )


def test_one_that_raises_is_named(environment: Environment) -> None:
    for jobs in ("1", "2"):
        done = environment.command("analyze", RUN, "-m", "raising", "-o", "none", "--n-jobs", jobs)
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == (
            "sparsey-trace: raising of class-agreement 1.2: expected update to work on every run, found that it "
            "raised ZeroDivisionError: division by zero"
        )
    assert not (environment.folder / "none").exists()
    debugged = environment.command("analyze", RUN, "-m", "raising", "-o", "none", "--debug")
    assert "in update\n    return 1 / 0" in debugged.stderr


def test_ours_are_computed_beside_one_that_raises(environment: Environment) -> None:
    done = environment.command("analyze", RUN, "-o", "all", "--resolution", "run")
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in (environment.folder / "all").glob("*.parquet")} >= set(OURS)
    assert not (environment.folder / "all/class_agreement.parquet").exists()


@pytest.mark.parametrize(("program", "printed"), [(LAWS, ""), (RECORD, "[[[1, 2]]]\n")])
def test_its_laws_and_its_adapter(environment: Environment, program: str, printed: str) -> None:
    done = environment.run("-c", program)
    assert (done.returncode, done.stdout) == (0, printed), done.stderr


def test_nothing_of_it_is_imported_needlessly(environment: Environment) -> None:
    done = environment.run("-c", LAZY, RUN)
    assert done.returncode == 0, done.stderr
