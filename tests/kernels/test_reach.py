"""Reach at sizes that generated runs have not, against what numpy makes of the same."""

from __future__ import annotations

import numpy as np

from sparsey_trace.kernels.reach import count_reach, share
from sparsey_trace.support.bitsets import sets_of_samples


def test_reach_is_united_restricted_and_counted() -> None:
    rng = np.random.default_rng(1)
    # More samples than are worked on at once, and counts that take more than a byte.
    on, active = rng.random((1100, 400)) < 0.9, rng.random((1100, 5)) < 0.7
    connections = [np.arange(400), np.arange(3), np.arange(200, 390)]
    pairs = [(mac, feature, [feature]) for mac, heard in enumerate(connections) for feature in heard]
    places = {(mac, feature): place for place, (mac, feature, _) in enumerate(pairs)}
    for mac, heard in ((3, [0, 1]), (4, [2])):
        reached = np.unique(np.concatenate([connections[below] for below in heard]))
        sources = [[places[b, f] for b in heard if (b, f) in places] for f in reached]
        pairs += zip([mac] * len(reached), reached, sources, strict=True)
    counts = count_reach(
        sets_of_samples(on),
        sets_of_samples(active),
        np.concatenate([sources for *_, sources in pairs]).astype(np.int32),
        np.cumsum([len(sources) for *_, sources in pairs]),
        np.array([feature for _, feature, _ in pairs], np.int32),
        np.cumsum(np.bincount([mac for mac, *_ in pairs])),
        np.array([3, 5]),
    )
    by_mac = [np.zeros(on.shape, np.bool_) for _ in range(5)]
    for mac, heard in enumerate(connections):
        by_mac[mac][:, heard] = on[:, heard] & active[:, mac, None]
    by_mac[3] = (by_mac[0] | by_mac[1]) & active[:, 3, None]
    by_mac[4] = by_mac[2] & active[:, 4, None]
    whole = [by_mac[0] | by_mac[1] | by_mac[2], by_mac[3] | by_mac[4]]
    expected = np.stack([reached.sum(axis=1) for reached in (*by_mac, *whole)])
    assert expected.max() > 255
    np.testing.assert_array_equal(counts[:, :1100], expected)
    sizes = on.sum(axis=1) * (rng.random(1100) < 0.9)
    shares = np.empty((1100, 3))
    share(counts, 2, sizes, shares)
    with np.errstate(divide="ignore", invalid="ignore"):
        np.testing.assert_array_equal(shares, np.where(sizes[:, None], expected[2:5].T / sizes[:, None], 1.0))
