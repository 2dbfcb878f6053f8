"""Running what torch.compile has to leave alone. Imported only where torch._dynamo is loaded already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable


def _call(act: Callable[..., None], args: tuple[Any, ...]) -> None:
    """Do `act` as Python does: outside of compiled graphs, with nothing in it compiled."""
    act(*args)


call = torch.compiler.disable(_call, reason="sparsey-trace records here; compile without fullgraph=True")  # type: ignore[no-untyped-call]
