"""Layers of one MAC each, whose output is their winners: [B, Q] whole numbers."""

import numpy as np

from sparsey_trace.layout import LayerLayout
from sparsey_trace.recording.adapters import codes_of_winners


class OneMac:
    """A module with `winners_of`, a pair (Q, K), is a layer of one MAC that listens to everything below."""

    def recognises(self, module):
        return hasattr(module, "winners_of")

    def layout(self, module, *, name, num_sources):
        num_cms, num_neurons = module.winners_of
        connections = [np.arange(num_sources)]
        return LayerLayout(
            name=name, num_macs=1, num_cms=num_cms, num_neurons=num_neurons, connections=connections
        )

    def read(self, module, output, layout):
        return codes_of_winners(output[:, None, :], layout)

    def is_training(self, module, model):
        return module.training
