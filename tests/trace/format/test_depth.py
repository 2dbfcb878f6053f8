"""How deep a configuration may be nested: one limit for all that write, read and show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from torch import nn

import sparsey_trace as st
from sparsey_trace.cli.main import main
from sparsey_trace.errors import DataError, TraceError
from sparsey_trace.trace.format.depth import MOST_LEVELS, TOO_DEEP, read_json
from tests.cli.commands import LAYOUT, write_trace

if TYPE_CHECKING:
    from pathlib import Path


def nested(levels: int) -> dict[str, Any]:
    """A configuration of so many levels, lists and mappings in turn."""
    value: Any = 1
    for level in range(levels - 1):
        value = [value] if level % 2 else {"inner": value}
    return {"outer": value}


def test_the_deepest_that_is_written_is_shown_by_every_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_trace(tmp_path / "run.h5", config=nested(MOST_LEVELS))
    assert st.open_trace(run).config == nested(MOST_LEVELS)
    out = str(tmp_path / "out.h5")
    for words in (["info"], ["info", "--json"], ["validate"], ["repair", "-o", out], ["report"]):
        assert main([words[0], str(run), *words[1:]]) == 0
    assert st.open_trace(out).config == nested(MOST_LEVELS)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("levels", [MOST_LEVELS + 1, 950, 5000])
def test_a_deeper_one_is_not_written(tmp_path: Path, levels: int) -> None:
    model = nn.Sequential(nn.Hardtanh(0, 1))
    pooled = st.WinnerTakeAll("0", num_macs=1, num_cms=2, num_neurons=3)
    config, path = nested(levels), tmp_path / "run.h5"
    for write in (
        lambda: st.TraceWriter(path, LAYOUT, config=config),
        lambda: st.record(model, path, config=config, layers=[pooled]),
    ):
        with pytest.raises(
            DataError,
            match=r"^config: expected a mapping from names to what JSON can say, found: more than 100 levels",
        ):
            write()
    assert list(tmp_path.iterdir()) == []


def test_a_text_that_python_itself_does_not_read_is_too_deep_as_well() -> None:
    with pytest.raises(ValueError, match=f"^{TOO_DEEP}$"):
        read_json("[" * 100_000 + "]" * 100_000)


@pytest.mark.parametrize("levels", [MOST_LEVELS + 1, 600])
def test_a_deeper_one_is_not_read(tmp_path: Path, levels: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sparsey_trace.trace.format.config.read_json", lambda _: None)
        run = write_trace(tmp_path / "run.h5", config=nested(levels))
    with pytest.raises(TraceError, match=f"found: {TOO_DEEP}$"):
        st.open_trace(run)
    for words in (["info"], ["info", "--json"], ["validate"], ["analyze"], ["report"]):
        assert main([words[0], str(run), *words[1:]]) == 1
    said = capsys.readouterr().err
    assert said.count(TOO_DEEP) == 5
    assert "unexpected" not in said
