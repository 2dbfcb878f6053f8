"""Sparsey: layers of MACs, each listening to the one below."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sparsey_trace.demo.grids import rectangular
from sparsey_trace.demo.layer import LayerConfig, SparseyLayer
from sparsey_trace.errors import DataError


@dataclass(frozen=True, kw_only=True)
class SparseyConfig:
    """A whole model, in numbers.

    Attributes:
        input_shape: (height, width) of an input image; D = height * width.
        layers: lowest first.
    """

    input_shape: tuple[int, int]
    layers: tuple[LayerConfig, ...]


class Sparsey(nn.Module):
    """A small Sparsey for still images: purely spatial, feed-forward.

    After Rinkus (2010), Frontiers in Neuroanatomy 4:17, and Rinkus (2014), Frontiers in Computational
    Neuroscience 8:160. In training mode each forward pass also learns; in evaluation mode it only recalls.

    Attributes:
        config: what it was made from.
        layers: of class `SparseyLayer`, lowest first.
    """

    def __init__(self, config: SparseyConfig, *, seed: int = 0) -> None:
        """A model that has learned nothing yet; each layer draws from its own generator, made from `seed`."""
        super().__init__()
        self.config = config
        self.layers = nn.ModuleList()
        sources, cells = rectangular(*config.input_shape), 1
        for layer_config, layer_seed in zip(config.layers, self._layer_seeds(seed), strict=True):
            layer = SparseyLayer(layer_config, sources=sources, cells_per_source=cells, seed=layer_seed)
            self.layers.append(layer)
            sources, cells = layer.mac_positions, layer_config.num_cms * layer_config.num_neurons

    def _layer_seeds(self, seed: int) -> list[int]:
        generator = torch.Generator().manual_seed(seed)
        return [int(s) for s in torch.randint(2**62, (len(self.config.layers),), generator=generator)]

    def forward(self, x: Tensor) -> Tensor:
        """Run all layers.

        Args:
            x: [B, D] or [B, height, width], any dtype; a feature is on where non-zero.

        Returns:
            [B, M, Q * K] float32, the last layer's codes; all 0 where a MAC is silent.

        Raises:
            DataError: an input doesn't have D features.
        """
        codes = x.flatten(1)
        if codes.shape[1] != math.prod(self.config.input_shape):
            msg = f"input: expected shape [B, {', '.join(map(str, self.config.input_shape))}], found {list(x.shape)}"
            raise DataError(msg)
        for layer in self.layers:
            codes = layer(codes)
        return codes
