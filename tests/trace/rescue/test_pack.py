"""A packed trace is the same run, in a file of which little has to be fetched; else there is none."""

from __future__ import annotations

from pathlib import Path

import fsspec
import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import OutputError, TraceError, UsageError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.reading import remote
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.pack import Packed, pack
from sparsey_trace.trace.rescue.repair import repair
from sparsey_trace.trace.rescue.validate import validate
from tests.trace.feed import write_left
from tests.trace.reading.run_files import write

DIGITS = Path(__file__).parents[3] / "sample_traces/digits.h5"
METRICS = ["num_activations", "basis_set_size"]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample trace, packed; to be read only."""
    out = tmp_path_factory.mktemp("packed") / "packed.h5"
    with open_trace(DIGITS) as trace:
        samples = len(trace)
    assert pack(DIGITS, out) == Packed(
        samples=samples, files=1, before=DIGITS.stat().st_size, after=out.stat().st_size
    )
    assert out.stat().st_size < DIGITS.stat().st_size
    return out


def tables(trace: Path | str, folder: Path) -> dict[str, bytes]:
    result = st.analyze(trace, metrics=METRICS, out=folder)
    return {name: result.path(name).read_bytes() for name in METRICS}


def test_it_is_the_same_run(packed: Path, tmp_path: Path) -> None:
    with open_trace(DIGITS) as one, open_trace(packed) as other:
        for name in (
            "id",
            "created",
            "host",
            "config",
            "versions",
            "layout",
            "losses",
            "part",
            "closed",
            "chunk_size",
        ):
            assert getattr(other, name) == getattr(one, name), name
        assert one.contents() is not None
        assert other.contents()["held"] == one.contents()["held"]  # type: ignore[index]
        assert other.drop_reasons == one.drop_reasons
    assert tables(DIGITS, tmp_path / "one") == tables(packed, tmp_path / "other")
    assert validate(packed) == validate(DIGITS)
    assert repair(packed, tmp_path / "repaired.h5").losses == ()
    assert [file.head.code_bits for trace in (one, other) for file in trace.files] == [(0, 0, 0)] * 2
    again = pack(packed, tmp_path / "again.h5")
    assert again.before == again.after


def test_little_of_it_is_fetched(packed: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/packed/run.h5", packed.read_bytes())
    with open_trace("memory://packed/run.h5") as trace:
        source = remote.ranged_at(trace.path)
        assert source is not None
        assert trace.num_steps > 0
        assert source.requests == 1
    memory.rm("/packed", recursive=True)


def test_the_files_of_ranks_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    write(tmp_path / "run.rank0.h5", range(20), rank=0, num_ranks=2)
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "code_bits", lambda _: 0)
        write(tmp_path / "run.rank1.h5", range(20), rank=1, num_ranks=2)
    done: list[tuple[int, int]] = []
    found = pack(tmp_path / "run.rank*.h5", tmp_path / "one.h5", on_progress=lambda *at: done.append(at))
    assert found.files == 2
    assert done[-1] == (found.samples, found.samples)
    with open_trace(tmp_path / "run.rank*.h5") as files, open_trace(tmp_path / "one.h5") as one:
        assert (one.id, one.part.num_ranks, len(one.files)) == (files.id, 1, 1)
        assert [file.head.code_bits for file in (*one.files, *files.files)] == [(4, 0), (4, 0), (0, 0)]
        for path in files.columns:
            np.testing.assert_array_equal(
                one.storage.read(path, 0, len(one)), files.storage.read(path, 0, len(files))
            )
    of_files, of_one = (
        tables(str(tmp_path / name), tmp_path / name.partition(".")[0]) for name in ("run.rank*.h5", "one.h5")
    )
    assert of_files == of_one


def test_steps_that_a_rank_lacks_are_not_passed_over(tmp_path: Path) -> None:
    for rank in range(2):
        write(tmp_path / f"run.rank{rank}.h5", range(3 + rank), rank=rank, num_ranks=2)
    out = tmp_path / "one.h5"
    with pytest.raises(TraceError, match=r"run\*\.h5: expected steps that all ranks have, found 1 that some"):
        pack(tmp_path / "run.rank*.h5", out)
    assert not out.exists()
    pack(tmp_path / "run.rank*.h5", out, complete_steps=True)
    with open_trace(out) as trace:
        assert (trace.num_steps, trace.drops.tolist()) == (3, [3])


def test_what_is_not_closed_is_refused(tmp_path: Path) -> None:
    left = write_left(tmp_path / "run.h5", steps=4)
    with pytest.raises(TraceError) as caught:
        pack(left, tmp_path / "packed.h5")
    assert str(caught.value) == (
        f"{left}: expected a closed trace, found one that is still being written, or whose writer died; wait until it "
        "ends, or pack what `sparsey-trace repair run.h5 -o NEW.h5` makes of it"
    )


def test_where_it_fails_there_is_nothing(packed: Path, tmp_path: Path) -> None:
    content = bytearray(DIGITS.read_bytes())
    # In the last chunk of the file.
    content[-100] ^= 1
    broken, out = tmp_path / "broken.h5", tmp_path / "packed.h5"
    broken.write_bytes(content)
    with pytest.raises(
        TraceError, match=r"broken\.h5: expected to read the chunks of .* found: the chunk at "
    ):
        pack(broken, out)
    assert [path.name for path in tmp_path.iterdir()] == ["broken.h5"]
    with pytest.raises(UsageError, match=r"found that it is the trace, which is never written to"):
        pack(broken, broken, overwrite=True)
    out.write_bytes(b"")
    with pytest.raises(OutputError, match=r"packed\.h5: expected no file there, found one"):
        pack(packed, out)
    with pytest.raises(OutputError, match=r"nowhere/packed\.h5: expected to write results there, found: "):
        pack(packed, tmp_path / "nowhere/packed.h5")
