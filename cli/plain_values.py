"""Values of a command line that need no pydantic, which typer takes a quarter of a second to load for any of them."""

from collections.abc import Sequence
from typing import Any

import typer.core


def spare_pydantic(parameters: Sequence[Any]) -> Sequence[Any]:
    """Have parameters take texts, switches and what their own parsers make of it as it stands.

    Typer builds what reads a parameter when it is first used, and keeps it in `_runtime_param`; a typer that has no
    such place is left as it is. A test compares what both make of the parameters of all verbs.

    Args:
        parameters: those of a command, unused so far; they are returned.
    """
    for parameter in parameters:
        if getattr(parameter, "_runtime_param", True) is None and hasattr(typer.core, "build_runtime_param"):
            parameter._runtime_param = _Plain(parameter.type_descriptor)
    return parameters


class _Plain:
    """Reads what is plain, and leaves the rest, and what is wrong, to typer."""

    def __init__(self, descriptor: Any) -> None:
        self._descriptor = descriptor

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """What typer's own would give."""
        many = bool(param.multiple or param.nargs == -1)
        if value is None:
            return () if many else None
        try:
            if not many:
                return self._plain(value)
            if isinstance(value, (list, tuple)):
                return [self._plain(item) for item in value]
        except (_NotPlainError, ValueError, AssertionError):
            pass
        return typers(self._descriptor).coerce(value, param=param, ctx=ctx)

    def _plain(self, value: Any) -> Any:
        kind = self._descriptor.annotation
        if self._descriptor.parameter_info.parser is not None:
            return self._descriptor.parameter_info.parser(value)
        if (isinstance(value, str) and kind in (str, list[str])) or (
            isinstance(value, bool) and kind is bool
        ):
            return value
        raise _NotPlainError


class _NotPlainError(Exception):
    """A value that typer has to read."""


def typers(descriptor: Any) -> Any:
    """What typer itself reads a parameter with."""
    return vars(typer.core)["build_runtime_param"](descriptor)
