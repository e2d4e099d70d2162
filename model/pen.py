"""Digits as a pen draws them: control points by hand, varied by a random generator. NumPy and OpenCV only.

    hand = pen.hand(rng)                                  # somebody's handwriting
    pen.draw(canvas, pen.paths(7, rng, hand), origin=(40, 30), height=60, pen=3, colour=(90, 40, 30))
"""

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from .crop import normalise

# The ways in which people write each digit. A point is "x,y" in percent of the digit's height, y down; the
# pen moves smoothly through the points, turns sharply at "*", and is lifted at "|".
STYLES: dict[int, list[str]] = {
    0: [
        "38,0 14,12 3,48 12,86 34,100 55,88 63,50 54,13 35,1",  # narrow
        "46,0 15,10 2,46 11,85 42,100 75,86 85,48 72,12 41,1",  # round
        "34,3 11,20 2,54 12,89 38,100 62,84 69,46 60,15 46,4",  # slightly open
        "52,9 27,2 7,28 5,70 27,98 55,92 67,58 60,20 37,1 20,9",  # overlapping at the top
        "50,6 24,6 5,38 10,84 38,99 63,80 66,40 50,8 38,6 33,15",  # the end curls in
    ],
    1: [
        "8,0 7,50 6,100",  # bare
        "10,0 9,50 7,100",
        "0,26 24,0* 24,50 23,100",  # flagged
        "2,15 17,0* 17,50 16,100",
        "0,44 32,0* 31,52 30,100",
        "4,24 27,0* 27,50 27,98 | 3,100 28,98 54,99",  # serifed, with a base
    ],
    2: [
        "4,22 13,5 34,0 55,8 59,28 44,57 21,81 2,99* 30,97 66,98",
        "5,28 13,7 35,0 54,11 53,34 36,64 4,98* 24,93 46,97 68,91",  # swan
        "4,24 16,4 40,0 57,14 53,40 33,72 12,95 2,91 8,80 24,85 46,98 70,91",  # loop at the foot
        "3,15 25,1 52,3 58,22 42,54 3,99* 34,95 64,97",
    ],
    3: [
        "4,12 24,0 49,5 56,24 44,41 22,47* 48,53 62,73 50,94 24,100 2,90",
        "4,2 30,3 58,0* 26,40* 50,46 62,68 51,92 25,100 2,90",  # flat top
        "2,14 22,0 48,4 54,23 41,41 21,45 30,48 54,56 62,76 46,96 20,100 2,91",
        "5,8 28,0 50,8 48,30 23,43* 52,48 60,70 44,92 6,99",
    ],
    4: [
        "17,0 11,32 3,61* 34,61 70,58 | 51,31 49,65 48,100",  # open, two strokes
        "13,4 9,32 5,56* 34,56 66,53 | 49,1 47,50 45,100",
        "4,3 3,28 12,46 32,47 52,36 | 54,2 52,50 46,100",  # open and round, like a y
        "14,3 9,30 4,55* 24,56 38,55 | 50,9 48,50 46,100",  # the strokes don't touch
        "49,0 24,33 0,68* 36,68 74,66 | 50,0 48,50 47,100",  # closed
        "47,100 50,50 53,0* 27,33 1,67* 36,66 73,65",  # closed, in one stroke
    ],
    5: [
        "13,2 9,43* 30,36 54,46 60,70 46,94 22,100 2,90 | 13,3 36,3 62,0",  # two strokes
        "14,12 10,44* 31,38 54,48 59,72 45,94 22,100 2,91 | 25,2 44,2 66,0",  # they don't touch
        "59,1 36,3 14,3* 8,43* 32,37 54,48 58,72 42,94 20,99 2,91",  # one stroke
        "60,1 38,1 20,4* 14,40 40,46 55,64 49,88 26,100 2,94",
    ],
    6: [
        "52,2 27,17 8,46 4,76 20,98 43,98 57,80 50,61 30,57 7,72",  # curved back
        "44,0 20,40 5,72 14,96 37,100 54,84 46,65 27,62 7,76",  # straight back
        "36,0 13,30 2,66 10,94 34,100 52,86 50,64 32,54 12,63 4,76",
        "60,6 42,0 18,22 4,58 8,90 32,100 55,88 56,66 36,56 14,64 6,78",
    ],
    7: [
        "2,4 30,4 58,2* 38,46 22,100",
        "2,6 30,5 57,2 47,28 32,60 24,100",
        "2,4 30,4 58,1* 38,46 22,100 | 14,51 36,49 58,46",  # crossed
        "3,17 4,3* 32,4 58,1* 40,44 27,100",  # hooked
        "3,17 4,3* 32,4 60,1* 41,44 27,100 | 15,50 57,45",
        "0,13 14,3 34,8 58,0* 37,48 20,100",  # wavy top
    ],
    8: [
        "52,14 34,0 12,10 14,31 34,47 56,66 53,90 31,100 8,90 8,68 30,49 50,31 53,12",  # one loop
        "46,7 22,1 10,18 22,38 46,56 58,78 42,98 16,97 5,78 20,56 42,38 53,18 42,5",
        "30,0 11,12 12,35 30,46 48,35 50,12 28,1 | 30,46 7,60 4,86 30,100 56,86 54,60 28,47",  # two circles
        "43,3 18,4 10,22 28,43 54,64 53,90 29,100 6,90 7,68 28,48 48,28 60,5",  # open at the top
    ],
    9: [
        "52,15 30,0 8,10 4,34 22,50 44,40 53,12* 53,55 50,100",  # straight tail
        "53,18 36,0 10,8 4,34 22,50 46,38 54,12* 56,50 46,86 24,100 4,92",  # curved tail
        "50,20 32,0 8,12 6,38 26,48 46,30 52,8* 45,52 28,100",  # slanting tail
        "51,20 34,2 10,12 4,34 20,50 42,42 52,19 | 53,5 51,50 49,100",  # two strokes
    ],
}


class Hand(NamedTuple):
    """What makes one person's handwriting theirs."""

    styles: tuple[int, ...]  # the style in STYLES that they prefer for each digit
    slant: float  # horizontal shift per height; > 0 leans right
    width: float  # horizontal scale
    haste: float  # 0 careful to 1 hurried: rounder corners, less even shapes


def hand(rng: np.random.Generator) -> Hand:
    """Somebody's handwriting."""
    styles = tuple(int(rng.integers(len(STYLES[digit]))) for digit in range(10))
    return Hand(styles, float(rng.normal(0.08, 0.14)), float(rng.uniform(0.85, 1.25)), float(rng.uniform(0.1, 1)))


def paths(digit: int, rng: np.random.Generator, by: Hand | None = None) -> list[np.ndarray]:
    """Draw a digit once: a list of pen strokes, (n, 3) float arrays of x, y and pressure along the way.

    The digit is about 1 high, top left at (0, 0), y down; its width is natural, 0.1 to 1. Pressure is about 1.
    With `by` it is in that person's hand (who now and then picks another style), else in somebody's.
    """
    by = by or hand(rng)
    style = by.styles[digit] if rng.random() < 0.9 else rng.integers(len(STYLES[digit]))
    uneven = 0.01 + 0.02 * by.haste
    # The whole shape leans, turns, stretches and bends a little, then each stroke shakes for itself.
    slant, turn = by.slant + rng.normal(0, 0.04), rng.normal(0, 0.04)
    width, height = by.width * rng.normal(1, 0.06), rng.normal(1, 0.04)
    bend = rng.normal(0, 2 * uneven, (2, 2))

    strokes = []
    for stroke in STYLES[digit][style].split("|"):
        words = stroke.split()
        points = np.array([word.rstrip("*").split(",") for word in words], float) / 100
        points += rng.normal(0, uneven, points.shape)
        corners = [0, *(i for i, word in enumerate(words) if word.endswith("*")), len(points) - 1]
        curve = np.concatenate([_smooth(points[i : j + 1]) for i, j in pairwise(corners)])
        xy = _round_corners(curve, 0.01 + 0.03 * by.haste)
        xy = xy + np.square(xy[:, ::-1] - 0.5) @ bend
        x, y = width * xy[:, 0], height * xy[:, 1]
        x, y = x + (slant - turn) * (0.5 - y), y + turn * (x - 0.3)
        along = np.linspace(0, 1, len(x))
        pressure = 1 + 0.12 * np.sin(2 * np.pi * (rng.uniform(0.5, 2) * along + rng.random()))
        pressure *= np.interp(along, [0, 0.06, 0.85, 1], [0.8, 1, 1, rng.uniform(0.5, 0.9)])
        strokes.append(np.stack([x, y, pressure], axis=1))
    left = min(stroke[:, 0].min() for stroke in strokes)
    top = min(stroke[:, 1].min() for stroke in strokes)
    return [stroke - [left, top, 0] for stroke in strokes]


def draw(
    canvas: np.ndarray,
    strokes: list[np.ndarray],
    origin: tuple[float, float],
    height: float,
    pen: float,
    colour: tuple[float, ...] | float,
    opacity: float | np.ndarray = 1.0,
) -> None:
    """Draw a digit's strokes on a canvas, (h, w) or (h, w, 3) uint8, anti-aliased.

    origin: top left of the digit, height: of a digit 1 high, pen: width of the line; all in pixels, fractions too.
    opacity: 0 to 1, one number or (h, w) like the canvas (the grain of a pencil).
    """
    fine = int(np.clip(round(320 / height), 1, 4))  # drawn larger by this, then shrunk: soft edges at any width
    low = np.floor(np.array(origin) - pen - 1).astype(int).clip(0)
    size = np.max([stroke[:, :2].max(axis=0) for stroke in strokes], axis=0)
    high = np.minimum(np.ceil(np.array(origin) + height * size + pen + 1).astype(int), canvas.shape[1::-1])
    if (low >= high).any():
        return
    w, h = high - low
    mask = np.zeros((h * fine, w * fine), np.uint8)
    for stroke in strokes:
        points = np.round((np.array(origin) + height * stroke[:, :2] - low) * fine * 16).astype(int).tolist()
        widths = np.maximum(1, np.round(pen * fine * stroke[:, 2])).astype(int).tolist()
        for (start, end), thick in zip(pairwise(points), widths[1:], strict=True):
            cv2.line(mask, start, end, 255, thick, cv2.LINE_AA, shift=4)
    where = slice(low[1], high[1]), slice(low[0], high[0])
    cover = cv2.resize(mask, (int(w), int(h)), interpolation=cv2.INTER_AREA) / 255
    cover = cover * (opacity[where] if isinstance(opacity, np.ndarray) else opacity)
    under = canvas[where]
    cover = cover[..., None] if under.ndim == 3 else cover
    under[:] = np.round(under + cover * (np.array(colour) - under))


def write(
    canvas: np.ndarray,
    text: str,
    origin: tuple[float, float],
    height: float,
    pen: float,
    colour: tuple[float, ...] | float,
    rng: np.random.Generator,
    by: Hand | None = None,
    gap: float = 0.3,
    opacity: float | np.ndarray = 1.0,
) -> float:
    """Write a row of digits on a canvas, as `draw` draws them; a space leaves a space. Returns the x where it ends.

    gap: between neighbours, in heights; below 0 they touch or overlap.
    """
    by = by or hand(rng)
    x, y = origin
    for character in text:
        if character == " ":
            x += 0.6 * height
            continue
        strokes = paths(int(character), rng, by)
        draw(canvas, strokes, (x, y + height * rng.normal(0, 0.03 * by.haste)), height, pen, colour, opacity)
        x += height * (max(stroke[:, 0].max() for stroke in strokes) + gap * rng.uniform(0.8, 1.2))
    return x


def _smooth(points: np.ndarray) -> np.ndarray:
    """A curve through (n, 2) points: cubic Hermite in centripetal time (Catmull and Rom 1974, Yuksel et al. 2011)."""
    time = np.concatenate([[0], np.cumsum(np.sqrt(np.linalg.norm(np.diff(points, axis=0), axis=1)) + 1e-6)])
    slope = np.gradient(points, time, axis=0)
    at = np.linspace(0, time[-1], 12 * len(points))
    i = np.clip(np.searchsorted(time, at, side="right") - 1, 0, len(points) - 2)
    step = (time[i + 1] - time[i])[:, None]
    u = (at - time[i])[:, None] / step
    return (
        (1 + 2 * u) * (1 - u) ** 2 * points[i]
        + u * (1 - u) ** 2 * step * slope[i]
        + u**2 * (3 - 2 * u) * points[i + 1]
        + u**2 * (u - 1) * step * slope[i + 1]
    )


def _round_corners(curve: np.ndarray, reach: float) -> np.ndarray:
    """The same curve, evenly spaced, with corners rounded within `reach`: a hand doesn't stop at them."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    step = 0.01
    even = np.arange(0, length[-1] + step, step)
    curve = np.stack([np.interp(even, length, axis) for axis in curve.T], axis=1)
    n = max(1, round(reach / step))
    window = np.hanning(2 * n + 3)[1:-1] / np.hanning(2 * n + 3)[1:-1].sum()
    # Reflected through its ends, the curve keeps them where they are.
    padded = np.concatenate([2 * curve[0] - curve[n:0:-1], curve, 2 * curve[-1] - curve[-2 : -n - 2 : -1]])
    return np.stack([np.convolve(axis, window, "valid") for axis in padded.T], axis=1)


def draw_digits(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Digits drawn with thin to fat pens: (n, 28, 28) uint8, laid out as MNIST is, and their labels (n,)."""
    labels = rng.integers(0, 10, n)
    crops = np.zeros((n, 28, 28), np.uint8)
    for crop, label in zip(crops, labels, strict=True):
        ink = np.zeros((100, 160), np.uint8)
        pen = int(rng.integers(2, 24 if label == 1 else 13))  # a fat pen fills the others' holes
        width = np.exp(rng.normal(0.05, 0.2))
        for stroke in paths(int(label), rng):
            points = np.int32((stroke[:, :2] * (60 * width, 60) + 18) * 16)  # sixteenths of a pixel
            cv2.polylines(ink, [points], False, 255, pen, cv2.LINE_AA, 4)
        x, y, w, h = cv2.boundingRect(ink)
        crop[:] = normalise(ink[y : y + h, x : x + w].astype(np.float32) / 255) * 255
    return crops, labels
