"""Models of the package transformers, where it is installed: routers of experts, and layers that are read as codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.recording import WinnerTakeAll, record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import nn

transformers = pytest.importorskip("transformers")

TOKENS = 5


def mixtral() -> nn.Module:
    config = transformers.MixtralConfig(
        vocab_size=50,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        num_local_experts=4,
        num_experts_per_tok=2,
    )
    return transformers.MixtralModel(config)


def switch() -> nn.Module:
    config = transformers.SwitchTransformersConfig(
        vocab_size=50,
        d_model=16,
        d_kv=8,
        d_ff=16,
        num_layers=2,
        num_heads=2,
        num_experts=4,
        expert_capacity=999,
        num_sparse_encoder_layers=1,
    )
    return transformers.SwitchTransformersModel(config).encoder


def bert() -> nn.Module:
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    return transformers.BertModel(config)


def albert() -> nn.Module:
    config = transformers.AlbertConfig(
        vocab_size=50,
        embedding_size=8,
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
    )
    return transformers.AlbertModel(config)


def in_groups(output: Any) -> torch.Tensor:
    """The strongest of each four units of a token."""
    return output.unflatten(-1, (4, 4)).argmax(-1)


def of_albert(output: Any) -> torch.Tensor:
    return in_groups(output[0] if isinstance(output, tuple) else output)


@pytest.mark.parametrize("size", [1, 256])
@pytest.mark.parametrize(
    ("make", "name", "cms", "output", "winners"),
    [
        (mixtral, "layers.1.mlp.gate", 2, 2, lambda out: out[2].reshape(-1, TOKENS, 2)),
        (switch, "block.1.layer.1.mlp.router", 1, 0, lambda out: out[0].argmax(-1)[..., None]),
        (bert, "encoder.layer.1", 4, in_groups, in_groups),
    ],
    ids=["Mixtral", "SwitchTransformers", "BERT"],
)
def test_a_layer_s_codes_are_recorded(
    tmp_path: Path,
    make: Callable[[], nn.Module],
    name: str,
    cms: int,
    output: Any,
    winners: Callable[[Any], torch.Tensor],
    size: int,
) -> None:
    torch.manual_seed(0)
    model, seen = make().eval(), []
    layer = WinnerTakeAll(name, num_macs=TOKENS, num_cms=cms, num_neurons=4, output=output)
    with record(model, tmp_path / "run.h5", layers=layer):
        model.get_submodule(name).register_forward_hook(lambda _, __, out: seen.append(winners(out)))
        model(input_ids=torch.randint(50, (size, TOKENS)))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.layers[0].active[:].all()
        np.testing.assert_array_equal(trace.layers[0].codes[:], seen[0])


def test_each_call_of_tied_layers_is_a_moment(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, seen = albert().eval(), []
    name = "encoder.albert_layer_groups.0.albert_layers.0"
    layer = WinnerTakeAll(name, num_macs=TOKENS, num_cms=4, num_neurons=4, output=of_albert)
    model.get_submodule(name).register_forward_hook(lambda _, __, out: seen.append(of_albert(out)))
    with record(model, tmp_path / "run.h5", layers=layer, calls="each"):
        model(input_ids=torch.randint(50, (2, TOKENS)))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.samples.moment[:].tolist() == [0, 0, 1, 1, 2, 2]
        np.testing.assert_array_equal(trace.layers[0].codes[:], torch.cat(seen))


def dac() -> nn.Module:
    config = transformers.DacConfig(
        encoder_hidden_size=8,
        downsampling_ratios=[4, 4],
        decoder_hidden_size=16,
        upsampling_ratios=[4, 4],
        n_codebooks=3,
        codebook_size=16,
        codebook_dim=4,
    )
    return transformers.DacModel(config)


def mimi() -> nn.Module:
    config = transformers.MimiConfig(
        hidden_size=32,
        num_filters=4,
        upsampling_ratios=[4, 4],
        num_hidden_layers=1,
        intermediate_size=32,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
        codebook_size=16,
        codebook_dim=8,
        num_quantizers=3,
        vector_quantization_hidden_dimension=8,
        upsample_groups=32,
    )
    return transformers.MimiModel(config)


@pytest.mark.parametrize(
    ("make", "name", "output", "tokens"),
    [
        (dac, "quantizer", lambda out: out[1].transpose(1, 2), 16),
        (mimi, "", lambda out: out.audio_codes.transpose(1, 2), 8),
    ],
    ids=["DAC", "Mimi"],
)
def test_an_audio_codec_s_codes_are_recorded(
    tmp_path: Path, make: Callable[[], nn.Module], name: str, output: Any, tokens: int
) -> None:
    torch.manual_seed(0)
    model = make().eval()
    layer = WinnerTakeAll(name, num_macs=tokens, num_cms=3, num_neurons=16, output=output)
    with record(model, tmp_path / "run.h5", layers=layer):
        seen = model(torch.randn(2, 1, 256)).audio_codes.transpose(1, 2)
    with st.open_trace(tmp_path / "run.h5") as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[:], seen)
