"""Whatever another package offers, ours stand, and a warning says what is wrong with it."""

from __future__ import annotations

import importlib
import re
import sys
import warnings
from typing import TYPE_CHECKING

import pytest
from torch import nn

from sparsey_trace.errors import PluginWarning
from sparsey_trace.metrics import available, make_metric, registry
from sparsey_trace.recording.adapters import find
from sparsey_trace.support import plugins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Offer = Callable[..., None]

OURS = [cls.name for cls in registry.BUILT_IN]

METRIC = """
from __future__ import annotations
from dataclasses import dataclass
from typing import Optional
import numpy as np
from sparsey_trace.metrics.base import RunMetric, SampleMetric

@dataclass(frozen=True)
class Parent(RunMetric):
    '''A sound one.'''
    name = "parent"
    size: Optional[int] = None

    def update(self, state, chunk):
        return state

    def finalize(self, state, layout):
        return None
"""

ADAPTER = """
class Parent:
    def recognises(self, module):
        return True

    def layout(self, module, *, name, num_sources):
        return None

    def read(self, module, output, layout):
        return None

    def is_training(self, module, model):
        return True
"""


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offer]:
    """Installs a package of one module, as far as Python can tell."""
    forgotten = (plugins.plugins, registry.metric_classes, find.families)

    def install(source: str, group: str = plugins.METRICS) -> None:
        (tmp_path / "offered.py").write_text(source)
        info = tmp_path / "offering-0.3.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offering\nVersion: 0.3\n")
        (info / "entry_points.txt").write_text(f"[{group}]\nthing = offered:Thing\n")
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        for function in forgotten:
            function.cache_clear()

    yield install
    sys.modules.pop("offered", None)
    for function in forgotten:
        function.cache_clear()


BROKEN_METRICS = {
    "raise KeyError('a\\nb')": r"offered:Thing can't be imported: KeyError: 'a\nb'",
    "import sys; sys.exit(3)": "offered:Thing can't be imported: SystemExit: 3",
    "Thing = 5": "expected a class of RunMetric or SampleMetric, found 5",
    "class Thing(Parent): depth: int = 3": "Thing: expected a frozen dataclass, found another class",
    "@dataclass(frozen=True)\nclass Thing(Parent): name = 'A-b'": (
        "Thing: name: expected lower-case letters, digits and _, found 'A-b'"
    ),
    "@dataclass(frozen=True)\nclass Thing(Parent): name = 'num_activations'": (
        "Thing: name: expected one that no other metric has, found 'num_activations'"
    ),
    "import dataclasses\n@dataclass(frozen=True)\nclass Thing(Parent): a: list = dataclasses.field(kw_only=True)": (
        "Thing: expected a default for every parameter, found none for a"
    ),
    "@dataclass(frozen=True)\nclass Thing(SampleMetric): name = 'thing'": (
        "Thing: expected a method values, found none"
    ),
    "@dataclass(frozen=True)\nclass Thing(RunMetric):\n  name = 'thing'\n  def finalize(self, state, layout): ...": (
        "Thing: expected a method update, found none"
    ),
    "@dataclass(frozen=True)\nclass Thing(Parent): a: np.nothing = 1": (
        "offered:Thing: AttributeError: module 'numpy' has no attribute 'nothing'"
    ),
}


@pytest.mark.parametrize(("source", "fault"), BROKEN_METRICS.items())
def test_a_broken_metric_is_left_out(offer: Offer, source: str, fault: str) -> None:
    offer(METRIC + source)
    expected = (
        f"offering 0.3: entry point 'thing' of sparsey_trace.metrics is left out: {fault}; upgrade the package, or "
        "uninstall it"
    )
    with pytest.warns(PluginWarning, match=f"^{re.escape(expected)}$") as found:
        assert list(available()) == OURS
    assert len(found) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # said once
        assert make_metric("num_activations").name == "num_activations"
        assert list(available()) == OURS


def test_a_sound_metric_is_one_of_them(offer: Offer) -> None:
    offer(f"{METRIC}Thing = Parent\nThing.__doc__ = ' '")
    assert available()["parent"] == ""
    assert list(available()) == [*OURS, "parent"]
    made = make_metric("parent", {"size": "3"})
    assert made.parameters == {"size": 3}
    assert registry.package_of_metric(type(made)) == "offering 0.3"


BROKEN_ADAPTERS = {
    "Thing = 5": "int: expected methods of an adapter, found none named recognises, layout, read, is_training",
    "class Thing(Parent):\n  def __init__(self, x): ...": (
        "offered:Thing: TypeError: Thing.__init__() missing 1 required positional argument: 'x'"
    ),
}


@pytest.mark.parametrize(("source", "fault"), BROKEN_ADAPTERS.items())
def test_a_broken_adapter_is_left_out(offer: Offer, source: str, fault: str) -> None:
    offer(ADAPTER + source, plugins.ADAPTERS)
    expected = f"offering 0.3: entry point 'thing' of sparsey_trace.adapters is left out: {fault}; upgrade"
    with pytest.warns(PluginWarning, match=f"^{re.escape(expected)}"):
        assert find.families() == find.FAMILIES


class Known(nn.Module):
    """Looks like the original's layer."""

    input_connections = num_cms_per_mac = num_neurons_per_cm = 1


def test_what_ours_know_is_never_theirs(offer: Offer) -> None:
    offer(f"{ADAPTER}Thing = Parent", plugins.ADAPTERS)
    found = find.find_layers(nn.Sequential(Known(), nn.ReLU()), None)
    of_ours = [layer.name for layer in found if layer.adapter in find.FAMILIES]
    assert of_ours == ["0"]
    assert [layer.name for layer in found] == ["Sequential", "0", "1"]


def test_one_that_raises_when_it_looks_is_passed_over(offer: Offer) -> None:
    offer(f"{ADAPTER}class Thing(Parent):\n  def recognises(self, module): return 1 / 0", plugins.ADAPTERS)
    with pytest.warns(PluginWarning) as said:
        found = find.find_layers(nn.Sequential(Known()), None)
    assert [layer.adapter for layer in found] == [find.FAMILIES[0]]
    assert str(said[0].message) == (
        "Thing of offering 0.3: expected recognises to work on every module, found that it raised "
        "ZeroDivisionError, and it isn't used there; upgrade the package, or uninstall it"
    )
