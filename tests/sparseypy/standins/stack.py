"""What models of both generations are: layers, one on the other."""

from __future__ import annotations

from typing import Any, Self

from torch import Tensor, nn


class Stack(nn.Module):
    """Layers, one on the other; `train` sets the flag of the layers and not its own."""

    def __init__(self) -> None:
        super().__init__()
        self.num_layers = 0

    def add_layer(self, layer: nn.Module) -> None:
        """On top of the others."""
        self.add_module(f"Layer_{self.num_layers}", layer)
        self.num_layers += 1

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - torch's own signature
        for layer in self.children():
            layer.train(mode)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """The input of the lowest layer to the output of the highest."""
        for layer in self.children():
            x = layer(x)
        return x


def check_shape(layer: Any, x: Tensor) -> None:
    """See that a layer hears what it was built for."""
    if x.shape[1:] != layer.prev_layer_output_shape:
        msg = f"Layer_{layer.layer_index}: [B, {layer.prev_layer_output_shape}] and not {tuple(x.shape)}"
        raise ValueError(msg)
