"""How often the tests of failures try: seldom in `make test`, often in `make faults`."""

from __future__ import annotations

import os


def times(short: int, full: int) -> int:
    """How many tries a test makes."""
    return full if os.environ.get("SPARSEY_TRACE_FAULTS") == "full" else short
