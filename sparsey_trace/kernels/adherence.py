"""How similarities of inputs and of codes go together, for one sample and many references at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_equal
from sparsey_trace.kernels.compiled import compiled
from sparsey_trace.kernels.words import popcount

if TYPE_CHECKING:
    from numpy.typing import NDArray

SILENT = np.uint16(65535)
"""No neuron has this number: layers have fewer."""


@compiled
def serving(
    step: int, old_step: NDArray[np.int64], until: NDArray[np.int64], which: NDArray[np.int64]
) -> tuple[int, int]:
    """The references that serve a step: of earlier steps, and drawn until this one at least.

    Args:
        step: the step.
        old_step: [R], never falling.
        until: [R].
        which: [R], the references that served before, and afterwards those that serve now.

    Returns:
        How many serve now; how many of the first of them stood there before.
    """
    count = same = reference = 0
    while reference < len(old_step) and old_step[reference] < step:
        if step <= until[reference]:
            if same == count and which[count] == reference:
                same += 1
            which[count] = reference
            count += 1
        reference += 1
    return count, same


@compiled
def overlap(
    bits: NDArray[np.uint64], old_bits: NDArray[np.uint64], sample: int, reference: int
) -> tuple[int, int]:
    """How many features are on in a sample and a reference: in both, and in any of them.

    Args:
        bits: [n, W], what is on in the inputs.
        old_bits: [R, W], of the references.
        sample: which of the first.
        reference: which of the second.
    """
    shared = joined = 0
    for word in range(bits.shape[1]):
        shared += popcount(bits[sample, word] & old_bits[reference, word])
        joined += popcount(bits[sample, word] | old_bits[reference, word])
    return shared, joined


@compiled
def line_up(
    old: NDArray[np.uint16],
    which: NDArray[np.int64],
    same: int,
    count: int,
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
) -> None:
    """Put winners of one CM side by side, so that many are compared at once.

    Args:
        old: [M, Q, R], the winners of the references that serve, `SILENT` where their MAC was.
        which: [R], the references that serve.
        same: how many of the first of them stand in `old` already.
        count: how many serve.
        old_codes: [R, M, Q], of the references.
        old_active: [R, M].
    """
    for index in range(same, count):
        for mac in range(old.shape[0]):
            speaks = old_active[which[index], mac]
            for cm in range(old.shape[1]):
                old[mac, cm, index] = old_codes[which[index], mac, cm] if speaks else SILENT


def check_references(
    bits: NDArray[np.uint64],
    step: NDArray[np.int64],
    old_bits: NDArray[np.uint64],
    old_step: NDArray[np.int64],
    until: NDArray[np.int64],
) -> None:
    """See that samples and references have all that is asked of them.

    Raises:
        IndexError: they don't.
    """
    check_equal("samples", len(bits), len(step))
    check_equal("references", len(old_bits), len(old_step), len(until))
    check_equal("words", bits.shape[1], old_bits.shape[1])


def _check_weigh(
    bits: NDArray[np.uint64],
    step: NDArray[np.int64],
    old_bits: NDArray[np.uint64],
    old_step: NDArray[np.int64],
    until: NDArray[np.int64],
    unit: float,
) -> None:
    check_references(bits, step, old_bits, old_step, until)


@bordered(_check_weigh)
@compiled
def weigh(
    bits: NDArray[np.uint64],
    step: NDArray[np.int64],
    old_bits: NDArray[np.uint64],
    old_step: NDArray[np.int64],
    until: NDArray[np.int64],
    unit: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Jaccard similarities of inputs, as whole numbers of 1 / `unit`: sums of these don't depend on their order.

    Args:
        bits: [n, W], what is on in the inputs.
        step: [n], never falling.
        old_bits: [R, W], of the references.
        old_step: [R], never falling.
        until: [R].
        unit: how many parts make 1.

    Returns:
        [n, R] int64, where a reference serves; and the square root of the sum of their squares [n].
    """
    weights, norm = np.zeros((len(bits), len(old_bits)), np.int64), np.zeros(len(bits))
    which, count = np.full(len(old_bits), -1), 0
    for sample in range(len(bits)):
        if sample == 0 or step[sample] != step[sample - 1]:
            count, _ = serving(step[sample], old_step, until, which)
        squares = np.int64(0)
        for index in range(count):
            reference = which[index]
            shared, joined = overlap(bits, old_bits, sample, reference)
            alike = shared / max(joined, 1)
            weights[sample, reference] = np.int64(np.rint(alike * unit))
            squares += np.int64(np.rint(alike * alike * unit))
        norm[sample] = np.sqrt(squares / unit)
    return weights, norm


def _check_cosines(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    step: NDArray[np.int64],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    old_step: NDArray[np.int64],
    until: NDArray[np.int64],
    weights: NDArray[np.int64],
    unit: float,
    norm: NDArray[np.float64],
    alike: NDArray[np.float64],
    least: float,
) -> None:
    check_equal("samples and MACs", codes.shape[:2], active.shape)
    check_equal("references and MACs", old_codes.shape[:2], old_active.shape)
    check_equal("MACs and CMs", codes.shape[1:], old_codes.shape[1:])
    check_equal("samples", len(codes), len(step), len(norm))
    check_equal("references", len(old_codes), len(old_step), len(until))
    check_equal("weights", (len(codes), len(old_codes)), weights.shape)
    check_equal("levels", codes.shape[2] + 1, len(alike))


@bordered(_check_cosines)
@compiled
def cosines(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    step: NDArray[np.int64],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    old_step: NDArray[np.int64],
    until: NDArray[np.int64],
    weights: NDArray[np.int64],
    unit: float,
    norm: NDArray[np.float64],
    alike: NDArray[np.float64],
    least: float,
) -> NDArray[np.float64]:
    """The cosine of each sample's and MAC's two vectors of similarities, to all references that serve.

    Args:
        codes: [n, M, Q].
        active: [n, M].
        step: [n], never falling.
        old_codes: [R, M, Q], of the references.
        old_active: [R, M].
        old_step: [R], never falling.
        until: [R].
        weights: [n, R], similarities of the inputs, in units of 1 / `unit`.
        unit: how many parts make 1.
        norm: [n], the length of each vector of these.
        alike: [Q + 1], how alike codes are that agree in so many CMs.
        least: what a vector's length counts for at least.

    Returns:
        [n, M] float64.
    """
    samples, macs, cms = codes.shape
    found = np.zeros((samples, macs))
    old = np.empty((macs, cms, len(old_codes)), np.uint16)
    which, count = np.full(len(old_codes), -1), 0
    agreeing, weight = np.empty(len(old_codes), np.uint16), np.empty(len(old_codes), np.int64)
    for sample in range(samples):
        if sample == 0 or step[sample] != step[sample - 1]:
            count, same = serving(step[sample], old_step, until, which)
            line_up(old, which, same, count, old_codes, old_active)
        for index in range(count):
            weight[index] = weights[sample, which[index]]
        for mac in range(macs):
            if not active[sample, mac]:
                continue
            for index in range(count):
                agreeing[index] = 0
            for cm in range(cms):
                winner = np.uint16(codes[sample, mac, cm])
                for index in range(count):
                    agreeing[index] += np.uint16(old[mac, cm, index] == winner)
            dot = square = 0.0
            for level in range(1, cms + 1):
                # Level by level, as so many references at once are looked at; adding each where it belongs would
                # wait for the one before.
                total = number = 0
                for index in range(count):
                    total += weight[index] if agreeing[index] == level else 0
                for index in range(count):
                    number += agreeing[index] == level
                dot += alike[level] * (total / unit)
                square += alike[level] * alike[level] * number
            length = max(np.sqrt(square), least) * max(norm[sample], least)
            found[sample, mac] = dot / length
    return found
