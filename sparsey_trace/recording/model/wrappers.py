"""What stands around a model: wrappers that pass calls on to it, and code that torch.compile made of it."""

from __future__ import annotations

import gc
import sys
import threading
from typing import TYPE_CHECKING, Any

from torch.nn.parallel import DataParallel, DistributedDataParallel

from sparsey_trace.errors import RecordError
from sparsey_trace.recording.model.hook import HookOwner, ModelHook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn
    from torch.utils.hooks import RemovableHandle

_COMPILED = "_orig_mod"
"""Under which name a module that torch.compile made holds the original."""

_INSIDE = (_COMPILED, "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""Under which names modules hold the one that they stand around, anywhere in a model, as FSDP's do."""

_INSIDE_OF = {
    "opacus": "_module",
    "torch.optim.swa_utils": "module",
    "lightning.fabric": "_forward_module",
    "lightning_fabric": "_forward_module",
}
"""The same, of modules of these packages only, as the name is one that others use too."""


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside DistributedDataParallel, FSDP, DataParallel, Opacus, Fabric, torch.compile, AveragedModel.

    Raises:
        RecordError: DataParallel would run the model on several devices at once.
    """
    while (inner := _inside(model)) is not None:
        model = inner
    return model


def is_redirected(model: nn.Module) -> bool:
    """Whether a call of the model leads to other code: Lightning calls `training_step` so, through its wrapper.

    It sets a function instead of `forward`, which takes itself away when it is called.
    """
    forward = vars(model).get("forward")
    return getattr(forward, "__name__", "") == "wrapped_forward" and (
        getattr(forward, "__module__", "").partition(".")[0] in ("lightning", "pytorch_lightning")
    )


def named_parts(model: nn.Module, *, remove_duplicate: bool = True) -> Iterator[tuple[str, nn.Module]]:
    """The model's modules by name, as they would be if none of them was compiled or wrapped."""
    for name, module in model.named_modules(remove_duplicate=remove_duplicate):
        if not any(inside in module._modules for inside in _INSIDE):
            yield ".".join(word for word in name.split(".") if word not in _INSIDE), module


def compile_hint() -> str:
    """What to add to the message where hooks weren't called: nothing where nobody can have compiled."""
    if "torch._dynamo" not in sys.modules:
        return ""
    return (
        "; code that torch.compile made before record doesn't call hooks: call record before the model first runs "
        "compiled, or torch.compiler.reset() after record"
    )


class CompileWatch(threading.local):
    """Notices when compiled code runs a model without its hooks; thread by thread, as hooks do."""

    has_fired = False

    def __init__(self, model: nn.Module, owner: HookOwner) -> None:
        """Watch a model that `owner` has hooks on."""
        self._model, self._owner = model, owner

    def attach(self) -> list[RemovableHandle]:
        """Put hooks on the model, and on what torch.compile has made of it so far: nothing where that is nothing."""
        compiled = _compiled_from(self._model)
        begin, fire, end = (ModelHook(self._owner, act) for act in (self._begin, self._fire, self._end))
        handles = [self._model.register_forward_pre_hook(fire)] if compiled else []
        for module in compiled:
            handles += [module.register_forward_pre_hook(begin), module.register_forward_hook(end)]
        return handles

    def _begin(self, *_: Any) -> None:
        self.has_fired = False

    def _fire(self, *_: Any) -> None:
        self.has_fired = True

    def _end(self, *_: Any) -> None:
        if not self.has_fired:
            name = type(self._model).__name__
            msg = f"{name}: expected its hooks to be called, found that they weren't{compile_hint()}"
            raise RecordError(msg)


def _inside(model: nn.Module) -> nn.Module | None:
    if not isinstance(model, DataParallel | DistributedDataParallel):
        names = (*_INSIDE, *(name for package, name in _INSIDE_OF.items() if _is_of(model, package)))
        return next((model._modules[name] for name in names if name in model._modules), None)
    inner: nn.Module = model.module
    if isinstance(model, DataParallel) and len(model.device_ids) > 1:
        msg = (
            f"DataParallel: expected one device, found {len(model.device_ids)}: layers that run in threads of their "
            "own can't be recorded; use DistributedDataParallel, whose ranks record a file each"
        )
        raise RecordError(msg)
    return inner


def _is_of(model: nn.Module, package: str) -> bool:
    return any(f"{kind.__module__}.".startswith(f"{package}.") for kind in type(model).__mro__)


def _compiled_from(model: nn.Module) -> list[nn.Module]:
    if "torch._dynamo" not in sys.modules:
        return []
    kind = sys.modules["torch._dynamo"].OptimizedModule
    # Instances refer to their class. The model doesn't know of them, and record may be given the model itself.
    made = [found for found in gc.get_referrers(kind) if type(found) is kind]
    return [module for module in made if unwrapped(module) is model]
