"""Whether all MACs take part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.num_activations import mac_activity
from sparsey_trace.layout import EVAL, PHASES, TRAIN
from sparsey_trace.reporting.finding import Answer, under_names
from sparsey_trace.support.printable import count

if TYPE_CHECKING:
    from sparsey_trace.reporting.runs import ReportRun

ABOUT = "Do all MACs take part?"
_WORDS = {PHASES[TRAIN]: "training", PHASES[EVAL]: "evaluation"}


def never_active(run: ReportRun) -> Answer | None:
    """How many MACs of each layer were never active in training; None where that isn't known.

    And which layers did nothing at all in evaluation; of a run without training, what is told of training otherwise.
    """
    if not run.view.has("num_activations"):
        return None
    found = run.view.run.once(mac_activity)
    phase, *others = found[0].samples
    silent = {layer.layer: layer.by_phase[phase] == 0 for layer in found}
    over = count(found[0].samples[phase], f"{_WORDS[phase]} sample")
    idle = [
        layer.layer
        for layer in found
        for other in others
        if not layer.by_phase[other].any() and not silent[layer.layer].all()
    ]
    remarks = under_names(run, idle, "no MAC was active in evaluation")
    awake = [layer.layer for layer in found if silent[layer.layer].all() and not layer.silent.all()]
    remarks += under_names(run, awake, "MACs were active in evaluation only")
    remark = " ".join(remarks)
    if not any(one.any() for one in silent.values()):
        return Answer(said=f"Every MAC was active at least once, over {over}", remark=remark)
    return Answer(
        said="MACs that were never active",
        over=over,
        by_layer={layer: f"{int(one.sum()):,} of {len(one):,}" for layer, one in silent.items()},
        remark=remark,
    )
