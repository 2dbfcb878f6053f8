"""A run's configuration, as the objects that people have it in, as JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import date, time
from enum import Enum
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.trace.format.depth import TOO_DEEP, read_json

_MOST_VALUES = 1000
"""So many values of an array are kept; of a larger one its looks."""


def config_text(config: Any) -> str:
    r"""The configuration as JSON; what JSON can't say as text.

    Args:
        config: a mapping from names, a dataclass, an argparse.Namespace, or an object of OmegaConf or ml_collections;
            these may hold each other. Paths are kept as text, members of an Enum by their names, sets in order, arrays
            as lists; anything else that JSON doesn't know as its repr.

    Raises:
        DataError: it is none of these, a name in it is none, it holds itself, or is nested too deep.

    >>> config_text({"rate": 0.5, "device": object})
    '{"rate": 0.5, "device": "<class \'object\'>"}'
    >>> config_text(Namespace(epochs=3, out=PurePath("runs")))
    '{"epochs": 3, "out": "runs"}'
    """
    try:
        found = _as_mapping(config)
        text = json.dumps(dict(config) if found is None else found, default=_plain)
        read_json(text)
    except (TypeError, ValueError, RecursionError) as error:
        why = TOO_DEEP if isinstance(error, RecursionError) else error
        msg = f"config: expected a mapping from names to what JSON can say, found: {why}"
        raise DataError(msg) from error
    return text


def _as_mapping(value: Any) -> dict[Any, Any] | None:
    """What a configuration's object says, by name; None where it is no such object."""
    if (omegaconf := sys.modules.get("omegaconf")) and isinstance(value, omegaconf.DictConfig):
        return dict(omegaconf.OmegaConf.to_container(value, resolve=True))
    if isinstance(value, type):
        return None
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Namespace | SimpleNamespace):
        return vars(value)
    if callable(getattr(value, "keys", None)) and hasattr(
        value, "__getitem__"
    ):  # as ml_collections.ConfigDict
        return dict(value)
    return None


def _plain(value: Any) -> Any:
    """Something that JSON doesn't know, as what it knows."""
    if (found := _as_mapping(value)) is not None:
        return found
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return list(value)
    return _numbers(value)


def _numbers(value: Any) -> Any:
    """A number or an array of numpy's or torch's; anything else as its repr."""
    found = value.detach().cpu().numpy() if hasattr(value, "detach") and hasattr(value, "cpu") else value
    if (
        isinstance(found, np.ndarray | np.generic)
        and found.dtype.kind in "biuf"
        and found.size <= _MOST_VALUES
    ):
        return found.tolist()
    return repr(value)
