from __future__ import annotations

import numpy as np

from sparsey_trace.charts.axes.fields import cut


def test_what_is_cut_holds_the_field_whole() -> None:
    fields = np.zeros((3, 5, 7), bool)
    fields[0, 0, 0] = fields[1, 1:4, 2:4] = fields[2, 4, 6] = True
    pictures = np.arange(3 * 5 * 7, dtype=np.float32).reshape(3, 5, 7)
    parts, inside = cut(pictures, fields)
    assert parts.shape == inside.shape == (3, 3, 2)
    for part, mask, picture, field in zip(parts, inside, pictures, fields, strict=True):
        np.testing.assert_array_equal(part[mask], picture[field])
    np.testing.assert_array_equal(parts[1], pictures[1, 1:4, 2:4])
