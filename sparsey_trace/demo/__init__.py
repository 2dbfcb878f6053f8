"""A small but true Sparsey and real digits, so that everything can be tried at once. Needs torch.

The model follows Rinkus (2010), "A cortical sparse distributed coding model linking mini- and
macrocolumn-scale functionality", Frontiers in Neuroanatomy 4:17, doi:10.3389/fnana.2010.00017, and Rinkus
(2014), "Sparsey: event recognition via deep hierarchical sparse distributed codes", Frontiers in
Computational Neuroscience 8:160, doi:10.3389/fncom.2014.00160, without their temporal part. From the bottom
up: `grids` (where MACs stand and listen), `selection` (which neurons win), `synapses` (what is learned),
`layer`, `model`, `configurations`; then `data`, `schedule` and `training`, which records a run.
"""

from sparsey_trace.demo.configurations import DIGITS, MNIST
from sparsey_trace.demo.data import LabelledImages, load_digits, load_mnist
from sparsey_trace.demo.layer import LayerConfig, SparseyLayer
from sparsey_trace.demo.model import Sparsey, SparseyConfig
from sparsey_trace.demo.selection import WinSigmoid
from sparsey_trace.demo.synapses import LearningRule
from sparsey_trace.demo.training import DEMOS, run_demo

__all__ = [
    "DEMOS",
    "DIGITS",
    "MNIST",
    "LabelledImages",
    "LayerConfig",
    "LearningRule",
    "Sparsey",
    "SparseyConfig",
    "SparseyLayer",
    "WinSigmoid",
    "load_digits",
    "load_mnist",
    "run_demo",
]
