"""Which forward passes are recorded, where not all of them are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import UsageError
from sparsey_trace.layout import PHASES
from sparsey_trace.support.counts import checked_count

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """A pass is recorded where all three agree to it.

    Attributes:
        every: steps whose number is a multiple of this.
        phases: steps of these phases.
        predicate: asked `(step, phase, epoch)` of each pass that the two above agree to; None agrees to all.

    Raises:
        UsageError: a value is none that could be.

    >>> Sampling(every=10, phases=["eval"]).describe()
    {'every': 10, 'phases': ['eval']}
    """

    every: int = 1
    phases: Collection[str] = PHASES
    predicate: Callable[[int, str, int], bool] | None = None

    def __post_init__(self) -> None:
        """Check every value."""
        checked_count(self.every, "every")
        is_named = not isinstance(self.phases, str) and self.phases and set(self.phases) <= set(PHASES)
        if not is_named:
            names = ", ".join(map(repr, PHASES))
            msg = f"phases: expected a list of one or more of {names}, found {self.phases!r}"
            raise UsageError(msg)
        if not (self.predicate is None or callable(self.predicate)):
            msg = f"predicate: expected a function (step, phase, epoch) -> bool, found {self.predicate!r}"
            raise UsageError(msg)

    def is_due(self, step: int) -> bool:
        """Whether `every` agrees; what can be said without looking at the model."""
        return step % self.every == 0

    def takes(self, step: int, *, phase: str, epoch: int) -> bool:
        """Whether all three agree."""
        if not self.is_due(step) or phase not in self.phases:
            return False
        return self.predicate is None or self.predicate(step, phase, epoch)

    def describe(self, *, left_out: Sequence[str] = ()) -> dict[str, Any]:
        """What a trace says of it: what was left out only, so {} where everything is recorded.

        Args:
            left_out: names of layers that aren't recorded.
        """
        said: dict[str, Any] = {}
        if self.every > 1:
            said["every"] = self.every
        if set(self.phases) != set(PHASES):
            said["phases"] = [phase for phase in PHASES if phase in self.phases]
        if left_out:
            said["layers"] = list(left_out)
        if self.predicate is not None:
            said["predicate"] = name_of(self.predicate)
        return said


def name_of(predicate: Callable[..., bool]) -> str:
    """What a trace calls a predicate."""
    qualified = getattr(predicate, "__qualname__", None)
    return f"{predicate.__module__}.{qualified}" if qualified else repr(predicate)
