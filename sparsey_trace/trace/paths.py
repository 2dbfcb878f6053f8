"""Names of the files and folders beside a trace."""

from __future__ import annotations

import os
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError, url_of
from sparsey_trace.support.suggest import TRACES

if TYPE_CHECKING:
    from collections.abc import Sequence


def lock_path(path: Path) -> Path:
    """The file whose lock is the right to write to a path.

    Raises:
        TraceError: the path is a folder that has no name, as `.` hasn't.

    >>> lock_path(Path("runs/run.h5")).as_posix()
    'runs/run.h5.lock'
    """
    if not path.name:
        msg = f"{path}: expected no file there, found a folder; choose another name"
        raise TraceError(msg)
    return path.with_name(f"{path.name}.lock")


def common_name(paths: Sequence[Path]) -> Path:
    """What the names of a run's files have in common, up to a dot.

    >>> common_name([Path("runs/run.rank0.h5"), Path("runs/run.rank1.h5")]).as_posix()
    'runs/run'
    >>> common_name([Path("run.h5"), Path("run.1.h5")]).as_posix()
    'run'
    >>> common_name([Path("run.1.h5")]).as_posix()
    'run.1'
    """
    stems = [path.stem if path.suffix in TRACES else path.name for path in paths]
    words = zip(*(stem.split(".") for stem in stems), strict=False)
    shared = takewhile(lambda word: len(set(word)) == 1, words)
    return _common_folder(paths) / (".".join(word[0] for word in shared) or stems[0])


def joint_name(paths: Sequence[Path]) -> Path:
    """A pattern that these match, to name several files of a run in messages.

    >>> joint_name([Path("runs/run.rank0.h5"), Path("runs/run.rank1.h5")]).as_posix()
    'runs/run*.h5'
    """
    common = common_name(paths)
    return common.with_name(f"{common.name}*{paths[0].suffix}")


def default_name(files: Sequence[Path]) -> Path:
    """What the names begin with of all that is made of a run: two runs that lie side by side never share one.

    It lies beside the run; of a run that was brought here from elsewhere, in the current folder.

    >>> default_name([Path("runs/run.h5")]).as_posix(), default_name([Path("runs/run.hdf5")]).as_posix()
    ('runs/run', 'runs/run.hdf5')
    """
    common, ending = common_name(files), files[0].suffix
    if (
        len(files) > 1
        and (other := common.with_name(f"{common.name}{ending}")) not in files
        and other.exists()
    ):
        # The files of ranks, beside a run of one file whose name they begin with.
        common = common.with_name(f"{common.name}.ranks")
    if url_of(str(files[0])):
        common = Path(common.name)
    return common if ending not in TRACES[1:] else common.with_name(f"{common.name}{ending}")


def default_folder(*files: Path) -> Path:
    """Where tables go unless told otherwise: RUN.metrics beside RUN.h5, or beside RUN.rank0.h5 and so on.

    >>> default_folder(Path("runs/run.h5")).as_posix()
    'runs/run.metrics'
    """
    common = default_name(files)
    return common.with_name(f"{common.name}.metrics")


def _common_folder(paths: Sequence[Path]) -> Path:
    folders = {path.parent for path in paths}
    if len(folders) == 1:
        return folders.pop()
    return Path(os.path.commonpath([folder.absolute() for folder in folders]))
