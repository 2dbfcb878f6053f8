"""From forward passes to steps: where the hooks are, and what they keep of a pass that is under way.

`Recorder` has the rules for what is a step.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sparsey_trace.errors import RecordError
from sparsey_trace.recording.adapters.make_layout import with_sizes
from sparsey_trace.recording.forward_pass import Here, LeftOut, Pass
from sparsey_trace.recording.model.hook import Hook
from sparsey_trace.recording.model.wrappers import CompileWatch, compile_hint, is_redirected
from sparsey_trace.recording.queue.dispatch import Dispatch
from sparsey_trace.recording.queue.pending_step import Draft, Shipment
from sparsey_trace.recording.steps.checks import checked_labels, phase_of
from sparsey_trace.recording.steps.winners import find_winners

if TYPE_CHECKING:
    from torch import nn

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.layer_choice import Choice
    from sparsey_trace.recording.queue.writer_thread import Pump
    from sparsey_trace.recording.run_files import Place
    from sparsey_trace.recording.sampling import Sampling
    from sparsey_trace.recording.steps.step import Step


class Capture:
    """The hooks on one model.

    Args:
        model: whose forward passes are steps.
        choice: the layers that are recorded.
        sampling: the passes that are recorded.
        pump: is given each step.
        place: where the steps go; it says the number of the first one, and how inputs are kept.

    Attributes:
        epoch: of the passes from now on.
        labels: of the next pass, or None.
        num_passes: how many were begun.
        num_steps: how many were taken by the pump.
        num_samples: how many samples these hold.
        num_bytes: how many bytes these hold.
        num_left_out: how many passes sampling left out.
        pid: the process that is recorded.
        seconds: spent in hooks.
    """

    def __init__(
        self,
        model: nn.Module,
        choice: Choice,
        *,
        sampling: Sampling,
        pump: Pump,
        place: Place,
    ) -> None:
        """Put the hooks on; see the class for the arguments."""
        self.epoch = 0
        self.labels: Any = None
        self.num_passes = self.num_steps = self.num_samples = self.num_bytes = self.num_left_out = 0
        self.pid = os.getpid()
        self.seconds = 0.0
        self._model, self._choice, self._layers = model, choice, choice.layers
        self._sampling, self._pump, self._dispatch = sampling, pump, Dispatch(place.inputs)
        self._place, self._next_step = place, place.part.first_step
        self._ending = threading.RLock()  # steps are numbered and queued in the order in which passes end
        self._layout: Layout | None = None
        self._here = Here()
        self._handles = [model.register_forward_pre_hook(Hook(self, self._begin), with_kwargs=True)]
        for index, layer in enumerate(self._layers):
            self._handles.append(layer.module.register_forward_hook(Hook(self, partial(self._read, index))))
        # Behind the layers', as the model may be a layer itself. Always called, so that a pass that
        # raises is forgotten at once.
        self._handles.append(model.register_forward_hook(Hook(self, self._end), always_call=True))
        self._handles += CompileWatch(model, self).attach()

    def detach(self) -> None:
        """Take the hooks off."""
        for handle in self._handles:
            handle.remove()

    def abandon(self) -> None:
        """Forget the pass under way in this thread."""
        self._here.under_way = None

    def report_faults(self) -> None:
        """Say what was found wrong with earlier steps after their passes, on another device than the host.

        Raises:
            RecordError: of the first of them; they aren't in the trace.
        """
        faults = self._pump.backlog.take_faults()
        if faults:
            self.num_steps -= len(faults)
            self.num_samples -= sum(fault.size for fault in faults)
            more = f" (and {len(faults) - 1} more steps aren't recorded)" if len(faults) > 1 else ""
            msg = f"{faults[0].error}{more}"
            raise RecordError(msg) from faults[0].error

    def _begin(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._here.under_way, self._here.handled = None, sys.exception()
        if is_redirected(self._model):
            self._here.is_redirected = True
            return
        self.num_passes += 1
        labels, self.labels = self.labels, None
        if self._pump.has_failed:
            self.detach()  # nobody takes steps any more: the model goes on as if unrecorded
            self._pump.report()
            return
        self.report_faults()
        phase = self._phase_if_wanted()
        if phase is None:
            self._here.under_way = LeftOut()
        else:
            self._here.under_way = self._look_at([*args, *kwargs.values()], phase=phase, labels=labels)

    def _phase_if_wanted(self) -> str | None:
        """The phase of the pass that begins; None where sampling leaves the pass out."""
        step = self._next_step
        if not self._sampling.is_due(step):
            return None
        phase = phase_of(self._layers, self._model, where=self._where)
        return phase if self._sampling.takes(step, phase=phase, epoch=self.epoch) else None

    def _look_at(self, arguments: list[Any], *, phase: str, labels: Any) -> Pass:
        inputs = self._find_input(arguments)
        shape = tuple(inputs.shape[1:])
        layout = self._layout or self._choice.layout(shape)
        if math.prod(shape) != layout.num_features:
            msg = (
                f"{self._where}: input: expected {layout.num_features} features a sample, as in the first step, "
                f"found {math.prod(shape)} (shape {list(inputs.shape)})"
            )
            raise RecordError(msg)
        kept = self._dispatch.kept(inputs)
        return Pass(layout=layout, phase=phase, size=inputs.shape[0], kept=kept, labels=labels)

    def _find_input(self, arguments: list[Any]) -> Tensor:
        for value in arguments:
            if isinstance(value, Tensor) and value.dim() and not value.is_complex():
                return value
        found = ", ".join(type(value).__name__ for value in arguments) or "no arguments"
        msg = (
            f"{self._where}: input: expected a real tensor [B, …] among the model's arguments, found {found}"
        )
        raise RecordError(msg)

    def _read(self, index: int, _: nn.Module, __: Any, output: Any) -> None:
        under_way = self._here.under_way
        if not isinstance(under_way, Pass):
            return
        layer = self._layers[index]
        self._check_order(len(under_way.codes), index)
        if self._layout is None:
            under_way.layout = with_sizes(under_way.layout, index, layer, output)
        with torch.no_grad():
            codes = layer.adapter.read(layer.module, output, under_way.layout.layers[index])
        if codes.size != under_way.size:
            msg = (
                f"{self._where}: {layer.name}: expected an output for each of the input's {under_way.size} "
                f"samples, found {codes.size}"
            )
            raise RecordError(msg)
        under_way.codes.append(codes)

    def _check_order(self, due: int, index: int) -> None:
        if index < due:
            msg = f"{self._where}: {self._layers[index].name}: expected one call in a forward pass, found a second"
            raise RecordError(msg)
        if index > due:
            msg = (
                f"{self._where}: expected {self._layers[due].name} to run before {self._layers[index].name}, found "
                f"that it didn't: a forward pass has to run every recorded layer once, lowest first{compile_hint()}"
            )
            raise RecordError(msg)

    def _end(self, *_: Any) -> None:
        under_way, self._here.under_way = self._here.under_way, None
        handled, self._here.handled = self._here.handled, None
        if sys.exception() is not handled:
            return  # forward raised, and torch calls this hook while it handles that
        if under_way is None and self._here.is_redirected:
            self._here.is_redirected = False
            return
        if under_way is None:
            msg = (
                f"{self._where}: expected the end of a pass under way, found one that was given up: the model "
                "calls itself, or caught an error of recording"
            )
            raise RecordError(msg)
        with self._ending:
            if isinstance(under_way, Pass):
                self._take(under_way)
            else:
                self.num_left_out += 1
            self._next_step += 1

    def _take(self, under_way: Pass) -> None:
        if len(under_way.codes) < len(self._layers):
            missing = ", ".join(layer.name for layer in self._layers[len(under_way.codes) :])
            msg = (
                f"{self._where}: expected every recorded layer to run in a forward pass, found that these didn't: "
                f"{missing} (layers that run in another thread, as under DataParallel, can't be seen{compile_hint()})"
            )
            raise RecordError(msg)
        if self._layout is None:
            self._place.check(under_way.layout)
        if under_way.size:
            self._hand_over(self._finish(under_way))

    def _finish(self, under_way: Pass) -> Step | Shipment:
        labels = checked_labels(under_way.labels, size=under_way.size, where=self._where)
        with torch.no_grad():
            values = find_winners(under_way.codes, under_way.layout)._asdict() | under_way.kept
        if isinstance(labels, Tensor):
            values["labels"], labels = labels, None
        draft = Draft(
            where=self._where,
            number=self._next_step,
            layout=under_way.layout,
            size=under_way.size,
            values=values,
            phase=under_way.phase,
            epoch=self.epoch,
            labels=labels,
            time=time.time(),
        )
        return self._dispatch.finish(draft, first_sample=self.num_samples)

    def _hand_over(self, step: Step | Shipment) -> None:
        if self._pump.put(step):
            self._layout = step.layout
            self.num_steps += 1
            self.num_samples += step.size
            self.num_bytes += step.nbytes

    @property
    def _where(self) -> str:
        return f"{type(self._model).__name__}: step {self._next_step}"
