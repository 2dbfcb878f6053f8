"""The head of a trace: which model, which run, written by what; everything that doesn't grow."""

from __future__ import annotations

import json
import platform
import socket
import sys
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace import schema
from sparsey_trace.trace.opening import open_dataset, read_text
from sparsey_trace.trace.part import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a trace says about itself before its first sample.

    Attributes:
        id: unique to this trace, 32 hexadecimal digits.
        created: when the run started, ISO 8601 in UTC.
        host: the machine's name.
        config: the run's configuration.
        versions: of Python, of this program and of the packages that were loaded.
        layout: the model.
        input_kind: one of `schema.INPUT_KINDS`.
        sampling: what was recorded, where not everything was; empty where everything was.
        part: which part of a run this is.
        version: of the format.
    """

    id: str
    created: str
    host: str
    config: dict[str, Any]
    versions: dict[str, str]
    layout: Layout
    input_kind: str
    sampling: dict[str, Any]
    part: Part
    version: int


def config_text(config: Mapping[str, Any]) -> str:
    r"""The configuration as JSON; what JSON can't say as its repr.

    Raises:
        DataError: it isn't a mapping, a name in it is none, or it holds itself.

    >>> config_text({"rate": 0.5, "device": object})
    '{"rate": 0.5, "device": "<class \'object\'>"}'
    """
    try:
        return json.dumps(dict(config), default=repr)
    except (TypeError, ValueError, RecursionError) as error:
        msg = f"config: expected a mapping from names to what JSON can say, found: {error}"
        raise DataError(msg) from error


def write_head(
    file: h5py.File, layout: Layout, *, config: str, sampling: Mapping[str, Any], part: Part
) -> None:
    """Write everything but the columns; `input_kind` follows when the first step shows it.

    Args:
        file: the new file.
        layout: the model.
        config: the run's configuration, from `config_text`.
        sampling: what is recorded, where not everything is.
        part: which part of a run this is.
    """
    file.attrs.update(
        format=as_text(schema.FORMAT),
        format_version=schema.VERSION,
        id=as_text(uuid.uuid4().hex),
        created=as_text(datetime.now(UTC).isoformat(timespec="milliseconds")),
        host=as_text(socket.gethostname()),
        versions=as_text(json.dumps(loaded_versions())),
        num_features=layout.num_features,
        input_shape=np.asarray(layout.input_shape, np.int64),
        num_layers=len(layout.layers),
    )
    file.attrs.update(part.attributes() | {"continues": as_text(part.continues)})
    # Datasets, because attributes of plain HDF5 tools end at 64 KiB and configurations don't.
    _create_checked(file, "config", as_text(config)[None])
    _create_checked(file, "sampling", as_text(json.dumps(dict(sampling)))[None])
    for index, layer in enumerate(layout.layers):
        group = file.create_group(f"layers/{index}")
        counts = {"num_macs": layer.num_macs, "num_cms": layer.num_cms, "num_neurons": layer.num_neurons}
        group.attrs.update(counts | {"name": as_text(layer.name)})
        _create_checked(group, "connections", layer.connections)
        if layer.positions is not None:
            _create_checked(group, "positions", layer.positions)


def as_text(text: str) -> NDArray[Any]:
    """Text as HDF5 keeps it safest: of fixed length, which its checksums cover.

    Text of variable length stands in a heap without one, where a flipped bit can make HDF5 read for ever.
    """
    stored = text.encode()
    return np.array(stored, h5py.string_dtype("utf-8", max(1, len(stored))))


def _create_checked(group: h5py.Group, name: str, values: NDArray[Any]) -> None:
    group.create_dataset(name, data=values, chunks=values.shape, fletcher32=True)


def read_head(file: h5py.File) -> Head:
    """Read it back.

    Raises:
        KeyError, ValueError, TypeError: something is missing or isn't what the format says; the
            caller knows the file's name and says so.
    """
    attrs = file.attrs
    input_kind = read_text(attrs["input_kind"])
    if input_kind not in schema.INPUT_KINDS:
        msg = f"input_kind: expected one of {', '.join(schema.INPUT_KINDS)}, found {input_kind!r}"
        raise ValueError(msg)
    version = int(attrs["format_version"])
    return Head(
        id=read_text(attrs["id"]),
        created=read_text(attrs["created"]),
        host=read_text(attrs["host"]),
        config=_object(_stored_text(file, "config"), "config"),
        versions=_object(read_text(attrs["versions"]), "versions"),
        sampling=_object(_stored_text(file, "sampling"), "sampling") if version > 1 else {},
        part=_read_part(attrs) if version > 1 else Part(),
        version=version,
        layout=Layout(
            num_features=attrs["num_features"],
            input_shape=attrs["input_shape"],
            layers=tuple(_read_layer(file, index) for index in range(int(attrs["num_layers"]))),
        ),
        input_kind=input_kind,
    )


def _stored_text(file: h5py.File, name: str) -> str:
    return read_text(open_dataset(file, name)[()])


def _read_part(attrs: h5py.AttributeManager) -> Part:
    counts = {name: int(attrs[name]) for name in ("rank", "num_ranks", "first_step", "first_sample")}
    return Part(**counts, continues=read_text(attrs["continues"]))


def _object(text: str, what: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        msg = f"{what}: expected a JSON object, found {type(found).__name__}"
        raise ValueError(msg)
    return found


def _read_layer(file: h5py.File, index: int) -> LayerLayout:
    group = file[f"layers/{index}"]
    has_positions = "positions" in group
    return LayerLayout(
        name=read_text(group.attrs["name"]),
        num_macs=group.attrs["num_macs"],
        num_cms=group.attrs["num_cms"],
        num_neurons=group.attrs["num_neurons"],
        connections=open_dataset(file, f"{group.name}/connections")[()],
        positions=open_dataset(file, f"{group.name}/positions")[()] if has_positions else None,
    )


def loaded_versions() -> dict[str, str]:
    """Versions of Python, this program, HDF5, and of torch and sparseypy where they are loaded."""
    versions = {
        "python": platform.python_version(),
        "sparsey-trace": program_version(),
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "hdf5": h5py.version.hdf5_version,
    }
    for name in ("torch", "sparseypy"):
        if name in sys.modules:
            versions[name] = str(getattr(sys.modules[name], "__version__", "unknown"))
    return versions


def program_version() -> str:
    """This program's version, as installed."""
    try:
        return metadata.version("sparsey-trace")
    except metadata.PackageNotFoundError:
        return "unknown"
