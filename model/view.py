"""What the user sees, drawn: boxes, digits and confidence on the frame, the number read below, help and messages.

Everything is drawn at the size at which it will be seen, so that text stays sharp whatever the frame measures.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from .reading import Reading
from .tracking import Tracked
from .vision import Box

FONT = cv2.FontFace("sans")  # Rubik, comes with OpenCV 5
BOLD, PLAIN = 650, 450
WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (150, 150, 150)  # BGR, as all colours here
MOST = 200  # doubtful marks on one picture; beyond that they would hide it

# Confidence 0.5 to 1 as orange to blue, which every kind of colour vision tells apart (Okabe and Ito 2008).
UNSURE, SURE = np.array([0, 140, 230.0]), np.array([178, 98, 0.0])

HELP = "h help   q quit   space pause   t mask   c crops   l teach   s snapshot   r record"
KEYS = (
    ("q, Esc", "quit"),
    ("space", "pause, go on"),
    ("n", "next picture of a folder, next frame of a paused video"),
    ("t", "the thresholded mask"),
    ("c", "the 28x28 crops that the network sees"),
    ("m", "mirror the view"),
    ("f", "full screen"),
    ("s", "snapshot, with its JSON beside it"),
    ("r", "start and stop recording"),
    ("l", "teach: click a digit or Tab to it, type what it is; u undoes"),
    ("mouse", "drag a region to read only inside it, double-click clears it"),
    ("h", "this help"),
)


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
    unit = _unit(size)
    if crops:
        _lay_crops(canvas, place, seen, unit)
    for digit in seen.doubtful[:MOST]:
        _mark_doubtful(canvas, place.box(digit.box), digit, unit)
    for digit in seen.digits:
        _mark(canvas, place.box(digit.box), digit, unit)
    if rows:
        _write_rows(canvas, seen.text, unit)
    return canvas


def _unit(size: tuple[int, int]) -> int:
    """Height of small text in pixels, for a canvas of that size."""
    return int(_between(13, min(size[0] / 50, size[1] / 34), 60))


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
    share = round(_between(0, (confidence - 0.5) / 0.5, 1) * 8) / 8  # few steps, so that tags can be kept
    return tuple(int(c) for c in np.rint(UNSURE + (SURE - UNSURE) * share))


def _outline(canvas: np.ndarray, box: Box, colour: tuple[int, int, int], thickness: int, gap: int) -> None:
    """A box with a dark and a light edge, to be seen on ink, paper and anything else."""
    x, y, w, h = box
    box = (x - gap, y - gap, w + 2 * gap, h + 2 * gap)
    cv2.rectangle(canvas, box, WHITE, thickness + 2)
    cv2.rectangle(canvas, box, colour, thickness)


def _mark(canvas: np.ndarray, box: Box, digit: Tracked, unit: int) -> None:
    x, y, _, h = box
    gap, colour = unit // 5, _colour(digit.confidence)
    _outline(canvas, box, colour, max(1, unit // 9), gap)
    size = int(_between(unit, h * 0.45, 1.7 * unit))
    tag = _tag(str(digit.digit), size, colour, BOLD)
    _paste(canvas, tag, x - gap - 1, y - gap - tag.shape[0])
    percent = _tag(f"{100 * digit.confidence:.0f}", max(11, round(unit * 0.72)), colour, PLAIN)
    _paste(canvas, percent, x - gap - 1, y + h + gap)


def _mark_doubtful(canvas: np.ndarray, box: Box, digit: Tracked, unit: int) -> None:
    """Faint: the picture shows through."""
    x, y, w, h = box
    gap = unit // 5
    part = _inside(canvas, (x - gap, y - gap, w + 2 * gap + 1, h + 2 * gap + 1))
    if part is None:
        return
    shade = part.copy()
    cv2.rectangle(shade, (0, 0), (shade.shape[1] - 1, shade.shape[0] - 1), GREY, max(1, unit // 9))
    cv2.addWeighted(shade, 0.6, part, 0.4, 0, part)
    tag = _tag(f"{digit.digit}?", max(11, round(unit * 0.8)), GREY, PLAIN)
    _paste(canvas, tag, x - gap - 1, y - gap - tag.shape[0], opacity=0.6)


def _lay_crops(canvas: np.ndarray, place: Fit, seen: Reading, unit: int) -> None:
    """Each crop beside its box where there is room, else over it: it shows the same ink."""
    digits = [*seen.digits, *seen.doubtful[:MOST]]
    boxes = [place.box(digit.box) for digit in digits]
    taken = list(boxes)
    for (x, y, w, h), digit in zip(boxes, digits, strict=True):
        side = int(_between(28, 0.6 * h, 4 * unit))
        gap = unit // 2
        spots = ((x + w + gap, y), (x - side - gap, y), (x, y + h + 3 * gap), (x, y - side - 4 * gap))
        spot = next((spot for spot in spots if _free(canvas, (*spot, side, side), taken)), (x, y))
        taken.append((*spot, side, side))
        crop = cv2.resize(np.rint(255 * digit.crop).astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
        crop = cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR)
        cv2.rectangle(crop, (0, 0, side, side), _colour(digit.confidence), 1)
        _paste(canvas, crop, *spot)


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
        bottom -= _write(canvas, line, width / 2, bottom, size, anchor=(0.5, 1), weight=BOLD)


def overlay(
    canvas: np.ndarray,
    *,
    fps: float | None = None,
    recording: float | None = None,
    note: str = "",
    message: str = "",
    help: bool = False,
    hint: str = HELP,
) -> None:
    """What belongs to the window alone, onto the canvas.

    hint: the line at the top; note: large, in the middle, a state of things; message: what was just done;
    recording: its length in seconds.
    """
    height, width = canvas.shape[:2]
    unit = _unit((width, height))
    right = f"{fps:.0f} fps" if fps is not None else ""
    if recording is not None:
        right = f"REC {recording // 60:02.0f}:{recording % 60:02.0f}   {right}"
    pad = unit // 2
    small = max(11, round(unit * 0.8))
    taken = _width(right, small, PLAIN) + 4 * pad if right else 0
    while hint and _width(hint, small, PLAIN) > width - taken - 3 * pad:
        hint = hint.rpartition("   ")[0]
    _write(canvas, hint, pad, pad, small, anchor=(0, 0))
    colour = (80, 170, 255) if recording is not None else WHITE
    _write(canvas, right, width - pad, pad, small, anchor=(1, 0), colour=colour)
    if help:
        _write_help(canvas, unit)
    elif note:
        _write(canvas, note, width / 2, height / 2, round(1.6 * unit), anchor=(0.5, 0.5), weight=BOLD)
    if message:
        fits = min(unit, int(unit * (width - 3 * pad) / max(1, _width(message, unit, PLAIN))))
        _write(canvas, message, pad, pad + 2 * small, max(9, fits), anchor=(0, 0))


def grey(canvas: np.ndarray) -> np.ndarray:
    """The same picture without colour and paler: nothing of it is new."""
    pale = cv2.convertScaleAbs(cv2.cvtColor(canvas, cv2.COLOR_BGR2GRAY), alpha=0.5, beta=60)
    return cv2.cvtColor(pale, cv2.COLOR_GRAY2BGR)


def mark_lesson(canvas: np.ndarray, box: Box, chosen: bool, taught: int | None) -> None:
    """In teach mode: the digit that is chosen, and what those taught are said to be. box: on the canvas."""
    x, y, w, h = box
    unit = _unit((canvas.shape[1], canvas.shape[0]))
    if chosen:
        for thickness, colour in ((unit // 2, BLACK), (unit // 4, (60, 220, 255))):
            cv2.rectangle(canvas, (x - unit // 2, y - unit // 2, w + unit, h + unit), colour, max(1, thickness))
    if taught is not None:
        tag = _tag(f"={taught}", unit, (60, 220, 255), BOLD)
        _paste(canvas, tag, x + w // 2 - tag.shape[1] // 2, y + h // 2 - tag.shape[0] // 2)


def _write_help(canvas: np.ndarray, unit: int) -> None:
    height, width = canvas.shape[:2]
    longest = max(_width(text, unit, PLAIN) for _, text in KEYS) + 6 * unit
    size = int(max(8, min(unit, unit * 0.95 * width / longest, height / (1.9 * len(KEYS) + 2))))
    line = round(1.9 * size)
    w, h = min(width, round(longest * size / unit)), min(height, line * len(KEYS) + 2 * size)
    x, y = (width - w) // 2, (height - h) // 2
    panel = canvas[y : y + h, x : x + w]
    _darken(panel, 0.15)
    for i, (key, text) in enumerate(KEYS):
        baseline = y + size + line * i + round(1.2 * size)
        cv2.putText(canvas, key, (x + size, baseline), (255, 210, 130), FONT, size, BOLD)
        cv2.putText(canvas, text, (x + 5 * size, baseline), WHITE, FONT, size, PLAIN)


def _write(
    canvas: np.ndarray,
    text: str,
    x: float,
    y: float,
    size: int,
    anchor: tuple[float, float],
    colour: tuple[int, int, int] = WHITE,
    weight: int = PLAIN,
) -> int:
    """Text on a dark, half transparent ground; returns its height.

    anchor: the point of it that comes to (x, y), 0 to 1 of its width and height.
    """
    if not text:
        return 0
    pad = round(size * 0.3)
    w, h = _width(text, size, weight) + 2 * pad, round(1.3 * size)
    x, y = round(x - anchor[0] * w), round(y - anchor[1] * h)
    ground = _inside(canvas, (x, y, w, h))
    if ground is not None:
        _darken(ground, 0.35)
        cv2.putText(canvas, text, (x + pad, y + round(size * 1.01)), colour, FONT, size, weight)
    return h


@lru_cache(maxsize=512)
def _width(text: str, size: int, weight: int) -> int:
    return cv2.getTextSize((0, 0), text, (0, 0), FONT, size, weight)[2]


@lru_cache(maxsize=2048)
def _tag(text: str, size: int, colour: tuple[int, int, int], weight: int) -> np.ndarray:
    """A small label: text, black or white, on a ground of that colour."""
    pad = max(2, round(size * 0.2))
    tag = np.full((round(size * 1.1), _width(text, size, weight) + 2 * pad, 3), colour, np.uint8)
    light = 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2] > 125
    cv2.putText(tag, text, (pad, round(size * 0.91)), BLACK if light else WHITE, FONT, size, weight)
    return tag


def _darken(part: np.ndarray, alpha: float) -> None:
    """A part of the canvas, as a ground for text: of what it shows, `alpha` is left."""
    cv2.convertScaleAbs(part, part, alpha, 24 * (1 - alpha))


def _between(low: float, value: float, high: float) -> float:
    return max(low, min(value, high))  # np.clip takes a hundred times as long


def _inside(canvas: np.ndarray, box: Box) -> np.ndarray | None:
    """The part of a canvas that lies in a box, as a view; None where there is none."""
    x, y, w, h = box
    part = canvas[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)]
    return part if part.size else None


def _paste(canvas: np.ndarray, patch: np.ndarray, x: int, y: int, opacity: float = 1.0) -> None:
    """A patch onto the canvas, moved inside where it would stick out."""
    height, width = canvas.shape[:2]
    h, w = min(patch.shape[0], height), min(patch.shape[1], width)
    x, y = _between(0, x, width - w), _between(0, y, height - h)
    part = canvas[y : y + h, x : x + w]
    if opacity == 1:
        part[:] = patch[:h, :w]
    else:
        cv2.addWeighted(patch[:h, :w], opacity, part, 1 - opacity, 0, part)
