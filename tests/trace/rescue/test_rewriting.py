"""Traces that other HDF5 tools rewrote are refused with what helps, which is a repair that loses nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import h5py
import hdf5plugin
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.repair import repair
from sparsey_trace.trace.rescue.rewriting import rewrite
from tests.trace.rescue.saved import saved

if TYPE_CHECKING:
    from pathlib import Path


def as_h5py_makes_it(path: Path, *, libver: Any = None, **ways: Any) -> None:
    """The same in a file of h5py's default formats, or others, of which datasets may be made in another way."""
    other = path.with_name("other.h5")
    with h5py.File(path) as old, h5py.File(other, "w", libver=libver) as new:
        new.attrs.update(old.attrs)
        for name in old:
            old.copy(name, new)
        for name in ("config", "samples/label", "layers/0/codes"):
            if ways:
                values = new[name][:]
                del new[name]
                new.create_dataset(
                    name, data=values, **(ways if name != "config" else {"compression": "gzip"})
                )
    other.replace(path)


WAYS: dict[str, dict[str, Any]] = {
    "as it was": {},
    "compressed in another way": {"chunks": True, "compression": "gzip", "shuffle": True},
    "in one piece": {"chunks": None},
}

MORE_WAYS: dict[str, dict[str, Any]] = {
    **WAYS,
    "with a checksum alone": {"chunks": True, "fletcher32": True},
    "shuffled alone": {"chunks": True, "shuffle": True},
    "scaled": {"chunks": True, "scaleoffset": 0},
    "in chunks of its own": {"chunks": True},
}
del MORE_WAYS["as it was"]


@pytest.mark.parametrize("ways", WAYS.values(), ids=WAYS)
def test_older_formats(closed: Path, ways: dict[str, Any]) -> None:
    as_h5py_makes_it(closed, **ways)
    expected = (
        r"expected HDF5 as a trace is written \(superblock 3\), found another kind \(superblock 0\), as other tools "
        "write it; if it holds a trace, `sparsey-trace repair OLD -o NEW` rewrites it$"
    )
    with pytest.raises(TraceError, match=expected):
        open_trace(closed)
    assert saved(closed).lost == 0


@pytest.mark.parametrize("ways", MORE_WAYS.values(), ids=MORE_WAYS)
def test_the_same_formats_with_datasets_in_another_way(closed: Path, ways: dict[str, Any]) -> None:
    as_h5py_makes_it(closed, libver=("v110", "v110"), **ways)
    expected = "found.*, as other HDF5 tools store it; `sparsey-trace repair OLD -o NEW` rewrites it$"
    with pytest.raises(TraceError, match=expected):
        open_trace(closed)
    found = saved(closed)
    assert (found.lost, found.losses) == (0, ())


REPACKED = {
    "szip": ["-f", "SZIP=8,NN"],
    "N-bit": ["-f", "NBIT"],
    "compact": ["-l", "COMPA"],
    "in pages": ["-S", "PAGE"],
}


@pytest.mark.skipif(shutil.which("h5repack") is None, reason="there is no h5repack here")
@pytest.mark.parametrize("options", REPACKED.values(), ids=REPACKED)
def test_h5repack_in_the_newest_formats(closed: Path, tmp_path: Path, options: list[str]) -> None:
    out = tmp_path / "repacked.h5"
    environment = {**os.environ, "HDF5_PLUGIN_PATH": hdf5plugin.PLUGIN_PATH}
    subprocess.run(
        ["h5repack", "-L", *options, closed, out], env=environment, check=True, capture_output=True
    )
    with pytest.raises(TraceError, match=r"`sparsey-trace repair OLD -o NEW` rewrites it$"):
        open_trace(out)
    out.replace(closed)
    found = saved(closed)
    assert (found.lost, found.losses) == (0, ())


@pytest.mark.parametrize("where", ["/", "layers/0", "samples/step"])
def test_a_large_attribute(closed: Path, where: str) -> None:
    """Somebody's own, of more than 64 KB; a repair does without it."""
    with h5py.File(closed, "r+", libver=("v110", "v110")) as file:
        file[where].attrs["numbers"] = [0.0] * 9_000
    expected = (
        "found an attribute of more than 64 KB, as other HDF5 tools store it; `sparsey-trace repair OLD"
    )
    with pytest.raises(TraceError, match=expected):
        open_trace(closed)
    found = saved(closed)
    assert (found.lost, found.losses) == (0, ())


def test_a_user_block(closed: Path) -> None:
    closed.write_bytes(bytes(1024) + closed.read_bytes())
    expected = r"found 1,024 bytes of a user block before it; `sparsey-trace repair OLD -o NEW` rewrites it$"
    with pytest.raises(TraceError, match=expected):
        open_trace(closed)
    assert saved(closed).lost == 0


def test_a_link_is_not_followed(closed: Path, tmp_path: Path) -> None:
    as_h5py_makes_it(closed)
    with h5py.File(tmp_path / "secret.h5", "w") as file, h5py.File(closed, "r+") as trace:
        file["values"] = trace["samples/label"][:]
        del trace["samples/label"]
        trace["samples/label"] = h5py.ExternalLink("secret.h5", "values")
    with pytest.raises(TraceError, match=r"rewrote, found: no samples/label$"):
        repair(closed, tmp_path / "out.h5")


def test_a_missing_chunk_is_not_zeros(closed: Path, tmp_path: Path) -> None:
    as_h5py_makes_it(closed)
    with h5py.File(closed, "r+") as file:
        old = file["samples/label"]
        length, chunks = len(old), old.chunks
        del file["samples/label"]
        file.create_dataset("samples/label", (length,), "i8", chunks=chunks)
    with pytest.raises(
        TraceError, match="samples/label: expected a dataset as HDF5 tools copy it, found another"
    ):
        repair(closed, tmp_path / "out.h5")


def test_what_is_no_trace(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["values"] = 3
    with pytest.raises(
        TraceError, match=r"other\.h5: expected a trace that another HDF5 tool rewrote, found: no conf"
    ):
        rewrite(tmp_path / "other.h5", tmp_path / "out.h5")
