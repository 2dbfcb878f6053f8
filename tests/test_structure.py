"""The house's plan: imports form no circle, files and folders stay small, tests are found under names of modules."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults import SELDOM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[1]
PACKAGE = "sparsey_trace"
FACADE = PACKAGE
"""Its imports don't count: it is what users see of all other modules, each of which may see it."""

MOST_LINES = 400
MOST_MODULES = 25
WITH_TORCH = ("recording", "demo", "sparseypy")

INTERPRETERS = {
    "cli/commands.py": "the installed command",
    "cli/output/test_streams.py": "a shell starts it",
    "cli/test_app.py": "what an interpreter that has loaded nothing loads",
    "cli/test_completion.py": "shells ask the installed command",
    "cli/test_ctrl_c.py": "how the installed command ends",
    "cli/test_start.py": "how the installed command starts",
    "cli/verbs/test_every_verb.py": "how the installed command ends",
    "cli/verbs/test_plot.py": "what an interpreter that has loaded nothing loads",
    "cli/verbs/test_watch.py": "the installed command has a terminal",
    "docs/test_site.py": "a reader's shell",
    "failing_writes.py": "the disk fails from its start on",
    "fork_server.py": "the one that all others are forked from",
    "fuzz/driver.py": "it may crash, and forks its own",
    "recording/model/test_attached_hooks.py": "it has never had the package",
    "replay/engine/test_memory.py": "its memory is measured",
    "replay/test_outputs.py": "it starts others, and is killed",
    "test_benchmarks.py": "benchmarks start their own",
    "test_import.py": "what an interpreter that has loaded nothing loads",
    "test_installed_plugins.py": "pip, of an environment of its own",
    "test_sample_traces.py": "it has no torch",
    "trace/reading/test_hostile.py": "its memory is bounded",
}
"""Which files of the tests start interpreters that aren't forked, and why: each takes half a second to many."""


@cache
def modules() -> dict[str, Path]:
    """Every module's file by its name; a package is the module in its `__init__.py`."""
    found = {}
    for folder, prefix in ((ROOT / PACKAGE, PACKAGE), (ROOT / "cli", f"{PACKAGE}.cli")):
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join([prefix, *parts]).removesuffix(".__init__")] = path
    return found


def is_package(module: str) -> bool:
    return modules()[module].name == "__init__.py"


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text())


def imported(module: str) -> Iterator[str]:
    """The modules of this package that a module imports, for types only or when called included."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            source = absolute(module, node)
            names = [f"{source}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            found = name if name in modules() else name.rpartition(".")[0]
            if found in modules():
                yield found


def absolute(module: str, node: ast.ImportFrom) -> str:
    """The full name of the module that `from ... import` names."""
    package = module if is_package(module) else module.rpartition(".")[0]
    return resolve_name("." * node.level + (node.module or ""), package)


def folder_of(module: str) -> str:
    """Where a module stands; the modules at the top, which all others share, each count as a folder."""
    parent = module.rpartition(".")[0]
    return module if is_package(module) or parent == PACKAGE else parent


@cache
def imports() -> dict[str, set[str]]:
    return {module: set(imported(module)) - {module} for module in modules() if module != FACADE}


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """One circle in a graph of who imports whom; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_imports_form_no_circle() -> None:
    assert " -> ".join(circle(imports())) == ""


def test_imports_form_no_circle_of_folders() -> None:
    folders: dict[str, set[str]] = {}
    reasons: dict[tuple[str, str], str] = {}
    for module, others in imports().items():
        for other in others:
            pair = folder_of(module), folder_of(other)
            if pair[0] != pair[1]:
                folders.setdefault(pair[0], set()).add(pair[1])
                reasons[pair] = f"{module} imports {other}"
    found = circle(folders)
    assert [reasons[pair] for pair in pairwise(found)] == []


def test_no_file_is_long() -> None:
    files = [*modules().values(), *(ROOT / "benchmarks").glob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_no_folder_is_full() -> None:
    files = Counter(path.parent for path in modules().values() if path.name != "__init__.py")
    assert {str(folder): number for folder, number in files.items() if number > MOST_MODULES} == {}


def test_half_of_all_modules_have_tests_under_their_name() -> None:
    names = [module for module in modules() if not is_package(module)]
    without = [str(path_of_tests(module)) for module in names if not (ROOT / path_of_tests(module)).exists()]
    assert len(without) <= len(names) / 2, "\n".join(without)


def path_of_tests(module: str) -> Path:
    *folders, name = module.split(".")[1:]
    return Path("tests", *folders, f"test_{name}.py")


def test_every_module_says_what_it_is() -> None:
    assert [module for module in modules() if not ast.get_docstring(tree(module))] == []


def test_torch_is_imported_where_models_are() -> None:
    allowed = tuple(f"{PACKAGE}.{folder}." for folder in WITH_TORCH)
    others = [module for module in modules() if not f"{module}.".startswith(allowed)]
    assert [module for module in others if "torch" in packages(module)] == []


def packages(module: str) -> set[str]:
    """The packages that a module imports, of others."""
    nodes = list(ast.walk(tree(module)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.split(".")[0] for name in names}


def test_every_folder_is_installed() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert setup["packages"] == sorted(setup["packages"])
    assert setup["packages"] == sorted(module for module in modules() if is_package(module))


def test_make_faults_runs_all_that_make_test_tries_seldom() -> None:
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    listed = [ROOT / name for name in re.findall(r"^FAULTS := (.*)", makefile, re.MULTILINE)[0].split()]
    assert all(path.exists() for path in listed)
    tests = ROOT / "tests"
    tries = re.compile(r"^from tests\.faults import .*\b(times|unless_dear)\b", re.MULTILINE)
    seldom = [path for path in tests.rglob("test_*.py") if tries.search(path.read_text())]
    assert len(seldom) > 10
    seldom += [tests / name for name in SELDOM]
    assert all(path.exists() for path in seldom)
    left_out = [path for path in seldom if not any(path.is_relative_to(of) for of in listed)]
    assert left_out == []


def test_interpreters_are_forked_where_nothing_speaks_against_it() -> None:
    """Those that are started anew are what took the suite longest."""
    starts = re.compile(r"\bsys\.executable\b|\bCOMMAND\b")
    files = {path.relative_to(ROOT / "tests").as_posix(): path for path in (ROOT / "tests").rglob("*.py")}
    found = {name for name, path in files.items() if starts.search(path.read_text())}
    assert sorted(found - {"test_structure.py"}) == sorted(INTERPRETERS)
