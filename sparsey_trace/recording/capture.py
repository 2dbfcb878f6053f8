"""From forward passes to steps: where the hooks are, and what they keep of a pass that is under way.

`Recorder` has the rules for what is a step.
"""

from __future__ import annotations

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
from sparsey_trace.recording.forward_pass import (
    CurrentPass,
    ForwardPass,
    SkippedPass,
    check_all_ran,
    check_num_features,
    check_num_samples,
    check_order,
    find_input,
)
from sparsey_trace.recording.model.hook import ModelHook
from sparsey_trace.recording.model.wrappers import CompileWatch, is_redirected
from sparsey_trace.recording.queue.step_maker import StepMaker
from sparsey_trace.recording.steps.checks import checked_labels, phase_of
from sparsey_trace.recording.steps.unchecked_step import UncheckedStep
from sparsey_trace.recording.steps.winners import find_winners

if TYPE_CHECKING:
    from torch import nn

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.layer_choice import LayerChoice
    from sparsey_trace.recording.queue.pending_step import PendingStep
    from sparsey_trace.recording.queue.writer_thread import WriterThread
    from sparsey_trace.recording.run_files import RunFile
    from sparsey_trace.recording.sampling import Sampling
    from sparsey_trace.recording.steps.step import Step


class Capture:
    """The hooks on one model.

    Args:
        model: whose forward passes are steps.
        choice: the layers that are recorded.
        sampling: the passes that are recorded.
        writer_thread: is given each step.
        run_file: where the steps go; it says the number of the first one, and how inputs are kept.

    Attributes:
        epoch: of the passes from now on.
        labels: of the next pass, or None.
        num_passes: how many were begun.
        num_steps: how many were queued.
        num_samples: how many samples these hold.
        num_bytes: how many bytes these hold.
        num_left_out: how many passes sampling left out.
        pid: the process that is recorded.
        seconds: spent in hooks.
    """

    def __init__(
        self,
        model: nn.Module,
        choice: LayerChoice,
        *,
        sampling: Sampling,
        writer_thread: WriterThread,
        run_file: RunFile,
    ) -> None:
        """Put the hooks on; see the class for the arguments."""
        self.epoch = 0
        self.labels: Any = None
        self.num_passes = self.num_steps = self.num_samples = self.num_bytes = self.num_left_out = 0
        self.pid = os.getpid()
        self.seconds = 0.0
        self._model, self._choice, self._layers = model, choice, choice.layers
        self._sampling, self._writer_thread = sampling, writer_thread
        self._step_maker = StepMaker(run_file.inputs)
        self._run_file, self._next_step = run_file, run_file.part.first_step
        self._ending = threading.RLock()  # steps are numbered and queued in the order in which passes end
        self._layout: Layout | None = None
        self._current = CurrentPass()
        self._handles = [model.register_forward_pre_hook(ModelHook(self, self._begin), with_kwargs=True)]
        for index, layer in enumerate(self._layers):
            hook = ModelHook(self, partial(self._read, index))
            self._handles.append(layer.module.register_forward_hook(hook))
        # Behind the layers', as the model may be a layer itself. Always called, so that a pass that
        # raises is forgotten at once.
        self._handles.append(model.register_forward_hook(ModelHook(self, self._end), always_call=True))
        self._handles += CompileWatch(model, self).attach()

    def detach(self) -> None:
        """Take the hooks off."""
        for handle in self._handles:
            handle.remove()

    def abandon(self) -> None:
        """Forget the pass under way in this thread."""
        self._current.under_way = None

    def report_refused(self) -> None:
        """Say what was found wrong with earlier steps after their passes, on another device than the host.

        Raises:
            RecordError: of the first of them; they aren't in the trace.
        """
        refused = self._writer_thread.queue.take_refused()
        if refused:
            self.num_steps -= len(refused)
            self.num_samples -= sum(step.size for step in refused)
            more = f" (and {len(refused) - 1} more steps aren't recorded)" if len(refused) > 1 else ""
            msg = f"{refused[0].error}{more}"
            raise RecordError(msg) from refused[0].error

    def _begin(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._current.under_way, self._current.handled = None, sys.exception()
        if is_redirected(self._model):
            self._current.is_redirected = True
            return
        self.num_passes += 1
        labels, self.labels = self.labels, None
        if self._writer_thread.has_failed:
            self.detach()  # nobody takes steps any more: the model goes on as if unrecorded
            self._writer_thread.report()
            return
        self.report_refused()
        phase = self._phase_if_wanted()
        if phase is None:
            self._current.under_way = SkippedPass()
        else:
            self._current.under_way = self._look_at([*args, *kwargs.values()], phase=phase, labels=labels)

    def _phase_if_wanted(self) -> str | None:
        """The phase of the pass that begins; None where sampling leaves the pass out."""
        step = self._next_step
        if not self._sampling.is_due(step):
            return None
        phase = phase_of(self._layers, self._model, where=self._where)
        return phase if self._sampling.takes(step, phase=phase, epoch=self.epoch) else None

    def _look_at(self, arguments: list[Any], *, phase: str, labels: Any) -> ForwardPass:
        where = self._where
        inputs = find_input(arguments, where=where)
        layout = self._layout or self._choice.layout(tuple(inputs.shape[1:]))
        check_num_features(inputs, layout, where=where)
        return ForwardPass(
            where=where,
            layout=layout,
            phase=phase,
            size=inputs.shape[0],
            inputs=self._step_maker.kept_inputs(inputs),
            labels=labels,
        )

    def _read(self, index: int, _: nn.Module, __: Any, output: Any) -> None:
        under_way = self._current.under_way
        if not isinstance(under_way, ForwardPass):
            return
        layer = self._layers[index]
        check_order(self._layers, under_way, index)
        if self._layout is None:
            under_way.layout = with_sizes(under_way.layout, index, layer, output)
        with torch.no_grad():
            codes = layer.adapter.read(layer.module, output, under_way.layout.layers[index])
        check_num_samples(codes, under_way, layer.name)
        under_way.codes.append(codes)

    def _end(self, *_: Any) -> None:
        under_way, self._current.under_way = self._current.under_way, None
        handled, self._current.handled = self._current.handled, None
        if sys.exception() is not handled:
            return  # forward raised, and torch calls this hook while it handles that
        if under_way is None and self._current.is_redirected:
            self._current.is_redirected = False
            return
        if under_way is None:
            msg = (
                f"{self._where}: expected the end of a pass under way, found one that was given up: the model "
                "calls itself, or caught an error of recording"
            )
            raise RecordError(msg)
        with self._ending:
            if isinstance(under_way, ForwardPass):
                self._take(under_way)
            else:
                self.num_left_out += 1
            self._next_step += 1

    def _take(self, under_way: ForwardPass) -> None:
        check_all_ran(self._layers, under_way)
        if self._layout is None:
            self._run_file.check_layout(under_way.layout)
        if under_way.size:
            self._queue(self._make_step(under_way))

    def _make_step(self, ended: ForwardPass) -> Step | PendingStep:
        labels = checked_labels(ended.labels, size=ended.size, where=self._where)
        with torch.no_grad():
            values = find_winners(ended.codes, ended.layout)._asdict() | ended.inputs
        if isinstance(labels, Tensor):
            values["labels"], labels = labels, None
        step = UncheckedStep(
            where=self._where,
            number=self._next_step,
            layout=ended.layout,
            size=ended.size,
            values=values,
            phase=ended.phase,
            epoch=self.epoch,
            labels=labels,
            time=time.time(),
        )
        return self._step_maker.make(step, first_sample=self.num_samples)

    def _queue(self, step: Step | PendingStep) -> None:
        if self._writer_thread.put(step):
            self._layout = step.layout
            self.num_steps += 1
            self.num_samples += step.size
            self.num_bytes += step.nbytes

    @property
    def _where(self) -> str:
        return f"{type(self._model).__name__}: step {self._next_step}"
