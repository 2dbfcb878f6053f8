"""How a run's inputs are kept, as steps come: as asked for, or as it takes to hold all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.trace.format.inputs import UnfitInputsError, kind_of, wider_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

AUTO = "auto"


class KeptInputs:
    """Chooses the kind of a run's inputs.

    Args:
        asked: one of `schema.INPUT_KINDS`, or `auto`.

    Attributes:
        kind: of all inputs so far; empty before the first, where it isn't asked for.
    """

    def __init__(self, asked: str) -> None:
        """No step yet; see the class for the arguments."""
        self._is_auto = asked == AUTO
        self.kind = "" if self._is_auto else asked
        self._largest = 0  # size of the largest whole number, where it may be too large for a real kind

    def encoded(
        self,
        inputs: NDArray[Any] | None,
        encode: Callable[[str], dict[str, NDArray[Any]]],
        *,
        where: str,
    ) -> tuple[str, dict[str, NDArray[Any]]]:
        """The kind that it takes for a step and all before it, and the step as it is stored by that kind.

        Args:
            inputs: [B, …], or None where they aren't kept.
            encode: stores the step by a kind.
            where: the file and step, for messages.

        Raises:
            UnfitInputsError: another kind was asked for, or none holds them.
            DataError: something else doesn't fit.
        """
        kind = self.kind or kind_of(inputs)
        if not self._is_auto or inputs is None or kind == "none":
            return kind, encode(kind)
        # These would round others without a word, to 0 in the end.
        if (kind == "float16" and inputs.dtype.kind == "f") or (
            kind == "float32" and inputs.dtype == np.float64
        ):
            kind = wider_kind(kind, inputs, largest=0, where=where)
        try:
            return kind, encode(kind)
        except UnfitInputsError:
            wider = wider_kind(kind, inputs, largest=self._largest, where=where)
            if wider == kind:
                raise
            return wider, encode(wider)

    def take(self, kind: str, inputs: NDArray[Any] | None) -> None:
        """A step was taken in whose inputs are kept so."""
        self.kind = kind
        if self._is_auto and kind == "int64" and inputs is not None and inputs.dtype.kind in "iu":
            self._largest = max(self._largest, abs(int(inputs.min())), abs(int(inputs.max())))
