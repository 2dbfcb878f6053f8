"""The page on the Python API: what it names exists, and documents and examples import nothing else."""

from __future__ import annotations

import ast
import importlib
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("torch", reason="what records is documented too")

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = "sparsey_trace"
DIRECTIVE = re.compile(r"^\.\. (currentmodule|auto\w+|py:module):: ([\w.]+)", re.MULTILINE)

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
EXAMPLES = sorted((ROOT / "tests" / "plugin_example" / "src").rglob("*.py"))


@cache
def public() -> dict[str, set[str]]:
    """By each public module the names that the page documents there."""
    names: dict[str, set[str]] = {}
    module = PACKAGE
    for directive, name in DIRECTIVE.findall((ROOT / "docs" / "api.md").read_text()):
        if directive == "currentmodule":
            module = name
        elif directive == "automodule":
            names[name] = offered(name)
        elif "." in name:
            names.setdefault(name.rpartition(".")[0], set()).add(name.rpartition(".")[2])
        else:
            names.setdefault(module, set()).add(name)
    return names


def offered(module: str) -> set[str]:
    """The names that a module offers: those it lists, or all that are defined in it."""
    names = vars(importlib.import_module(module))
    own = {name for name, thing in names.items() if getattr(thing, "__module__", None) == module}
    return set(names.get("__all__", own))


def test_what_is_documented_exists() -> None:
    assert len(public()) > 10
    missing = [
        f"{module}.{name}"
        for module, names in public().items()
        for name in names
        if not hasattr(importlib.import_module(module), name)
    ]
    assert missing == []


@pytest.mark.parametrize("module", [PACKAGE, f"{PACKAGE}.metrics"])
def test_what_users_see_is_documented(module: str) -> None:
    errors = importlib.import_module(f"{PACKAGE}.errors")
    exported = set(importlib.import_module(module).__all__) - {"metrics"}
    assert {name for name in exported - public()[module] if not hasattr(errors, name)} == set()


def test_authors_of_plugins_find_what_they_need() -> None:
    assert {"TRAIN", "EVAL"} <= public()[f"{PACKAGE}.layout"]
    assert "CODES_AND_ACTIVITY" in public()[f"{PACKAGE}.metrics.base"]
    assert "phase_column" in public()[f"{PACKAGE}.metrics.columns"]
    assert {"Family", "codes_of_winners"} <= public()[f"{PACKAGE}.recording.adapters"]
    assert {"check_metric_laws", "runs", "split"} <= public()[f"{PACKAGE}.testing"]


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS, *EXAMPLES], ids=lambda path: path.name)
def test_only_what_is_public_is_imported(path: Path) -> None:
    private = [
        f"from {module} import {name}"
        for code in programs(path)
        for module, name in imported(ast.parse(code))
        if not is_public(module, name)
    ]
    assert private == []


def programs(path: Path) -> Iterator[str]:
    """The Python in a page, a notebook or a file."""
    text = path.read_text()
    if path.suffix == ".md":
        yield from re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    elif path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        yield "\n".join("".join(cell["source"]) for cell in cells)
    else:
        yield text


def imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each module of the package and a name that is taken from it, by an import or as an attribute of the package."""
    aliases = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            aliases |= {alias.asname or alias.name: alias.name for alias in node.names if of_us(alias.name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield aliases[node.value.id], node.attr


def of_us(module: str) -> bool:
    return module.split(".")[0] == PACKAGE


def is_public(module: str, name: str) -> bool:
    """Whether it is documented: where it is imported from, or as what another public module has, too."""
    if f"{module}.{name}" in public():
        return True
    return module in public() and (name in public()[module] or is_documented_elsewhere(module, name))


def is_documented_elsewhere(module: str, name: str) -> bool:
    thing: Any = getattr(importlib.import_module(module), name)
    others = [(importlib.import_module(other), names) for other, names in public().items()]
    return any(getattr(other, name) is thing for other, names in others if name in names)


def test_a_private_import_is_seen() -> None:
    tree = ast.parse(
        "import sparsey_trace as st\nst.analyze\nfrom sparsey_trace.replay.analyze import analyze"
    )
    found = list(imported(tree))
    assert found == [("sparsey_trace.replay.analyze", "analyze"), ("sparsey_trace", "analyze")]
    assert [is_public(*each) for each in found] == [False, True]
