"""Codes out of what layers of published packages put out: vector quantisers of every kind."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

import sparsey_trace as st
from sparsey_trace.errors import RecordError, RecordWarning
from sparsey_trace.recording import WinnerTakeAll, record
from tests.recording.models import WINNERS, Fixed, part, samples

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

if importlib.util.find_spec("vector_quantize_pytorch") is None:
    pytest.skip("vector_quantize_pytorch isn't installed", allow_module_level=True)


class Quantisers:
    """Those of the package, which brings torch's compiler: imported with the first that is asked for."""

    def __getattr__(self, name: str) -> Any:
        if not name[0].isupper():  # pytest asks whatever it collects whether it is a test
            raise AttributeError(name)
        return getattr(importlib.import_module("vector_quantize_pytorch"), name)


vq = Quantisers()

TOKENS, WIDTH = 7, 16


class Case(NamedTuple):
    """A quantiser, how it is described, and its winners as [B, M, Q] of what it put out."""

    make: Any
    shape: tuple[int, ...]
    sizes: tuple[int, int, int]
    output: Any
    winners: Any


def residual(**more: Any) -> nn.Module:
    return vq.ResidualVQ(dim=WIDTH, num_quantizers=4, codebook_size=32, **more)


def grouped() -> nn.Module:
    return vq.GroupedResidualVQ(dim=WIDTH, num_quantizers=3, groups=2, codebook_size=32)


def by_group(output: Any) -> Tensor:
    return output[1].movedim(0, -2)


CASES = {
    "VectorQuantize of vectors": Case(
        lambda: vq.VectorQuantize(WIDTH, 32), (WIDTH,), (1, 1, 32), 1, lambda out: out[1][:, None, None]
    ),
    "VectorQuantize of tokens": Case(
        lambda: vq.VectorQuantize(WIDTH, 32),
        (TOKENS, WIDTH),
        (TOKENS, 1, 32),
        1,
        lambda out: out[1][..., None],
    ),
    "VectorQuantize of heads": Case(
        lambda: vq.VectorQuantize(WIDTH, 32, heads=4, codebook_dim=4),
        (TOKENS, WIDTH),
        (TOKENS, 4, 32),
        1,
        lambda out: out[1],
    ),
    "ResidualVQ of vectors": Case(
        residual, (1, WIDTH), (1, 4, 32), lambda out: out[1][:, 0], lambda out: out[1]
    ),
    "ResidualVQ of tokens": Case(residual, (TOKENS, WIDTH), (TOKENS, 4, 32), 1, lambda out: out[1]),
    "ResidualVQ with dropout": Case(
        lambda: residual(quantize_dropout=True),
        (TOKENS, WIDTH),
        (TOKENS, 4, 33),
        lambda out: out[1] + 1,
        lambda out: out[1] + 1,
    ),
    "GroupedResidualVQ": Case(
        grouped, (TOKENS, WIDTH), (TOKENS * 2, 3, 32), by_group, lambda out: by_group(out).flatten(1, 2)
    ),
    "FSQ": Case(
        lambda: vq.FSQ(levels=[8, 5, 5], dim=WIDTH),
        (TOKENS, WIDTH),
        (TOKENS, 1, 200),
        1,
        lambda out: out[1][..., None],
    ),
    "LFQ of 2^18 codes": Case(
        lambda: vq.LFQ(codebook_size=1 << 18, dim=WIDTH).eval(),  # in training it takes a gigabyte
        (TOKENS, WIDTH),
        (TOKENS, 1, 1 << 18),
        "indices",
        lambda out: out.indices[..., None],
    ),
    "LFQ": Case(
        lambda: vq.LFQ(codebook_size=1024, dim=WIDTH),
        (TOKENS, WIDTH),
        (TOKENS, 1, 1024),
        "indices",
        lambda out: out.indices[..., None],
    ),
}


@pytest.mark.parametrize("size", [1, 256])
@pytest.mark.parametrize("name", CASES)
def test_a_quantiser_s_codes_are_recorded(tmp_path: Path, name: str, size: int) -> None:
    case = CASES[name]
    torch.manual_seed(0)
    model, seen = nn.Sequential(nn.Identity(), case.make()), []
    model[1].register_forward_hook(lambda _, __, output: seen.append(case.winners(output)))
    macs, cms, neurons = case.sizes
    layer = WinnerTakeAll("1", num_macs=macs, num_cms=cms, num_neurons=neurons, output=case.output)
    with record(model, tmp_path / "run.h5", layers=[layer]):
        model(torch.randn(size, *case.shape))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.layers[0].active[:].all()
        np.testing.assert_array_equal(trace.layers[0].codes[:], seen[0])


@pytest.mark.parametrize(
    ("output", "which"),
    [
        ((torch.zeros(2), WINNERS), 1),
        ([WINNERS, None], 0),
        ((torch.zeros(2), WINNERS), -1),
        ({"codes": WINNERS}, "codes"),
        ({"deep": [WINNERS]}, lambda output: output["deep"][0]),
    ],
)
def test_by_position_key_or_function(tmp_path: Path, output: Any, which: Any) -> None:
    model = Fixed(output)
    with record(model, tmp_path / "run.h5", layers=[part(output=which)]):
        model(samples(2))
    with st.open_trace(tmp_path / "run.h5") as trace:
        np.testing.assert_array_equal(trace.layers[0].active[:], [[True, True], [True, False]])


@pytest.mark.parametrize(
    ("output", "which", "message"),
    [
        (
            (torch.zeros(2), WINNERS),
            None,
            r"whole numbers of shape \[B, 2, 3\], with any axes .* into the batch, "
            r"found tuple of 0: \[2\] float32, 1: \[2, 2, 3\] int64; say what "
            r"of it holds the codes: WinnerTakeAll\(..., output=…\)",
        ),
        (
            (WINNERS,),
            3,
            r"part: output: expected 3 in the output, found IndexError: .* \(tuple of 0: \[2, 2, 3\] int64\)",
        ),
        (
            {"codes": WINNERS},
            "code",
            r"expected 'code' in the output, found KeyError: 'code' \(dict of 'codes': ",
        ),
        (
            WINNERS,
            1,
            r"expected 1 in the output, found TypeError: a tensor is one thing \(\[2, 2, 3\] int64\)",
        ),
        (
            (WINNERS,),
            lambda _: 1 / 0,
            r"expected its function to work on the output, found ZeroDivisionError",
        ),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, output: Any, which: Any, message: str) -> None:
    model = Fixed(output)
    with (
        pytest.raises(RecordError, match=message),
        record(model, tmp_path / "run.h5", layers=[part(output=which)]),
    ):
        model(samples(2))


@pytest.mark.parametrize(
    ("macs", "cms", "shape"), [(4, 1, (2, 4)), (4, 1, (2, 2, 2)), (1, 4, (2, 4)), (1, 1, (2,))]
)
def test_an_axis_of_one_may_be_left_out(tmp_path: Path, macs: int, cms: int, shape: tuple[int, ...]) -> None:
    winners = torch.arange(2 * macs * cms).reshape(shape) % 5
    layer = WinnerTakeAll("part", num_macs=macs, num_cms=cms, num_neurons=5)
    model = Fixed(winners)
    with record(model, tmp_path / "run.h5", layers=[layer]):
        model(samples(2))
    with st.open_trace(tmp_path / "run.h5") as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[:], winners.reshape(2, macs, cms))


@pytest.mark.parametrize(
    "shape",
    [(6, 2, 3), (6, 2), (6, 6), (3, 2, 2)],
    ids=["cells", "winners", "flat cells", "winners as they are"],
)
def test_macs_may_be_folded_into_the_batch(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """As Mixtral's router does with tokens: it puts out [B * tokens, experts of each]."""
    winners = torch.arange(12).reshape(3, 2, 2) % 3
    is_cells = (len(shape) == 3 and shape[2] == 3) or shape == (6, 6)
    output = torch.nn.functional.one_hot(winners, 3).float() if is_cells else winners
    layer = WinnerTakeAll("part", num_macs=2, num_cms=2, num_neurons=3)
    model = Fixed(output.reshape(shape), output.reshape(shape))
    with record(model, tmp_path / "run.h5", layers=[layer]):
        model(samples(3))
        with pytest.warns(RecordWarning, match="an output for each of the input's 4 samples, found 3"):
            model(samples(4))
    with st.open_trace(tmp_path / "run.h5") as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[:], winners)


@pytest.mark.parametrize(
    ("sizes", "forms"),
    [
        ((1, 4), r"\[B, 1, 4\] or \[B, 4\], with"),
        ((4, 1), r"\[B, 4, 1\] or \[B, 4\], with"),
        ((2, 4), r"\[B, 2, 4\], with"),
    ],
)
def test_the_forms_of_winners_are_named(tmp_path: Path, sizes: tuple[int, int], forms: str) -> None:
    layer = WinnerTakeAll("part", num_macs=sizes[0], num_cms=sizes[1], num_neurons=5)
    model = Fixed(torch.zeros(2, 7, dtype=torch.int64))
    with (
        pytest.raises(
            RecordError, match=rf"winners as whole numbers of shape {forms}.* found \[2, 7\] int64$"
        ),
        record(model, tmp_path / "run.h5", layers=[layer]),
    ):
        model(samples(2))
