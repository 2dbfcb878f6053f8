"""Who waits for a first analysis hears why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.kernels import kept_code
from sparsey_trace.kernels.compiled import compiled
from sparsey_trace.kernels.waiting import told, waiting_for
from sparsey_trace.support.progress import progress

if TYPE_CHECKING:
    import pytest


def thrice(number: int) -> int:
    return 3 * number


def test_what_is_compiled_the_first_time_is_said_and_then_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_code, "_folders", lambda: ())
    said: list[str] = []
    made = compiled(thrice)
    with told(said.append):
        assert made(2.5) == 7.5
        assert "compiling, once" in said
        assert said[-1] == ""
        said.clear()
        assert made(3.5) == 10.5
    assert said == []


def test_it_stands_beside_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("replaying", unit="samples", shown=True) as show:
        show(1, 2)
        waiting_for("compiling, once")
    assert "compiling, once" in capsys.readouterr().err
    waiting_for("nobody is told")
