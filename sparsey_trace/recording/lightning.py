"""Recording where Lightning trains: a callback. Needs `lightning`, or `pytorch_lightning`."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
from typing import TYPE_CHECKING, Any

import torch

from sparsey_trace.errors import RecordError
from sparsey_trace.recording import Recorder, record
from sparsey_trace.recording.lightning_loops import LOOPS, Loops
from sparsey_trace.support.telling import LOG
from sparsey_trace.support.user_path import user_path

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping

    from lightning.pytorch import Callback, LightningModule, Trainer
    from torch import nn

_NAMESPACES = ("lightning.pytorch", "pytorch_lightning")


def labels_of_pair(batch: Any) -> torch.Tensor | None:
    """The y of a batch (x, y) where it holds a whole number for each sample; of any other batch None.

    >>> labels_of_pair([torch.zeros(2, 5), torch.tensor([7, 3])])
    tensor([7, 3])
    >>> labels_of_pair([torch.zeros(2, 5), torch.zeros(2)])
    """
    if not (isinstance(batch, (tuple, list)) and len(batch) == 2):
        return None
    x, y = batch
    if not (isinstance(x, torch.Tensor) and isinstance(y, torch.Tensor) and x.dim() and y.dim()):
        return None
    is_whole = not (y.is_floating_point() or y.is_complex())
    return y if is_whole and len(x) == len(y) == y.numel() else None


def _loop(trainer: Trainer) -> str:
    stage = trainer.state.stage
    return "" if stage is None else stage.value


def _namespace(module: str) -> Any:
    """A module of Lightning's, under the name that is in use."""
    name = next(name for name in _NAMESPACES if name in sys.modules)
    return importlib.import_module(f"{name}.{module}")


def _callback_class() -> type[Callback]:
    """What a trainer takes for a callback: of the namespace that is in use, or of all where none is yet."""
    loaded = [name for name in _NAMESPACES if name in sys.modules]
    found = []
    for name in loaded or _NAMESPACES:
        with contextlib.suppress(ModuleNotFoundError):
            found.append(importlib.import_module(name).Callback)
    if not found:
        msg = (
            "SparseyTraceCallback: expected the package lightning, found it not installed; "
            'run pip install "sparsey-trace[lightning]"'
        )
        raise ModuleNotFoundError(msg, name="lightning")
    return type("Callback", tuple(found), {})


if not TYPE_CHECKING:
    Callback = _callback_class()


class SparseyTraceCallback(Callback):  # type: ignore[misc]
    """Records what a trainer's loops run: one forward pass of the Sparsey is one step.

    `fit` is a recording, with the validation in it; so is each call of `validate`, `test` and `predict`. A trace begins
    with the first loop that is recorded and ends with the call, also where that ends in an exception or with Ctrl-C.
    The epoch is the trainer's, the phase the model's own: evaluation in all loops but training. Each checkpoint commits
    first, so that the trace holds all that the checkpoint has seen. Ranks record a file each, as with `record`.

    A call that goes on with a run (`ckpt_path=…`, or the same trainer or callback once more, as `test` behind `fit`) is
    recorded into the next file, as with `record(…, resume=True)`; any other doesn't replace what is there. What is
    trained again because the checkpoint was older than the end of the trace is in it twice, as the model saw it.

    Args:
        path: the trace to make.
        model: the Sparsey in the LightningModule: its name there, as "net" or "encoder.sparsey", or a function
            from the LightningModule to it; by default the LightningModule itself.
        labels: from a batch, as it is on the device, to a whole number for each sample or None; by default the y of
            batches (x, y). None records none.
        ids: likewise, to the samples' places in their dataset; by default there are none.
        sequence: likewise, to the sequences that the samples belong to.
        moment: likewise, to their places in these.
        loops: which loops are recorded: `train`, `validate`, `test`, `predict` and `sanity_check`; by default all but
            the last. What is left out is told, by Lightning's own lines of information and in the trace.
        options: those of `record`. `config` is by default what the module's `save_hyperparameters` saved. `overwrite`
            replaces what was there before the callback, not what it has recorded itself.

    Raises:
        TypeError: an option is none of `record`'s.
        UsageError: a loop is none of Lightning's.

    >>> SparseyTraceCallback("run.h5", every=10)
    <SparseyTraceCallback run.h5>
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        model: str | Callable[[LightningModule], nn.Module] | None = None,
        labels: Callable[[Any], Any] | None = labels_of_pair,
        ids: Callable[[Any], Any] | None = None,
        sequence: Callable[[Any], Any] | None = None,
        moment: Callable[[Any], Any] | None = None,
        loops: Collection[str] = LOOPS,
        **options: Any,
    ) -> None:
        """Nothing is made before a loop starts."""
        super().__init__()
        inspect.signature(record).bind(None, path, **options)
        self._path, self._model, self._options = user_path(path), model, options
        self._marks = {"labels": labels, "ids": ids, "sequence": sequence, "moment": moment}
        self._loops = Loops(loops, options.get("predicate"))
        self._recorder: Recorder | None = None
        self._has_recorded = False

    def on_sanity_check_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the hooks on, where the sanity check is recorded.

        Raises:
            RecordError: the module has no such model, or nothing in it can be recorded.
            TraceError: the file exists, or no file can be made there.
        """
        self._begin(trainer, pl_module)

    # `on_validation_start` where `trainer.validate` was called; within `fit` it finds the recording begun.
    on_train_start = on_validation_start = on_test_start = on_predict_start = on_sanity_check_start

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Say what the next pass is of."""
        self._announce(trainer, batch)

    def on_validation_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Say what the next pass is of."""
        self._announce(trainer, batch)

    on_test_batch_start = on_predict_batch_start = on_validation_batch_start

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: Mapping[str, Any]
    ) -> None:
        """Commit."""
        if self._recorder is not None:
            # Where nothing can be written any more, passes say so, in the way that was asked for.
            with contextlib.suppress(RecordError):
                self._recorder.commit()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Close the trace.

        Raises:
            RecordError: it couldn't be written; where `on_error` is `warn`, it is a warning.
        """
        self._leave(None)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Close the trace; the exception stays the one that is raised."""
        self._leave(exception)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Close the trace of `validate`, `test` and `predict`, or where training ended in some other way."""
        self._leave(None)

    @property
    def recorder(self) -> Recorder | None:
        """The recorder, while a loop goes on."""
        return self._recorder

    def __repr__(self) -> str:
        """One line: where the trace goes."""
        return f"<SparseyTraceCallback {self._path}>"

    def _begin(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record from here on, unless that is under way."""
        loop = _loop(trainer)
        if line := self._loops.left_out_line(loop, self._path):
            LOG.info(line)
            _namespace("utilities.rank_zero").rank_zero_info(line)
        if self._recorder is None and self._loops.is_begun_by(loop):
            self._recorder = self._record(trainer, pl_module)
            self._has_recorded = True

    def _record(self, trainer: Trainer, pl_module: LightningModule) -> Recorder:
        if "torch._dynamo" in sys.modules:
            torch.compiler.reset()  # what the sanity check compiled calls no hooks
        is_resumed = trainer.ckpt_path is not None or trainer.current_epoch > 0 or trainer.global_step > 0
        options = {"config": _config(pl_module), **self._options, "predicate": self._loops.predicate}
        if self._has_recorded:
            options |= {"overwrite": False, "resume": True}
        elif not options.get("overwrite"):
            options.setdefault("resume", is_resumed)
        return record(_find(self._model, pl_module), self._path, **options)

    def _announce(self, trainer: Trainer, batch: Any) -> None:
        self._loops.now = _loop(trainer)
        if self._recorder is not None:
            self._recorder.epoch = trainer.current_epoch
            for name, of_batch in self._marks.items():
                setattr(self._recorder, name, None if of_batch is None else of_batch(batch))

    def _leave(self, exception: BaseException | None) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.__exit__(None if exception is None else type(exception), exception, None)


def _find(model: str | Callable[[LightningModule], nn.Module] | None, module: LightningModule) -> nn.Module:
    if isinstance(model, str):
        return _part(module, model)
    if model is None:
        _check_forward(module)
    found: nn.Module = module if model is None else model(module)
    return found


def _check_forward(module: LightningModule) -> None:
    if type(module).forward.__module__.partition(".")[0] in ("lightning", "pytorch_lightning"):
        msg = (
            f"{type(module).__name__}: expected a forward of its own, found none; say which part of it is the "
            'Sparsey: SparseyTraceCallback(path, model="net")'
        )
        raise RecordError(msg)


def _part(module: LightningModule, name: str) -> nn.Module:
    try:
        found: nn.Module = module.get_submodule(name)
    except AttributeError as error:
        names = ", ".join(name for name, _ in module.named_children()) or "none"
        msg = (
            f"{type(module).__name__}: model: expected the name of a module in it, found {name!r} "
            f"(there are: {names})"
        )
        raise RecordError(msg) from error
    return found


def _config(module: LightningModule) -> dict[str, Any]:
    return {str(name): value for name, value in module.hparams.items()}
