"""The commonest codes of MACs, each with the mean of the inputs that it stood for, as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

from sparsey_trace.charts.shared.pictures import as_picture, joined
from sparsey_trace.layout import NO_LABEL, TRAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from sparsey_trace.charts.shared.run import Run

MOST_CODES = 10
"""Of a MAC."""

MOST_SAMPLES = 20_000
"""That means are of: the last training samples, so that a long run takes no longer to draw than a short one."""

_MOST_BYTES = 1 << 26
"""Of inputs, and of a layer's winners, in memory."""


@dataclass(frozen=True, eq=False, kw_only=True)
class CommonCodes:
    """One layer's commonest codes, MAC by MAC, each MAC's commonest first.

    Attributes:
        mac: [C] int64, the MACs, rising.
        code: [C, Q] int32, winners.
        count: [C] int64, how many training samples showed it.
        label: [C] int64, the commonest label; `layout.NO_LABEL` where none is known.
        purity: [C] float64, that label's share; nan where none is known.
    """

    mac: NDArray[np.int64]
    code: NDArray[np.int32]
    count: NDArray[np.int64]
    label: NDArray[np.int64]
    purity: NDArray[np.float64]

    def __len__(self) -> int:
        """C."""
        return len(self.mac)


@dataclass(frozen=True, eq=False, kw_only=True)
class MeanInputs:
    """The mean inputs of a layer's commonest codes.

    Attributes:
        pictures: [C, H, W] float32; 0 where there is none.
        samples: [C] int64, of how many samples each is the mean.
    """

    pictures: NDArray[np.float32]
    samples: NDArray[np.int64]


def common_codes(run: Run, macs: Sequence[NDArray[np.int64]]) -> list[CommonCodes]:
    """Those of each layer.

    Args:
        run: with a table of basis sets.
        macs: of each layer, the MACs that are asked for.
    """
    columns = ["layer", "mac", "code", "count", "label", "purity"]
    table = pq.read_table(run.tables.path("basis_set"), columns=columns)
    number, mac = (table[name].to_numpy().astype(np.int64) for name in ("layer", "mac"))
    return [_of_layer(table, np.flatnonzero(number == layer), mac, its) for layer, its in enumerate(macs)]


def _of_layer(
    table: pa.Table, rows: NDArray[np.int64], mac: NDArray[np.int64], asked: NDArray[np.int64]
) -> CommonCodes:
    """Of one layer's rows, which lie MAC by MAC, the commonest code first; `mac` is of all rows."""
    first = np.searchsorted(mac[rows], mac[rows])
    rows = rows[(np.arange(len(rows)) - first < MOST_CODES) & np.isin(mac[rows], asked)]
    found = table.take(rows)
    codes = found["code"].combine_chunks()
    return CommonCodes(
        mac=mac[rows],
        code=np.reshape(codes.flatten().to_numpy(), (len(rows), -1))
        if len(rows)
        else np.zeros((0, 1), np.int32),
        count=found["count"].to_numpy(),
        label=found["label"].fill_null(NO_LABEL).to_numpy(),
        purity=found["purity"].to_numpy().astype(np.float64),
    )


def mean_inputs(run: Run, codes: Sequence[CommonCodes], *, shrink: int) -> list[MeanInputs]:
    """The mean inputs of each layer's codes, over the last training samples.

    Args:
        run: with inputs.
        codes: of each layer.
        shrink: into one of how many pixels, in height and in width, those of an input are joined.
    """
    samples = _samples(run)
    inputs = run.trace.inputs[samples]
    return [_means(run, number, its, samples, inputs, shrink) for number, its in enumerate(codes)]


def _samples(run: Run) -> NDArray[np.int64]:
    """The numbers of the last training samples, as many as fit in memory."""
    layers = run.layout.layers
    widest = max(layer.num_macs * layer.num_cms * layer.code_dtype.itemsize for layer in layers)
    most = min(MOST_SAMPLES, max(1, _MOST_BYTES // max(widest, 4 * run.layout.num_features)))
    return np.flatnonzero(run.trace.samples.phase[:] == TRAIN)[-most:]


def _means(
    run: Run,
    layer: int,
    codes: CommonCodes,
    samples: NDArray[np.int64],
    inputs: NDArray[Any],
    shrink: int,
) -> MeanInputs:
    view = run.trace.layers[layer]
    winners, active = view.codes[samples], view.active[samples]
    empty = joined(as_picture(np.zeros(run.layout.num_features, np.float32), run.layout)[None], shrink)
    pictures, counts = np.repeat(empty, len(codes), axis=0), np.zeros(len(codes), np.int64)
    for row, (mac, code) in enumerate(zip(codes.mac.tolist(), codes.code, strict=True)):
        mine = active[:, mac] & (winners[:, mac] == code).all(axis=1)
        counts[row] = np.count_nonzero(mine)
        if counts[row]:
            mean = inputs[mine].mean(axis=0, dtype=np.float64)
            pictures[row] = joined(as_picture(mean, run.layout)[None], shrink)[0]
    return MeanInputs(pictures=pictures, samples=counts)
