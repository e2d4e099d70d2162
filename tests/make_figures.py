#!/usr/bin/env python3
"""Make the README's still pictures anew: python tests/make_figures.py. Everything on them is drawn by the project."""

import sys
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import sheets  # noqa: E402

from model import figures, network, pen, weights  # noqa: E402
from model.crop import normalise  # noqa: E402
from model.live import view  # noqa: E402
from model.vision import reading  # noqa: E402

PICTURES = ROOT / ".pictures"


def from_frame_to_digits(classify: reading.Classify) -> Figure:
    """The steps of reading a frame, side by side."""
    page = sheets.sheet(
        4, ["31415", "92653"], height=130, pen="marker", rules=0.4, gradient=0.5, tilt=0.3, perspective=0.4, noise=0.4,
        background="hand",
    )  # fmt: skip
    seen = reading.read(page.picture, classify)
    drawn = view.draw(page.picture, seen, page.picture.shape[1::-1])
    steps = [
        (page.picture[..., ::-1], "a frame"),
        (view.mask_picture(page.picture, seen, None), "the sheet is even but for its ink, which is\n"
         "darker; ruled lines are taken out"),
        (montage([digit.crop for digit in seen.digits]), "what may be a digit, laid out as MNIST is:\n"
         "20 pixels high, centred by mass"),
        (drawn[..., ::-1], "all at once through the network;\nwhat explains the ink best, row by row"),
    ]  # fmt: skip
    figure = Figure(figsize=(17, 3.1), facecolor=figures.PAPER)
    grid = {"left": 0.004, "right": 0.996, "top": 0.995, "bottom": 0.2, "wspace": 0.03}
    places = figure.subplots(1, 4, gridspec_kw=grid)
    for number, (axes, (picture, words)) in enumerate(zip(places, steps, strict=True), 1):
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest" if number == 3 else "antialiased")
        axes.set(xticks=[], yticks=[], anchor="N")
        axes.spines[:].set_color("#dddddd")
        below = {"y": -0.06, "transform": axes.transAxes, "va": "top", "fontsize": 13}
        axes.text(x=0, s=number, color=figures.RIGHT, weight="bold", **below)
        axes.text(x=0.055, s=words, color=figures.INK, **below)
    return figure


def montage(crops: list[np.ndarray]) -> np.ndarray:
    """Ten crops in two rows, ink on paper, in a picture of a frame's shape."""
    picture = np.full((90, 160), 255, np.uint8)
    for place, crop in enumerate(crops[:10]):
        y, x = 12 + 37 * (place // 5), 6 + 30 * (place % 5)
        picture[y : y + 28, x : x + 28] = 255 - np.rint(255 * crop)
        cv2.rectangle(picture, (x - 1, y - 1, 30, 30), 215)
    return picture


def what_it_learned(net: object) -> Figure:
    """The picture of test-keras-training-reload.py, for 2,000 drawn digits that are hard to read."""
    random = np.random.default_rng(2)
    labels = np.arange(2000) % 10
    pictures = np.stack([drawn_digit(int(label), random) for label in labels])
    probabilities = network.classify(net, pictures / np.float32(255))
    return figures.overview(pictures, labels, probabilities, random.permutation(2000)[:25])


def drawn_digit(label: int, random: np.random.Generator) -> np.ndarray:
    """A digit of somebody's hand, turned by up to 45 degrees, laid out as MNIST is: (28, 28) uint8, 255 ink."""
    ink = np.zeros((300, 300), np.uint8)
    pen.draw(ink, pen.paths(label, random, pen.hand(random)), (110, 90), 120, random.uniform(6, 20), 255)
    ink = cv2.warpAffine(ink, cv2.getRotationMatrix2D((150, 150), random.uniform(-45, 45), 1), (300, 300))
    x, y, w, h = cv2.boundingRect(cv2.findNonZero(cv2.inRange(ink, 60, 255)))
    return np.rint(255 * normalise(ink[y : y + h, x : x + w])).astype(np.uint8)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    net = network.load(weights.SHIPPED)
    steps = from_frame_to_digits(lambda crops: network.classify(net, crops))
    figures.save(steps, PICTURES / "from-frame-to-digits.png")
    figures.save(what_it_learned(net), PICTURES / "what-it-learned.png")


if __name__ == "__main__":
    main()
