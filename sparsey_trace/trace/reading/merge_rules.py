"""How files become one run, where there is more than one way."""

from __future__ import annotations

from dataclasses import dataclass

from sparsey_trace.errors import UsageError
from sparsey_trace.support.suggest import unknown

MISSING_RANKS = ("refuse", "allow")
"""What may be done where a rank has no file: it was killed before its first commit, or its files are elsewhere."""

REPEATED_STEPS = ("all", "last")
"""Which steps count where training went back to an earlier epoch: all, or of those that it repeated the last ones."""


@dataclass(frozen=True, kw_only=True)
class MergeRules:
    """What was asked of `open_trace`; see there.

    Attributes:
        missing_ranks: one of `MISSING_RANKS`.
        complete_steps: whether steps that only some ranks have are left out.
        repeated_steps: one of `REPEATED_STEPS`.

    Raises:
        UsageError: a value is none that could be.
    """

    missing_ranks: str = "refuse"
    complete_steps: bool = False
    repeated_steps: str = "all"

    def __post_init__(self) -> None:
        """Check every value."""
        if self.missing_ranks not in MISSING_RANKS:
            raise UsageError(unknown("missing_ranks", self.missing_ranks, MISSING_RANKS))
        if type(self.complete_steps) is not bool:
            msg = f"complete_steps: expected True or False, found {self.complete_steps!r}"
            raise UsageError(msg)

        if self.repeated_steps not in REPEATED_STEPS:
            raise UsageError(unknown("repeated_steps", self.repeated_steps, REPEATED_STEPS))

    def choice(self) -> dict[str, bool | str]:
        """Which samples of the files are the trace's: what tables say of it, and what results are known by."""
        return {"complete_steps": self.complete_steps, "repeated_steps": self.repeated_steps}
