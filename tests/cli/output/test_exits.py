"""One rule for exit codes, whichever verb it is: 1 the trace or the data are at fault, 2 the command line."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace.cli.main import main
from tests.cli.commands import unprivileged

if TYPE_CHECKING:
    from pathlib import Path

MAKING = {
    "analyze": ["analyze", "RUN", "-m", "basis_set_size"],
    "report": ["report", "RUN"],
    "plot": ["plot", "RUN", "basis_set_size", "-o", "HERE/x.svg"],
    "netcdf": ["export", "RUN", "--to", "netcdf"],
    "repair": ["repair", "RUN", "-o", "HERE/x.h5"],
    "demo": ["demo", "-o", "HERE/demo"],
}
"""What makes something beside the trace, or there."""


@pytest.mark.parametrize("verb", ["info", "analyze", "report", "validate", "repair"])
def test_a_trace_that_cannot_be_read_is_a_fault_of_the_data(run: Path, verb: str) -> None:
    run.chmod(0)
    out = ["-o", str(run.with_name("out.h5"))] if verb == "repair" else []
    found = unprivileged(verb, str(run), *out)
    assert found.returncode == 1
    assert found.stderr == f"sparsey-trace: {run}: expected a readable file, found no permission to read it\n"


@pytest.mark.parametrize("what", ["analyze", "report", "repair"])
def test_a_folder_that_cannot_be_written_is_a_fault_of_the_command_line(run: Path, what: str) -> None:
    run.parent.chmod(0o555)
    words = [word.replace("RUN", str(run)).replace("HERE", str(run.parent)) for word in MAKING[what]]
    found = unprivileged(*words)
    run.parent.chmod(0o755)
    assert found.returncode == 2
    assert found.stderr.splitlines()[-1].endswith("; choose another place with -o")
    assert sorted(path.name for path in run.parent.iterdir()) == ["run.h5"]


@pytest.mark.parametrize(
    ("package", "arguments"),
    [
        ("torch", MAKING["demo"]),
        ("plotly", MAKING["report"]),
        ("matplotlib", MAKING["plot"]),
        ("h5netcdf", MAKING["netcdf"]),
    ],
)
def test_a_package_that_is_missing_is_a_fault_of_the_command_line(
    run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    package: str,
    arguments: list[str],
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == package or name == "sparsey_trace.demo.training":
            raise ModuleNotFoundError(name=package)
        return real(name, *rest, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr("sparsey_trace.support.extras.is_installed", lambda name: name != package)
    words = [word.replace("RUN", str(run)).replace("HERE", str(run.parent)) for word in arguments]
    assert main(words) == 2
    assert "found it not installed; run pip install" in capsys.readouterr().err
    assert sorted(path.name for path in run.parent.iterdir()) == ["run.h5"]
