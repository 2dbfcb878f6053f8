"""What a trace knows of each sample, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import MARKS, NO_LABEL, PHASES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from sparsey_trace.trace.reading.column_view import ColumnView

_AT_ONCE = 1 << 16


class SampleTable:
    """What is known of each sample; every attribute is a column read when it is indexed.

    Attributes:
        step: [N] int64.
        epoch: [N] int32.
        phase: [N] uint8, 0 train and 1 eval.
        label: [N] int64, the smallest int64 where unknown.
        id: [N] int64, which sample of a dataset it is; the smallest int64 where unknown, as in the next two.
        sequence: [N] int64, the sequence that it belongs to.
        moment: [N] int64, its place in that sequence.
        time: [N] float64, seconds since 1970-01-01 UTC.
    """

    step: ColumnView
    epoch: ColumnView
    phase: ColumnView
    label: ColumnView
    id: ColumnView
    sequence: ColumnView
    moment: ColumnView
    time: ColumnView

    def __init__(self, views: Mapping[str, ColumnView]) -> None:
        """Made by `Trace`."""
        vars(self).update(views)

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.step)

    def count_steps(self) -> int:
        """How many steps there are."""
        # Each span with the sample before it, so that no change is missed between two of them.
        spans = (self.step[max(0, at - 1) : at + _AT_ONCE] for at in range(0, len(self), _AT_ONCE))
        return sum(int(np.count_nonzero(np.diff(span))) for span in spans) + min(1, len(self))

    def __repr__(self) -> str:
        """One line: how many, and which columns."""
        return f"<{len(self):,} samples: {', '.join(vars(self))}; to_pandas() has them as a table>"

    def to_pandas(self, samples: Any = slice(None)) -> pd.DataFrame:
        """A table with a row for each sample: sample, step, epoch, phase, label, id, sequence, moment, time.

        Label, id, sequence and moment may be null; times are UTC.

        Args:
            samples: which, in this order: a slice, numbers from 0 on, or a mask [N].
        """
        import pandas as pd

        phase = self.phase[samples]
        marks = {name: getattr(self, name)[samples] for name in MARKS.values()}
        return pd.DataFrame(
            {
                "sample": np.arange(len(self), dtype=np.int64)[samples],
                "step": self.step[samples],
                "epoch": self.epoch[samples],
                "phase": pd.Categorical.from_codes(
                    np.where(phase < len(PHASES), phase, np.int8(-1)), categories=pd.Index(PHASES)
                ),
                **{
                    name: pd.arrays.IntegerArray(np.where(values == NO_LABEL, 0, values), values == NO_LABEL)
                    for name, values in marks.items()
                },
                "time": pd.to_datetime(self.time[samples], unit="s", utc=True, errors="coerce"),
            }
        )
