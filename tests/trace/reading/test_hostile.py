"""A trace from a stranger opens no other file, runs nothing, takes no memory that it can't account for."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import h5py
import hdf5plugin
import numpy as np
import pytest

from sparsey_trace.cli.main import main
from sparsey_trace.errors import TraceError
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.engine.memory import chunk_samples
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.hdf5.attributes import fixed_length_text
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.validate import validate
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.fuzz.shared_types import share_type
from tests.trace.feed import ROOT, feed, write_closed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "what the trace must not show"

READ_ALL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
from sparsey_trace.errors import TraceError
from sparsey_trace.trace.rescue.validate import validate
for path in sys.argv[2:]:
    try:
        print(validate(path))
    except TraceError as error:
        print("refused:", error)
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A trace in chunks of 64 samples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_CHUNK_BYTES", 1)
        return write_closed(tmp_path_factory.mktemp("trace") / "run.h5", steps=60).read_bytes()


@pytest.fixture
def trace(tmp_path: Path, whole: bytes) -> Path:
    """The same in a file of its own, beside files that it must not open."""
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["values"] = np.arange(13, dtype=np.int64)
        file["config"] = SECRET
    (tmp_path / "secret.bin").write_bytes(bytes(1 << 16))
    (tmp_path / "run.h5").write_bytes(whole)
    return tmp_path / "run.h5"


def external(file: h5py.File, name: str, dtype: str, shape: tuple[int, ...]) -> None:
    del file[name]
    file.create_dataset(name, shape, dtype, external=[("secret.bin", 0, h5py.h5f.UNLIMITED)])


def virtual(file: h5py.File, name: str) -> None:
    old = file[name]
    layout = h5py.VirtualLayout(old.shape, old.dtype)
    layout[:] = h5py.VirtualSource("secret.h5", "values", shape=old.shape)
    del file[name]
    file.create_virtual_dataset(name, layout)


def linked(name: str, link: object) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        del file[name]
        file[name] = link

    return edit


def huge(file: h5py.File) -> None:
    """A column that says it holds 2^60 samples, none of which is in the file."""
    for column in ("samples/step", "samples/epoch"):
        file[column].resize((1 << 60,))
    for name in ("committed", "in_chunks"):
        file[f"progress/{name}"][()] = 1 << 60


def in_circles(file: h5py.File) -> None:
    file["layers/7"] = file["layers"]


def other_filter(file: h5py.File) -> None:
    values = file["samples/label"][:]
    del file["samples/label"]
    file.create_dataset(
        "samples/label", data=values, chunks=(64,), maxshape=(None,), compression=hdf5plugin.LZ4()
    )


def of_committed_type(file: h5py.File) -> None:
    """An attribute whose type stands elsewhere, where it could be sent on and on."""
    file["type"] = np.dtype("<i8")
    del file["layers/0"].attrs["num_macs"]
    file["layers/0"].attrs.create("num_macs", 20, dtype=file["type"])


def of_variable_length(file: h5py.File) -> None:
    del file.attrs["host"]
    file.attrs["host"] = "anywhere"


def references(file: h5py.File) -> None:
    del file["config"]
    file.create_dataset("config", data=np.array([file.ref], dtype=h5py.ref_dtype))


def external_tail(file: h5py.File) -> None:
    # Of a closed trace nobody looks at it.
    file["progress/closed"][()] = 0
    external(file, "tail/samples/label", "i8", (64,))


HOSTILE: dict[str, Callable[[h5py.File], None]] = {
    "an external link for a column": linked("samples/label", h5py.ExternalLink("secret.h5", "values")),
    "an external link for the configuration": linked("config", h5py.ExternalLink("secret.h5", "config")),
    "an external link for a group": linked("progress", h5py.ExternalLink("secret.h5", "/")),
    "a soft link": linked("samples/label", h5py.SoftLink("/samples/step")),
    "external storage of a column": lambda file: external(file, "samples/label", "i8", (283,)),
    "external storage of a tail": external_tail,
    "external storage of a counter": lambda file: external(file, "progress/committed", "i8", ()),
    "a virtual dataset": lambda file: virtual(file, "samples/label"),
    "another filter": other_filter,
    "a name of its own parent": in_circles,
    "more samples than a disk holds": huge,
    "text of variable length": of_variable_length,
    "references": references,
    "an attribute of a committed type": of_committed_type,
}


@pytest.mark.parametrize("edit", HOSTILE.values(), ids=HOSTILE)
def test_it_is_refused(
    trace: Path, edit: Callable[[h5py.File], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with h5py.File(trace, "r+", libver=("v110", "v110")) as file:
        edit(file)
    with pytest.raises(TraceError) as caught:
        validate(trace)
    assert str(caught.value).startswith(f"{trace}: expected ")
    assert main(["info", str(trace)]) == 1
    assert SECRET not in str(caught.value) + capsys.readouterr().err


def test_a_type_that_leads_to_itself(tmp_path: Path, whole: bytes) -> None:
    """In attributes of the root, stored densely, and of a layer, in its header: HDF5 would crash."""
    paths = [tmp_path / f"{number}.h5" for number in range(12)]
    for number, path in enumerate(paths):
        path.write_bytes(share_type(bytearray(whole), random.Random(number), whole))
    call = [sys.executable, "-c", READ_ALL, str(1 << 32), *map(str, paths)]
    done = subprocess.run(call, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_missing_chunk_is_not_zeros(trace: Path) -> None:
    with h5py.File(trace, "r+", libver=("v110", "v110")) as file:
        old = file["samples/label"]
        made = {
            "chunks": old.chunks,
            "maxshape": (None,),
            "shuffle": True,
            "compression": "gzip",
            "fletcher32": True,
        }
        values = old[:]
        del file["samples/label"]
        new = file.create_dataset("samples/label", (len(values),), old.dtype, **made)
        new[64:] = values[64:]
    with pytest.raises(
        TraceError, match="samples 0 to 64 of samples/label, found: the chunk at \\[0\\] is missing"
    ):
        validate(trace)


def test_counts_that_would_fill_the_memory(trace: Path) -> None:
    paths = [trace.with_name(f"{name}.h5") for name in ("num_cms", "num_macs", "num_neurons")]
    for path in paths:
        shutil.copyfile(trace, path)
        with h5py.File(path, "r+", libver=("v110", "v110")) as file:
            file["layers/0"].attrs[path.stem] = 2**31 - 1
    call = [sys.executable, "-c", READ_ALL, str(1 << 30), *map(str, paths)]
    done = subprocess.run(call, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    refusals = done.stdout.splitlines()
    for path, refusal in zip(paths, refusals, strict=True):
        assert refusal.startswith(f"refused: {path}: expected ")


def test_features_that_would_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    layer = LayerLayout(name="v1", num_macs=2, num_cms=1, num_neurons=2, connections=[[0], [1]])
    with TraceWriter(path, Layout(num_features=2**31 - 1, layers=[layer]), inputs="none") as writer:
        writer.append(inputs=None, codes=[[[[1], [0]]]], active=[[[True, True]]], phase="train")
    validate(path)
    # Nothing is made of features that no input has.
    analyze(path)
    with open_trace(path) as trace:
        assert chunk_samples(trace, trace.fields, None, "1G", 1) == 4096
        expected = r"run.h5: expected wiring \(2 MACs over 2,147,483,647 features\) that can be analysed in"
        with pytest.raises(TraceError, match=expected):
            chunk_samples(trace, trace.fields | {"inputs"}, None, "1G", 1)


def test_a_configuration_that_nests_without_end(trace: Path) -> None:
    with h5py.File(trace, "r+", libver=("v110", "v110")) as file:
        del file["config"]
        text = fixed_length_text("[" * 100_000)[None]
        file.create_dataset("config", data=text, chunks=text.shape, fletcher32=True)
    with pytest.raises(TraceError, match="found: more than 100 levels, one inside the other"):
        open_trace(trace)


def test_names_and_configurations_are_shown_and_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, script = tmp_path / "run.h5", "<script>alert(1)</script>"
    layer = LayerLayout(name=script, num_macs=1, num_cms=1, num_neurons=2, connections=[[0]])
    with TraceWriter(
        path, Layout(num_features=13, layers=[layer]), config={"a": "\x1b[31m\n" + script}
    ) as writer:
        feed(writer, 0, range(2))
    assert main(["info", str(path)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert script in out
    assert main(["info", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["layers"][0]["name"] == script
    with open_trace(path) as trace:
        trace.host = script
        assert "<script>" not in trace._repr_html_()
