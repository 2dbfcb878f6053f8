"""Models that torch.compile makes faster: what is recorded of them, and what can't be."""

from __future__ import annotations

import copy
import logging
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import sparsey_trace as st
from sparsey_trace.errors import RecordError, RecordWarning
from sparsey_trace.recording import WinnerTakeAll, record
from tests.faults import unless_dear
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, OneHot, OriginalModel, samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.fork_server import ForkServer

MAKE: dict[str, Callable[[], nn.Module]] = {
    "original": OriginalModel,
    "classifier": Classifier,
    # Its forward is torch's own, which torch.compile takes in together with the hooks.
    "sequential": lambda: nn.Sequential(nn.Linear(6, 24), OneHot(4)),
}
LAYERS = {
    "original": None,
    "classifier": CLASSIFIER_LAYERS,
    "sequential": [WinnerTakeAll("1", num_macs=2, num_cms=3, num_neurons=4)],
}

# torch meets it while it compiles, and silences it in a way that leaves it an error where warnings are errors.
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")

RECORD_FIRST = (
    r"; code that torch\.compile made before record doesn't call hooks: call record before the model first runs "
    r"compiled, or torch\.compiler\.reset\(\) after record"
)


@pytest.fixture(autouse=True)
def nothing_compiled() -> Iterator[None]:
    logging.getLogger("torch.__trace").disabled = True  # pytest would keep its many records
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def make(kind: str) -> nn.Module:
    torch.manual_seed(5)
    return MAKE[kind]()


def compiled(model: nn.Module, how: str, backend: Any = "eager") -> Callable[[Tensor], Tensor]:
    if how == "in place":
        model.compile(backend=backend)
        return model
    inner = model if how == "module" else lambda x: model(x) * 1
    return torch.compile(inner, backend=backend)


def train(run: Callable[[Tensor], Tensor], model: nn.Module) -> list[Tensor]:
    torch.manual_seed(1)
    outputs = []
    for number, is_training in enumerate([True, False, True]):
        model.train(is_training)
        outputs.append(run(samples(4, seed=number)))
    return outputs


def assert_equal(path: Path, expected: Path) -> None:
    with st.open_trace(path) as one, st.open_trace(expected) as other:
        assert one.layout == other.layout
        assert len(one) == len(other) > 0
        for chunk, wanted in zip(one.chunks(), other.chunks(), strict=True):
            for name in ("step", "phase", "inputs"):
                np.testing.assert_array_equal(getattr(chunk, name), getattr(wanted, name))
            for name in ("codes", "active"):
                for found, sought in zip(getattr(chunk, name), getattr(wanted, name), strict=True):
                    np.testing.assert_array_equal(found, sought)


EACH_WAY = list(
    product(
        MAKE,
        [("module", "eager"), ("module", "aot_eager"), ("in place", "aot_eager"), ("function", "eager")],
    )
)
DEAR = [
    ("original", ("module", "aot_eager")),
    ("original", ("function", "eager")),
    ("classifier", ("module", "eager")),
    ("classifier", ("in place", "aot_eager")),
]
"""Torch takes seconds to compile what has parts; each kind and each way is among the others too."""


@pytest.mark.parametrize(("kind", "way"), unless_dear(EACH_WAY, DEAR))
def test_recorded_and_then_compiled_it_leaves_what_it_would_uncompiled(
    tmp_path: Path, kind: str, way: tuple[str, str]
) -> None:
    model = make(kind)
    plain = copy.deepcopy(model)
    with record(plain, tmp_path / "plain.h5", layers=LAYERS[kind]):
        expected = train(plain, plain)
    with record(model, tmp_path / "run.h5", layers=LAYERS[kind]):
        outputs = train(compiled(model, *way), model)
    assert all(map(torch.equal, outputs, expected))
    assert all(map(torch.equal, model.state_dict().values(), plain.state_dict().values()))
    assert_equal(tmp_path / "run.h5", tmp_path / "plain.h5")


def test_the_model_is_compiled_and_the_hooks_are_not(tmp_path: Path) -> None:
    graphs: list[torch.fx.GraphModule] = []

    def backend(graph: torch.fx.GraphModule, _: list[Tensor]) -> Callable[..., Any]:
        graphs.append(graph)
        return graph.forward

    def operations() -> set[str]:
        return {str(node.target) for graph in graphs for node in graph.graph.nodes if "call" in node.op}

    model = make("classifier")
    torch.compile(model, backend=backend)(samples(4))
    alone = operations()
    graphs.clear()
    torch.compiler.reset()
    with record(model, tmp_path / "run.h5", layers=CLASSIFIER_LAYERS):
        torch.compile(model, backend=backend)(samples(4))
    assert operations() == alone
    assert len(graphs) > 1


def test_compiled_and_then_recorded_before_it_ran(tmp_path: Path) -> None:
    model = make("classifier")
    faster = torch.compile(model, backend="eager")
    with record(faster, tmp_path / "run.h5", layers=CLASSIFIER_LAYERS):
        faster(samples(3))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert [layer.layout.name for layer in trace.layers] == ["encoder.1", "deeper.1"]
        assert len(trace) == 3


UNNOTICED = {
    "original": "OriginalModel: step 0: .* found that these didn't: Layer_0, Layer_1 .*",
    "classifier": "Classifier: step 0: .* found that these didn't: encoder.1, deeper.1 .*",
    "sequential": "Sequential: expected its hooks to be called, found that they weren't",
}


@pytest.mark.parametrize(
    ("kind", "given"),
    unless_dear(
        list(product(UNNOTICED, ["the model", "the compiled one"])),
        [("original", "the compiled one"), ("classifier", "the model")],
    ),
)
def test_code_made_before_record_is_noticed_at_the_first_step(tmp_path: Path, kind: str, given: str) -> None:
    model = make(kind)
    faster = torch.compile(model, backend="eager")
    faster(samples(4))
    with record(model if given == "the model" else faster, tmp_path / "run.h5", layers=LAYERS[kind]) as rec:
        for _ in range(2):
            with pytest.raises(RecordError, match=UNNOTICED[kind] + RECORD_FIRST):
                faster(samples(4))
        assert rec.stats().steps == 0
        torch.compiler.reset()
        faster(samples(4))
        assert rec.stats().steps == 1


def test_one_part_compiled_and_run_before_is_noticed(tmp_path: Path) -> None:
    model = make("classifier")
    model.encoder = torch.compile(model.encoder, backend="eager")
    model(samples(4))
    with (
        pytest.raises(RecordError, match=rf"expected encoder\.1 to run before deeper\.1, .*{RECORD_FIRST}"),
        record(model, tmp_path / "run.h5", layers=CLASSIFIER_LAYERS),
    ):
        model(samples(4))


def test_compiled_parts_have_the_names_of_uncompiled_ones(tmp_path: Path) -> None:
    model = make("original")
    names = [name for name, _ in model.named_children()]
    for name in names:
        setattr(model, name, torch.compile(getattr(model, name), backend="eager"))
    with record(model, tmp_path / "run.h5"):
        model(samples(4))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert [layer.layout.name for layer in trace.layers] == names


@pytest.mark.parametrize("kind", ["original", "sequential"])
def test_a_model_that_is_compiled_but_not_called_raises_no_alarm(tmp_path: Path, kind: str) -> None:
    model, other = make(kind), make(kind)
    for made in (torch.compile(model, backend="eager"), other):
        made(samples(4))
    with (
        pytest.warns(RecordWarning, match=f"no forward pass of the model was recorded{RECORD_FIRST}"),
        record(model, tmp_path / "run.h5", layers=LAYERS[kind]),
    ):
        torch.compile(other, backend="eager")(samples(4))


@pytest.mark.parametrize("kind", MAKE)
def test_called_by_itself_a_model_that_ran_compiled_is_recorded(tmp_path: Path, kind: str) -> None:
    model = make(kind)
    faster = torch.compile(model, backend="eager")
    faster(samples(4))
    with record(faster, tmp_path / "run.h5", layers=LAYERS[kind]) as rec:
        model(samples(4))
        assert rec.stats().steps == 1


@pytest.mark.parametrize(
    ("kind", "how"),
    unless_dear(
        list(product(["original", "sequential"], ["module", "in place", "function"])),
        [("original", "in place"), ("original", "function")],
    ),
)
def test_a_compiled_model_runs_on_unrecorded_and_can_be_recorded_again(
    tmp_path: Path, kind: str, how: str
) -> None:
    model = make(kind)
    with record(model, tmp_path / "first.h5", layers=LAYERS[kind]) as first:
        run = compiled(model, how)
        run(samples(4))
    run(samples(4))
    with record(model, tmp_path / "second.h5", layers=LAYERS[kind]) as second:
        run(samples(4))
    assert (first.stats().steps, second.stats().steps) == (1, 1)


def test_a_whole_graph_is_refused_with_the_reason(tmp_path: Path) -> None:
    model = make("classifier")
    with (
        pytest.warns(RecordWarning, match="no trace was made"),
        record(model, tmp_path / "run.h5", layers=CLASSIFIER_LAYERS),
        pytest.raises(RuntimeError, match="sparsey-trace records here; compile without fullgraph=True"),
    ):
        torch.compile(model, backend="eager", fullgraph=True)(samples(4))


def test_who_does_not_compile_does_not_load_the_compiler(tmp_path: Path, fork_server: ForkServer) -> None:
    script = """
import sys
from sparsey_trace.recording import record
from tests.recording.models import OriginalModel, samples
model = OriginalModel()
with record(model, sys.argv[1]) as rec:
    model(samples(2))
assert rec.stats().steps == 1
assert "torch._dynamo" not in sys.modules
"""
    done = fork_server.run(script, tmp_path / "run.h5")
    assert done.returncode == 0, done.stderr
