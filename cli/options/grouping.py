"""Which values are taken together: a resolution over samples, a reduction over MACs and layers."""

from typing import Annotated

import typer

NO_REDUCTION = "none"


def resolution_names() -> list[str]:
    """Names of resolutions."""
    from sparsey_trace.metrics.base import RESOLUTIONS

    return list(RESOLUTIONS)


def reduction_names() -> list[str]:
    """Names of reductions, and `none`."""
    from sparsey_trace.metrics.reductions import REDUCTIONS

    return [NO_REDUCTION, *REDUCTIONS]


def parse_reduction(name: str) -> str | None:
    """A reduction as it is named in Python: None for `none`."""
    return None if name == NO_REDUCTION else name


Resolution = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        autocompletion=resolution_names,
        help="Over which samples values are taken together: sample, step, epoch or run.",
    ),
]
Reduction = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        autocompletion=reduction_names,
        help="Over which MACs and layers: none, layerwise_mean, layerwise_sum, mean, sum, highest_layer, "
        "highest_layer_mean, or sparse (basis averages inside receptive fields only).",
    ),
]
