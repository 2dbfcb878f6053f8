"""From forward passes of a live model to chunks: what a replay reads off a trace, made on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sparsey_trace.chunk import Chunk
from sparsey_trace.connections import PADDING
from sparsey_trace.errors import RecordError
from sparsey_trace.layout import NO_LABEL, PHASES
from sparsey_trace.recording.adapters.find import find_layers
from sparsey_trace.recording.adapters.make_layout import make_layout, shape_of_sample, with_sizes
from sparsey_trace.recording.adapters.spring2024 import macs_of
from sparsey_trace.recording.steps.inputs import copied_inputs
from sparsey_trace.recording.steps.unchecked_step import UncheckedStep
from sparsey_trace.recording.steps.winners import find_winners
from sparsey_trace.trace.format.inputs import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.adapters.base import ModelLayer
    from sparsey_trace.recording.adapters.codes import Codes
    from sparsey_trace.recording.steps.step import Step
    from sparsey_trace.sparseypy.layer_io import LayerIOHook


class LiveSteps:
    """The steps of one model, numbered from 0 as they are taken.

    Args:
        model: whose forward passes they are.
        needs_inputs: whether steps have the model's input; else it isn't looked at, where it isn't one.

    Attributes:
        layout: what the model is made of; None before the first step.
    """

    def __init__(self, model: nn.Module, *, needs_inputs: bool) -> None:
        """No step yet."""
        self.layout: Layout | None = None
        self._name, self._needs_inputs = type(model).__name__, needs_inputs
        self._num_steps = self._num_samples = 0
        self._is_binary = True

    def take(self, hook: LayerIOHook, last_batch: Any, *, training: bool) -> Chunk:
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
        layout = self.layout or self._first_layout(hook.layers, last_batch, outputs)
        codes = self._read(hook.layers, layout, outputs)
        values = find_winners([found.copied() for found in codes], layout)._asdict()
        if self._needs_inputs:
            self._check_batch(last_batch, layout, codes[0].size)
            values["inputs"] = copied_inputs(last_batch)
        step = self._step(layout, values, codes[0].size, training=training)
        chunk = _chunk(step, self._inputs(step.inputs), start=self._num_samples)
        self.layout = layout
        self._num_steps += 1
        self._num_samples += len(chunk)
        return chunk

    def _step(self, layout: Layout, values: dict[str, Tensor], size: int, *, training: bool) -> Step:
        if not size:
            msg = f"{self._where}: expected at least one sample in the pass before, found none"
            raise RecordError(msg)
        unchecked = UncheckedStep(
            where=self._where,
            number=self._num_steps,
            layout=layout,
            size=size,
            values=values,
            phase=PHASES[not training],
            epoch=0,
            marks={},
            time=0.0,
        )
        return unchecked.read(first_sample=self._num_samples)

    def _outputs(self, hook: LayerIOHook) -> list[Any]:
        """The layers' outputs, lowest first; MACs' put together as their layer does it."""
        ran, _, outputs = hook.get_layer_io()
        if not hook.layers:
            find_layers(hook.module, None)
        if not ran:
            msg = f"{self._where}: expected a forward pass of the model before, found none"
            raise RecordError(msg)
        if len(ran) != len(hook.layers):
            msg = (
                f"{self._where}: expected all {len(hook.layers)} layers in the pass before, found {len(ran)}"
            )
            raise RecordError(msg)
        return [self._joined(*given) for given in zip(hook.layers, ran, outputs, strict=True)]

    def _joined(self, layer: ModelLayer, ran: Any, output: Any) -> Any:
        if not isinstance(ran, list):
            return output
        by_mac, macs = dict(zip(ran, output, strict=True)), macs_of(layer.module)
        if len(by_mac) != len(macs):
            msg = f"{self._where}: {layer.name}: expected all {len(macs)} MACs in the pass before, found {len(by_mac)}"
            raise RecordError(msg)
        return torch.stack([by_mac[mac] for mac in macs], dim=1)

    def _first_layout(self, layers: Sequence[ModelLayer], last_batch: Any, outputs: Sequence[Any]) -> Layout:
        shape = tuple(last_batch.shape[1:]) if self._needs_inputs else (_num_heard(layers[0]),)
        layout = make_layout(layers, shape_of_sample(layers[0], shape))
        for index, (layer, output) in enumerate(zip(layers, outputs, strict=True)):
            layout = with_sizes(layout, index, layer, output)
        return layout

    @torch.no_grad()
    def _read(self, layers: Sequence[ModelLayer], layout: Layout, outputs: Sequence[Any]) -> list[Codes]:
        return [
            layer.adapter.read(layer.module, output, layout_of_layer)
            for layer, output, layout_of_layer in zip(layers, outputs, layout.layers, strict=True)
        ]

    def _check_batch(self, batch: Tensor, layout: Layout, size: int) -> None:
        if len(batch) != size or batch[0].numel() != layout.num_features:
            msg = (
                f"{self._where}: last_batch: expected the input of the pass before, {size} samples of "
                f"{layout.num_features} features, found shape {list(batch.shape)}"
            )
            raise RecordError(msg)

    def _inputs(self, flat: NDArray[Any] | None) -> NDArray[Any] | None:
        """[B, D] as a trace has them: uint8 as long as all are zeros and ones, then float32."""
        if flat is None:
            return None
        self._is_binary = self._is_binary and kind_of(flat) == "binary"
        return flat.astype(np.uint8 if self._is_binary else np.float32)

    @property
    def _where(self) -> str:
        return f"{self._name}: step {self._num_steps}"


def _num_heard(lowest: ModelLayer) -> int:
    """Of how many features an input has to consist at least for what the lowest layer listens to."""
    layout = lowest.adapter.layout(lowest.module, name=lowest.name, num_sources=PADDING)
    return int(layout.connections.max()) + 1


def _chunk(step: Step, inputs: NDArray[Any] | None, *, start: int) -> Chunk:
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
