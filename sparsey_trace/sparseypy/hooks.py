"""Hooks on a model, in one place."""

from sparsey_trace.sparseypy.hook import Hook
from sparsey_trace.sparseypy.hook_factory import HookFactory
from sparsey_trace.sparseypy.layer_io import LayerIOHook

__all__ = ["Hook", "HookFactory", "LayerIOHook"]
