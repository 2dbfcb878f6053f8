"""What readers meet first, the README and a page for each kind of them: programs run, and what is named is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparsey_trace.trace.reading.open_trace import open_trace
from tests.cli.commands import sparsey_trace, write_trace

ROOT = Path(__file__).parents[2]


def run_blocks(page: str, **names: Any) -> dict[str, Any]:
    """All of a page's programs and commands, in their order, in the working directory."""
    for language, text in re.findall(r"```(python|sh)\n(.*?)```", (ROOT / page).read_text(), re.DOTALL):
        if language == "python":
            exec(compile(text, page, "exec"), names)
            continue
        for line in text.splitlines():
            assert sparsey_trace(*line.split()[1:], cwd=Path.cwd()).returncode == 0, line
    return names


def test_what_the_readme_records_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("sklearn", reason="the demo's digits are scikit-learn's")
    monkeypatch.chdir(tmp_path)
    run_blocks("README.md")
    lengths = {path.stem: len(open_trace(path)) for path in Path().glob("*.h5")}
    assert lengths == {"run": 80, "vq": 32, "wta": 32}


def test_who_has_a_quantiser_or_k_winners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    found = run_blocks("docs/for-quantisers.md")
    with open_trace("kwta.h5") as trace:
        assert trace.layers[0].codes.shape == (320, 1, 40)
        assert set(trace.layers[0].codes[:].sum(axis=2).ravel().tolist()) == {5}
    with open_trace("vq.h5") as trace:
        codes = trace.layers[0].codes[:]
    assert found["dead"].tolist() == [16 - len(np.unique(codes[:, :, stage])) for stage in range(2)]
    assert found["usage"]["used"].max() <= 16


def test_who_trains_a_sparsey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from tests.recording.models import OriginalModel, samples

    monkeypatch.chdir(tmp_path)
    run_blocks("docs/for-sparsey.md", model=OriginalModel(), loader=[(samples(4), [0] * 4)] * 3)
    assert len(open_trace("run.h5")) == 12


def test_who_got_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_trace(tmp_path / "run.h5")
    found = run_blocks("docs/for-readers.md")
    assert len(found["winners"]) == 10
    assert Path("run.html").exists()


def test_who_maintains_it_finds_what_is_named() -> None:
    text = (ROOT / "docs" / "for-maintainers.md").read_text()
    made = (ROOT / "Makefile").read_text()
    targets = re.findall(r"make (\w+)", text)
    assert len(targets) > 5
    assert [target for target in targets if f"\n{target}:" not in made] == []
    files = re.findall(r"`(?:python )?([\w.]+(?:/[\w.]+)+|\w+\.(?:txt|toml|md|py))`", text)
    assert len(files) > 10
    folders = [ROOT, ROOT / "sparsey_trace" / "metrics", ROOT / "sparsey_trace" / "charts"]
    assert [name for name in files if not any((folder / name).exists() for folder in folders)] == []
