from __future__ import annotations

import numpy as np

from sparsey_trace import LayerLayout, Layout
from sparsey_trace.charts.shared.pictures import as_picture, picture_shape


def test_channels_of_an_image_are_shown_by_their_mean() -> None:
    layer = LayerLayout(name="v1", num_macs=1, num_cms=1, num_neurons=2, connections=[[0]])
    layout = Layout(num_features=12, input_shape=(3, 2, 2), layers=[layer])
    assert picture_shape(layout) == (2, 2)
    assert as_picture(np.arange(12, dtype=np.float32), layout).tolist() == [[4, 5], [6, 7]]
