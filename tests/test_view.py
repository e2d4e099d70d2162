"""What is drawn: boxes, digits and text on frames of any shape, for canvases of any size."""

import numpy as np
import pytest
from test_tracking import seen

from model.live import overlay, view
from model.vision import tracking

HELP = [("q, Esc", "quit"), ("mouse", "drag: read only in there")]

@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3, 2), (240, 320), (720, 1280)])
@pytest.mark.parametrize("size", [(64, 64), (640, 480), (333, 1001)])
def test_any_frame_is_drawn_on_any_canvas(shape, size):
    picture = np.full((*shape, 3), 200, np.uint8)
    reading = tracking.number(seen((3, 0.99, 0, 0), (5, 0.7, 300, 4000), doubtful=[(1, 0.3, -20, 10)]))
    for looks in ({}, {"mirror": True, "crops": True, "mask": True, "region": (0, 0, shape[1], shape[0])}):
        canvas = view.draw(picture, reading, size, **looks)
        overlay.overlay(canvas, fps=30, recording=61, note="a note", message="long " * 30, help=HELP if looks else ())
        assert canvas.shape == (size[1], size[0], 3) and canvas.dtype == np.uint8


def test_text_is_not_mirrored_with_the_picture():
    picture = np.full((360, 640, 3), 200, np.uint8)
    reading = tracking.number(seen((3, 0.99, 305, 100)))
    plain, mirrored = (view.draw(picture, reading, (640, 360), mirror=mirror) for mirror in (False, True))
    assert np.array_equal(plain[300:], mirrored[300:])  # the row at the bottom
    assert not np.array_equal(plain[300:], plain[300:, ::-1])
