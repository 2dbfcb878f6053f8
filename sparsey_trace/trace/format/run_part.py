"""Which part of a run a trace holds: one rank's, or what follows a resume."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

MOST_RANKS = 1 << 16
"""The largest `num_ranks`: those that are missing are listed one by one, whatever the file's size."""


@dataclass(frozen=True, kw_only=True)
class RunPart:
    """Which of the files of one run a file is; the default is a run in one file.

    Attributes:
        rank: the process among those that train together.
        num_ranks: how many of these there are.
        continues: the name, without its folder, of the file whose run this one goes on with; empty where
            the run begins here.
        first_step: the smallest number that a step may have here.
        first_sample: how many samples the files before it hold, of the same rank.
        run: what all files of one run share, whichever rank and start they are of, 32 hexadecimal digits; empty where
            it isn't known.
    """

    rank: int = 0
    num_ranks: int = 1
    continues: str = ""
    first_step: int = 0
    first_sample: int = 0
    run: str = ""

    def __post_init__(self) -> None:
        """See that the numbers belong together.

        Raises:
            ValueError: they don't.
        """
        if self.num_ranks > MOST_RANKS:
            msg = f"num_ranks: expected at most {MOST_RANKS:,}, found {self.num_ranks:,}"
            raise ValueError(msg)
        if not 0 <= self.rank < self.num_ranks:
            msg = f"rank: expected a number from 0 to {self.num_ranks - 1}, found {self.rank}"
            raise ValueError(msg)
        if min(self.first_step, self.first_sample) < 0:
            found = f"{self.first_step} and {self.first_sample}"
            msg = f"first_step and first_sample: expected numbers of 0 or more, found {found}"
            raise ValueError(msg)
        if self.run and not re.fullmatch("[0-9a-f]{32}", self.run):
            msg = f"run: expected 32 hexadecimal digits, found {self.run!r}"
            raise ValueError(msg)

    def attributes(self) -> dict[str, Any]:
        """The fields by name, as they stand in a trace: the run only where it is known."""
        return {name: value for name, value in asdict(self).items() if name != "run" or value}
