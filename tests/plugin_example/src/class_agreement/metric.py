from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sparsey_trace.layout import TRAIN
from sparsey_trace.metrics.base import CODES_AND_ACTIVITY, RunMetric
from sparsey_trace.metrics.columns import phase_column


@dataclass(frozen=True)
class ClassAgreement(RunMetric):
    """In how many of its CMs a MAC's codes for two training samples of one class agree, on average."""

    name, requires, reductions = "class_agreement", CODES_AND_ACTIVITY, (None,)
    first_label: int = 0  # classes below it are left out, and so are samples without a label

    def init(self, layout):
        return {}  # (label, layer) -> how often each neuron won: [M, Q, K]

    def update(self, state, chunk):
        train = chunk.is_train & (chunk.label >= self.first_label)
        for label in np.unique(chunk.label[train]).tolist():
            chosen = train & (chunk.label == label)
            for layer, (codes, active) in enumerate(zip(chunk.codes, chunk.active, strict=True)):
                won = codes[chosen][..., None] == np.arange(chunk.layout.layers[layer].num_neurons)
                won &= active[chosen][:, :, None, None]
                state = self.merge(state, {(label, layer): won.sum(axis=0)})
        return state

    def merge(self, earlier, later):
        return {key: earlier.get(key, 0) + later.get(key, 0) for key in earlier | later}

    def finalize(self, state, layout):
        tables = []
        for index, macs in enumerate(layer.num_macs for layer in layout.layers):
            shared, pairs = np.zeros((2, macs), np.int64)
            for wins in (counts for (_, layer), counts in state.items() if layer == index):
                shared += (wins * (wins - 1) // 2).sum(axis=(1, 2))  # n samples make n (n - 1) / 2 pairs
                pairs += (samples := wins[:, 0].sum(axis=1)) * (samples - 1) // 2
            value = pa.array((shared / np.maximum(pairs, 1)).astype(np.float32), mask=pairs == 0)
            columns = {"phase": phase_column(np.full(macs, TRAIN))}
            columns |= {"layer": np.full(macs, index, np.int16), "mac": np.arange(macs, dtype=np.int32)}
            tables.append(pa.table({**columns, "value": value}))
        return pa.concat_tables(tables)
