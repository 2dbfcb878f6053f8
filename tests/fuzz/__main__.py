"""`python -m tests.fuzz [--cases N] [--first N]`: change sound traces, and see that each is read right or refused.

`--case N` does one again, here and now, and prints what it came to. Exits with 1 where there was a fault.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.cases import make, outcomes
from tests.fuzz.driver import Tally, run

CASES = 20_000


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--case", type=int)
    given = parser.parse_args()
    if given.case is not None:
        return _again(given.case)
    tally = run(range(given.first, given.first + given.cases), progress=_show)
    print(f"{tally.cases:,} cases, {tally.forged:,} of them forged, {len(tally.faults):,} faults")
    for (way, outcome), count in sorted(tally.counts.items()):
        print(f"{way:12}{outcome:12}{count:8,}")
    return 1 if tally.faults else 0


def _again(number: int) -> int:
    case = make(number)
    print(f"case {case.number}: {case.original}, {case.change}, {len(case.content):,} bytes")
    with tempfile.TemporaryDirectory() as folder:
        for way, outcome in outcomes(case, Path(folder) / "case.h5").items():
            print(f"{way}: {outcome}")
    return 0


def _show(tally: Tally) -> None:
    if tally.faults and tally.faults[-1] not in _shown:
        _shown.add(tally.faults[-1])
        print(tally.faults[-1], flush=True)
    if tally.cases % 1000 == 0:
        print(f"{tally.cases:,} cases, {len(tally.faults):,} faults", flush=True)


_shown: set[str] = set()

if __name__ == "__main__":
    sys.exit(main())
