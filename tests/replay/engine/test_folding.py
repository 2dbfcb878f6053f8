"""States are merged in order, and each of them seldom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from sparsey_trace.metrics import RunMetric
from sparsey_trace.replay.engine.folding import Folding
from tests.cli.commands import LAYOUT

if TYPE_CHECKING:
    from sparsey_trace.layout import Layout

Span = tuple[int, ...]


@dataclass(frozen=True)
class Order(RunMetric[Span]):
    """The numbers of the chunks, in the order in which they were merged."""

    name = "order"
    merged: ClassVar[Counter[int]] = Counter()

    def init(self, layout: Layout) -> Span:
        return ()

    def merge(self, earlier: Span, later: Span) -> Span:
        self.merged.update(earlier + later)
        return earlier + later

    def finalize(self, state: Span, layout: Layout) -> Any:
        return state


@pytest.mark.parametrize("known", [[], [(-2, -1)]])
@pytest.mark.parametrize("chunks", [0, 1, 2, 3, 64, 100])
def test_all_chunks_come_in_order_and_each_is_merged_a_logarithmic_number_of_times(
    known: list[Span], chunks: int
) -> None:
    Order.merged.clear()
    folding = Folding(Order(), LAYOUT, known)
    for number in range(chunks):
        folding.add((number,))
    expected = (*(number for span in known for number in span), *range(chunks))
    assert folding.result() == expected
    # Once for each digit of the number of chunks, and then with what came before.
    assert all(Order.merged[number] <= 2 * chunks.bit_length() + 1 for number in range(chunks))
    assert folding.result() == expected
