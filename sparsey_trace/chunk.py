"""Consecutive samples of a run, as arrays: what metrics are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.layout import MARKS, NO_LABEL, TRAIN, Layout
from sparsey_trace.support.bitsets import packed_rows, sets_of_packed, sets_of_samples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


_UNKNOWN = np.empty(0, np.int64)
"""Stands for as many `NO_LABEL` as there are samples."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Chunk:
    """Consecutive samples of a run.

    Columns that were not asked of the trace are None (inputs) or empty (codes, active, values).

    Attributes:
        layout: the model's layout.
        start: the absolute number of the first sample; sample i of the chunk is n = start + i.
        step: [n] int64, the forward pass each sample belongs to; never falls.
        epoch: [n] int32.
        phase: [n] uint8, 0 train and 1 eval.
        label: [n] int64, `NO_LABEL` where unknown.
        id: [n] int64, which sample of a dataset it is; `NO_LABEL` where unknown, as in the next two, and by default.
        sequence: [n] int64, the sequence that it belongs to.
        moment: [n] int64, its place in that sequence.
        inputs: [n, D] uint8 zeros and ones, or other numbers, of any other dtype; None where not read or not recorded.
        codes: per layer [n, M, Q] uint8, uint16 or uint32, the winners; meaningless where a MAC is silent.
        active: per layer [n, M] bool.
        values: per layer, a name to [n, M] float32: further values of its MACs, nan where there is none.

    Raises:
        DataError: an array whose shape doesn't fit the layout or the other arrays.
    """

    layout: Layout
    start: int
    step: NDArray[np.int64]
    epoch: NDArray[np.int32]
    phase: NDArray[np.uint8]
    label: NDArray[np.int64]
    inputs: NDArray[Any] | None = None
    codes: tuple[NDArray[Any], ...] = ()
    active: tuple[NDArray[np.bool_], ...] = ()
    values: tuple[Mapping[str, NDArray[np.float32]], ...] = ()
    id: NDArray[np.int64] = field(default_factory=lambda: _UNKNOWN)
    sequence: NDArray[np.int64] = field(default_factory=lambda: _UNKNOWN)
    moment: NDArray[np.int64] = field(default_factory=lambda: _UNKNOWN)

    def __post_init__(self) -> None:
        """Check every array's shape against the layout."""
        size = np.size(self.step)
        for name in MARKS.values():
            if getattr(self, name) is _UNKNOWN:
                object.__setattr__(self, name, np.full(size, NO_LABEL))
        for name in ("step", "epoch", "phase", *MARKS.values()):
            _expect_shape(getattr(self, name), (size,), name)
        if self.inputs is not None:
            _expect_shape(self.inputs, (size, self.layout.num_features), "inputs")
        for kind, arrays in (("codes", self.codes), ("active", self.active), ("values", self.values)):
            if arrays and len(arrays) != len(self.layout.layers):
                msg = f"{kind}: expected an array for each of {len(self.layout.layers)} layers, found {len(arrays)}"
                raise DataError(msg)
        for layer, codes in zip(self.layout.layers, self.codes, strict=False):
            _expect_shape(codes, (size, layer.num_macs, layer.num_cms), f"codes of {layer.name}")
        for layer, active in zip(self.layout.layers, self.active, strict=False):
            _expect_shape(active, (size, layer.num_macs), f"active of {layer.name}")
        for layer, values in zip(self.layout.layers, self.values, strict=False):
            for name, value in values.items():
                _expect_shape(value, (size, layer.num_macs), f"{name} of {layer.name}")

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.step)

    def __repr__(self) -> str:
        """One line: which samples, and what is known of them."""
        fields = [name for name in ("codes", "active", "values") if getattr(self, name)]
        held = ", ".join([*(["inputs"] if self.inputs is not None else []), *fields]) or "no arrays"
        return f"<Chunk of samples {self.start:,} to {self.start + len(self):,} (exclusive): {held}>"

    def __getitem__(self, part: slice) -> Chunk:
        """A run of this chunk's samples; the slice's step has to be 1."""
        first, _, stride = part.indices(len(self))
        if stride != 1:
            msg = f"a chunk holds consecutive samples: expected a slice of step 1, found {stride}"
            raise DataError(msg)
        return Chunk(
            layout=self.layout,
            start=self.start + first,
            step=self.step[part],
            epoch=self.epoch[part],
            phase=self.phase[part],
            **{name: getattr(self, name)[part] for name in MARKS.values()},
            inputs=None if self.inputs is None else self.inputs[part],
            codes=tuple(codes[part] for codes in self.codes),
            active=tuple(active[part] for active in self.active),
            values=tuple({name: value[part] for name, value in of.items()} for of in self.values),
        )

    @property
    def sample(self) -> NDArray[np.int64]:
        """[n] int64, the absolute sample numbers."""
        return np.arange(self.start, self.start + len(self), dtype=np.int64)

    @cached_property
    def is_train(self) -> NDArray[np.bool_]:
        """[n] bool, whether the sample was seen in training."""
        return np.asarray(self.phase == TRAIN)

    @cached_property
    def on_sets(self) -> NDArray[np.uint64]:
        """[D, ceil(n / 64)] uint64, for each feature the samples in which it is on; see `sets_of_samples`."""
        return sets_of_packed(self.on_bits, self.layout.num_features)

    @cached_property
    def active_sets(self) -> tuple[NDArray[np.uint64], ...]:
        """Per layer [M, ceil(n / 64)] uint64, for each MAC the samples for which it is active."""
        return tuple(sets_of_samples(active) for active in self.active)

    @cached_property
    def on_bits(self) -> NDArray[np.uint8]:
        """[n, ceil(D / 8)] uint8, the input's non-zero features, as `numpy.packbits` packs them.

        Raises:
            DataError: the chunk was read without inputs.
        """
        if self.inputs is None:
            msg = "this chunk was read without inputs: expected [n, D] inputs, found None"
            raise DataError(msg)
        return packed_rows(self.inputs if self.inputs.dtype == np.uint8 else self.inputs != 0)


def _expect_shape(array: NDArray[Any], expected: tuple[int, ...], what: str) -> None:
    if np.shape(array) != expected:
        msg = f"{what}: expected shape {expected}, found {np.shape(array)}"
        raise DataError(msg)
