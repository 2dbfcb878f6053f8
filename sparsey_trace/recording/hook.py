"""A hook that watches and changes nothing."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Protocol

import torch

if TYPE_CHECKING:
    from collections.abc import Callable


class Owner(Protocol):
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


class Hook:
    """Does one thing for its owner: timed, without gradients, and only in the owner's process.

    It returns nothing, so torch changes nothing; what it raises reaches the caller of the model, after the
    owner has given up the pass.
    """

    def __init__(self, owner: Owner, act: Callable[..., None]) -> None:
        """Do `act` for `owner`."""
        self._owner, self._act = owner, act

    def __call__(self, *args: Any) -> None:
        """What torch calls."""
        if os.getpid() != self._owner.pid:
            return
        start = time.perf_counter()
        try:
            with torch.no_grad():
                self._act(*args)
        except BaseException:
            self._owner.abandon()
            raise
        finally:
            self._owner.seconds += time.perf_counter() - start

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles of a model must work, but aren't the model that is recorded."""
        return (SilentHook, ())


class SilentHook:
    """What stands for a hook in a copy of the model."""

    def __call__(self, *_: Any) -> None:
        """Nothing."""
