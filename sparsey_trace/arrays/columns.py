"""What is needed of a trace to show it as arrays; whoever has these shows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    import numpy as np
    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout


class LazyColumn(Protocol):
    """A column that is read when it is indexed; threads may share it."""

    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, ...]: the shape of the whole column."""
        ...

    def of_mac(self, number: int) -> LazyColumn:
        """The part that belongs to one MAC."""
        ...

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Read what the index names: of samples at least what a slice, a number or an array of numbers does."""
        ...


class LazyTrace(Protocol):
    """An open trace that pickles. See the attributes of `Trace`."""

    id: str
    created: str
    host: str
    config: dict[str, Any]
    versions: dict[str, str]
    sampling: dict[str, Any]
    layout: Layout

    def __len__(self) -> int:
        """The number of samples."""
        ...

    def contents(self) -> dict[str, Any] | None:
        """What tells its samples from others: `held`, whatever file they are in."""
        ...

    @property
    def chunk_size(self) -> int:
        """How many samples the file keeps together."""
        ...

    @property
    def fields(self) -> Set[str]:
        """Which of inputs, codes and active there are."""
        ...

    @property
    def samples(self) -> Any:
        """Has step, epoch, phase, label, id, sequence, moment and time of each sample, as lazy columns."""
        ...

    @property
    def layers(self) -> Sequence[Any]:
        """Have codes and active, as lazy columns, and further ones by name in `values`."""
        ...
