"""A forward pass under way, between its hooks."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.adapters.codes import Codes


@dataclass(kw_only=True)
class Pass:
    """A forward pass under way: what was seen of it so far."""

    layout: Layout
    phase: str
    size: int
    kept: dict[str, Tensor]
    labels: Any
    codes: list[Codes] = field(default_factory=list)


class LeftOut:
    """A forward pass under way that sampling leaves out."""


class Here(threading.local):
    """What a thread knows of its own pass."""

    under_way: Pass | LeftOut | None = None
    is_redirected = False  # whether a call of the model leads to other code than its forward
    handled: BaseException | None = None  # what the model's caller was handling when the pass began
