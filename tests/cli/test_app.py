"""The command before any verb: its help, and what starting it loads."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import sparsey_trace

if TYPE_CHECKING:
    from pathlib import Path


HEAVY = ("dask", "h5py", "numpy", "pandas", "pyarrow", "rich", "torch")


def loaded_by(code: str) -> set[str]:
    """Which heavy packages a new interpreter has loaded after running the code."""
    tell = f"import sys; print('LOADED', *sorted(set({HEAVY}) & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}"], capture_output=True, text=True, check=True
    )
    return set(found.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("arguments", [["--help"], ["analyze", "--help"], ["--version"], []])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert loaded_by(f"from sparsey_trace.cli.main import main; main({arguments})") == set()


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import sparsey_trace") == set()


def test_analyzing_and_looking_need_no_torch(run: Path) -> None:
    for verb in ("analyze", "info", "validate"):
        code = f"from sparsey_trace.cli.main import main; assert main([{verb!r}, {str(run)!r}]) == 0"
        assert "torch" not in loaded_by(code)


def test_alone_it_says_what_to_do_next() -> None:
    found = sparsey_trace()
    assert found.returncode == 0
    assert "Usage: sparsey-trace" in found.stdout
    for verb in ("sparsey-trace demo", "sparsey-trace info RUN.h5", "sparsey-trace analyze RUN.h5"):
        assert verb in found.stdout
