"""Ctrl-C at a certain line of Python, whoever's it is, and what must hold behind it. Run by `test_interrupts`."""

from __future__ import annotations

import dis
import random
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch.optim import optimizer

import sparsey_trace as st
from sparsey_trace.recording import live, record
from tests.recording.models import OriginalModel, samples
from tests.recording.passes import num_hooks

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


class CtrlC:
    """Sends SIGINT at a line.

    Attributes:
        seen: how many lines there were.
        where: the line at which it was sent.
    """

    def __init__(self, at: int) -> None:
        self.seen, self.where, self._at = 0, "", at

    def during(self, act: Callable[[], Any]) -> None:
        """Do something, with Ctrl-C at the line, which may be behind its end."""
        sys.settrace(self)
        try:
            act()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)

    def __call__(self, frame: FrameType, event: str, _: object) -> CtrlC:
        if event == "line":
            self.seen += 1
            if self.seen >= self._at > 0 and not self.where and not _leaves_with(frame):
                self.where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                signal.raise_signal(signal.SIGINT)
        return self


def _leaves_with(frame: FrameType) -> bool:
    """Whether what comes next is a call of `__exit__`: the interpreter looks for no signal before it, so none comes."""
    code, start = frame.f_code, frame.f_lasti
    operations = [code.co_code[at : at + 2] for at in range(start, start + 6, 2)]
    return all(
        len(found) == 2 and found[0] == dis.opmap["LOAD_CONST"] and code.co_consts[found[1]] is None
        for found in operations
    )


def check_quiet(model: OriginalModel) -> None:
    """Nothing is left of a recording that ended."""
    assert num_hooks(model) == 0
    assert not optimizer._global_optimizer_post_hooks
    assert threading.active_count() == 1
    assert live.paths() == []


def check_trace(path: Path, sizes: list[list[int]]) -> None:
    """A closed trace of whole steps, numbered from 0; which ones, is one of several answers."""
    with st.open_trace(path) as trace:
        steps = trace.samples.step[:].tolist()
        assert trace.closed
        assert [steps.count(number) for number in range(trace.num_steps)] in sizes
        assert trace.num_steps == max(steps) + 1
        assert trace.drops.tolist() == []


def during_record(path: Path, ctrl_c: CtrlC) -> None:
    """The recorder is whole, or it isn't there and can be had anew."""
    model, made = OriginalModel(), []
    ctrl_c.during(lambda: made.append(record(model, path)))
    if not made:
        check_quiet(model)
        assert list(path.parent.iterdir()) == []
        made.append(record(model, path))
    model(samples(2))
    made[0].close()
    check_trace(path, [[2]])
    check_quiet(model)


def during_a_pass(path: Path, ctrl_c: CtrlC, before: int) -> None:
    """That pass is recorded, or not; those behind it are."""
    model = OriginalModel()
    rec = record(model, path)
    for _ in range(before):
        model(samples(1))
    ctrl_c.during(lambda: model(samples(2)))
    model(samples(3))
    model(samples(4))
    rec.close()
    check_trace(path, [[1] * before + more for more in ([3, 4], [2, 3, 4])])
    stats = rec.stats()
    assert (stats.samples, stats.error) == (stats.committed, None)
    check_quiet(model)


def during_close(path: Path, ctrl_c: CtrlC) -> None:
    """Closing again ends it; where it had not begun yet, the passes between are recorded."""
    model = OriginalModel()
    rec = record(model, path)
    model(samples(2))
    ctrl_c.during(rec.close)
    model(samples(3))
    rec.close()
    assert rec.is_closed
    check_trace(path, [[2], [2, 3]])
    check_quiet(model)


def during_all(path: Path, ctrl_c: CtrlC) -> None:
    """Behind a `with` statement hooks are off, and what was recorded is finished when the path is wanted again."""
    model = OriginalModel()

    def act() -> None:
        with record(model, path):
            model(samples(2))
            model(samples(3))

    ctrl_c.during(act)
    assert num_hooks(model) == 0
    model(samples(4))
    live.end_earlier(path)
    check_quiet(model)
    if path.exists():
        check_trace(path, [[2], [2, 3], [3]])


SCENES: dict[str, Callable[[Path, CtrlC], None]] = {
    "record": during_record,
    "first pass": lambda path, ctrl_c: during_a_pass(path, ctrl_c, 0),
    "later pass": lambda path, ctrl_c: during_a_pass(path, ctrl_c, 1),
    "close": during_close,
    "all": during_all,
}


def play(scene: str, at: int) -> CtrlC:
    """One scene with Ctrl-C at a line."""
    ctrl_c = CtrlC(at)
    with tempfile.TemporaryDirectory() as folder:
        try:
            SCENES[scene](Path(folder) / "run.h5", ctrl_c)
        except BaseException as error:
            error.add_note(f"Ctrl-C in {scene} at line {at}, {ctrl_c.where}")
            raise
    return ctrl_c


def sweep(scene: str, tries: int, seed: int) -> None:
    """A scene so often, with Ctrl-C at any of its lines; prints how often, and of how many lines."""
    play(scene, 0)  # what is loaded and remembered once
    lines = play(scene, 0).seen
    chosen = random.Random(seed).sample(range(1, lines + 1), min(tries, lines))
    for at in chosen:
        play(scene, at)
    print(scene, len(chosen), lines)
