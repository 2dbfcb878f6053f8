"""What the study of storage capacity comes to: how much of stored inputs' codes comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.demo.capacity import CHANGED
from sparsey_trace.metrics import BasisSetSize, MatchAccuracy
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.support.writing import writing
from sparsey_trace.trace.reading.open_trace import open_trace

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Recognition:
    """What a run of the study shows.

    Attributes:
        table: a row for each number of stored inputs: `stored`, how many; `exact`, `1 changed` and `2 changed`, the
            mean share of winners that come back; `chance`, the same of another stored input's code, drawn at random;
            and `codes`, how many different ones there are.
    """

    table: pd.DataFrame

    @classmethod
    def of(cls, path: str | Path) -> Recognition:
        """From a trace that `run_capacity` recorded."""
        asked = MatchAccuracy(similarity="intersection")
        result = analyze(path, metrics=[asked, BasisSetSize()], resolution="sample")
        frame = result.to_pandas("match_accuracy")
        # Random inputs are far apart: the nearest to a copy is the one it was made from.
        found = frame.groupby(["epoch", "distance"])["value"].mean().unstack()[[*map(float, CHANGED)]]
        found.columns = ["exact", *(f"{pixels} changed" for pixels in CHANGED[1:])]
        sizes = result.to_pandas("basis_set_size").query("phase == 'train'")
        stored = sizes.groupby("epoch").size().cumsum()
        found.insert(0, "stored", stored)
        found["chance"] = _chances(path)
        found["codes"] = sizes.groupby("epoch")["value"].last()
        return cls(found.reset_index(drop=True))

    def draw(self, ax: Axes) -> None:
        """Recognition against the number of stored inputs."""
        from sparsey_trace.charts.axes.style import color_of, legend, line_of, marker_of

        for number, name in enumerate(["exact", *(f"{pixels} changed" for pixels in CHANGED[1:])]):
            said = "exact copies" if name == "exact" else f"copies with {name}"
            look = {"color": color_of(number), "linestyle": line_of(number), "marker": marker_of(number)}
            ax.plot(self.table["stored"], self.table[name], label=said, **look)
        ax.plot(self.table["stored"], self.table["chance"], color="0.5", linestyle=":", label="by chance")
        ax.set(
            ylim=(0, 1.02), xlim=(0, None), xlabel="inputs stored", ylabel="winners that come back (share)"
        )
        ax.grid(visible=True, alpha=0.3)
        legend(ax)

    def save(self, path: Path) -> None:
        """The same as a picture; an earlier one is replaced.

        Raises:
            OutputError: it can't be written.
        """
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6, 3.2), layout="constrained")
        self.draw(figure.subplots())
        with writing(path):
            figure.savefig(path, dpi=120)


def _chances(path: str | Path) -> list[float]:
    """For each epoch, how many winners a stored input's code shares with that of any, in the mean: itself included."""
    with open_trace(path) as trace:
        epoch, is_train = trace.samples.epoch[:], trace.samples.phase[:] == 0
        codes = trace.layers[0].codes[:][:, 0]
    found = []
    for number in np.unique(epoch).tolist():
        stored = codes[is_train & (epoch <= number)]
        shares = [np.unique(of_cm, return_counts=True)[1] / len(stored) for of_cm in stored.T]
        found.append(float(np.mean([(share**2).sum() for share in shares])))
    return found
