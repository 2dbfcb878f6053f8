"""Which files make one run: those of its ranks, and those that go on with others."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sparsey_trace.runs.entry import SeenFile


def grouped(files: Iterable[SeenFile]) -> list[list[SeenFile]]:
    """Files by run, in the order in which the runs' first files come.

    What a file says of itself decides, not what it is called, but for one thing: files of several ranks belong
    together where their names differ by the number after `rank` only, as a recorder names them.

    >>> from sparsey_trace.runs.entry import SeenFile
    >>> def file(name, **about):
    ...     return SeenFile(path=f"/r/{name}.h5", size=1, modified=1, **about)
    >>> runs = grouped([file("a"), file("a.1", continues="a.h5"), file("a.2"), file("b.rank0", num_ranks=2),
    ...     file("b.rank1", rank=1, num_ranks=2)])
    >>> [[one.name for one in run] for run in runs]
    [['a.h5', 'a.1.h5'], ['a.2.h5'], ['b.rank0.h5', 'b.rank1.h5']]
    """
    found = list(files)
    known = {file.path: file for file in found}
    firsts = {file.path: _first(file, known) for file in found}
    runs: dict[tuple[str, str, int], list[SeenFile]] = defaultdict(list)
    for file in found:
        first = firsts[file.path]
        runs[first.folder, _without_rank(first), first.num_ranks].append(file)
    return list(runs.values())


def _first(file: SeenFile, known: dict[str, SeenFile]) -> SeenFile:
    """The file that begins the rank's run, as far as those that a file continues are known."""
    passed = {file.path}
    while file.continues:
        before = known.get(file.path.removesuffix(file.name) + file.continues)
        if before is None or before.path in passed:
            break
        passed.add(before.path)
        file = before
    return file


def _without_rank(file: SeenFile) -> str:
    if file.num_ranks == 1:
        return file.name
    return re.sub(rf"rank{file.rank}(?!\d)", "rank*", file.name)
