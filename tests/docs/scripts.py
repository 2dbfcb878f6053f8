"""The scripts in `docs/`, which stand in no package, and what stored outputs are compared by."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def script(name: str) -> Any:
    """One of them as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made  # a dataclass looks its module up
    spec.loader.exec_module(made)
    return made


def shape(text: str) -> list[str]:
    """Lines without regard to their numbers, which another processor may make otherwise, and to spaces."""
    return [" ".join(re.sub(r"\d+", "0", line).replace("0.0", "0").split()) for line in text.splitlines()]
