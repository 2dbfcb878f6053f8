"""How CMs used their neurons, epoch by epoch, as the table code_usage has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

from sparsey_trace.layout import PHASES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.charts.shared.run import Run


@dataclass(frozen=True, eq=False, kw_only=True)
class Usage:
    """One layer's usage in one phase.

    Attributes:
        layer: its number.
        phase: `train` or `eval`.
        epoch: [E] int64, rising; [1] of -1 where the table is of the run as a whole.
        samples: [E, M] int64, for how many samples a MAC was active.
        used: [E, M, Q] int64, how many of a CM's neurons won.
        perplexity: [E, M, Q] float64; nan where the MAC was never active.
    """

    layer: int
    phase: str
    epoch: NDArray[np.int64]
    samples: NDArray[np.int64]
    used: NDArray[np.int64]
    perplexity: NDArray[np.float64]


def usages(run: Run) -> list[Usage]:
    """A usage for each phase with samples, training first, and each layer.

    Raises:
        KeyError: there is no table of usage; the message says why.
    """
    table = pq.read_table(run.tables.path("code_usage"))
    sizes = [layer.num_macs * layer.num_cms for layer in run.layout.layers]
    width, ends = sum(sizes), np.cumsum(sizes)
    epochs = table["epoch"].to_numpy() if "epoch" in table.column_names else np.full(len(table), -1)
    phases = np.array(table["phase"].to_pylist()[::width])
    columns = {name: table[name].to_numpy().reshape(-1, width) for name in ("samples", "used", "perplexity")}
    found = []
    for phase in PHASES:
        mine = phases == phase
        for number, (layer, size, end) in enumerate(zip(run.layout.layers, sizes, ends, strict=True)):
            shape = (-1, layer.num_macs, layer.num_cms)
            its: dict[str, Any] = {
                name: values[mine, end - size : end].reshape(shape) for name, values in columns.items()
            }
            found.append(
                Usage(
                    layer=number,
                    phase=phase,
                    epoch=epochs[::width][mine].astype(np.int64),
                    samples=its["samples"][..., 0].astype(np.int64),
                    used=its["used"].astype(np.int64),
                    perplexity=its["perplexity"].astype(np.float64),
                )
            )
    return [usage for usage in found if len(usage.epoch)]
