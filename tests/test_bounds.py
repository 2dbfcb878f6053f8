"""Versions: what pyproject.toml allows, what constraints.txt pins, and what is installed, agree."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
OWN = "sparsey-trace"

UPPER = {"h5py": 1, "hdf5plugin": 1, "plotly": 2, "zarr": 1}
"""Packages with an upper bound, and how many numbers of a version it has: docs/decisions/0011-versions.md says why."""


@cache
def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements() -> list[Requirement]:
    """All that pyproject.toml asks for, of others, extras included."""
    extras = project()["optional-dependencies"]
    assert isinstance(extras, dict)
    texts = [*project()["dependencies"], *(text for extra in extras.values() for text in extra)]  # type: ignore[misc]
    found = {str(needed): needed for needed in map(Requirement, texts) if needed.name != OWN}
    return list(found.values())


def pins(name: str) -> dict[str, Requirement]:
    lines = (ROOT / name).read_text().splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in found}


def pinned(needed: Requirement) -> Version:
    """The version that the tests run with."""
    (pin,) = pins("constraints.txt")[canonicalize_name(needed.name)].specifier
    return Version(pin.version)


def untested(needed: Requirement, version: Version) -> str:
    """What there is to say of a version outside of what pyproject.toml allows; nothing of one within."""
    if needed.specifier.contains(version, prereleases=True):
        return ""
    return (
        f"{needed.name} {version} is installed, and pyproject.toml asks for {needed.name} {needed.specifier}, "
        f"as nothing else was tested. Install what constraints.txt names ({needed.name} {pinned(needed)}), or run "
        f"the whole suite with {version} and then change both files."
    )


def bounds(needed: Requirement, operator: str) -> list[str]:
    return [bound.version for bound in needed.specifier if bound.operator == operator]


@pytest.mark.parametrize("needed", requirements(), ids=str)
def test_pins_and_bounds_agree(needed: Requirement) -> None:
    assert len(bounds(needed, ">=")) == 1, f"{needed} says no lowest version"
    assert needed.specifier.contains(pinned(needed)), f"constraints.txt pins {pinned(needed)}, not {needed}"


@pytest.mark.parametrize("needed", requirements(), ids=str)
def test_what_is_installed_is_within_bounds(needed: Requirement) -> None:
    try:
        version = metadata.version(needed.name)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{needed.name} isn't installed")
    assert untested(needed, Version(version)) == ""


@pytest.mark.parametrize("needed", requirements(), ids=str)
def test_an_upper_bound_is_the_next_after_the_tested_version(needed: Requirement) -> None:
    numbers = UPPER.get(needed.name)
    *leading, last = pinned(needed).release[:numbers]
    expected = [".".join(map(str, (*leading, last + 1)))] if numbers else []
    assert bounds(needed, "<") == expected, f"{needed}: the tests run with {pinned(needed)}"


def test_a_version_beyond_its_bound_is_told_in_words() -> None:
    needed = Requirement("plotly>=6,<7.2")
    assert untested(needed, Version("7.1.3")) == ""
    assert untested(needed, Version("7.2.0")) == (
        "plotly 7.2.0 is installed, and pyproject.toml asks for plotly <7.2,>=6, as nothing else was tested. "
        f"Install what constraints.txt names (plotly {pinned(needed)}), or run the whole suite with 7.2.0 and then "
        "change both files."
    )


def test_a_package_has_one_range() -> None:
    ranges: dict[str, set[str]] = {}
    for needed in requirements():
        ranges.setdefault(needed.name, set()).add(str(needed.specifier))
    assert {name: found for name, found in ranges.items() if len(found) > 1} == {}


def test_only_what_nobody_asks_for_is_held_back_in_the_lowest_environment() -> None:
    assert (
        pins("tests/lowest.txt").keys() & {canonicalize_name(needed.name) for needed in requirements()}
        == set()
    )
