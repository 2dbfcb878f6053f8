"""What importing and using the package loads: nothing heavy before it is needed, torch only to record."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import sparsey_trace as st


def loaded(script: str, *names: str) -> set[str]:
    """Which of these modules a fresh interpreter has after the script."""
    code = f"{script}\nimport sys\nprint(*({set(names)!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_loads_nothing_heavy() -> None:
    heavy = ("torch", "numpy", "h5py", "pandas", "pyarrow", "rich", "typer")
    assert loaded("import sparsey_trace", *heavy) == set()


READING = """
import tempfile
import sparsey_trace as st
layer = st.LayerLayout(name="v1", num_macs=1, num_cms=2, num_neurons=3, connections=[[0, 1]])
path = tempfile.mkdtemp() + "/run.h5"
with st.TraceWriter(path, st.Layout(num_features=2, layers=[layer])) as writer:
    two = {"codes": [[[[2, 0]], [[1, 0]]]], "active": [[[True], [True]]], "labels": [3, 4]}
    writer.append(inputs=[[0, 1], [1, 1]], **two, phase="train")
with st.open_trace(path) as trace:
    assert trace.layers[0].codes[0].tolist() == [[2, 0]]
"""


def test_writing_and_reading_load_neither_torch_nor_pandas_nor_a_compiler() -> None:
    assert loaded(READING, "torch", "pandas", "numba", "numpy") == {"numpy"}


def test_replaying_loads_neither_torch_nor_pandas_nor_a_compiler_for_what_it_has_compiled_before() -> None:
    script = f"{READING}assert 'num_activations' in st.analyze(path).paths"
    exec(READING + "st.analyze(path)", {})  # from now on, what it has compiled is kept
    unneeded = ("torch", "pandas", "numba", "scipy.linalg", "pyarrow.compute")
    assert loaded(script, *unneeded, "pyarrow") == {"pyarrow"}


INFO = """
import contextlib, io
from sparsey_trace.cli.main import main
with contextlib.redirect_stdout(io.StringIO()):
    assert main(["info", {trace!r}]) == 0
"""


def test_saying_what_is_in_a_trace_loads_no_tables_no_engine_and_no_pydantic() -> None:
    script = INFO.format(trace=str(Path(__file__).parents[1] / "sample_traces" / "digits.h5"))
    unneeded = ("torch", "pandas", "numba", "numpy.ma", "pydantic", "pyarrow", "concurrent.futures.process")
    assert loaded(script, *unneeded, "h5py", "hdf5plugin") == {"h5py"}


def test_all_of_a_trace_is_read_without_the_plugins_of_hdf5() -> None:
    trace = str(Path(__file__).parents[1] / "sample_traces" / "digits.h5")
    script = INFO.format(trace=trace).replace("info", "validate")
    assert loaded(f"import sys; sys.modules['hdf5plugin'] = None\n{script}", "pyarrow") == {"pyarrow"}


@pytest.mark.parametrize("name", st.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(st, name) is not None
    assert name in dir(st)


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="module 'sparsey_trace' has no attribute 'nonsense'"):
        _ = st.nonsense
