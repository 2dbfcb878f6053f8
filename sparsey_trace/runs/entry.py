"""What is known of a run without opening it: a row of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

State = Literal["closed", "recording", "left", "broken", "gone"]
"""Closed by its writer; its writer lives; its writer died; not readable; no longer where it was."""


@dataclass(frozen=True, kw_only=True)
class SeenFile:
    """A file of a run, as it was when it was last read.

    Attributes:
        path: the file, absolute; or its URL.
        size: in bytes.
        modified: when it was changed last, in nanoseconds since 1970; 0 where it was changed so shortly before it was
            read that a later change may have the same time. In a store a digest of its version.
        rank: which process of the run recorded it.
        num_ranks: how many processes the run had.
        continues: the name of the file whose run it goes on with; empty where the run begins here.
        is_whole: whether all of it was read, as there are copies of its run, and found sound.
    """

    path: str
    size: int
    modified: int
    rank: int = 0
    num_ranks: int = 1
    continues: str = ""
    is_whole: bool = False

    @property
    def folder(self) -> str:
        """Where it lies."""
        return str(Path(self.path).parent)

    @property
    def name(self) -> str:
        """Its name without the folder."""
        return Path(self.path).name


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A run, or what was found in its place.

    Attributes:
        run: the trace's id, by which its tables are found; empty where it can't be read.
        name: what it is called among the others: its path without the ending; see `Runs`.
        state: see `State`.
        fault: why it can't be read; empty where it can.
        files: its files, in the trace's order.
        samples: how many it has.
        steps: how many steps these are.
        epoch: of its last sample; None before the first.
        eval_epoch: of its last evaluation sample; None where it has none.
        created: when it began, ISO 8601, UTC.
        recorded: when its last sample was recorded, in seconds since 1970.
        host: the machine that it ran on.
        model: its layers in a few words.
        config: its configuration.
    """

    run: str
    name: str
    state: State
    fault: str = ""
    files: tuple[SeenFile, ...]
    samples: int = 0
    steps: int = 0
    epoch: int | None = None
    eval_epoch: int | None = None
    created: str = ""
    recorded: float | None = None
    host: str = ""
    model: str = ""
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def paths(self) -> list[Path]:
        """Its files; a path stands for a URL as pathlib leaves it."""
        return [Path(file.path) for file in self.files]

    @property
    def source(self) -> str | list[str]:
        """What it is opened by."""
        files = [file.path for file in self.files]
        return files if len(files) > 1 else files[0]

    @property
    def is_readable(self) -> bool:
        """Whether it is there to be analysed."""
        return self.state not in ("broken", "gone")

    @property
    def size(self) -> int:
        """Of all files, in bytes."""
        return sum(file.size for file in self.files)
