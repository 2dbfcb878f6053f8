"""Steps that can't be recorded: raised while the set-up may be wrong, later told and left out."""

from __future__ import annotations

from sparsey_trace.errors import RecordError, SparseyTraceError
from sparsey_trace.recording.queue.policy import RequestedError
from sparsey_trace.support.telling import LOG, tell

ON_BAD_STEP = ("auto", "raise", "warn", "skip")
"""What may happen with a step that can't be recorded."""


class BadSteps:
    """What is done with steps that can't be recorded.

    Args:
        on_bad_step: one of `ON_BAD_STEP`.
        path: the trace, for messages.

    Attributes:
        count: how many were left out.
        last: why the latest step couldn't be recorded, in one line; empty where all could.
    """

    def __init__(self, on_bad_step: str, path: object) -> None:
        """None yet; see the class for the arguments."""
        self.count = 0
        self._on_bad_step, self._path = on_bad_step, path
        self._num_told = 0
        self.last = ""

    def is_known_at_once(self, *, num_recorded: int) -> bool:
        """Whether each pass looks at its own step, rather than leave that to the writer thread.

        Args:
            num_recorded: how many steps were recorded before.
        """
        return not num_recorded or self._on_bad_step == "raise"

    def is_raised(self, error: Exception, *, num_recorded: int) -> bool:
        """Whether the pass raises an error, rather than go on unrecorded.

        Args:
            error: what is wrong.
            num_recorded: how many steps were recorded before; where none was, the set-up may be wrong.
        """
        self.last = as_line(error)
        is_asked_for = isinstance(error, RequestedError | Warning)
        return (
            is_asked_for or self._on_bad_step == "raise" or (self._on_bad_step == "auto" and not num_recorded)
        )

    def leave_out(self, error: Exception) -> str:
        """Tell of a step that is left out: the first, and after that each tenfold.

        Returns:
            The reason, in one line.
        """
        self.count += 1
        self.last = as_line(error)
        if self._on_bad_step == "skip":
            LOG.info("%s: left out: %s", self._path, self.last)
        elif self.count >= 10 * self._num_told:
            self._tell()
        return self.last

    def note_raised(self, count: int) -> None:
        """So many steps aren't in the trace, as an error says that is raised."""
        self.count += count
        self._num_told = self.count

    def summarise(self) -> None:
        """Tell of those at the end that nobody has heard of."""
        if self._on_bad_step != "skip" and self.count > self._num_told:
            self._tell()

    def _tell(self) -> None:
        self._num_told = self.count
        which = (
            "this step isn't recorded" if self.count == 1 else f"{self.count:,} steps so far aren't recorded"
        )
        tell(f"{self._path}: {which}, and training goes on: {self.last}")


def as_line(error: Exception) -> str:
    """What an error says, in one line."""
    return " ".join(str(error).split())


def as_record_error(error: Exception, where: str) -> Exception:
    """An error of recording as it is; anything else, such as torch's, as one."""
    if isinstance(error, SparseyTraceError | Warning):
        return error
    wrapped = RecordError(f"{where}: expected values that can be read, found {type(error).__name__}: {error}")
    wrapped.__cause__ = error
    return wrapped
