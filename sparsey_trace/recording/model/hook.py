"""A hook that watches and changes nothing."""

from __future__ import annotations

import contextlib
import os
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch._C._dynamo.eval_frame import get_eval_frame_callback

if TYPE_CHECKING:
    from collections.abc import Callable


_OFF = False
# Both are called eight times a pass and more: torch's own functions around them take longer than they do.
set_grad_enabled: Callable[[bool], None] = torch._C._set_grad_enabled
is_grad_enabled: Callable[[], bool] = torch._C.is_grad_enabled


class _Process:
    """This one, known without a call of the system.

    Attributes:
        pid: its number.
    """

    pid = os.getpid()

    @classmethod
    def note_fork(cls) -> None:
        """It is a child."""
        cls.pid = os.getpid()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Process.note_fork)


class HookOwner(Protocol):
    """Whom hooks belong to.

    Attributes:
        pid: the process that is recorded.
        seconds: spent in hooks so far.
    """

    pid: int
    seconds: float

    def abandon(self) -> None:
        """Forget the pass under way in this thread."""
        ...

    def refuse(self, error: Exception) -> None:
        """Raise what is wrong with the pass under way in this thread, or leave it out."""
        ...


class ModelHook:
    """Does one thing for its owner: timed, and only in the owner's process.

    It returns nothing, so torch changes nothing. What goes wrong is the owner's to raise, out of the model, or to
    leave out.
    """

    def __init__(self, owner: HookOwner, act: Callable[..., None]) -> None:
        """Do `act` for `owner`."""
        self._owner, self._act = owner, act

    def __call__(self, *args: Any) -> None:
        """What torch calls, and torch.compile traces: it finds a call that it has to leave to Python."""
        # The first is true while torch.compile traces, the second while what is called would be compiled. That
        # torch._dynamo is loaded says nothing: every optimizer loads it.
        if torch.compiler.is_dynamo_compiling() or get_eval_frame_callback() is not None:
            if torch.compiler.is_dynamo_compiling() and torch.compiler.is_exporting():
                return
            # Not at the top, as it loads torch._dynamo: 1.5 seconds that only those who compile should spend.
            from sparsey_trace.recording.model.uncompiled import call

            call(self._watch, args)
        else:
            self._watch(*args)

    def _watch(self, *args: Any) -> None:
        owner = self._owner
        if _Process.pid != owner.pid:
            return
        start, has_grad = perf_counter(), is_grad_enabled()
        try:
            # Not `torch.no_grad`, whose object alone takes longer than what most hooks do.
            set_grad_enabled(_OFF)
            self._act(*args)
        except Exception as error:  # noqa: BLE001 - of torch's, or an adapter's: none may end a training by surprise
            owner.refuse(error)
        except BaseException:
            owner.abandon()
            raise
        finally:
            set_grad_enabled(has_grad)
            owner.seconds += perf_counter() - start

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles of a model must work, also where this package isn't, but aren't what is recorded.

        What stands for the hook there takes any arguments and returns nothing, and is Python's own.
        """
        return (getattr, (contextlib.nullcontext(), "__exit__"))
