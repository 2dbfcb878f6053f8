"""The hooks that are on a model: the last ones to be called, whoever adds others, and off again together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch.utils.hooks import RemovableHandle

if TYPE_CHECKING:
    from collections.abc import Callable


class AttachedHooks:
    """Hooks that see what the model used.

    A hook may replace what a module is given or puts out, and those that are called later see what earlier ones
    made of it. So ours are moved behind all others before each pass.
    """

    def __init__(self) -> None:
        """None yet."""
        self._handles: list[RemovableHandle] = []
        self._newest = -1  # what torch would number a hook, when they were looked at last

    def add(
        self, register: Callable[..., RemovableHandle], hook: Callable[..., None], **options: bool
    ) -> None:
        """Put one on.

        Args:
            register: a module's method that does so.
            hook: what is to be called.
            options: of the method.
        """
        self._handles.append(register(hook, **options))

    def keep(self, handles: list[RemovableHandle]) -> None:
        """Take care of hooks that are on already."""
        self._handles += handles

    def move_to_end(self) -> bool:
        """Put them behind all others of their modules.

        Returns:
            Whether they were there already.
        """
        # Torch numbers all hooks of the process, so that none stands behind these where there is none since.
        if RemovableHandle.next_id == self._newest:
            return True
        self._newest, were_last = RemovableHandle.next_id, True
        for handle in self._handles:
            hooks: Any = handle.hooks_dict_ref()
            if hooks and next(reversed(hooks)) != handle.id and handle.id in hooks:
                hooks.move_to_end(handle.id)
                were_last = False
        return were_last

    def remove(self) -> None:
        """Take them off; doing so again does nothing."""
        for handle in self._handles:
            handle.remove()
