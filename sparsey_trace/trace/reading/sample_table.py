"""What a trace knows of each sample, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import NO_LABEL, PHASES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from sparsey_trace.trace.reading.column_view import ColumnView


class SampleTable:
    """What is known of each sample; every attribute is a column read when it is indexed.

    Attributes:
        step: [N] int64.
        epoch: [N] int32.
        phase: [N] uint8, 0 train and 1 eval.
        label: [N] int64, the smallest int64 where unknown.
        time: [N] float64, seconds since 1970-01-01 UTC.
    """

    step: ColumnView
    epoch: ColumnView
    phase: ColumnView
    label: ColumnView
    time: ColumnView

    def __init__(self, views: Mapping[str, ColumnView]) -> None:
        """Made by `Trace`."""
        vars(self).update(views)

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.step)

    def __repr__(self) -> str:
        """One line: how many, and which columns."""
        return f"<{len(self):,} samples: {', '.join(vars(self))}; to_pandas() has them as a table>"

    def to_pandas(self, samples: Any = slice(None)) -> pd.DataFrame:
        """A table with a row for each sample: sample, step, epoch, phase, label (nullable), time (UTC).

        Args:
            samples: which, in this order: a slice, numbers from 0 on, or a mask [N].
        """
        import pandas as pd

        label, phase = self.label[samples], self.phase[samples]
        known = label != NO_LABEL
        return pd.DataFrame(
            {
                "sample": np.arange(len(self), dtype=np.int64)[samples],
                "step": self.step[samples],
                "epoch": self.epoch[samples],
                "phase": pd.Categorical.from_codes(
                    np.where(phase < len(PHASES), phase, np.int8(-1)), categories=pd.Index(PHASES)
                ),
                "label": pd.arrays.IntegerArray(np.where(known, label, 0), ~known),
                "time": pd.to_datetime(self.time[samples], unit="s", utc=True, errors="coerce"),
            }
        )
