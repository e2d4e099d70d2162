"""Make the README's moving picture: what cam.py's window shows of the demo.

    python tests/make_pictures.py          writes .pictures/window.png, an animated PNG
"""

import sys
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from model import network, weights  # noqa: E402, I001 - first: it keeps libraries quiet
from model.live import demo, overlay, session, view  # noqa: E402
from model.vision import reading, tracking  # noqa: E402

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402 - comes with matplotlib

WIDTH = 640
SECONDS = 5.0
KEEP = 3  # of the demo's 30 frames a second every third is shown
COLOURS = 128


def main() -> None:
    classify = network.classifier(weights.SHIPPED)
    tracker = tracking.Tracker(reading.MIN_CONFIDENCE)
    folder = ROOT / ".pictures"
    folder.mkdir(exist_ok=True)
    shown, spots = [], {}
    # Two frames ahead, so that the first picture, which is all that some viewers show, has its digits.
    for number, frame in enumerate(islice(demo.frames(), 6, round(30 * SECONDS) + 8), -2):
        seen = reading.read(frame, classify)
        seen = tracker.update(seen, number / 30)
        if number >= 0 and number % KEEP == 0:
            crops = 0.6 <= number / 30 / SECONDS < 0.8
            mask = number / 30 / SECONDS >= 0.8
            calm = cv2.bilateralFilter(frame, 9, 16, 7)  # the sensor's noise is nearly all of an animation's bytes
            size = view.window_size(np.zeros((WIDTH * frame.shape[0] // frame.shape[1], WIDTH)))
            canvas = view.draw(calm, seen, size, crops=crops, mask=mask, bar=True, spots=spots)
            overlay.overlay(canvas, fps=30, hint=session.HINT)
            shown.append(canvas)
    first, *rest = few_colours(shown)
    milliseconds = 1000 * KEEP / 30
    first.save(folder / "window.png", save_all=True, append_images=rest, duration=milliseconds, loop=0, optimize=True)
    print(f".pictures/window.png  {(folder / 'window.png').stat().st_size / 1e6:.2f} MB")


def few_colours(pictures: list[np.ndarray]) -> list[Image.Image]:
    """The pictures in one palette of COLOURS, not dithered: that keeps an animation small."""
    images = [Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)) for picture in pictures]
    together = Image.fromarray(np.vstack([np.asarray(image) for image in images[::5]]))
    palette = together.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=20)
    return [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]


if __name__ == "__main__":
    main()
