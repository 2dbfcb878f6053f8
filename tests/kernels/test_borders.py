"""No kernel follows an index that leads out of an array, whoever hands it over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.kernels import (
    adherence,
    basis,
    blake2b,
    code_pairs,
    common,
    cosines_and_counts,
    input_pairs,
    listed_winners,
    nearest,
    pair_sums,
    reach,
    shuffling,
    sums,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def words(rows: int, width: int = 1) -> np.ndarray:
    return np.zeros((rows, width), np.uint64)


def whole(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def short(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int32)


def codes_of(rows: int, *ends: int, width: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return words(rows, width), np.arange(rows), whole(*ends)


PAIRS = input_pairs.InputPairs.of(words(3), whole(1, 1, 1), words(2), whole(0, 0), whole(9, 9))
CODES = (
    np.zeros((3, 2, 2), np.uint8),
    np.ones((3, 2), np.bool_),
    np.zeros((2, 2, 2), np.uint8),
    np.ones((2, 2), np.bool_),
)


def counted(
    *, samples: int = 3, group: int = 0, pairs: int = 6, in_bin: int = 0, levels: int = 3
) -> code_pairs.PairCounts:
    return code_pairs.PairCounts(
        np.full(samples, group, np.uint8),
        np.full(pairs, in_bin, np.int16),
        np.zeros((1, 2, 3, levels), np.int64),
    )


def weighed(*, weights: int = 6, norms: int = 3, means: int = 3) -> input_pairs.Weighed:
    return input_pairs.Weighed(whole(*[0] * weights), 1.0, np.ones(norms), np.ones(means))


COSINES = (*CODES, PAIRS, weighed(), np.zeros(3), 1e-9)

# Of each kernel sound arguments: two MACs, three samples, and as little as that of all else.
SOUND: dict[Callable[..., Any], tuple[Any, ...]] = {
    common.count_common: (words(2), words(3), short(0, 1), short(2, 0)),
    pair_sums.add_where: (
        np.zeros((3, 4), np.int64),
        np.zeros((2, 4), np.int64),
        short(0, 1),
        short(2, 0),
        whole(0, 0),
    ),
    sums.add_counts: (np.zeros((3, 2), np.int64), whole(0, 1, 1), np.zeros((2, 2), np.int64)),
    sums.add_fractions: (np.zeros((3, 2)), whole(0, 1, 1), 1.0, 1.0, np.zeros((2, 2), np.int64)),
    blake2b.blake2b_rows: (np.zeros((3, 2), np.uint8), 16, np.zeros(8, np.uint8)),
    basis.learn: (np.zeros((3, 2, 2), np.uint8), 4, np.ones((3, 2), np.bool_), 0),
    basis.join: (codes_of(2, 1, 2), codes_of(1, 0, 1), words(3), whole(0, 0, 0), whole(0, 0, 0)),
    basis.tally: (np.zeros((3, 2, 2), np.uint8), 4, np.ones((3, 2), np.bool_), whole(0, 1, 2)),
    basis.count_new: (whole(0, 1), whole(1, 2), 0, 3),
    basis.count_known: (whole(0, 1), whole(1, 2), 0, 3),
    nearest.find_nearest: (
        words(3),
        np.zeros((3, 5), np.uint8),
        whole(9, 9, 9),
        words(2),
        np.zeros((1, 5, nearest.TILE), np.uint8),
        whole(0, 0),
        whole(0),
        whole(9, 9),
        whole(0, 1, 2),
        whole(2, 2, 2),
        whole(-1, -1, -1),
        whole(0, 0, 0),
        whole(0, 0, 0),
        True,
    ),
    nearest.count_groups: (np.array([[0b11]], np.uint64) << np.uint64(6), whole(0, 1), 2),
    reach.count_reach: (
        words(3),
        words(2),
        short(0, 2, 0),
        whole(1, 2, 3),
        short(0, 2, 0),
        whole(2, 3),
        whole(1, 2),
    ),
    reach.share: (np.zeros((4, 64), np.int32), 2, whole(1, 1, 1), np.zeros((3, 2))),
    adherence.cosines: COSINES,
    cosines_and_counts.cosines_and_counts: (*COSINES, counted()),
    code_pairs.count_pairs: (*CODES, PAIRS, counted()),
    shuffling.shuffle: (short(0, 1, 1), np.zeros(1, np.uint64)),
    shuffling.joint_sums: (whole(1, 2, 3), whole(2, 3), short(0, 1, 1), 2, whole(0, 0, 2, 4)),
    listed_winners.count_listed: (
        np.zeros((3, 2, 2), np.uint8),
        np.ones((3, 2), np.bool_),
        whole(1, 2, 2, 4),
        np.zeros(4, np.uint8),
        whole(0, 0, 0, 0),
    ),
    listed_winners.sum_listed: (
        np.zeros((3, 2, 2), np.uint8),
        np.ones((3, 2), np.bool_),
        whole(1, 2, 2, 4),
        np.zeros(4, np.uint8),
        whole(0, 0, 0, 0),
        np.zeros((3, 2), np.int64),
    ),
}

INLINED = {"line_up", "count_agreeing", "popcount"}
"""What kernels of other modules call, which check what they hand over."""

# One argument, by its number, as it must not be.
WRONG: list[tuple[Callable[..., Any], int, Any, str]] = [
    (common.count_common, 2, short(0, 2), "of_first: expected indices from 0 to 1, found others"),
    (common.count_common, 3, short(-1, 0), "of_second: expected indices from 0 to 2, found others"),
    (common.count_common, 3, short(0), "pairs: expected equal sizes, found 2, 1"),
    (common.count_common, 1, words(3, 2), "words: expected equal sizes, found 1, 2"),
    (pair_sums.add_where, 2, short(0, 2), "of_masks: expected indices from 0 to 1"),
    (pair_sums.add_where, 3, short(3, 0), "of_values: expected indices from 0 to 2"),
    (pair_sums.add_where, 4, whole(0), "pairs: expected equal sizes, found 2, 2, 1"),
    (pair_sums.add_where, 1, np.zeros((2, 3), np.int64), "samples: expected equal sizes, found 4, 3"),
    (sums.add_counts, 1, whole(0, 1, 2), "group: expected indices from 0 to 1"),
    (sums.add_counts, 1, whole(0, 1), "samples: expected equal sizes, found 3, 2"),
    (sums.add_fractions, 1, whole(0, -(2**63), 1), "group: expected indices from 0 to 1"),
    (sums.add_fractions, 4, np.zeros((2, 1), np.int64), "MACs: expected equal sizes, found 2, 1"),
    (basis.learn, 2, np.ones((3, 1), np.bool_), "samples and MACs: expected equal sizes"),
    (basis.learn, 1, 0, "bits: expected room for 1, found room for 0"),
    (basis.learn, 1, 65, "bits: expected room for 65, found room for 64"),
    (basis.join, 0, codes_of(2, 1, 3), "ends: expected numbers from 0 to 2 that never fall"),
    (basis.join, 0, codes_of(2, 2, 1), "ends: expected numbers from 0 to 2 that never fall"),
    (basis.join, 1, codes_of(1, -1, 1), "ends: expected numbers from 0 to 1 that never fall"),
    (basis.join, 1, codes_of(1, 1), "MACs: expected equal sizes, found 2, 1"),
    (basis.join, 1, codes_of(1, 0, 1, width=2), "words: expected equal sizes, found 2, 1"),
    (basis.join, 2, words(2), "codes: expected room for 3, found room for 2"),
    (basis.join, 3, whole(0, 0), "codes: expected room for 3, found room for 2"),
    (basis.join, 4, whole(0, 0), "places: expected equal sizes, found 2, 3"),
    (basis.tally, 2, np.ones((3, 1), np.bool_), "samples and MACs: expected equal sizes"),
    (basis.tally, 1, 65, "bits: expected room for 65, found room for 64"),
    (basis.tally, 3, whole(0, 1), "labels: expected equal sizes, found 3, 2"),
    (basis.count_new, 1, whole(1, 3), "ends: expected numbers from 0 to 2 that never fall"),
    (basis.count_known, 1, whole(1, 3), "ends: expected numbers from 0 to 2 that never fall"),
    (basis.count_new, 1, whole(-1, 2), "ends: expected numbers from 0 to 2 that never fall"),
    (basis.count_known, 1, whole(-1, 2), "ends: expected numbers from 0 to 2 that never fall"),
    (nearest.find_nearest, 3, words(3), "references: expected equal sizes, found 3, 2, 2"),
    (
        nearest.find_nearest,
        4,
        np.zeros((0, 5, nearest.TILE), np.uint8),
        "tiles: expected room for 2, found room for 0",
    ),
    (nearest.find_nearest, 4, np.zeros((1, 10, nearest.TILE), np.uint8), "groups: expected equal sizes"),
    (nearest.find_nearest, 6, whole(0, 0), "tiles: expected equal sizes, found 1, 2"),
    (nearest.find_nearest, 8, whole(0, 1, 3), "done: expected indices from 0 to 2"),
    (nearest.find_nearest, 9, whole(0, -1, 2), "serving: expected indices from 0 to 2"),
    (nearest.find_nearest, 10, whole(-1), "queries: expected equal sizes"),
    (nearest.count_groups, 1, whole(0, 2), "group: expected indices from 0 to 1"),
    (nearest.count_groups, 1, whole(0), "bits: expected none behind the 1 that have a group, found some"),
    (
        nearest.count_groups,
        0,
        words(1) + 256,
        "bits: expected none behind the 2 that have a group, found some",
    ),
    (listed_winners.count_listed, 1, np.ones((3, 1), np.bool_), "samples and MACs: expected equal sizes"),
    (blake2b.blake2b_rows, 1, 65, "size: expected room for 65, found room for 64"),
    (blake2b.blake2b_rows, 1, 0, "size: expected room for 1, found room for 0"),
    (blake2b.blake2b_rows, 2, np.zeros(65, np.uint8), "key: expected room for 65, found room for 64"),
    (listed_winners.count_listed, 2, whole(1, 2, 2), "CMs: expected equal sizes, found 4, 3"),
    (listed_winners.count_listed, 2, whole(1, 2, 2, 5), "ends: expected numbers from 0 to 4 that never fall"),
    (listed_winners.count_listed, 4, whole(0, 0, 0), "listed winners: expected equal sizes, found 4, 3"),
    (listed_winners.sum_listed, 5, np.zeros((2, 2), np.int64), "sums: expected equal sizes"),
    (reach.count_reach, 2, short(0, 2, 2), "sources: expected indices of the layer below, found others"),
    (reach.count_reach, 2, short(0, -1, 0), "sources: expected indices of the layer below, found others"),
    (reach.count_reach, 3, whole(1, 2, 4), "ends: expected numbers of sources, found more"),
    (reach.count_reach, 4, short(0, 3, 0), "features: expected indices of features, found others"),
    (reach.count_reach, 4, short(0, -1, 0), "features: expected indices of features, found others"),
    (reach.count_reach, 5, whole(2, 4), "mac_ends: expected numbers from 0 to 3 that never fall"),
    (reach.count_reach, 6, whole(1, 3), "layer_ends: expected numbers from 0 to 2 that never fall"),
    (reach.count_reach, 6, whole(2, 2), "layers: expected room for 1, found room for 0"),
    (reach.count_reach, 1, words(1), "active: expected room for 2, found room for 1"),
    (reach.share, 1, 3, "things: expected room for 5, found room for 4"),
    (reach.share, 1, -1, "things: expected room for 0, found room for -1"),
    (reach.share, 2, whole(1, 1), "samples: expected equal sizes, found 2, 3"),
    (adherence.cosines, 0, np.zeros((2, 2, 2), np.uint8), "samples and MACs: expected equal sizes"),
    (adherence.cosines, 3, np.ones((1, 2), np.bool_), "references and MACs: expected equal sizes"),
    (adherence.cosines, 5, weighed(weights=1), "weights: expected equal sizes, found 6, 1"),
    (adherence.cosines, 5, weighed(norms=2), "samples: expected equal sizes, found 3, 2, 3"),
    (adherence.cosines, 5, weighed(means=2), "samples: expected equal sizes, found 3, 3, 2"),
    (
        cosines_and_counts.cosines_and_counts,
        5,
        weighed(weights=1),
        "weights: expected equal sizes, found 6, 1",
    ),
    (adherence.cosines, 6, np.zeros(2), "levels: expected equal sizes, found 3, 2"),
    (code_pairs.count_pairs, 2, np.zeros((2, 2, 1), np.uint8), "MACs and CMs: expected equal sizes"),
    *(
        (kernel, place, counts, found)
        for kernel, place in ((code_pairs.count_pairs, 5), (cosines_and_counts.cosines_and_counts, 8))
        for counts, found in (
            (counted(samples=2), "samples: expected equal sizes, found 3, 2"),
            (counted(group=1), "group: expected indices from 0 to 0, found others"),
            (counted(in_bin=3), "bins: expected indices from 0 to 2"),
            (counted(pairs=5), "bins: expected equal sizes, found 6, 5"),
            (counted(levels=2), "MACs and levels: expected equal sizes"),
        )
    ),
    (shuffling.shuffle, 1, np.zeros(2, np.uint64), "state: expected equal sizes, found 2, 1"),
    (shuffling.joint_sums, 0, whole(1, 1, 3), "samples: expected equal sizes, found 2, 3"),
    (shuffling.joint_sums, 1, whole(2, 4), "ends: expected numbers from 0 to 3 that never fall"),
    (shuffling.joint_sums, 2, short(0, 1, 2), "labels: expected indices from 0 to 1, found others"),
    (shuffling.joint_sums, 4, whole(0, 0, 2), "worth: expected equal sizes, found 3, 4"),
]


def is_kernel(found: object) -> bool:
    """Whether that is compiled, with nothing around it."""
    return getattr(getattr(found, "__code__", None), "co_qualname", "") == "compiled.<locals>.call"


def test_every_kernel_has_a_border() -> None:
    """Of those that other modules call; what is compiled itself is called by none, unless it stands behind one."""
    modules = (
        adherence,
        basis,
        blake2b,
        code_pairs,
        common,
        cosines_and_counts,
        listed_winners,
        nearest,
        pair_sums,
        reach,
        shuffling,
        sums,
    )
    for module in modules:
        compiled = {
            name
            for name, found in vars(module).items()
            if is_kernel(found) or (hasattr(found, "for_compiler") and not hasattr(found, "__wrapped__"))
        }
        assert all(name.startswith("_") or name in INLINED for name in compiled)
    named = {
        found
        for module in modules
        for name, found in vars(module).items()
        if not name.startswith("_")
        and hasattr(found, "__wrapped__")
        and found.__module__ == module.__name__
        and not is_kernel(found)
    }
    assert named == SOUND.keys()
    assert {kernel for kernel, *_ in WRONG} == SOUND.keys()


@pytest.mark.parametrize("kernel", SOUND, ids=lambda kernel: kernel.__name__)
def test_what_is_sound_passes(kernel: Callable[..., Any]) -> None:
    kernel(*SOUND[kernel])


@pytest.mark.parametrize(
    ("kernel", "number", "value", "found"), WRONG, ids=[f"{kernel.__name__} {n}" for kernel, n, *_ in WRONG]
)
def test_what_leads_out_of_an_array_is_refused(
    kernel: Callable[..., Any], number: int, value: Any, found: str
) -> None:
    arguments = list(SOUND[kernel])
    arguments[number] = value
    with pytest.raises(IndexError) as caught:
        kernel(*arguments)
    assert str(caught.value).startswith(found)


def test_pairs_are_of_as_many_as_there_are() -> None:
    sound = (words(3), whole(1, 1, 1), words(2), whole(0, 0), whole(9, 9))
    for number, value, found in (
        (1, whole(1), "samples: expected equal sizes, found 3, 1"),
        (4, whole(9), "references: expected equal sizes, found 2, 2, 1"),
        (2, words(2, 2), "words: expected equal sizes, found 1, 2"),
    ):
        with pytest.raises(IndexError, match=found):
            input_pairs.InputPairs.of(*sound[:number], value, *sound[number + 1 :])
