"""Parts that know nothing of each other come to what one analysis comes to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace.errors import OutputError, TraceError, UsageError
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.cache.private_folder import FOLDER
from sparsey_trace.replay.job_array.parts import analyze_part, merge_parts
from sparsey_trace.replay.partitioned.piece import Piece
from tests.cli.commands import sparsey_trace, write_trace
from tests.replay.cache.folders import content
from tests.replay.test_by_partition import FEW, Failing

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace of 32 samples."""
    return write_trace(tmp_path_factory.mktemp("run") / "run.h5")


def test_parts_in_any_order_come_to_the_same_bytes(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def part(number: int) -> str:
        return str(analyze_part(trace, part=(number, 3), out=out, **FEW)).removeprefix(f"{out}: ")

    def merged() -> str:
        return str(merge_parts(out)).removeprefix(f"{out}: ")

    # Of four partitions the first part has two.
    assert part(3) == "1 of 4 partitions are folded"
    assert part(1) == "3 of 4 partitions are folded"
    with pytest.raises(
        TraceError, match=r"expected all 4 partitions folded, found 1 missing \(numbers 1, from 0\)"
    ):
        merge_parts(out)
    assert part(2) == "all 4 partitions are folded; next: --merge"
    assert merged() == "0 of 4 partitions have given out their values; next: every --part once more"
    assert part(2) == "1 of 4 partitions have given out their values; next: every --part once more"
    with pytest.raises(
        TraceError, match=r"to have given out their values, found 3 missing \(numbers 0, 2, 3, from"
    ):
        merge_parts(out)
    part(1)
    assert part(3) == "all 4 partitions have given out their values; next: --merge"
    assert merged() == "4 tables: code_usage, basis_set, basis_set_size, match_accuracy"

    analyze(trace, out=tmp_path / "one", **FEW)
    assert content(out) == content(tmp_path / "one")
    # Nothing of the parts is left, and the tables are known.
    assert [path for path in (out / FOLDER).iterdir() if path.is_dir()] == []
    monkeypatch.setattr(Piece, "add", None)
    analyze(trace, out=out, **FEW)


def test_metrics_of_one_round_are_merged_once(trace: Path, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"metrics": ["num_activations", "basis_average"], "resolution": "epoch"}
    out = tmp_path / "run.metrics"
    for part in ("1/2", "2/2"):
        given = [
            "-m",
            "num_activations",
            "-m",
            "basis_average",
            "--resolution",
            "epoch",
            "--partition-size",
            "8",
        ]
        done = sparsey_trace("analyze", trace, *given, "-o", out, "--part", part)
        assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}: all 4 partitions are folded; next: --merge\n"
    done = sparsey_trace("analyze", "--merge", out)
    assert (done.returncode, done.stdout) == (0, f"{out}: 2 tables: basis_average, num_activations\n")
    analyze(trace, out=tmp_path / "one", **asked, partition_size=8)
    assert content(out) == content(tmp_path / "one")


def test_what_cannot_be(trace: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^part: expected one of 1/3 to 3/3, found 4/3$"):
        analyze_part(trace, part=(4, 3), out=tmp_path, **FEW)
    with pytest.raises(
        TraceError, match=r"found 32 samples, which are one of 1,048,576; take a smaller part"
    ):
        analyze_part(trace, part=(1, 3), out=tmp_path)
    with pytest.raises(UsageError, match=r"^failing: expected a metric of an installed package"):
        analyze_part(trace, part=(1, 3), out=tmp_path, metrics=[Failing()], partition_size=8)
    with pytest.raises(
        OutputError, match=r"what parts of one analysis have left, found none; run --part first$"
    ):
        merge_parts(tmp_path)
    done = sparsey_trace("analyze", trace, "--part", "3")
    assert (done.returncode, "--part: expected a part such as 3/100, found '3'" in done.stderr) == (2, True)


def test_parts_of_several_analyses_are_told_apart(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (8, 16):
        analyze_part(trace, part=(1, 1), out=tmp_path, metrics=["num_activations"], partition_size=size)
        if size == 8:
            with monkeypatch.context() as patch:
                patch.setattr("sparsey_trace.replay.by_partition.maker_of", lambda _: "other code")
                with pytest.raises(
                    TraceError, match=r"done by this version of the program .* and begin anew$"
                ):
                    merge_parts(tmp_path)
    with pytest.raises(
        OutputError, match=r"found those of 2: (/.*) and /.*; name one of these, or remove what isn't wanted$"
    ) as caught:
        merge_parts(tmp_path)
    (named,) = re.findall(r"2: (.*) and ", str(caught.value))
    assert merge_parts(named).tables == ("num_activations",)
    assert merge_parts(tmp_path).tables == ("num_activations",)
