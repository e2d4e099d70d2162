"""Pictures of what is no digit, for outlier exposure (Hendrycks, Mazeika, Dietterich 2019); NumPy and OpenCV.

Trained to answer these with equal probabilities, the network is confident of digits only. Left out is what
can't be told from a digit by its shape alone, and what is beside it must decide: O and o are 0, I, l, | and / are 1,
S and s are 5. Exposed to those, the network would grow unsure of hasty digits.
"""

import os
import string
from collections.abc import Callable
from functools import cache

import cv2
import numpy as np

from .. import pen
from ..crop import normalise

Rng = np.random.Generator
# What is a digit in some hands, but seldom: answered with that digit, at HALF_SURE.
ALIKE = {"B": 8, "D": 0, "G": 6, "Q": 0, "Z": 2, "b": 6, "g": 9, "q": 9, "y": 4, "z": 2}
HALF_SURE = 0.46  # of one digit, and the others 0.06 each
LETTERS = "".join(sorted(set(string.ascii_letters) - set("OoIlSs")))
SIGNS = "+-=*#%@<>[](){}!?&$€ß§~;:" + "×÷±√∑∫∞π≠≤≥←↑→↓↔⇒☺☹☼♥♦♣♠" + "äöüÄÜéñåæ" + "αβγμωΓΔΞΠΣΨΩЖШЮЯФИДЛЦЫжшюдлц"  # noqa: RUF001
# Of the fonts that matplotlib brings: those with signs, and those with letters alone (Computer Modern has its signs
# at other places).
SIGN_FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSerif-Italic")
LETTER_FONTS = (
    *SIGN_FONTS, "DejaVuSansMono", "DejaVuSerif-Bold", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic",
    "STIXGeneralBolIta", "cmr10", "cmb10", "cmss10", "cmtt10", "cmti10",
)  # fmt: skip
OPENCV_FONTS = ("sans", "serif", "italic")  # they come in any weight
HERSHEY_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def draw(digits: np.ndarray, labels: np.ndarray, n: int, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """n non-digits, (n, 28, 28) uint8, laid out as vision lays out its crops, and their targets, (n, 10) float32.

    digits: (m, 28, 28) uint8 and labels: (m,), of which pairs and pieces are made.
    """
    tight = Tight(digits, labels)
    kinds = list(KINDS)
    share = np.array([KINDS[kind] for kind in kinds], float)
    pictures, targets = [], []
    while len(pictures) < n:
        kind = kinds[rng.choice(len(kinds), p=share / share.sum())]
        ink, sign = letter(rng) if kind is letter else (kind(rng, tight), "")
        x, y, w, h = cv2.boundingRect(ink)
        if max(w, h) >= 4:
            crop = normalise(ink[y : y + h, x : x + w].astype(np.float32) / 255)
            pictures.append((crop * 255).astype(np.uint8))
            targets.append(target(sign))
    return np.stack(pictures), np.stack(targets)


def target(sign: str) -> np.ndarray:
    """What the network is to answer, (10,) float32: all alike, or half of it the digit that a sign may be."""
    if sign not in ALIKE:
        return np.full(10, 0.1, np.float32)
    answer = np.full(10, (1 - HALF_SURE) / 9, np.float32)
    answer[ALIKE[sign]] = HALF_SURE
    return answer


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


def letter(rng: Rng) -> tuple[np.ndarray, str]:
    """A letter or sign in one of many fonts, from light to bold, upright or slanting, and which it is."""
    among = SIGNS if rng.random() < 0.3 else LETTERS
    sign = among[rng.integers(len(among))]
    source = rng.random()
    if source < 0.6 or not sign.isascii():
        fonts = SIGN_FONTS if among is SIGNS else LETTER_FONTS
        ink = fill(outline(fonts[rng.integers(len(fonts))], sign), rng)
    elif source < 0.8:
        ink = np.zeros((120, 130), np.uint8)
        font, weight = cv2.FontFace(OPENCV_FONTS[rng.integers(3)]), int(rng.integers(200, 900))
        cv2.putText(ink, sign, (30, 80), 255, font, 60, weight)
    else:
        ink = np.zeros((96, 120), np.uint8)
        thick = int(rng.integers(1, 10))
        cv2.putText(ink, sign, (26, 66), int(rng.choice(HERSHEY_FONTS)), 1.8, 255, thick, cv2.LINE_AA)
    return ink, sign


@cache
def outline(font: str, sign: str) -> list[np.ndarray]:
    """The contours of a letter in a font that matplotlib brings: (n, 2) float arrays, about 60 high, y down."""
    import matplotlib  # here, because only training needs it
    from matplotlib.ft2font import FT2Font, LoadFlags
    from matplotlib.path import Path

    face = FT2Font(os.path.join(matplotlib.get_data_path(), "fonts", "ttf", font + ".ttf"))
    face.set_size(80, 72)
    face.load_char(ord(sign), flags=LoadFlags.NO_HINTING)
    return [polygon * (1, -1) for polygon in Path(*face.get_path()).to_polygons()]


def fill(contours: list[np.ndarray], rng: Rng) -> np.ndarray:
    """Contours as ink, slanted and stretched a little."""
    slant, wide = rng.normal(0, 0.12), np.exp(rng.normal(0, 0.12))
    placed = [contour @ np.float32([(wide, 0), (-slant, 1)]) for contour in contours]
    low, high = (least(np.concatenate(placed), axis=0) for least in (np.min, np.max))
    ink = np.zeros(np.int32(np.ceil(high - low) + 5)[::-1], np.uint8)
    cv2.fillPoly(ink, [np.int32((contour - low + 2) * 16) for contour in placed], 255, cv2.LINE_AA, 4)
    return ink


def stroke(skeletons: list[list[pen.Stroke]], rng: Rng) -> np.ndarray:
    """A few skeletons side by side in a hand, written together or nearly so."""
    by, thick = pen.hand(rng), int(rng.integers(3, 11))
    ink = np.zeros((130, 100 * len(skeletons) + 60), np.uint8)
    x = 20.0
    for skeleton in skeletons:
        drawn = pen.trace(skeleton, rng, by)
        low = min(part.points[:, 1].min() for part in skeleton)
        pen.line(ink, drawn, (x, 20 + 60 * low), (60, 60), thick)
        x += 60 * (max(path[:, 0].max() for path in drawn) + rng.uniform(-0.15, 0.15))
    return ink


def penned(rng: Rng, tight: Tight) -> np.ndarray:
    """A letter or a drawing by a pen."""
    return stroke([PENNED[rng.integers(len(PENNED))]], rng)


def word(rng: Rng, tight: Tight) -> np.ndarray:
    """A few letters written together, by a pen or in a font."""
    count = int(rng.integers(2, 5))
    if rng.random() < 0.6:
        return stroke([PENNED_LETTERS[rng.integers(len(PENNED_LETTERS))] for _ in range(count)], rng)
    ink = np.zeros((96, 260), np.uint8)
    signs = "".join(rng.choice(list(string.ascii_letters), count))
    cv2.putText(ink, signs, (10, 66), int(rng.choice(HERSHEY_FONTS)), 1.2, 255, int(rng.integers(1, 6)), cv2.LINE_AA)
    return ink


def fraction(rng: Rng, tight: Tight) -> np.ndarray:
    """A digit over another, with a bar between them or without."""
    above, below = tight.pick(rng, "023456789")[0], tight.pick(rng)[0]  # two 1s would be a broken 1
    gap, thick = int(rng.integers(3, 8)), int(rng.integers(0, 4))
    w = max(above.shape[1], below.shape[1]) + 8
    ink = np.zeros((len(above) + len(below) + 2 * gap + thick, w), np.uint8)
    bar = len(above) + gap
    ink[bar : bar + thick, int(rng.integers(0, 4)) : w - int(rng.integers(0, 4))] = 255
    for part, y in ((above, 0), (below, bar + thick + gap)):
        x = int(rng.integers(0, w - part.shape[1]))
        ink[y : y + len(part), x : x + part.shape[1]] = part
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
            start = 30 if rng.random() < 0.2 else rng.uniform(0, 20)  # cut in two where it touched something
            y = rng.uniform(18, 42)
            line(ink, [(start, y), (rng.uniform(40, 60), y)], thick, rng)
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


# As pen.STYLES has digits. Letters sit on a line, small ones from 40 to 100.
PENNED_LETTERS = [
    pen.strokes(skeleton)
    for skeleton in (
        "0,100 28,0* 56,100 | 10,62 46,62",  # A
        "50,2 4,2* 4,98* 52,98 | 4,50 42,48",  # E
        "52,2 4,3* 4,100 | 4,48 40,46",  # F
        "0,0 0,100 | 54,0 54,100 | 0,50 54,48",  # H
        "0,0 0,100 | 50,0 2,54* 52,100",  # K
        "2,0 0,50 2,98* 50,98",  # L
        "0,100 4,0* 32,60* 60,0* 64,100",  # M
        "0,100 2,0* 50,100* 52,0",  # N
        "0,100 2,0* 40,2 52,24 36,46 2,50",  # P
        "0,100 2,0* 40,2 50,24 34,46 2,50* 52,100",  # R
        "0,0 70,0 | 35,0 35,100",  # T
        "0,0 2,60 28,100 54,60 56,0",  # U
        "0,0 30,100* 60,0",  # V
        "0,0 20,100* 40,20* 60,100* 80,0",  # W
        "0,0 56,100 | 56,0 0,100",  # X
        "0,0 28,46* 56,0 | 28,46 28,100",  # Y
        "50,44 24,36 2,62 20,98 46,74 50,40* 50,82 64,98",  # a
        "48,48 24,40 2,68 22,98 50,90",  # c
        "50,54 24,42 2,70 20,98 46,80 52,0* 52,84 62,98",  # d
        "4,72 44,60 36,40 12,46 4,80 28,100 54,88",  # e
        "56,10 40,0 26,20 24,100 | 4,44 50,42",  # f
        "2,0 4,50 4,100* 8,60 32,44 46,64 46,100",  # h
        "0,0 0,100 | 40,42 2,70* 44,100",  # k
        "0,90 30,50 34,8 20,2 14,40 22,90 44,92",  # l with a loop
        "0,40 2,100* 6,54 24,40 32,60 32,100* 36,54 54,40 64,60 64,100",  # m
        "0,40 2,100* 6,54 28,40 42,58 42,100",  # n
        "2,40 4,130 | 2,50 24,40 46,60 36,90 4,94",  # p
        "0,40 4,100* 6,62 22,42 40,46",  # r
        "24,4 24,80 36,100 50,92 | 0,38 50,36",  # t
        "0,40 2,84 22,98 42,80 44,40* 44,90 54,100",  # u
        "0,40 20,100* 42,40",  # v
        "0,40 12,100* 28,56* 42,100* 58,40",  # w
        "0,40 44,100 | 44,40 0,100",  # x
    )
]
PENNED_SIGNS = [
    pen.strokes(skeleton)
    for skeleton in (
        "34,0 6,30 6,70 34,100",  # brackets
        "0,0 28,30 28,70 0,100",
        "34,0 2,0* 2,100* 34,100",
        "0,0 32,0* 32,100* 0,100",
        "34,0 18,10 16,40 2,50* 16,60 18,90 34,100",
        "0,0 16,10 18,40 32,50* 18,60 16,90 0,100",
        "60,10 0,50* 60,90",
        "0,10 60,50* 0,90",
        "0,60 10,54* 24,100* 44,0* 110,0",  # root
        "54,6 2,2* 30,50* 2,98* 56,96",  # sum
        "46,8 34,0 26,20 22,80 14,100 0,92",  # integral
        "0,10 60,6 | 16,8 12,100 | 44,8 46,100",  # pi
        "50,50 76,20 98,50 76,80 50,50 24,20 2,50 24,80 50,50",  # infinity
        "80,0 10,100 | 14,2 2,16 14,30 26,16 14,2 | 76,70 64,84 76,98 88,84 76,70",  # percent
        "2,20 20,0 46,12 40,36 22,52 22,72 | 22,94 23,97",  # marks
        "8,0 8,66 | 8,94 9,98",
        "0,0 2,30 | 22,0 22,30",
        "20,0 10,100 | 60,0 50,100 | 0,32 74,32 | -4,68 70,68",
        "0,50 20,34 50,60 70,44",
        "30,100 30,0 | 4,28 30,0* 56,28",  # arrows
        "30,0 30,100 | 4,72 30,100* 56,72",
        "0,80 30,20 90,30 | 66,8 90,30* 64,52",
        "0,30 80,30 | 0,70 80,70 | 60,0 94,50* 60,100",
        "50,24 32,0 4,14 8,50 50,100* 92,50 96,14 68,0 50,24",  # heart
        "20,100 50,0* 80,100* 0,38* 100,38* 20,100",  # star
        "50,0 12,12 0,50 14,88 50,100 86,88 100,50 88,12 50,0 | 34,30 34,42 | 66,30 66,42 | 26,64 50,80 74,64",  # faces
        "50,0 12,12 0,50 14,88 50,100 86,88 100,50 88,12 50,0 | 34,32 35,40 | 66,32 65,40 | 28,78 50,66 72,78",
        "0,100 0,40* 50,0* 100,40* 100,100* 0,100",  # house
        "30,0 30,24 | 50,8 40,30 | 10,8 20,30 | 30,40 14,54 30,70 46,54 30,40 | 0,54 8,54 | 30,76 30,100",  # sun
        "16,60 2,40 20,22 40,8 60,16 80,22 90,44 76,62 16,60",  # cloud
        "50,0 50,100 | 0,50 100,50 | 16,16 84,84",
    )
]
PENNED = PENNED_LETTERS + PENNED_SIGNS
KINDS: dict[Callable[..., np.ndarray], float] = {  # how often each
    pair: 0.22,
    fraction: 0.02,
    too_much: 0.06,
    piece: 0.06,
    letter: 0.24,
    penned: 0.1,
    word: 0.05,
    sign: 0.11,
    shape: 0.05,
    scribble: 0.04,
    texture: 0.08,
}
