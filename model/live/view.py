"""What the user sees, drawn: boxes, digits and confidence on the frame, and below them the numbers read.

Everything is drawn at the size at which it will be seen, so that text stays sharp whatever the frame measures.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from ..vision.reading import Reading
from ..vision.rows import Digit
from ..vision.segment import Box
from .overlay import BLACK, BOLD, GREY, PLAIN, WHITE, between, inside, make_tag, paste, unit_of, write

DOUBTFUL_MARKS = 200  # on one picture at most; more would hide it

# Confidence 0.5 to 1 as orange to blue, which every kind of colour vision tells apart (Okabe and Ito 2008).
UNSURE, SURE = np.array([0, 140, 230.0]), np.array([178, 98, 0.0])


class Fit(NamedTuple):
    """How a frame lies on the canvas: scaled to fit, in the middle, perhaps mirrored."""

    scale: float
    left: float
    top: float
    mirrored_width: int | None  # of the frame, None when it is not mirrored

    def box(self, box: Sequence[float]) -> Box:
        """Frame to canvas."""
        x, y, w, h = box
        if self.mirrored_width is not None:
            x = self.mirrored_width - x - w
        left, top = self.left + x * self.scale, self.top + y * self.scale
        return round(left), round(top), max(1, round(w * self.scale)), max(1, round(h * self.scale))

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Canvas to frame."""
        x, y = (x - self.left) / self.scale, (y - self.top) / self.scale
        return (x if self.mirrored_width is None else self.mirrored_width - x), y


def fit(picture: np.ndarray, size: tuple[int, int], mirror: bool = False) -> Fit:
    """The largest that fits on a canvas of size (width, height)."""
    (h, w), (width, height) = picture.shape[:2], size
    scale = min(width / w, height / h)
    return Fit(scale, (width - w * scale) / 2, (height - h * scale) / 2, w if mirror else None)


def natural_size(picture: np.ndarray) -> tuple[int, int]:
    """Canvas (width, height) for a file: the picture's own, but large enough for text, and even, as videos want it."""
    h, w = picture.shape[:2]
    scale = max(1.0, min(640 / max(h, w), 32))
    width, height = max(320, round(w * scale)), max(240, round(h * scale))
    return width + width % 2, height + height % 2


def draw(
    picture: np.ndarray,
    seen: Reading,
    size: tuple[int, int],
    *,
    mirror: bool = False,
    mask: bool = False,
    crops: bool = False,
    region: Box | None = None,
    rows: bool = True,
) -> np.ndarray:
    """The annotated view: a new canvas (height, width, 3) uint8 BGR of size (width, height).

    mask: the ink mask takes the picture's place. crops: what the network sees, beside each box.
    region: (x, y, w, h) of the picture that alone was read; the mask is of this region.
    rows: the numbers read stand at the bottom.
    """
    place = fit(picture, size, mirror)
    if mask and seen.mask.size:
        picture = _mask_picture(picture.shape, seen.mask, region)
    canvas = _laid_out(picture, place, size)
    if region is not None:
        _dim_around(canvas, place.box(region))
    unit = unit_of(size)
    if crops:
        _lay_crops(canvas, place, seen, unit)
    for digit in seen.doubtful[:DOUBTFUL_MARKS]:
        _mark_doubtful(canvas, place.box(digit.box), digit, unit)
    for digit in seen.digits:
        _mark(canvas, place.box(digit.box), digit, unit)
    if rows:
        _write_rows(canvas, seen.text, unit)
    return canvas


def _laid_out(picture: np.ndarray, place: Fit, size: tuple[int, int]) -> np.ndarray:
    if place.mirrored_width is not None:
        picture = cv2.flip(picture, 1)
    _, _, w, h = inner = place.box((0, 0, picture.shape[1], picture.shape[0]))
    if picture.shape[:2] != (h, w):
        picture = cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA if place.scale < 1 else cv2.INTER_LINEAR)
        if (w, h) == size:
            return picture
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    x, y = min(inner[0], size[0] - w), min(inner[1], size[1] - h)
    canvas[y : y + h, x : x + w] = picture
    return canvas


def _mask_picture(shape: tuple[int, ...], mask: np.ndarray, region: Box | None) -> np.ndarray:
    x, y, w, h = region or (0, 0, shape[1], shape[0])
    picture = np.zeros((shape[0], shape[1], 3), np.uint8)
    mask = cv2.resize(mask, (w, h), interpolation=cv2.INTER_NEAREST)
    picture[y : y + h, x : x + w] = cv2.cvtColor(mask, cv2.COLOR_GRAY2BGR)
    return picture


def _dim_around(canvas: np.ndarray, region: Box) -> None:
    x, y, w, h = region
    inside = canvas[max(y, 0) : y + h, max(x, 0) : x + w].copy()
    cv2.convertScaleAbs(canvas, canvas, alpha=0.4)
    canvas[max(y, 0) : y + h, max(x, 0) : x + w] = inside
    cv2.rectangle(canvas, region, WHITE, 1)


def _colour(confidence: float) -> tuple[int, int, int]:
    share = round(between(0, (confidence - 0.5) / 0.5, 1) * 8) / 8  # few steps, so that tags can be kept
    return tuple(int(c) for c in np.rint(UNSURE + (SURE - UNSURE) * share))


def _outline(canvas: np.ndarray, box: Box, colour: tuple[int, int, int], thickness: int, gap: int) -> None:
    """A box with a dark and a light edge, to be seen on ink, paper and anything else."""
    x, y, w, h = box
    box = (x - gap, y - gap, w + 2 * gap, h + 2 * gap)
    cv2.rectangle(canvas, box, WHITE, thickness + 2)
    cv2.rectangle(canvas, box, colour, thickness)


def _mark(canvas: np.ndarray, box: Box, digit: Digit, unit: int) -> None:
    x, y, _, h = box
    gap, colour = unit // 5, _colour(digit.confidence)
    _outline(canvas, box, colour, max(1, unit // 9), gap)
    size = int(between(unit, h * 0.45, 1.7 * unit))
    tag = make_tag(str(digit.digit), size, colour, BOLD)
    paste(canvas, tag, x - gap - 1, y - gap - tag.shape[0])
    percent = make_tag(f"{100 * digit.confidence:.0f}", max(11, round(unit * 0.72)), colour, PLAIN)
    paste(canvas, percent, x - gap - 1, y + h + gap)


def _mark_doubtful(canvas: np.ndarray, box: Box, digit: Digit, unit: int) -> None:
    """Faint: the picture shows through."""
    x, y, w, h = box
    gap = unit // 5
    part = inside(canvas, (x - gap, y - gap, w + 2 * gap + 1, h + 2 * gap + 1))
    if part is None:
        return
    shade = part.copy()
    cv2.rectangle(shade, (0, 0), (shade.shape[1] - 1, shade.shape[0] - 1), GREY, max(1, unit // 9))
    cv2.addWeighted(shade, 0.6, part, 0.4, 0, part)
    tag = make_tag(f"{digit.digit}?", max(11, round(unit * 0.8)), GREY, PLAIN)
    paste(canvas, tag, x - gap - 1, y - gap - tag.shape[0], opacity=0.6)


def _lay_crops(canvas: np.ndarray, place: Fit, seen: Reading, unit: int) -> None:
    """Each crop beside its box where there is room, else over it: it shows the same ink."""
    digits = [*seen.digits, *seen.doubtful[:DOUBTFUL_MARKS]]
    boxes = [place.box(digit.box) for digit in digits]
    taken = list(boxes)
    for (x, y, w, h), digit in zip(boxes, digits, strict=True):
        side = int(between(28, 0.6 * h, 4 * unit))
        gap = unit // 2
        spots = ((x + w + gap, y), (x - side - gap, y), (x, y + h + 3 * gap), (x, y - side - 4 * gap))
        spot = next((spot for spot in spots if _free(canvas, (*spot, side, side), taken)), (x, y))
        taken.append((*spot, side, side))
        crop = cv2.resize(np.rint(255 * digit.crop).astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
        crop = cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR)
        cv2.rectangle(crop, (0, 0, side, side), _colour(digit.confidence), 1)
        paste(canvas, crop, *spot)


def _free(canvas: np.ndarray, spot: Box, taken: list[Box]) -> bool:
    x, y, w, h = spot
    inside = x >= 0 and y >= 0 and x + w <= canvas.shape[1] and y + h <= canvas.shape[0]
    return inside and not any(x < a + c and a < x + w and y < b + d and b < y + h for a, b, c, d in taken)


def _write_rows(canvas: np.ndarray, rows: list[str], unit: int) -> None:
    """The numbers read, as large as the bottom of the picture allows."""
    if not rows:
        return
    height, width = canvas.shape[:2]
    best, lines = 0, [""]
    for count in range(1, min(len(rows), 8) + 1):
        per_line = -(-len(rows) // count)
        joined = ["    ".join(rows[i : i + per_line]) for i in range(0, len(rows), per_line)]
        longest = max(len(line) for line in joined)
        size = min(3 * unit, int(0.2 * height / len(joined) / 1.3), int(0.94 * width / (0.62 * longest + 0.6)))
        if size > best:
            best, lines = size, joined
    size = max(best, 12)
    bottom = height - unit // 2
    for line in reversed(lines):
        bottom -= write(canvas, line, width / 2, bottom, size, anchor=(0.5, 1), weight=BOLD)


def grey(canvas: np.ndarray) -> np.ndarray:
    """The same picture without colour and paler: nothing of it is new."""
    pale = cv2.convertScaleAbs(cv2.cvtColor(canvas, cv2.COLOR_BGR2GRAY), alpha=0.5, beta=60)
    return cv2.cvtColor(pale, cv2.COLOR_GRAY2BGR)


def mark_lesson(canvas: np.ndarray, box: Box, chosen: bool, taught: int | None) -> None:
    """In teach mode: the digit that is chosen, and what those taught are said to be. box: on the canvas."""
    x, y, w, h = box
    unit = unit_of((canvas.shape[1], canvas.shape[0]))
    if chosen:
        for thickness, colour in ((unit // 2, BLACK), (unit // 4, (60, 220, 255))):
            cv2.rectangle(canvas, (x - unit // 2, y - unit // 2, w + unit, h + unit), colour, max(1, thickness))
    if taught is not None:
        tag = make_tag(f"={taught}", unit, (60, 220, 255), BOLD)
        paste(canvas, tag, x + w // 2 - tag.shape[1] // 2, y + h // 2 - tag.shape[0] // 2)
