"""Ctrl-C at the worst moments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace.replay import outputs
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.tables import table_file
from tests.cli.commands import write_trace
from tests.support.test_interrupts import interrupt

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (outputs, "lock_folder"),
        (outputs, "check_folder"),
        (outputs, "remove_partials"),
        (table_file.TableFile, "discard"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_nothing_is_left_of_an_analysis_stopped_while_it_takes_or_leaves_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, late: bool
) -> None:
    called = getattr(owner, name)

    def with_ctrl_c(*args: Any, **named: Any) -> Any:
        if not late:
            interrupt()
        found = called(*args, **named)
        if late:
            interrupt()
        return found

    monkeypatch.setattr(owner, name, with_ctrl_c)
    run = write_trace(tmp_path / "run.h5")
    with pytest.raises(KeyboardInterrupt):
        analyze(run, metrics=["num_activations"], out=tmp_path / "out")
    # What was published before the interrupt stays; nothing half made does.
    assert not (tmp_path / "out").exists() or [p.name for p in (tmp_path / "out").glob("[!.]*")] == [
        "num_activations.parquet"
    ]
    assert ((tmp_path / "out").exists()) == (name == "discard")
