"""Runs cases in a child process, which may crash, hang or run out of memory."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SECONDS = 60
"""How long to wait for a case: on a busy machine its 10 s of work may take so long."""
_TO_START = 120


@dataclass
class Tally:
    """What became of the cases.

    Attributes:
        counts: how many came to what, by the way of reading.
        faults: a line for each that came to what it must not.
    """

    cases: int = 0
    forged: int = 0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, facts: dict[str, Any], found: dict[str, str]) -> None:
        """Take in one case."""
        self.cases += 1
        self.forged += facts["forged"]
        for way, outcome in found.items():
            is_fault = outcome.startswith("FAULT")
            self.counts[way, "FAULT" if is_fault else outcome] += 1
            if is_fault:
                case = f"case {facts['case']} ({facts['original']}, {facts['change']})"
                self.faults.append(f"{case}: {way}: {outcome}")


class _Child:
    def __init__(self, originals: Sequence[str]) -> None:
        command = [sys.executable, "-m", "tests.fuzz.child", *originals]
        pipe = subprocess.PIPE
        root = Path(__file__).parents[2]
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, bufsize=0, cwd=root)
        self._read = b""  # beyond the last line that was asked for
        self._ready = selectors.DefaultSelector()
        self._ready.register(self.process.stdout, selectors.EVENT_READ)
        self.read_line(_TO_START)

    def read_line(self, seconds: float) -> str:
        """The next line; empty where it ended, or took longer."""
        while b"\n" not in self._read:
            more = os.read(self.process.stdout.fileno(), 1 << 16) if self._ready.select(seconds) else b""
            if not more:
                return ""
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        return line.decode()

    def ask(self, number: int) -> None:
        """Hand it a case."""
        self.process.stdin.write(f"{number}\n".encode())

    def end(self) -> str:
        """Stop it; why it had stopped before, if so."""
        try:
            code = self.process.wait(timeout=1)
            why = "it worked for 10 s" if code == -signal.SIGPROF else f"the process ended with {code}"
        except subprocess.TimeoutExpired:
            why = f"no answer in {SECONDS} s"
        self.process.kill()
        self.process.communicate()
        return why


def run(numbers: Iterable[int], *, originals: Sequence[str] = (), progress: Any = None) -> Tally:
    """Do cases in a child, and another one whenever one crashes or hangs.

    Args:
        numbers: the cases.
        originals: names of the traces to change; empty for all.
        progress: called with the tally after each case.
    """
    tally, child = Tally(), _Child(originals)
    for number in numbers:
        child.ask(number)
        made = child.read_line(_TO_START)
        answer = child.read_line(SECONDS) if made else ""
        facts = (
            json.loads(made) if made else {"case": number, "original": "?", "change": "?", "forged": False}
        )
        if answer:
            tally.add(facts, json.loads(answer))
        else:
            tally.add(facts, {"all": f"FAULT: {child.end()}"})
            child = _Child(originals)
        if progress is not None:
            progress(tally)
    child.end()
    return tally
