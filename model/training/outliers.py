"""Pictures of what is no digit, for outlier exposure (Hendrycks, Mazeika, Dietterich 2019); NumPy and OpenCV.

Trained to answer these with equal probabilities, the network is confident of digits only. Left out is what
a digit may look like: a lone upright bar is a 1, a ring is a 0, and O, l, S, Z, b, y, & or ? are digits in some
hand: exposed to those, the network would grow unsure of hasty digits.
"""

from collections.abc import Callable

import cv2
import numpy as np

from ..crop import normalise

Rng = np.random.Generator
LETTERS = "ACEFHKMNPRTUVWXdkmnpuvwx+-=*#%@<>[]"
FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def draw(digits: np.ndarray, labels: np.ndarray, n: int, rng: Rng) -> np.ndarray:
    """n non-digits, (n, 28, 28) uint8, laid out as vision lays out its crops.

    digits: (m, 28, 28) uint8 and labels: (m,), of which pairs and pieces are made.
    """
    tight = Tight(digits, labels)
    kinds = list(KINDS)
    share = np.array([KINDS[kind] for kind in kinds], float)
    pictures = []
    while len(pictures) < n:
        ink = kinds[rng.choice(len(kinds), p=share / share.sum())](rng, tight)
        x, y, w, h = cv2.boundingRect(ink)
        if max(w, h) >= 4:
            crop = normalise(ink[y : y + h, x : x + w].astype(np.float32) / 255)
            pictures.append((crop * 255).astype(np.uint8))
    return np.stack(pictures)


class Tight:
    """Digits to make pieces of, each cut to its ink."""

    def __init__(self, digits: np.ndarray, labels: np.ndarray) -> None:
        self.digits, self.labels, self.there = digits, labels, set(map(str, np.unique(labels)))

    def pick(self, rng: Rng, among: str = "0123456789") -> tuple[np.ndarray, int]:
        """A digit of those named, (h, w) uint8, and which it is; any digit where there is none of those."""
        while True:
            i = int(rng.integers(len(self.digits)))
            if str(self.labels[i]) in among or self.there.isdisjoint(among):
                x, y, w, h = cv2.boundingRect(self.digits[i])
                return self.digits[i][y : y + h, x : x + w], int(self.labels[i])


def beside(parts: list[np.ndarray], gaps: list[int], rng: Rng) -> np.ndarray:
    """Parts side by side, `gaps` pixels apart (below 0 they overlap), at slightly different heights."""
    height = max(len(part) for part in parts) + 6
    row = np.zeros((height, sum(part.shape[1] for part in parts) + 3 * len(parts) + 12), np.uint8)
    x = 0
    for part, gap in zip(parts, gaps, strict=True):
        y = int(np.clip((height - len(part)) // 2 + rng.integers(-2, 3), 0, height - len(part)))
        x = max(0, x + gap)
        place = row[y : y + len(part), x : x + part.shape[1]]
        np.maximum(place, part, out=place)
        x += part.shape[1]
    return row


def pair(rng: Rng, tight: Tight) -> np.ndarray:
    """Two digits that touch or nearly do, now and then three, seldom one on top of the other."""
    count = 3 if rng.random() < 0.12 else 2
    parts = [tight.pick(rng)[0] for _ in range(count)]
    if rng.random() < 0.12:
        return beside([part.T for part in parts], [0, *rng.integers(-4, 2, count - 1)], rng).T.copy()
    return beside(parts, [0, *rng.integers(-5, 3, count - 1)], rng)


def too_much(rng: Rng, tight: Tight) -> np.ndarray:
    """A digit with a large piece of its neighbour."""
    first, second = tight.pick(rng)[0], tight.pick(rng, "02356789")[0]
    keep = max(4, round(second.shape[1] * rng.uniform(0.35, 0.7)))
    if rng.random() < 0.5:
        return beside([first, second[:, :keep]], [0, int(rng.integers(-4, 2))], rng)
    return beside([second[:, -keep:], first], [0, int(rng.integers(-4, 2))], rng)


def piece(rng: Rng, tight: Tight) -> np.ndarray:
    """A part of a digit that is no other digit."""
    ink, digit = tight.pick(rng, "02358")
    h, w = ink.shape
    across, down = round(w * rng.uniform(0.3, 0.6)), round(h * rng.uniform(0.4, 0.6))
    left, right, top, bottom = ink[:, :across], ink[:, -across:], ink[:down], ink[-down:]
    parts = {0: [left, right, top, bottom], 2: [left, bottom, right], 3: [left, bottom], 5: [left, top, bottom]}
    parts = parts.get(digit, [left, right])
    return parts[rng.integers(len(parts))].copy()


def letter(rng: Rng, tight: Tight) -> np.ndarray:
    """A letter or sign in one of OpenCV's fonts."""
    ink = np.zeros((96, 120), np.uint8)
    thick = int(rng.integers(1, 10))
    sign = LETTERS[rng.integers(len(LETTERS))]
    cv2.putText(ink, sign, (26, 66), int(rng.choice(FONTS)), 1.8, 255, thick, cv2.LINE_AA)
    return ink


def word(rng: Rng, tight: Tight) -> np.ndarray:
    """A few letters written together."""
    ink = np.zeros((96, 260), np.uint8)
    signs = "".join(rng.choice(list(LETTERS[:24] + "bgloqsijc"), int(rng.integers(2, 6))))
    cv2.putText(ink, signs, (10, 66), int(rng.choice(FONTS)), 1.2, 255, int(rng.integers(1, 6)), cv2.LINE_AA)
    return ink


def line(ink: np.ndarray, points: list, thick: int, rng: Rng) -> None:
    """A shaky stroke through points given in 0 to 60."""
    points = np.float32(points) + 20 + rng.normal(0, 1.3, (len(points), 2))
    cv2.polylines(ink, [np.int32(points * 16)], False, 255, thick, cv2.LINE_AA, 4)


def sign(rng: Rng, tight: Tight) -> np.ndarray:
    """An operator or a mark, drawn as a pen does."""
    ink = np.zeros((100, 100), np.uint8)
    thick = int(rng.integers(2, 11))
    a, b = rng.uniform(0, 12, 2)
    dot = max(2, int(thick * rng.uniform(0.6, 1.3)))
    match rng.integers(12):
        case 0 | 1:  # x
            line(ink, [(a, b), (60 - b, 60 - a)], thick, rng)
            line(ink, [(60 - b, a), (a, 60 - b)], thick, rng)
        case 2 | 3:  # +
            line(ink, [(30, a), (30, 60 - b)], thick, rng)
            start = 30 if rng.random() < 0.2 else b  # cut in two where it touched something
            line(ink, [(start, 30), (60 - a, 30)], thick, rng)
        case 4 | 5:  # the sign for division, the dots now and then missing or run into one
            line(ink, [(0, 30), (60, 30)], thick, rng)
            for y in (30 - 14 - a, 30 + 14 + b):
                cv2.circle(ink, (int(50 + rng.normal(0, 3)), int(20 + y)), dot, 255, -1, cv2.LINE_AA)
        case 6:  # -
            line(ink, [(0, 30 + rng.normal(0, 6)), (30, 30), (60, 30 + rng.normal(0, 6))], thick, rng)
        case 7:  # =
            line(ink, [(0, 20 + a / 2), (60, 20)], thick, rng)
            line(ink, [(0, 42 - b / 2), (60, 42)], thick, rng)
        case 8:  # an arrow
            line(ink, [(0, 30), (60, 30)], thick, rng)
            x = 42 + a / 2
            line(ink, [(x, 14 + b), (60, 30), (x, 46 - b)], thick, rng)
        case 9:  # a tick
            line(ink, [(0, 34 + a), (18, 58), (60, b)], thick, rng)
        case 10:  # a star
            for angle in np.arange(3) * np.pi / 3 + rng.uniform(0, 1):
                x, y = 28 * np.cos(angle), 28 * np.sin(angle)
                line(ink, [(30 - x, 30 - y), (30 + x, 30 + y)], thick, rng)
        case _:  # a slanting or lying bar, nearer to lying than to a 1
            angle = np.deg2rad(rng.uniform(-38, 38))
            x, y = 30 * np.cos(angle), 30 * np.sin(angle)
            line(ink, [(30 - x, 30 - y), (30 + x, 30 + y)], thick, rng)
    return ink if rng.random() < 0.8 else ink[:, ::-1].copy()


def shape(rng: Rng, tight: Tight) -> np.ndarray:
    """Boxes, corners, crossings of rules, edges of a sheet, blots."""
    ink = np.zeros((100, 100), np.uint8)
    thick = int(rng.integers(1, 9))
    w, h = rng.uniform(25, 60), rng.uniform(20, 60)
    match rng.integers(9):
        case 0:  # a box with something of a grid
            line(ink, [(0, 0), (60, 0), (60, 60), (0, 60), (0, 0)], thick, rng)
            if rng.random() < 0.7:
                line(ink, [(w, 0), (w, 60)], thick, rng)
        case 1 | 2:  # a corner, not that of a 7
            corner = [(0, 0), (0, h), (w, h)] if rng.random() < 0.5 else [(w, 0), (w, h), (0, h)]
            line(ink, corner if rng.random() < 0.6 else [(0, h), (0, 0), (w, 0)], thick, rng)
        case 3:  # a crossing of rules
            for y in np.sort(rng.uniform(0, 60, int(rng.integers(1, 4)))):
                line(ink, [(0, y), (60, y)], thick, rng)
            for x in np.sort(rng.uniform(0, 60, int(rng.integers(1, 4)))):
                line(ink, [(x, 0), (x, 60)], thick, rng)
        case 4:  # half a plane
            points = np.float32([(0, 0), (60, 0), (60, rng.uniform(0, 60)), (0, rng.uniform(0, 60))]) + 20
            cv2.fillPoly(ink, [np.int32(points if rng.random() < 0.5 else 100 - points)], 255)
        case 5 | 6:  # a blot
            axes = (int(rng.uniform(15, 30)), int(rng.uniform(10, 30)))
            cv2.ellipse(ink, (50, 50), axes, float(rng.uniform(-50, 50)), 0, 360, 255, -1, cv2.LINE_AA)
        case 7:  # a solid block
            cv2.rectangle(ink, (20, 20), (int(20 + w), int(20 + min(h, w * 1.3))), 255, -1)
        case _:  # a triangle
            points = np.int32(rng.uniform(15, 85, (3, 2)))
            cv2.polylines(ink, [points], True, 255, thick, cv2.LINE_AA)
            if rng.random() < 0.5:
                cv2.fillPoly(ink, [points], 255)
    return ink


def scribble(rng: Rng, tight: Tight) -> np.ndarray:
    """A pen going to and fro."""
    ink = np.zeros((100, 100), np.uint8)
    n = int(rng.integers(6, 14))
    points = rng.uniform(0, 60, (n, 2))
    if rng.random() < 0.5:  # zigzag
        points[:, 0] = np.linspace(0, 60, n) + rng.normal(0, 3, n)
        points[:, 1] = np.where(np.arange(n) % 2, 8, 52) + rng.normal(0, 6, n)
    fine = np.stack([np.interp(np.linspace(0, n - 1, 10 * n), np.arange(n), axis) for axis in points.T], axis=1)
    fine = cv2.blur(np.float32(fine), (1, 9))
    line_points = np.int32((fine + 20) * 16)
    cv2.polylines(ink, [line_points], False, 255, int(rng.integers(2, 7)), cv2.LINE_AA, 4)
    return ink if rng.random() < 0.5 else ink.T.copy()


def texture(rng: Rng, tight: Tight) -> np.ndarray:
    """What is left of grass, hair, cloth or skin after a threshold: smooth noise, cut off at a level."""
    noise = rng.standard_normal((48, 48), np.float32)
    wide, high = rng.uniform(0.8, 6, 2)
    noise = cv2.GaussianBlur(noise, (0, 0), wide, sigmaY=wide if rng.random() < 0.6 else high)
    noise = noise[8:-8, 8:-8] / noise.std()
    level = rng.uniform(-0.3, 1.3)
    ink = (np.clip((noise - level) * rng.uniform(2, 8), 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.5:  # only the largest piece, as connected components are cut out
        _, pieces, stats, _ = cv2.connectedComponentsWithStats((ink > 127).astype(np.uint8))
        if len(stats) > 1:
            ink[pieces != 1 + stats[1:, cv2.CC_STAT_AREA].argmax()] = 0
    return ink


KINDS: dict[Callable[[Rng, Tight], np.ndarray], float] = {  # how often each
    pair: 0.28,
    too_much: 0.08,
    piece: 0.08,
    letter: 0.13,
    word: 0.04,
    sign: 0.14,
    shape: 0.08,
    scribble: 0.06,
    texture: 0.11,
}
