"""Looking samples up in a run that is in memory as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.metrics.base import Recalled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import Recall


def recall_from(run: Chunk) -> Recall:
    """A function that looks samples up in a run, as `Context.recall` does in a trace.

    Args:
        run: all samples that will be asked for, with the fields that will be.
    """

    def recall(samples: NDArray[np.int64], fields: frozenset[str]) -> Recalled:
        positions = samples - run.start
        return Recalled(
            inputs=run.inputs[positions] if run.inputs is not None and "inputs" in fields else None,
            codes=tuple(codes[positions] for codes in run.codes) if "codes" in fields else (),
            active=tuple(active[positions] for active in run.active) if "active" in fields else (),
            phase=run.phase[positions] if "phase" in fields else None,
        )

    return recall
