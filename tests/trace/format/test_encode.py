"""Winners as they are stored, whatever arrays they come in."""

from __future__ import annotations

import numpy as np
import pytest

from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.format.encode import encode_steps

ABOUT = {"step": 0, "epoch": 0, "phase": "train", "time": 0.0}


@pytest.mark.parametrize("num_cms", [1, 2, 3, 4, 5, 8, 11, 16])
def test_winners_of_silent_macs_are_0_and_all_others_stay(num_cms: int) -> None:
    layer = LayerLayout(name="v1", num_macs=5, num_cms=num_cms, num_neurons=200, connections=[[0]] * 5)
    generator = np.random.default_rng(num_cms)
    winners = generator.integers(0, 200, (7, 5, num_cms))
    active = generator.random((7, 5)) < 0.6
    wanted = np.where(active[..., None], winners, 0)
    for dtype in ("u1", "<u2", ">u2", "i4", "i8"):
        sent = np.where(active[..., None], winners, 255).astype(dtype)
        for codes, flags in ((sent, active), (np.asfortranarray(sent), active * 1.0)):
            found = encode_steps(
                Layout(num_features=1, layers=[layer]),
                "none",
                where="here",
                inputs=None,
                codes=[codes],
                active=[flags],
                samples=[ABOUT],
                value_names=[()],
            )
            assert found["layers/0/codes"].dtype == np.uint8
            np.testing.assert_array_equal(found["layers/0/codes"], wanted)
            np.testing.assert_array_equal(found["layers/0/active"], np.packbits(active, axis=-1))
