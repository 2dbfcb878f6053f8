"""How files become one run, where there is more than one way."""

from __future__ import annotations

from dataclasses import dataclass

from sparsey_trace.errors import UsageError
from sparsey_trace.support.suggest import unknown

MISSING_RANKS = ("refuse", "allow")
"""What may be done where a rank has no file: it was killed before its first commit, or its files are elsewhere."""


@dataclass(frozen=True, kw_only=True)
class MergeRules:
    """What was asked of `open_trace`; see there.

    Attributes:
        missing_ranks: one of `MISSING_RANKS`.
        complete_steps: whether steps that only some ranks have are left out.

    Raises:
        UsageError: a value is none that could be.
    """

    missing_ranks: str = "refuse"
    complete_steps: bool = False

    def __post_init__(self) -> None:
        """Check every value."""
        if self.missing_ranks not in MISSING_RANKS:
            raise UsageError(unknown("missing_ranks", self.missing_ranks, MISSING_RANKS))
        if type(self.complete_steps) is not bool:
            msg = f"complete_steps: expected True or False, found {self.complete_steps!r}"
            raise UsageError(msg)

    def choice(self) -> dict[str, bool]:
        """Which samples of the files are the trace's: what tables say of it, and what results are known by."""
        return {"complete_steps": self.complete_steps}
