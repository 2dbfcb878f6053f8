"""Every metric's value per sample the slow and obvious way: loops, sets and fractions.

Nothing here is meant to be fast, and nothing is shared with the package but the vocabulary, so that
each function can be held against its paragraph of `docs/metrics.md`. The values of a sample are
`values[n][layer, mac]`: whole numbers for counts, fractions for shares, floats where a root is taken.
"""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sparsey_trace.connections import PADDING
from sparsey_trace.layout import NO_LABEL, TRAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout

    Number = int | Fraction | float
    Mac = tuple[int, int]
    Values = dict[int, dict[Mac, Number]]


def all_macs(layout: Layout) -> list[Mac]:
    """All (layer, mac), lowest layer first."""
    return [(layer, mac) for layer, its in enumerate(layout.layers) for mac in range(its.num_macs)]


def per_mac(run: Chunk, value: Callable[[int, int, int], Number]) -> Values:
    """value(n, layer, mac) of every sample and MAC, in recorded order."""
    return {
        n: {(layer, mac): value(n, layer, mac) for layer, mac in all_macs(run.layout)}
        for n in range(len(run))
    }


# Notation


def on(run: Chunk, n: int) -> frozenset[int]:
    """The features of x[n] that are not zero."""
    return frozenset(feature for feature, x in enumerate(run.inputs[n].tolist()) if x != 0)


def is_active(run: Chunk, n: int, layer: int, mac: int) -> bool:
    """a[n,l,m]."""
    return bool(run.active[layer][n, mac])


def code(run: Chunk, n: int, layer: int, mac: int) -> tuple[int, ...]:
    """c[n,l,m]."""
    return tuple(run.codes[layer][n, mac].tolist())


def cells(run: Chunk, n: int, layer: int, mac: int) -> frozenset[tuple[int, int]]:
    """The ones of o[n,l,m], each as (CM, neuron)."""
    return frozenset(enumerate(code(run, n, layer, mac))) if is_active(run, n, layer, mac) else frozenset()


def conn(layout: Layout, layer: int, mac: int) -> set[int]:
    """conn(l,m)."""
    return set(layout.layers[layer].connections[mac].tolist()) - {PADDING}


def field(layout: Layout, layer: int, mac: int) -> set[int]:
    """RF(l,m)."""
    if layer == 0:
        return conn(layout, 0, mac)
    return set().union(*(field(layout, layer - 1, below) for below in conn(layout, layer, mac)))


def is_train(run: Chunk, n: int) -> bool:
    return bool(run.phase[n] == TRAIN)


def train_before(run: Chunk, n: int) -> list[int]:
    """The train samples in steps before n's, in recorded order."""
    return [r for r in range(len(run)) if is_train(run, r) and run.step[r] < run.step[n]]


def jaccard(x: frozenset[Any], y: frozenset[Any]) -> Fraction:
    """|x and y| / |x or y|, where 0/0 counts as 0."""
    return Fraction(len(x & y), len(x | y)) if x | y else Fraction(0)


# Counts


def num_activations(run: Chunk) -> Values:
    return per_mac(run, lambda n, layer, mac: int(is_active(run, n, layer, mac)))


def basis_set_size(run: Chunk) -> Values:
    """The size after the sample."""
    basis_sets: dict[Mac, set[tuple[int, ...]]] = {at: set() for at in all_macs(run.layout)}

    def size(n: int, layer: int, mac: int) -> int:
        if is_train(run, n) and is_active(run, n, layer, mac):
            basis_sets[layer, mac].add(code(run, n, layer, mac))
        return len(basis_sets[layer, mac])

    return per_mac(run, size)


def basis_set_size_increase(run: Chunk) -> Values:
    sizes = basis_set_size(run)
    return per_mac(run, lambda n, *at: sizes[n][at] - (sizes[n - 1][at] if n > 0 else 0))


# Feature coverage


def reach(run: Chunk, n: int, layer: int, mac: int) -> set[int]:
    """R[n,l,m]."""
    if not is_active(run, n, layer, mac):
        return set()
    if layer == 0:
        return conn(run.layout, 0, mac)
    return set().union(*(reach(run, n, layer - 1, below) for below in conn(run.layout, layer, mac)))


def share(reached: set[int], features: frozenset[int]) -> Fraction:
    """|R and x| / |x|, 1 where no feature is on."""
    return Fraction(len(reached & features), len(features)) if features else Fraction(1)


def feature_coverage(run: Chunk) -> Values:
    return per_mac(run, lambda n, layer, mac: share(reach(run, n, layer, mac), on(run, n)))


def feature_coverage_layer(run: Chunk) -> Values:
    """The layer as a whole stands at [layer, 0]."""

    def whole(n: int, layer: int) -> Fraction:
        macs = range(run.layout.layers[layer].num_macs)
        return share(set().union(*(reach(run, n, layer, mac) for mac in macs)), on(run, n))

    return {
        n: {(layer, 0): whole(n, layer) for layer in range(len(run.layout.layers))} for n in range(len(run))
    }


# Match accuracy


def match_accuracy(
    run: Chunk, *, distance: str = "hamming", similarity: str = "hamming", repeated: str = "latest"
) -> Values:
    values: Values = {}
    for n, (r, _) in matches(run, distance=distance, repeated=repeated).items():
        values[n] = {at: agreement(run, n, r, at, similarity=similarity) for at in all_macs(run.layout)}
    return values


def agreement(run: Chunk, n: int, r: int, at: Mac, *, similarity: str) -> Number:
    mine, other = cells(run, n, *at), cells(run, r, *at)
    if similarity == "intersection":
        winners = run.layout.layers[at[0]].num_cms
        return Fraction(len(mine & other), winners) if mine or other else math.nan
    if similarity == "jaccard":
        return jaccard(mine, other)
    layer = run.layout.layers[at[0]]
    return 1 - Fraction(len(mine ^ other), layer.num_cms * layer.num_neurons)


def matches(run: Chunk, *, distance: str, repeated: str) -> dict[int, tuple[int, Fraction]]:
    """Per eval sample with a candidate: the train sample it is compared with, and its distance."""
    found: dict[int, tuple[int, Fraction]] = {}
    for n in range(len(run)):
        if not is_train(run, n) and train_before(run, n):
            found[n] = nearest(run, n, distance=distance, repeated=repeated)
    return found


def nearest(run: Chunk, n: int, *, distance: str, repeated: str) -> tuple[int, Fraction]:
    seen_in: dict[tuple[float, ...], list[int]] = {}
    for r in train_before(run, n):
        seen_in.setdefault(tuple(run.inputs[r].tolist()), []).append(r)
    candidates = list(seen_in.values())  # distinct inputs, in the order in which they were first seen
    distances = [input_distance(on(run, n), on(run, seen[0]), distance) for seen in candidates]
    best = distances.index(min(distances))
    return candidates[best][0 if repeated == "first" else -1], distances[best]


def input_distance(x: frozenset[int], y: frozenset[int], distance: str) -> Fraction:
    return 1 - jaccard(x, y) if distance == "jaccard" else Fraction(len(x ^ y))


# SISC adherence


def sisc_adherence(run: Chunk) -> Values:
    features = [on(run, n) for n in range(len(run))]
    outputs = [{at: cells(run, n, *at) for at in all_macs(run.layout)} for n in range(len(run))]
    before = [train_before(run, n) for n in range(len(run))]
    of_inputs = [[float(jaccard(features[n], features[r])) for r in before[n]] for n in range(len(run))]

    def adherence(n: int, *at: int) -> float:
        of_codes = [float(jaccard(outputs[n][at], outputs[r][at])) for r in before[n]]
        return cosine(of_inputs[n], of_codes)

    return per_mac(run, adherence)


def cosine(x: list[float], y: list[float]) -> float:
    """The cosine of two vectors whose lengths count as 1e-8 at least: 0 for empty ones."""
    length_x, length_y = (max(math.sqrt(math.fsum(value**2 for value in vector)), 1e-8) for vector in (x, y))
    return math.fsum(a * b for a, b in zip(x, y, strict=True)) / (length_x * length_y)


# Code usage


def code_usage(run: Chunk, at: Mac, cm: int, members: list[int]) -> dict[str, Number | None]:
    """What one CM did for these samples: samples, used, perplexity, top."""
    won = [code(run, n, *at)[cm] for n in members if is_active(run, n, *at)]
    shares = [won.count(neuron) / len(won) for neuron in set(won)]
    perplexity = math.exp(-math.fsum(share * math.log(share) for share in shares))
    top = max(shares, default=None)
    return {
        "samples": len(won),
        "used": len(set(won)),
        "perplexity": perplexity if won else None,
        "top": top,
    }


# Basis average


def basis_average(run: Chunk, layer: int, mac: int, *, last: int) -> tuple[list[float], int]:
    """As of sample `last`: the mean of x inside RF(l,m), all D values, and of how many samples it is."""
    samples = [n for n in range(last + 1) if is_train(run, n) and is_active(run, n, layer, mac)]
    average = [0.0] * run.layout.num_features
    for feature in field(run.layout, layer, mac) if samples else ():
        average[feature] = math.fsum(run.inputs[samples, feature].tolist()) / len(samples)
    return average, len(samples)


# Basis set


def basis_set(run: Chunk, layer: int, mac: int) -> list[dict[str, Any]]:
    """Every code that the MAC showed in training, its commonest first."""
    shown: dict[tuple[int, ...], list[int]] = {}
    for n in range(len(run)):
        if is_train(run, n) and is_active(run, n, layer, mac):
            shown.setdefault(code(run, n, layer, mac), []).append(n)
    rows = [
        {
            "code": winners,
            "count": len(samples),
            "first_step": int(run.step[samples[0]]),
            "last_step": int(run.step[samples[-1]]),
            **majority([label for n in samples if (label := int(run.label[n])) != NO_LABEL]),
        }
        for winners, samples in shown.items()
    ]
    return sorted(rows, key=lambda row: (-row["count"], row["first_step"], row["code"]))


def majority(labels: list[int]) -> dict[str, Any]:
    """The most frequent label, the smallest of equals, and its share; None for both where there is none."""
    label = min(labels, key=lambda one: (-labels.count(one), one), default=None)
    return {"label": label, "purity": Fraction(labels.count(label), len(labels)) if labels else None}


# Label information


def label_information(run: Chunk, at: Mac, phase: int, seed: int) -> dict[str, Any] | None:
    """What the MAC tells of the labels of a phase's samples; None where none is known."""
    members = [n for n in range(len(run)) if run.phase[n] == phase and run.label[n] != NO_LABEL]
    if not members:
        return None
    labels = [int(run.label[n]) for n in members]
    does = [code(run, n, *at) if is_active(run, n, *at) else () for n in members]
    entropy = mutual_information(labels, labels)
    bits = mutual_information(does, labels)
    return {
        "bits": bits,
        "share": bits / entropy if len(set(labels)) > 1 else None,
        "activity_bits": mutual_information([bool(thing) for thing in does], labels),
        "samples": len(members),
        "codes": len(set(does) - {()}),
        # A permutation of labels that is as likely as any other: samples are lined up by what the MAC does.
        "shuffled": math.fsum(
            mutual_information(sorted(does), other) for other in shuffles(sorted(labels), seed)
        )
        / 10,
    }


def mutual_information(x: list[Any], y: list[Any]) -> float:
    """In bits, of n pairs."""
    pairs = Counter(zip(x, y, strict=True))
    of_x, of_y, n = Counter(x), Counter(y), len(x)
    return math.fsum(
        count / n * math.log2(count * n / (of_x[one] * of_y[other])) for (one, other), count in pairs.items()
    )


def shuffles(labels: list[int], seed: int) -> Iterator[list[int]]:
    """Ten, each of the one before: by Fisher and Yates, with splitmix64."""
    numbers = splitmix64(seed % 2**64)
    for _ in range(10):
        for place in range(len(labels) - 1, 0, -1):
            drawn = next(it for it in numbers if it >= 2**64 % (place + 1))
            other = drawn % (place + 1)
            labels[place], labels[other] = labels[other], labels[place]
        yield labels


def splitmix64(state: int) -> Iterator[int]:
    """Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        mixed = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB % 2**64
        yield mixed ^ mixed >> 31


# SISC curve


def sisc_curve(run: Chunk, at: Mac, phase: int) -> list[dict[str, Any]]:
    """Twenty bins of input similarity, and what codes are like in the pairs of each."""
    alike: list[list[Fraction]] = [[] for _ in range(20)]
    for n in range(len(run)):
        if run.phase[n] == phase and is_active(run, n, *at):
            for r in train_before(run, n):
                if is_active(run, r, *at):
                    mine, other = code(run, n, *at), code(run, r, *at)
                    agreeing = sum(a == b for a, b in zip(mine, other, strict=True))
                    place = min(int(20 * jaccard(on(run, n), on(run, r))), 19)
                    alike[place].append(Fraction(agreeing, len(mine)))
    return [
        {
            "similarity": place / 20,
            "pairs": len(values),
            "mean": float(mean_of(values)) if values else None,
            "std": math.sqrt(mean_of([(v - mean_of(values)) ** 2 for v in values])) if values else None,
        }
        for place, values in enumerate(alike)
    ]


def mean_of(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def layer_value(run: Chunk, name: str, *, silent: str) -> dict[int, dict[Mac, float | None]]:
    """layer_value(name): what was recorded, None where there is nothing, or nothing that counts."""

    def value(n: int, layer: int, mac: int) -> float | None:
        if name not in run.values[layer] or (silent == "skip" and not is_active(run, n, layer, mac)):
            return None
        found = float(run.values[layer][name][n, mac])
        return found if -(2**31) < found < 2**31 else None

    return per_mac(run, value)
