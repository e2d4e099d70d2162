"""Where labels lie: close to their digits, over nothing that is written, and where they lay in the frame before."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from ..vision.rows import Digit
from ..vision.segment import Box
from .overlay import BOLD, GREY, PLAIN, between, inside, make_tag

SMALLEST_TEXT = 11  # pixels: the height of the smallest text that is read with ease,
SMALLEST_DIGIT = 9  # and of a single bold digit
# Which point of the box a label touches, and with which of its own, both as shares of width and height; and what such a
# place costs, a pixel. Above is best: between two rows, a label under a digit looks like the next row's.
PLACES = (
    (0, 0, 0, 1, 0), (0.5, 0, 0.5, 1, 1), (1, 0, 1, 1, 2), (1, 0, 0, 0, 20), (0, 0, 1, 0, 20), (0, 1, 0, 0, 30),
    (0.5, 1, 0.5, 0, 31), (1, 1, 1, 0, 32),
)  # fmt: skip
SIZES = (1, 0.8, 0.6)  # of a label, as shares of what it should be
SMALLER = 20  # what it costs, a pixel, for a label to be smaller by its whole size
INK, BOX = 255, 60  # what it costs to cover a pixel: of ink or of another label; of a digit's box
STAYS = 12  # a pixel: a label moves only when its place costs so much more than it did
CROWDED = 30  # a pixel: beyond that the digit gets no label; its colour tells how sure it is, the mouse what it is

# Confidence as a colour, BGR: sure, nearly sure, unsure. Every kind of colour vision tells them apart (Okabe and Ito).
SURE, NEARLY_SURE, UNSURE = (178, 98, 0), (233, 180, 86), (0, 140, 230)


class Spot(NamedTuple):
    """A label's place beside its digit, kept so that it does not jump from frame to frame."""

    place: int  # in PLACES
    wanted: int  # height of its text in pixels, if there was room,
    size: int  # and as it is
    cost: float  # a pixel
    percent: bool = False  # confidence is written beside it


class Label(NamedTuple):
    tag: np.ndarray
    x: int
    y: int


def colour_of(digit: Digit, sure: bool = True) -> tuple[int, int, int]:
    if not sure:
        return GREY
    return SURE if digit.confidence >= 0.9 else NEARLY_SURE if digit.confidence >= 0.8 else UNSURE


def frame_of(box: Box, unit: int) -> Box:
    """The outline that is drawn around a digit's box: with a gap, which is small around small digits."""
    x, y, w, h = box
    gap = int(between(1, h / 12, unit / 5))
    return x - gap, y - gap, w + 2 * gap, h + 2 * gap


def taken(size: tuple[int, int], boxes: Sequence[Box], unit: int, mask: np.ndarray, read: Box) -> np.ndarray:
    """What labels should not cover, (height, width) uint8: INK, BOX or 0.

    size: (width, height) of the canvas. mask: the ink, of any size, that lies in the box `read` of the canvas.
    """
    ground = np.zeros((size[1], size[0]), np.uint8)
    for box in boxes:
        x, y, w, h = frame_of(box, unit)
        cv2.rectangle(ground, (x - 1, y - 1, w + 2, h + 2), BOX, -1)
    part = inside(ground, read)
    if part is not None and mask.size:
        mask = cv2.resize(mask, read[2:], interpolation=cv2.INTER_NEAREST)
        left, top = max(-read[0], 0), max(-read[1], 0)
        cv2.max(part, mask[top : top + part.shape[0], left : left + part.shape[1]], part)
    return ground


def place(
    ground: np.ndarray,
    digits: Sequence[Digit],
    boxes: Sequence[Box],
    believed: int,
    unit: int,
    chosen: int | None,
    spots: dict[int, Spot],
) -> list[Label]:
    """The labels of digits, the first `believed` of which are believed, in the order in which they are drawn.

    A believed digit gets one, smaller where there is little room, and none where it would hide too much; a doubtful one
    where nothing is in the way.
    Confidence in percent goes beside large labels that have room, and beside that of the digit `chosen`.
    ground: what is taken; what is placed is added to it. spots: by the digits' ids; brought up to date.
    """
    placed: dict[int, tuple[Spot, Label]] = {}
    now: dict[int | None, Spot] = {}
    for i in sorted(range(len(digits)), key=lambda i: (i >= believed, digits[i].id not in spots)):
        digit, sure = digits[i], i < believed
        text, weight, largest = (f"{digit.digit}", BOLD, 1.7 * unit) if sure else (f"{digit.digit}?", PLAIN, 0.8 * unit)
        make = partial(make_tag, text, colour=colour_of(digit, sure), weight=weight)
        wanted = int(between(SMALLEST_DIGIT, 0.45 * boxes[i][3], largest))
        spot, label = _settle(ground, frame_of(boxes[i], unit), make, wanted, spots.get(digit.id))
        now[digit.id] = spot._replace(percent=False)
        if spot.cost <= CROWDED * sure or i == chosen:
            placed[i] = spot, label
            _cover(ground, label)
    percents = _percents(ground, placed, digits, believed, unit, chosen)
    for i in percents:
        now[digits[i].id] = placed[i][0]._replace(percent=True)
    now.pop(None, None)
    spots.clear()
    spots.update(now)
    return [*(label for _, label in placed.values()), *percents.values()]


def _percents(
    ground: np.ndarray,
    placed: dict[int, tuple[Spot, Label]],
    digits: Sequence[Digit],
    believed: int,
    unit: int,
    chosen: int | None,
) -> dict[int, Label]:
    """Confidence in percent, right of large labels: of digits that are not sure, and of all where all have room."""
    fits = {}
    for i, (spot, label) in placed.items():
        height, width = label.tag.shape[:2]
        text, size = f"{100 * digits[i].confidence:.0f}", max(SMALLEST_TEXT, round(0.65 * spot.size))
        tag = make_tag(text + " %" * (i == chosen), size, colour_of(digits[i], i < believed), PLAIN, height)
        beside = Label(tag, label.x + width, label.y)
        # To come, it needs more room than to stay.
        margin, price = (0, STAYS) if spot.percent else (unit // 4, 0)
        if i == chosen or (i < believed and spot.size >= 0.9 * unit and _cost(ground, beside, margin) <= price):
            fits[i] = beside
            _cover(ground, beside)
    all_fit = len(fits) >= believed
    return {i: label for i, label in fits.items() if all_fit or i == chosen or colour_of(digits[i]) != SURE}


def _settle(
    ground: np.ndarray, frame: Box, make: Callable[..., np.ndarray], wanted: int, old: Spot | None
) -> tuple[Spot, Label]:
    """The old spot as long as it costs no more than before, else the cheapest."""
    if old and old.cost < math.inf and abs(wanted - old.wanted) <= 0.2 * old.wanted:
        label = _beside(frame, make(size=old.size), old.place)
        cost = _cost(ground, label)
        if cost <= old.cost + STAYS:
            return old._replace(cost=min(cost, old.cost)), label
    best, least = None, math.inf
    for share in SIZES:
        size = max(SMALLEST_DIGIT, round(share * wanted))
        tag = make(size=size)
        for at, (*_, price) in enumerate(PLACES):
            price += SMALLER * (1 - size / wanted)
            if best is None or price < least:
                label = _beside(frame, tag, at)
                cost = _cost(ground, label)
                if best is None or cost + price < least:
                    best, least = (Spot(at, wanted, size, cost), label), cost + price
    return best


def _beside(frame: Box, tag: np.ndarray, at: int) -> Label:
    x, y, w, h = frame
    x, y, w, h = x - 1, y - 1, w + 2, h + 2  # the light edge
    across, down, tag_across, tag_down, _ = PLACES[at]
    height, width = tag.shape[:2]
    return Label(tag, round(x + across * w - tag_across * width), round(y + down * h - tag_down * height))


def _cost(ground: np.ndarray, label: Label, margin: int = 0) -> float:
    """What a pixel costs on average, with a margin at the right; infinite where the label would stick out."""
    (h, w), (height, width) = label.tag.shape[:2], ground.shape
    if label.x < 0 or label.y < 0 or label.x + w > width or label.y + h > height:
        return math.inf
    return cv2.sumElems(ground[label.y : label.y + h, label.x : label.x + w + margin])[0] / (h * w)


def _cover(ground: np.ndarray, label: Label) -> None:
    part = inside(ground, (label.x, label.y, label.tag.shape[1], label.tag.shape[0]))
    if part is not None:
        part[:] = INK
