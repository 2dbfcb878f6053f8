"""Which inputs a demo run shows, in which order: every choice made by one seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

NEW_SHARE = 10
"""One input in so many is kept from training, to see how a new input is coded."""


@dataclass(frozen=True, kw_only=True)
class ScheduledStep:
    """One forward pass to make.

    Attributes:
        epoch: counted from 0.
        training: whether the model learns.
        samples: [B] int64, which images of the data set.
    """

    epoch: int
    training: bool
    samples: NDArray[np.int64]


class Schedule:
    """Epochs of training, each with an evaluation behind it.

    Training shows nine tenths of the inputs, in a new order each epoch. Evaluation shows the other tenth,
    which the model never trains on, and as many trained inputs, mixed: so a run tells how well the model
    recalls what it has seen and how it codes what it has not.

    Attributes:
        samples: how many different images are used.
        trained: [T] int64, the images that training shows.
        evaluated: [E] int64, the images that evaluation shows; the same, in the same order, each time.
    """

    def __init__(
        self, available: int, *, samples: int | None, epochs: int, batch_size: int, seed: int
    ) -> None:
        """Choose and split the images.

        Args:
            available: how many images there are.
            samples: how many different ones to use, or None for all.
            epochs: at least 1.
            batch_size: of each step but an epoch's or an evaluation's last, which may be smaller.
            seed: of every choice.

        Raises:
            UsageError: a number is out of range.
        """
        samples = available if samples is None else samples
        _expect(samples, "samples", least=2, most=available)
        _expect(epochs, "epochs", least=1)
        _expect(batch_size, "batch_size", least=1)
        _expect(seed, "seed", least=0)
        self.samples, self.epochs, self.batch_size, self._seed = samples, epochs, batch_size, seed
        chosen = np.random.default_rng([seed, 0]).permutation(available)[:samples]
        num_new = max(1, samples // NEW_SHARE)
        self.trained = chosen[num_new:]
        self.evaluated = np.random.default_rng([seed, 1]).permutation(chosen[: 2 * num_new])

    def __len__(self) -> int:
        """How many steps there are."""
        return self.epochs * sum(
            -(-len(shown) // self.batch_size) for shown in (self.trained, self.evaluated)
        )

    def __iter__(self) -> Iterator[ScheduledStep]:
        """The steps; the same ones each time."""
        rng = np.random.default_rng([self._seed, 2])
        for epoch in range(self.epochs):
            for training, order in ((True, rng.permutation(self.trained)), (False, self.evaluated)):
                for start in range(0, len(order), self.batch_size):
                    batch = order[start : start + self.batch_size]
                    yield ScheduledStep(epoch=epoch, training=training, samples=batch)


def _expect(value: int, name: str, *, least: int, most: int | None = None) -> None:
    if value < least or (most is not None and value > most):
        limits = f"at least {least}" if most is None else f"{least} to {most:,}"
        msg = f"{name}: expected {limits}, found {value}"
        raise UsageError(msg)
