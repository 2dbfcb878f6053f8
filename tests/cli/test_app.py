"""The command before any verb: its help, and what starting it loads."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from sparsey_trace.cli import app
from sparsey_trace.exporting.export import FORMS
from tests.cli.commands import sparsey_trace

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


HEAVY = ("dask", "h5py", "numpy", "pandas", "pyarrow", "rich", "tensorflow", "torch")


def loaded_by(code: str) -> set[str]:
    """Which heavy packages a new interpreter has loaded after running the code."""
    tell = f"import sys; print('LOADED', *sorted(set({HEAVY}) & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}"], capture_output=True, text=True, check=True
    )
    return set(found.stdout.splitlines()[-1].split()[1:])


MAIN = "from sparsey_trace.cli.main import main"


def test_help_loads_nothing_heavy() -> None:
    calls = [["--help"], ["analyze", "--help"], ["--version"], []]
    assert loaded_by(f"{MAIN}\nfor call in {calls}: assert main(call) == 0") == set()


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import sparsey_trace") == set()


def test_analyzing_and_looking_need_no_torch_and_no_frames(run: Path) -> None:
    looks = [[verb, str(run)] for verb in ("analyze", "analyze", "info", "validate")]
    exports = [["export", str(run), "--to", form] for form in FORMS]
    loaded = loaded_by(
        f"{MAIN}\nimport sys\nfor call in {looks}: assert main(call) == 0, call\n"
        f"assert 'pandas' not in sys.modules\nfor call in {exports}: assert main(call) == 0, call"
    )
    assert not {"torch", "tensorflow"} & loaded


def test_a_verb_is_put_together_without_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(app, "command", app.command.__wrapped__)
    monkeypatch.setattr(
        app, "import_module", lambda name, package: loaded.append(name) or import_module(name, package)
    )
    alone, all_verbs = app.command("info"), app.command()
    assert loaded == [f".verbs.{name}" for name in ("info", *app.VERBS)]
    assert list(alone.commands) == ["info"]
    assert list(all_verbs.commands) == list(app.VERBS)


def test_alone_it_says_what_to_do_next() -> None:
    found = sparsey_trace()
    assert found.returncode == 0
    assert "Usage: sparsey-trace" in found.stdout
    for verb in ("sparsey-trace demo", "sparsey-trace info RUN.h5", "sparsey-trace analyze RUN.h5"):
        assert verb in found.stdout
