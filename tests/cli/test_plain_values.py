"""What is read without pydantic is what typer itself reads."""

from __future__ import annotations

from typing import Any

import pytest
import typer
import typer.core

from sparsey_trace.cli.app import command
from sparsey_trace.cli.plain_values import spare_pydantic, typers

pytestmark = pytest.mark.skipif(
    not hasattr(typer.core, "build_runtime_param"), reason="this typer reads values without pydantic"
)


def parameters() -> dict[str, Any]:
    """One of each kind that any verb has."""
    verbs = command().commands.values()
    kinds = {}
    for parameter in (parameter for verb in verbs for parameter in verb.get_params(verb.context_class(verb))):
        about = parameter.type_descriptor
        many = parameter.multiple or parameter.nargs == -1
        kinds.setdefault(f"{about.annotation} {about.parameter_info.parser} {many}", parameter)
    return kinds


def read(by: Any, value: Any, parameter: Any) -> Any:
    try:
        return by.coerce(value, param=parameter, ctx=None)
    except Exception as error:  # noqa: BLE001 - whatever it is, both have to raise it
        return type(error), str(error)


def test_both_make_the_same_of_every_kind_of_parameter_that_verbs_have() -> None:
    kinds = parameters()
    assert len(kinds) > 8
    for about, parameter in kinds.items():
        own, theirs = parameter._runtime_param, typers(parameter.type_descriptor)
        assert type(own) is not type(theirs)
        values: list[Any] = ["a/b.h5", "", "7", "0.5", "all", None, True, False]
        for value in [*values, ["a", "b"], ("7",), []]:
            assert read(own, value, parameter) == read(theirs, value, parameter), (about, value)


def test_another_typer_is_left_as_it_is() -> None:
    class Older:
        """A parameter as typer had it before."""

    older = Older()
    assert spare_pydantic([older]) == [older]
    assert vars(older) == {}
