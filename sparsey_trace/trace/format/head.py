"""The head of a trace: which model, which run, written by what; everything that doesn't grow."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sparsey_trace.connections import EVERYTHING
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.counts import read_counts
from sparsey_trace.trace.format.damage import DAMAGE
from sparsey_trace.trace.format.depth import read_json
from sparsey_trace.trace.format.losses import read_losses
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.format.trace_origin import TraceOrigin
from sparsey_trace.trace.format.values import check_value_name
from sparsey_trace.trace.hdf5 import attributes, guarded
from sparsey_trace.trace.hdf5.attributes import fixed_length_text
from sparsey_trace.trace.hdf5.narrow_codec import NARROW
from sparsey_trace.trace.hdf5.sound_headers import of_group

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import h5py
    from numpy.typing import NDArray


T = TypeVar("T")

_USUAL_SIZE = 1 << 18
"""Numbers in the wiring of a layer that is remembered."""

_UNKNOWN = {"predicate": "something that can't be read any more"}


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a trace says about itself before its first sample.

    Attributes:
        id: unique to this trace, 32 hexadecimal digits.
        created: when the run started, ISO 8601 in UTC.
        host: the machine's name.
        config: the run's configuration.
        versions: of Python, of this program and of the packages that were loaded.
        changes: what was changed in it since it was recorded, a line each; empty where nothing was.
        layout: the model.
        input_kind: one of `schema.INPUT_KINDS`.
        sampling: what was recorded, where not everything was; empty where everything was.
        part: which part of a run this is.
        values: by layer, the names of the further values that its MACs have.
        code_bits: by layer, how many bits a winner takes in chunks; 0 where these are whole bytes.
        losses: what the recorder said of what isn't in it, see `losses`; empty where it said nothing.
        counts: what its samples come to, once it is closed, see `counts`; empty where it doesn't say.
        version: of the format.
    """

    id: str
    created: str
    host: str
    config: dict[str, Any]
    versions: dict[str, str]
    changes: str
    layout: Layout
    input_kind: str
    sampling: dict[str, Any]
    part: RunPart
    values: tuple[tuple[str, ...], ...]
    code_bits: tuple[int, ...]
    losses: dict[str, Any]
    counts: dict[str, int]
    version: int


def write_head(
    file: h5py.File,
    layout: Layout,
    *,
    config: str,
    sampling: Mapping[str, Any],
    part: RunPart,
    origin: TraceOrigin | None = None,
    code_bits: Sequence[int] | None = None,
) -> None:
    """Write everything but the columns; what the first step shows follows, see `write_kinds`.

    Args:
        file: the new file.
        layout: the model.
        config: the run's configuration, from `config.config_text`.
        sampling: what is recorded, where not everything is.
        part: which part of a run this is.
        origin: where it comes from; by default, this machine, now.
        code_bits: by layer, how many a winner takes in chunks; by default as these are written.
    """
    origin = origin or TraceOrigin.here()
    file.attrs.update(
        format=fixed_length_text(schema.FORMAT),
        format_version=schema.VERSION,
        id=fixed_length_text(origin.id),
        created=fixed_length_text(origin.created),
        host=fixed_length_text(origin.host),
        versions=fixed_length_text(json.dumps(origin.versions)),
        num_features=layout.num_features,
        input_shape=np.asarray(layout.input_shape, np.int64),
        num_layers=len(layout.layers),
    )
    if origin.changes:
        file.attrs["changes"] = fixed_length_text(origin.changes)
    said = part.attributes()
    file.attrs.update(
        {name: fixed_length_text(value) if isinstance(value, str) else value for name, value in said.items()}
    )
    # Datasets, because attributes of plain HDF5 tools end at 64 KiB and configurations don't.
    _create_checked(file, "config", fixed_length_text(config)[None])
    _create_checked(file, "sampling", fixed_length_text(json.dumps(dict(sampling)))[None])
    for index, layer in enumerate(layout.layers):
        group = file.create_group(f"layers/{index}")
        counts = {"num_macs": layer.num_macs, "num_cms": layer.num_cms, "num_neurons": layer.num_neurons}
        group.attrs.update(counts | {"name": fixed_length_text(layer.name)})
        if bits := schema.code_bits(layer) if code_bits is None else code_bits[index]:
            group.attrs["code_bits"] = bits
        if layer.given_connections is None:
            group.attrs["connections"] = fixed_length_text(EVERYTHING)
        else:
            _create_checked(group, "connections", layer.given_connections)
        if layer.positions is not None:
            _create_checked(group, "positions", layer.positions)


def write_kinds(file: h5py.File, input_kind: str, values: Sequence[Sequence[str]]) -> None:
    """Write what the first step shows.

    Args:
        file: the new file.
        input_kind: how inputs are kept.
        values: by layer, the names of the further values that its MACs have.
    """
    file.attrs["input_kind"] = fixed_length_text(input_kind)
    for index, names in enumerate(values):
        if names:
            file[f"layers/{index}"].attrs["values"] = fixed_length_text(" ".join(names))


def _create_checked(group: h5py.Group, name: str, values: NDArray[Any]) -> None:
    group.create_dataset(name, data=values, chunks=values.shape, fletcher32=True)


def read_head(file: h5py.File, *, on_loss: Callable[[str], None] | None = None) -> Head:
    """Read it back.

    Args:
        file: the open file.
        on_loss: called with what is lost, where it can be done without; by default nothing can be.

    Raises:
        KeyError, ValueError, TypeError: something is missing or isn't what the format says; the
            caller knows the file's name and says so.
    """
    text = functools.partial(attributes.read_text, file)
    long_text = functools.partial(attributes.read_long_text, file)
    input_kind = text("input_kind")
    if input_kind not in schema.INPUT_KINDS:
        msg = f"input_kind: expected one of {', '.join(schema.INPUT_KINDS)}, found {input_kind!r}"
        raise ValueError(msg)
    num_layers = _count_layers(file)
    layers = tuple(_read_layer(file, index, on_loss) for index in range(num_layers))
    return Head(
        id=_checked_id(text("id")),
        created=text("created"),
        host=text("host"),
        config=_or_else(lambda: _object(long_text("config"), "config"), {}, "config", on_loss),
        versions=_object(text("versions"), "versions"),
        changes=text("changes") if attributes.has_attribute(file, "changes") else "",
        sampling=_or_else(lambda: _object(long_text("sampling"), "sampling"), _UNKNOWN, "sampling", on_loss),
        part=_read_part(file),
        values=tuple(_read_values(file, index) for index in range(num_layers)),
        code_bits=tuple(_read_code_bits(file, *numbered) for numbered in enumerate(layers)),
        losses=_or_else(lambda: read_losses(file), {}, "losses", on_loss),
        counts=_or_else(lambda: read_counts(file), {}, "counts", on_loss),
        version=attributes.read_number(file, "format_version"),
        layout=Layout(
            num_features=attributes.read_number(file, "num_features"),
            input_shape=tuple(attributes.read_numbers(file, "input_shape")),
            layers=layers,
        ),
        input_kind=input_kind,
    )


def _or_else(read: Callable[[], T], instead: T, what: str, on_loss: Callable[[str], None] | None) -> T:
    """What is read, or what stands for it where it is lost."""
    try:
        return read()
    except DAMAGE as error:
        if on_loss is None:
            raise
        on_loss(f"{what}: {error}")
        return instead


def _checked_id(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{32}", text):
        msg = f"id: expected 32 hexadecimal digits, found {text!r}"
        raise ValueError(msg)
    return text


def _read_part(file: h5py.File) -> RunPart:
    names = ("rank", "num_ranks", "first_step", "first_sample")
    continues = attributes.read_text(file, "continues")
    if PurePath(continues).name != continues:
        msg = f"continues: expected a file's name without its folder, found {continues!r}"
        raise ValueError(msg)
    run = attributes.read_text(file, "run") if attributes.has_attribute(file, "run") else ""
    return RunPart(
        **{name: attributes.read_number(file, name) for name in names}, continues=continues, run=run
    )


def _read_values(file: h5py.File, index: int) -> tuple[str, ...]:
    names = of_group(file, f"layers/{index}", "values", _value_names)
    for name in names:
        check_value_name(name, names)
    return names


def _value_names(group: h5py.Group) -> tuple[str, ...]:
    return (
        tuple(attributes.read_text(group, "values").split())
        if attributes.has_attribute(group, "values")
        else ()
    )


def _read_code_bits(file: h5py.File, index: int, layer: LayerLayout) -> int:
    found = of_group(file, f"layers/{index}", "code_bits", _code_bits)
    if found and (found not in NARROW or layer.num_neurons > 1 << found):
        least = schema.code_bits(layer)
        expected = " or ".join(str(bits) for bits in NARROW if 0 < least <= bits) or "none"
        msg = f"code_bits of {layer.name}: expected {expected} for {layer.num_neurons} neurons, found {found}"
        raise ValueError(msg)
    return found


def _code_bits(group: h5py.Group) -> int:
    return attributes.read_number(group, "code_bits") if attributes.has_attribute(group, "code_bits") else 0


def _count_layers(file: h5py.File) -> int:
    """How many there are, held against what is there before a tuple of them is made."""
    claimed, found = attributes.read_number(file, "num_layers"), guarded.count_links(file, "layers")
    if claimed > found:
        msg = f"num_layers: expected at most {found}, as in the file, found {claimed}"
        raise ValueError(msg)
    return claimed


def _object(text: str, what: str) -> dict[str, Any]:
    found = read_json(text)
    if not isinstance(found, dict):
        msg = f"{what}: expected a JSON object, found {type(found).__name__}"
        raise ValueError(msg)
    return found


def _read_layer(file: h5py.File, index: int, on_loss: Callable[[str], None] | None) -> LayerLayout:
    path = f"layers/{index}"
    read = functools.partial(attributes.read_array, file)
    positions: NDArray[np.float32] | None = None
    if guarded.has_link(file, f"{path}/positions"):
        name = f"{path}/positions"
        positions = _or_else(lambda: read(name, np.dtype(np.float32)), None, name, on_loss)
    counts = of_group(file, path, "layer", _layer_attributes)
    if of_group(file, path, "everything", _hears_everything):
        _check_num_macs(file, counts["num_macs"])
        return LayerLayout(connections=EVERYTHING, positions=positions, **counts)
    connections = read(f"{path}/connections", np.dtype(np.int32))
    if connections.size > _USUAL_SIZE:
        return LayerLayout(connections=connections, positions=positions, **counts)
    places = None if positions is None else positions.tobytes()
    return _layer(connections.tobytes(), connections.shape, places, **counts)


@functools.lru_cache(maxsize=64)
def _layer(connections: bytes, shape: tuple[int, ...], positions: bytes | None, **counts: Any) -> LayerLayout:
    """A layer, the same one for the files of a run."""
    return LayerLayout(
        connections=np.frombuffer(connections, np.int32).reshape(shape),
        positions=None if positions is None else np.frombuffer(positions, np.float32).reshape(-1, 2),
        **counts,
    )


def _layer_attributes(group: h5py.Group) -> dict[str, Any]:
    counts = {name: attributes.read_number(group, name) for name in ("num_macs", "num_cms", "num_neurons")}
    return {"name": attributes.read_text(group, "name"), **counts}


def _hears_everything(group: h5py.Group) -> bool:
    """Whether that is said, rather than each connection."""
    if not attributes.has_attribute(group, "connections"):
        return False
    if (found := attributes.read_text(group, "connections")) != EVERYTHING:
        msg = f"connections: expected a dataset, or {EVERYTHING!r} as an attribute, found {found!r}"
        raise ValueError(msg)
    return True


def _check_num_macs(file: h5py.File, num_macs: int) -> None:
    """Bound what is claimed where no connections do: the tail has a byte for each MAC, at the least."""
    if num_macs > (size := file.id.get_filesize()):
        msg = f"num_macs: expected at most {size:,}, as in a file of so many bytes, found {num_macs:,}"
        raise ValueError(msg)
