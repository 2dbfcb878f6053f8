"""The area under the growth of basis sets: how large they were on average while the run was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from sparsey_trace.layout import PHASES, TRAIN
from sparsey_trace.metrics.basis_set_size import BasisSetSize
from sparsey_trace.tables.provenance import provenance_of
from sparsey_trace.tables.summary import KEYS, layer_means, whole_groups

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def areas(path: Path) -> dict[int | None, float]:
    """The area under each layer's growth in a table of basis set sizes; memory stays bounded.

    Growth is the mean size over the layer's MACs against the number of train samples so far: straight
    lines from 0 before the first sample through what each group of samples came to. Its area is divided by
    the number of train samples, so that runs of different lengths compare; evaluation counts for nothing.

    Returns:
        Layer (None where a reduction removed it) to area, in codes; empty for other metrics' tables, and at
        resolution `run`, which shows no growth.
    """
    # It takes a while to load, which `info` needn't wait for.
    import pyarrow.compute as pc

    with pq.ParquetFile(path) as file:
        provenance = provenance_of(file.schema_arrow) or {}
        if provenance.get("metric") != BasisSetSize.name or provenance.get("resolution") == "run":
            return {}
        columns = [name for name in (*KEYS, "layer", "samples", "value") if name in file.schema_arrow.names]
        growths: dict[int | None, _Growth] = {}
        for group in whole_groups(file, columns):
            part = group.filter(pc.equal(group["phase"].cast("string"), PHASES[TRAIN]))
            if not len(part):
                continue
            means = layer_means(part)
            samples = (
                part["samples"].to_numpy()[means.row] if "samples" in columns else np.ones(len(means.row))
            )
            for layer in dict.fromkeys(means.layer):
                is_layer = means.layer == layer
                growths.setdefault(layer, _Growth()).add(means.value[is_layer], samples[is_layer])
    return {None if layer is None else int(layer): growth.mean for layer, growth in growths.items()}


class _Growth:
    """The area so far."""

    def __init__(self) -> None:
        self._last = self._area = self._samples = 0.0

    def add(self, sizes: NDArray[np.float64], samples: NDArray[np.float64]) -> None:
        before = np.concatenate([[self._last], sizes[:-1]])
        self._area += float(samples @ (before + sizes)) / 2
        self._samples += float(samples.sum())
        self._last = float(sizes[-1])

    @property
    def mean(self) -> float:
        return self._area / self._samples
