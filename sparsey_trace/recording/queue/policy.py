"""What a recorder does where the disk is slow or fails, and how often it makes its samples safe."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from numbers import Real

from sparsey_trace.errors import RecordError, UsageError
from sparsey_trace.support.counts import checked_count
from sparsey_trace.support.suggest import unknown

ON_FULL = ("block", "drop", "error")
"""What may happen to a step that finds the queue full."""

ON_ERROR = ("warn", "raise")
"""What may happen to training when nothing can be written any more."""


class RequestedError(RecordError):
    """An error that the user asked to have raised, by `on_full` or `on_error`."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How steps get from training to the disk.

    Attributes:
        queue_bytes: how much may wait to be written; a single step may be larger.
        on_full: what a step does that finds no room: `block` until there is some, `drop` out whole, or be an
            `error` of its pass.
        on_error: when nothing can be written any more: `warn` once, or `raise` once.
        commit_every: seconds between commits.
        commit_samples: commit also after so many samples, or None.

    Raises:
        UsageError: a value is none that could be.

    >>> Policy(on_full="drop").on_error
    'warn'
    """

    queue_bytes: int = 64 << 20
    on_full: str = "block"
    on_error: str = "warn"
    commit_every: float = 5.0
    commit_samples: int | None = None

    def __post_init__(self) -> None:
        """Check every value."""
        check_choice(self.on_full, "on_full", ON_FULL)
        check_choice(self.on_error, "on_error", ON_ERROR)
        checked_count(self.queue_bytes, "queue_bytes")
        if self.commit_samples is not None:
            checked_count(self.commit_samples, "commit_samples")
        # No wait of a thread may be longer, and nan compares as False.
        is_number = isinstance(self.commit_every, Real)
        if not (is_number and 0 <= self.commit_every <= threading.TIMEOUT_MAX):
            msg = f"commit_every: expected seconds, 0 or more, found {self.commit_every!r}"
            raise UsageError(msg)


def check_choice(given: object, what: str, choices: tuple[str, ...]) -> None:
    """See that an option is one of its choices.

    Raises:
        UsageError: it isn't.
    """
    if given not in choices:
        raise UsageError(unknown(what, given, choices))
