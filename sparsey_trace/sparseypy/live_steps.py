"""From forward passes of a live model to chunks: what a replay reads off a trace, made on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sparsey_trace.chunk import Chunk
from sparsey_trace.errors import RecordError
from sparsey_trace.layout import NO_LABEL, PHASES, Layout
from sparsey_trace.recording.adapters.find import find_layers
from sparsey_trace.recording.adapters.make_layout import make_layout, with_sizes
from sparsey_trace.recording.adapters.spring2024 import macs_of
from sparsey_trace.recording.steps.inputs import copied_inputs
from sparsey_trace.recording.steps.unchecked_step import UncheckedStep
from sparsey_trace.recording.steps.winners import find_winners
from sparsey_trace.trace.format.encode import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from sparsey_trace.recording.adapters.base import ModelLayer
    from sparsey_trace.recording.adapters.codes import Codes
    from sparsey_trace.recording.steps.step import Step
    from sparsey_trace.sparseypy.hooks import LayerIOHook


class LiveSteps:
    """The steps of one model, numbered from 0 as they are taken.

    Args:
        model: whose forward passes they are.

    Attributes:
        layers: the model's, lowest first.
        layout: what the model is made of; None before the first step.

    Raises:
        RecordError: the model has no layers of a known family.
    """

    def __init__(self, model: nn.Module) -> None:
        """Find the layers."""
        self.layers = find_layers(model, None)
        self.layout: Layout | None = None
        self._name = type(model).__name__
        self._num_steps = self._num_samples = 0
        self._kind: str | None = None

    def take(self, hook: LayerIOHook, last_batch: Tensor, *, training: bool) -> Chunk:
        """The latest forward pass, as a step.

        Args:
            hook: on the model, of which it holds the latest pass.
            last_batch: [B, …], its input.
            training: whether it belongs to training.

        Raises:
            RecordError: there was no pass, or it doesn't fit the batch, or a MAC's code isn't one.
            LayoutError: the layers don't fit each other or the input.
        """
        outputs = self._outputs(hook)
        layout = self.layout or self._first_layout(tuple(last_batch.shape[1:]), outputs)
        codes = self._read(layout, outputs)
        self._check_batch(last_batch, layout, codes[0].size)
        unchecked = UncheckedStep(
            where=self._where,
            number=self._num_steps,
            layout=layout,
            size=len(last_batch),
            values=find_winners(codes, layout)._asdict() | {"inputs": copied_inputs(last_batch)},
            phase=PHASES[not training],
            epoch=0,
            labels=None,
            time=0.0,
        )
        step = unchecked.read(first_sample=self._num_samples)
        assert step.inputs is not None
        chunk = _chunk(step, self._inputs(step.inputs), start=self._num_samples)
        self.layout = layout
        self._num_steps += 1
        self._num_samples += len(chunk)
        return chunk

    def _outputs(self, hook: LayerIOHook) -> list[Any]:
        """The layers' outputs, lowest first; MACs' put together as their layer does it."""
        ran, _, outputs = hook.get_layer_io()
        if not ran:
            msg = f"{self._where}: expected a forward pass of the model before, found none"
            raise RecordError(msg)
        if len(ran) != len(self.layers):
            msg = (
                f"{self._where}: expected all {len(self.layers)} layers in the pass before, found {len(ran)}"
            )
            raise RecordError(msg)
        return [self._joined(*given) for given in zip(self.layers, ran, outputs, strict=True)]

    def _joined(self, layer: ModelLayer, ran: Any, output: Any) -> Any:
        if not isinstance(ran, list):
            return output
        by_mac, macs = dict(zip(ran, output, strict=True)), macs_of(layer.module)
        if len(by_mac) != len(macs):
            msg = f"{self._where}: {layer.name}: expected all {len(macs)} MACs in the pass before, found {len(by_mac)}"
            raise RecordError(msg)
        return torch.stack([by_mac[mac] for mac in macs], dim=1)

    def _first_layout(self, shape: tuple[int, ...], outputs: Sequence[Any]) -> Layout:
        layout = make_layout(self.layers, shape)
        for index, (layer, output) in enumerate(zip(self.layers, outputs, strict=True)):
            layout = with_sizes(layout, index, layer, output)
        return layout

    @torch.no_grad()
    def _read(self, layout: Layout, outputs: Sequence[Any]) -> list[Codes]:
        return [
            layer.adapter.read(layer.module, output, layout_of_layer)
            for layer, output, layout_of_layer in zip(self.layers, outputs, layout.layers, strict=True)
        ]

    def _check_batch(self, batch: Tensor, layout: Layout, size: int) -> None:
        if not size:
            msg = f"{self._where}: last_batch: expected at least one sample, found none"
            raise RecordError(msg)
        if len(batch) != size or batch[0].numel() != layout.num_features:
            msg = (
                f"{self._where}: last_batch: expected the input of the pass before, {size} samples of "
                f"{layout.num_features} features, found shape {list(batch.shape)}"
            )
            raise RecordError(msg)

    def _inputs(self, flat: NDArray[Any]) -> NDArray[Any]:
        """[B, D] as a trace has them: uint8 where the first ones are zeros and ones, else float32."""
        kind = kind_of(flat)
        if self._kind is None:
            self._kind = kind
        if self._kind == "binary" != kind:
            msg = (
                f"{self._where}: last_batch: expected zeros and ones, as in the first step, found other values; begin "
                "with a batch that has them"
            )
            raise RecordError(msg)
        return flat.astype(np.uint8 if self._kind == "binary" else np.float32)

    @property
    def _where(self) -> str:
        return f"{self._name}: step {self._num_steps}"


def _chunk(step: Step, inputs: NDArray[Any], *, start: int) -> Chunk:
    return Chunk(
        layout=step.layout,
        start=start,
        step=np.full(step.size, step.number, np.int64),
        epoch=np.full(step.size, step.epoch, np.int32),
        phase=np.full(step.size, PHASES.index(step.phase), np.uint8),
        label=np.full(step.size, NO_LABEL),
        inputs=inputs,
        codes=tuple(
            winners.astype(layer.code_dtype)
            for winners, layer in zip(step.winners_by_layer(), step.layout.layers, strict=True)
        ),
        active=tuple(step.active_by_layer()),
    )
