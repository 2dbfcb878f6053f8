"""What holds for every verb, whichever there are: walked through, so that new ones are held to it too."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import signal
import subprocess
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace.cli.app import command
from sparsey_trace.cli.main import main
from tests.cli.commands import COMMAND, on_terminal, sparsey_trace, write_trace
from tests.faults import unless_dear

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VERBS: dict[str, Any] = command().commands

CALLS = {
    "compare": ["run.h5", "other.h5"],
    "export": ["run.h5", "--to", "csv"],
    "plot": ["run.h5", "basis_set_size", "-o", "growth.svg"],
    "demo": ["--samples", "16", "--epochs", "1", "-o", "demo"],
    "metrics": [],
    "repair": ["run.h5", "-o", "repaired.h5"],
    "pack": ["run.h5", "-o", "packed.h5"],
    "relabel": ["run.h5", "--labels", "labels.csv", "-o", "relabelled.h5"],
}
"""What to call a verb with; one that isn't here is called with a trace."""

RESULT_IS_A_FILE = {"export", "plot", "report"}
"""These have no figures to print."""

COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|4[0-7]|38|48|9[0-7]|10[0-7])(?:;\d+)*m")


def call(verb: str) -> list[str]:
    if verb == "demo":
        pytest.importorskip("torch")
    return [verb, *CALLS.get(verb, ["run.h5"])]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """A trace of a name and of so many steps, written when it is first asked for."""
    return cache(lambda name, steps: write_trace(tmp_path_factory.mktemp("written") / name, steps=steps))


@pytest.fixture
def folder(tmp_path: Path, written: Callable[[str, int], Path]) -> Path:
    """Has two traces, in which there is little to do."""
    for name in ("run.h5", "other.h5"):
        shutil.copy(written(name, 8), tmp_path)
    (tmp_path / "labels.csv").write_text("sample,label\n3,5\n")
    return tmp_path


def options(verb: str) -> dict[str, Any]:
    """A verb's options by their names in the code."""
    return {option.name: option for option in VERBS[verb].params if option.name != "help" and option.opts}


@pytest.mark.parametrize("verb", VERBS)
def test_its_help_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"Examples:\n    sparsey-trace {verb}" in text
    assert max(map(len, text.splitlines())) <= 120
    assert inspect.getdoc(VERBS[verb].callback).splitlines()[0].endswith(".")
    for name, option in options(verb).items():
        assert option.help, name
        assert option.help.endswith((".", ")")), name


@pytest.mark.parametrize("verb", VERBS)
def test_every_example_names_options_that_there_are(verb: str) -> None:
    flags = {flag for option in options(verb).values() for flag in (*option.opts, *option.secondary_opts)}
    for line in re.findall(rf"^ +sparsey-trace {verb}\b(.*)", VERBS[verb].epilog, re.MULTILINE):
        used = re.findall(r"(?<!\S)(--?[a-z][a-z-]*)", line.partition("&&")[0].partition("|")[0])
        assert set(used) <= flags


def test_one_concept_has_one_name_and_one_short_flag() -> None:
    flags_of: dict[str, set[tuple[str, ...]]] = {}
    names_of: dict[str, set[str]] = {}
    for verb in VERBS:
        for name, option in options(verb).items():
            if option.opts[0].startswith("-"):
                flags_of.setdefault(name, set()).add((*option.opts, *option.secondary_opts))
                for flag in option.opts:
                    names_of.setdefault(flag, set()).add(name)
    assert {name: flags for name, flags in flags_of.items() if len(flags) > 1} == {}
    assert {flag: names for flag, names in names_of.items() if len(names) > 1} == {}


def test_what_every_verb_has() -> None:
    assert [verb for verb in VERBS if "--debug" not in options(verb)["debug"].opts] == []
    assert {verb for verb in VERBS if "as_json" not in options(verb)} <= RESULT_IS_A_FILE


# Where to put a result, and what JSON comes as, is a verb's own; the rest is said in the same words everywhere.
OWN_WORDS = {"out", "as_json", "run", "runs"}


def test_the_same_option_is_explained_in_the_same_words() -> None:
    words: dict[str, set[str]] = {}
    for verb in VERBS:
        for name, option in options(verb).items():
            words.setdefault(name, set()).add(option.help)
    assert {name: said for name, said in words.items() if len(said) > 1 and name not in OWN_WORDS} == {}


@pytest.mark.parametrize("verb", VERBS)
def test_in_a_pipe_nothing_steers_a_terminal(verb: str, folder: Path) -> None:
    found = sparsey_trace(*call(verb), cwd=folder)
    assert found.returncode == 0, found.stderr
    assert "\x1b" not in found.stdout + found.stderr
    assert "\r" not in found.stdout + found.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_no_color_is_respected_on_a_terminal(verb: str, folder: Path) -> None:
    assert COLOUR.search(on_terminal(*call(verb), cwd=folder, NO_COLOR="1")) is None


@pytest.mark.parametrize("verb", [verb for verb in VERBS if "as_json" in options(verb)])
def test_json_is_all_that_is_printed(verb: str, folder: Path) -> None:
    found = sparsey_trace(*call(verb), "--json", cwd=folder)
    assert found.returncode == 0, found.stderr
    assert isinstance(json.loads(found.stdout), dict)


@pytest.mark.parametrize("verb", unless_dear(VERBS, VERBS.keys() - {"analyze", "plot"}))
def test_ctrl_c_leaves_quietly_and_leaves_nothing_half_made(
    verb: str, folder: Path, written: Callable[[str, int], Path]
) -> None:
    before = set(folder.iterdir())
    assert sparsey_trace(*call(verb), cwd=folder).returncode == 0
    done = set(folder.iterdir())
    for name in ("run.h5", "other.h5"):  # of these there's more to do, and as much to be made
        shutil.copy(written(name, 600), folder)
    moment = None
    for _ in range(2):
        # Nor is what an earlier call made in the way.
        for path in set(folder.iterdir()) - before:
            subprocess.run(["rm", "-r", path], check=True)
        moment = interrupted(verb, folder, after=moment) / 2
        # A lock keeps nobody out once its process is dead.
        assert {path for path in folder.iterdir() if path.suffix != ".lock"} <= done
        assert not [path for path in folder.rglob(".*") if path.name != ".sparsey-trace"]


def interrupted(verb: str, folder: Path, *, after: float | None) -> float:
    """How long a call took that got a Ctrl-C: after so many seconds, or by default once it makes something."""
    pipe, before, began = subprocess.PIPE, set(folder.iterdir()), time.monotonic()
    with subprocess.Popen([COMMAND, *call(verb)], stdout=pipe, stderr=pipe, text=True, cwd=folder) as process:
        while process.poll() is None:
            lasted = time.monotonic() - began
            if lasted > after if after is not None else set(folder.iterdir()) != before:
                process.send_signal(signal.SIGINT)
                break
            time.sleep(0.005)
        _, said = process.communicate(timeout=60)
    assert process.returncode in (0, 130), said
    assert "Traceback" not in said
    assert "KeyboardInterrupt" not in said
    return lasted
