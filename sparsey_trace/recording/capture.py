"""From forward passes to steps: where the hooks are, and what they keep of a pass that is under way.

`Recorder` has the rules for what is a step.
"""

from __future__ import annotations

import os
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from torch import Tensor

from sparsey_trace.errors import RecordError
from sparsey_trace.recording.adapters.make_layout import with_sizes
from sparsey_trace.recording.adapters.plain import plain_activity
from sparsey_trace.recording.bad_steps import as_record_error
from sparsey_trace.recording.forward_pass import (
    CurrentPass,
    ForwardPass,
    RefusedPass,
    SkippedPass,
    UncountedPass,
    check_all_ran,
    check_num_features,
    check_num_samples,
    check_order,
)
from sparsey_trace.recording.model.attached_hooks import AttachedHooks
from sparsey_trace.recording.model.hook import ModelHook
from sparsey_trace.recording.model.transforms import transform_of
from sparsey_trace.recording.model.unseen import UnseenPasses
from sparsey_trace.recording.model.wrappers import CompileWatch, is_redirected
from sparsey_trace.recording.moments import PassOfMoments
from sparsey_trace.recording.queue.step_maker import AsItEnded, StepMaker
from sparsey_trace.recording.queued_counts import QueuedCounts
from sparsey_trace.recording.steps.checks import checked_marks, phase_of
from sparsey_trace.support.telling import tell

if TYPE_CHECKING:
    from torch import nn

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.bad_steps import BadSteps
    from sparsey_trace.recording.layer_choice import LayerChoice
    from sparsey_trace.recording.layer_values import LayerValues
    from sparsey_trace.recording.model_input import ModelInput
    from sparsey_trace.recording.queue.step_queue import QueuedStep
    from sparsey_trace.recording.queue.writer_thread import WriterThread
    from sparsey_trace.recording.run_files import RunFile
    from sparsey_trace.recording.sampling import Sampling

CALLS = ("once", "last", "each")
"""How often a layer may run in a pass."""


class Capture:
    """The hooks on one model.

    Args:
        model: whose forward passes are steps.
        choice: the layers that are recorded.
        model_input: finds the input.
        sampling: the passes that are recorded.
        bad_steps: what is done with those that can't be.
        values: what is recorded of each layer beside codes and activity.
        calls: one of `CALLS`.
        writer_thread: is given each step.
        run_file: where the steps go; it says the number of the first one, and how inputs are kept.

    Attributes:
        epoch: of the passes from now on.
        marks: of the samples of the next pass, by the names of `MARKS`.
        kept: the names of those that are the marks of the passes behind it too.
        is_paused: whether passes are no steps now.
        has_moments: whether each call of a layer is a moment of its own.
        tally: of passes.
        queued: how much was recorded.
        pid: the process that is recorded.
        seconds: spent in hooks.
        holder: who is to live as long as the hooks are on.
    """

    def __init__(
        self,
        model: nn.Module,
        choice: LayerChoice,
        *,
        model_input: ModelInput,
        sampling: Sampling,
        bad_steps: BadSteps,
        values: LayerValues,
        calls: str,
        writer_thread: WriterThread,
        run_file: RunFile,
    ) -> None:
        """No hook is on yet; see the class for the arguments."""
        self.epoch = 0
        self.marks: dict[str, Any] = {}
        self.kept: set[str] = set()
        self.is_paused = False
        self.tally = writer_thread.tally
        self.queued = QueuedCounts(writer_thread.queue)
        self.pid = os.getpid()
        self.seconds = 0.0
        self.holder: object = None
        self.bad_steps = bad_steps
        self._model, self._choice, self._layers = model, choice, choice.layers
        self._name = type(model).__name__
        self._model_input, self._sampling, self._calls = model_input, sampling, calls
        self.has_moments = calls == "each"
        self._writer_thread, self._queue = writer_thread, writer_thread.queue
        self._values = values
        self._plain = [None if values.names else plain_activity(layer.adapter) for layer in choice.layers]
        self._step_maker = StepMaker(run_file.inputs, most_bytes=writer_thread.most_bytes_unlooked)
        self._run_file = run_file
        self.tally.next_step = run_file.part.first_step
        self._ending = threading.RLock()  # steps are numbered and queued in the order in which passes end
        self._layout: Layout | None = None
        self._current = CurrentPass()
        self._told_of: set[str] = set()
        self._hooks = AttachedHooks()
        self.unseen = UnseenPasses(model, self._tell_once, lambda: self.is_paused)

    @property
    def has_told(self) -> bool:
        """Whether it was told of passes that aren't recorded."""
        return bool(self._told_of)

    def attach(self) -> None:
        """Put the hooks on."""
        hooks = self._hooks
        hooks.add(self._model.register_forward_pre_hook, ModelHook(self, self._begin), with_kwargs=True)
        for index, layer in enumerate(self._layers):
            hooks.add(layer.module.register_forward_hook, ModelHook(self, partial(self._read, index)))
        # Behind the layers', as the model may be a layer itself. Always called, so that a pass that
        # raises is forgotten at once.
        end = ModelHook(self, self._end)
        hooks.add(self._model.register_forward_hook, end, with_kwargs=True, always_call=True)
        hooks.keep(CompileWatch(self._model, self).attach() + self.unseen.attach())

    def detach(self) -> None:
        """Take the hooks off."""
        self._hooks.remove()
        self.holder = None

    def abandon(self) -> None:
        """Forget the pass under way in this thread."""
        self._current.under_way = None

    def refuse(self, error: Exception) -> None:
        """Raise what is wrong with the pass under way in this thread, or tell of it and leave its step out."""
        error, was_begun = as_record_error(error, self._where), self._current.under_way is not None
        self._current.under_way, self._current.is_given_up = None, True
        if self.bad_steps.is_raised(error, num_recorded=self.queued.steps):
            raise error
        self.bad_steps.leave_out(error)
        if was_begun:
            self._current.under_way = RefusedPass()
        elif self._current.is_ending:
            self._current.is_ending = False
            self._count_refused()

    def report_refused(self) -> None:
        """Say what was found wrong with earlier steps after their passes.

        Raises:
            RecordError: of the first of them; they aren't in the trace.
        """
        refused = self.queued.take_refused()
        if not refused:
            return
        if self.bad_steps.is_raised(refused[0].error, num_recorded=self.queued.steps):
            self.bad_steps.note_raised(len(refused))
            more = f" (and {len(refused) - 1} more steps aren't recorded)" if len(refused) > 1 else ""
            msg = f"{refused[0].error}{more}"
            raise RecordError(msg) from refused[0].error
        for step in refused:
            self.bad_steps.leave_out(step.error)

    def _begin(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        current = self._current
        current.is_given_up = current.under_way is not None
        current.under_way, current.handled, current.is_ending = None, sys.exception(), False
        current.saw_all_hooks = self._hooks.move_to_end()
        self.unseen.note_pass()
        if is_redirected(self._model):
            current.is_redirected = True
        elif self._writer_thread.is_finished:
            self.detach()
        elif self.is_paused or self._is_transformed(args, kwargs):
            current.under_way = UncountedPass()
        else:
            self.tally.passes += 1
            marks = self.marks
            self.marks = {name: marks[name] for name in self.kept}
            self._begin_step(args, kwargs, marks)

    def _begin_step(self, args: tuple[Any, ...], kwargs: dict[str, Any], marks: dict[str, Any]) -> None:
        current = self._current
        if self._writer_thread.has_failed:
            self.tally.lost += 1
            # Nobody takes steps any more: the model goes on as if unrecorded.
            current.under_way = UncountedPass()
            self._writer_thread.report()
            return
        self.report_refused()
        self._catch_up()
        current.under_way = RefusedPass()  # if what follows raises, and is let pass
        phase = self._phase_if_wanted()
        if phase is None:
            current.under_way = SkippedPass()
        else:
            current.under_way = self._look_at(args, kwargs, phase=phase, marks=marks)

    def _catch_up(self) -> None:
        """Know of what was queued or left out, also where Ctrl-C came right behind it."""
        self.tally.next_step = max(self.tally.next_step, self._queue.newest + 1)
        self._layout = self._layout or self._queue.totals.layout

    def _is_transformed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether torch runs the pass to trace or to transform the model; told once for each way."""
        for value in [*args, *kwargs.values()] or [None]:
            if (found := transform_of(value)) is not None:
                self._tell_once(f"a pass under {found} isn't recorded, nor are others like it")
                return True
        return False

    def _tell_once(self, message: str) -> None:
        if message not in self._told_of:
            self._told_of.add(message)
            tell(f"{self._where}: {message}")

    def _phase_if_wanted(self) -> str | None:
        """The phase of the pass that begins; None where sampling leaves the pass out."""
        step = self.tally.next_step
        if not self._sampling.is_due(step):
            return None
        phase = phase_of(self._layers, self._model, where=self._where)
        return phase if self._sampling.takes(step, phase=phase, epoch=self.epoch) else None

    def _look_at(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], *, phase: str, marks: dict[str, Any]
    ) -> ForwardPass:
        where = self._where
        inputs, num_inputs = self._find_input(args, kwargs, where=where)
        shape = inputs.shape
        layout = self._layout or self._choice.layout(tuple(shape[1:]))
        if self._run_file.inputs != "none":
            check_num_features(shape, layout, where=where)
        size = shape[0] // num_inputs
        memory = None if self.has_moments else self._step_maker.memory_for(size, self._layout)
        return (PassOfMoments if self.has_moments else ForwardPass)(
            where=where,
            layout=layout,
            phase=phase,
            size=size,
            memory=memory,
            inputs=self._step_maker.kept_inputs(inputs, memory),
            num_inputs=num_inputs,
            marks=marks,
            given=inputs,
        )

    def _find_input(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, where: str) -> tuple[Tensor, int]:
        """The input, and how many it holds: with moments there may be one for each, end to end."""
        if self.has_moments:
            return self._model_input.find_of_calls(args, kwargs, where=where)
        return self._model_input.find(args, kwargs, where=where), 1

    def _read(self, index: int, module: nn.Module, _: Any, output: Any) -> None:
        under_way = self._current.under_way
        activity = self._plain[index]
        if (
            activity is not None
            and type(under_way) is ForwardPass
            and type(output) is Tensor
            and transform_of(output) is None
            and under_way.take_again(index, output, activity(module))
        ):
            return  # as in the passes before, mostly: nothing but copies
        layer = self._layers[index]
        if not isinstance(under_way, ForwardPass):
            if under_way is None:
                self._notice_outside(layer.name)
            return
        if (found := transform_of(output)) is not None:
            msg = f"{under_way.where}: {layer.name}: expected an output with values, found it under {found}"
            raise RecordError(msg)
        if self._calls == "once" and index != len(under_way.codes):
            check_order(self._layers, under_way, index)
        if self._layout is None:
            under_way.layout = with_sizes(under_way.layout, index, layer, output)
        of_layer = under_way.layout.layers[index]
        codes = layer.adapter.read(layer.module, output, of_layer)
        if codes.cells.shape[0] != under_way.size:
            check_num_samples(codes, under_way, layer.name)
        values = None
        if self._values.names:
            values = self._values.read(layer.module, output, of_layer, size=codes.size, where=under_way.where)
        under_way.take(index, codes, values)

    def _notice_outside(self, name: str) -> None:
        """A layer ran where no pass is under way, or none that can still be recorded."""
        current = self._current
        is_explained = current.is_given_up or current.is_redirected
        if not (is_explained or self._writer_thread.is_finished or self._writer_thread.has_failed):
            self.unseen.note_outside(name)

    def _end(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], __: Any) -> None:
        current = self._current
        under_way, current.under_way = current.under_way, None
        handled, current.handled = current.handled, None
        if sys.exception() is not handled:
            return  # forward raised, and torch calls this hook while it handles that
        if under_way is None and current.is_redirected:
            current.is_redirected = False
            return
        if under_way is None:
            msg = (
                f"{self._where}: expected the end of a pass under way, found one that was given up: the model "
                "calls itself, or caught an error of recording"
            )
            raise RecordError(msg)
        if not isinstance(under_way, UncountedPass):
            current.is_ending = True
            with self._ending:
                self._catch_up()
                self._count(under_way, args, kwargs)
                self._catch_up()
            current.is_ending = False

    def _count(
        self,
        under_way: ForwardPass | SkippedPass | RefusedPass,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        if isinstance(under_way, RefusedPass):
            self._count_refused()
        elif isinstance(under_way, SkippedPass):
            self.tally.left_out += 1
            self.tally.next_step += 1
        else:
            self._take(under_way, args, kwargs)

    def _count_refused(self) -> None:
        with self._ending:
            self._queue.note_left_out(self.tally.next_step, self.bad_steps.last)
            self._catch_up()

    def _take(self, under_way: ForwardPass, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        check_all_ran(self._layers, under_way)
        under_way.check_calls(self._layers)
        if self._layout is None:
            self._run_file.check_layout(under_way.layout)
        if not self._current.saw_all_hooks:
            self._take_what_was_used(under_way, args, kwargs)
        if under_way.size:
            self._writer_thread.put(self._make_step(under_way))
        else:
            self.tally.next_step += 1

    def _take_what_was_used(
        self, under_way: ForwardPass, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Keep the input that a hook behind ours put in place of the one that was seen."""
        used, num_inputs = self._find_input(args, kwargs, where=under_way.where)
        if used is not under_way.given:
            check_num_features(used.shape, under_way.layout, where=under_way.where)
            under_way.num_inputs = num_inputs
            under_way.inputs = self._step_maker.kept_inputs(used, under_way.memory)

    def _make_step(self, ended: ForwardPass) -> QueuedStep:
        marks = {
            name: checked_marks(given, name, size=ended.size, where=self._where)
            for name, given in ended.marks.items()
        }
        marks = ended.join(marks)
        about = AsItEnded(
            model=self._name,
            number=self.tally.next_step,
            epoch=self.epoch,
            marks=marks,
            first_sample=self.queued.samples,
            is_looked_at=self.bad_steps.is_known_at_once(num_recorded=self.queued.steps),
        )
        return self._step_maker.make(ended, about)

    @property
    def _where(self) -> str:
        return f"{self._name}: step {self.tally.next_step}"
