"""Does cases by number, as they come on standard input, and says what each came to, a line of JSON each."""

from __future__ import annotations

import json
import resource
import signal
import sys
import tempfile
import warnings
from pathlib import Path

from tests.fuzz.cases import ORIGINALS, make, outcomes, unchanged

SECONDS = 10
"""What a case may take of the processor's time."""
MEMORY = 1 << 30
"""Bytes that a case may take beyond what the process has before the first."""


def main(originals: tuple[str, ...]) -> None:
    """Work until there are no more numbers."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.h5"
        for name in originals:
            found = outcomes(unchanged(name), path)
            assert set(found.values()) == {"right"}, f"{name}: {found}"
        _limit_memory()
        print("ready", flush=True)
        for line in sys.stdin:
            case = make(int(line), originals=originals)
            facts = {
                "case": case.number,
                "original": case.original,
                "change": case.change,
                "forged": case.is_forged,
            }
            print(json.dumps(facts), flush=True)
            # Ends the process, wherever it hangs.
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            found = outcomes(case, path)
            signal.setitimer(signal.ITIMER_PROF, 0)
            print(json.dumps(found), flush=True)


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or tuple(ORIGINALS))
