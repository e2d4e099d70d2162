"""What the user sees, drawn: boxes, digits and confidence on the frame, the numbers read below it, crops beside it.

Everything is drawn at the size at which it will be seen, so that text stays sharp whatever the frame measures.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from ..vision.reading import Reading
from ..vision.rows import Digit
from ..vision.segment import Box
from . import labels, overlay
from .labels import SMALLEST_TEXT
from .overlay import BLACK, BOLD, GREY, PLAIN, WHITE, between, inside, make_tag, paste, unit_of

LIKELY = 0.3  # confidence from which a doubtful digit is marked: edges, shadows and smudges mostly have less
DOUBTFUL_MARKS = 200  # on one picture at most; more would hide it
STRIP = 8  # the numbers' strip takes one part of so many of the canvas's height, at least
PANEL = 1 / 3  # of the canvas's width or height, for the crops, at least
# How bright a picture is under its mask: what is no surface, what is one, and sheets with digits, white all over.
DIMMEST, DIM, WHOLE = 0.3, 0.6, 255
CELL_PIXELS = 18  # of a crop in the panel, at least: of more crops than have room, those at the end are left out

POINTED = (60, 220, 255)  # BGR: the digit under the mouse, and the one that is taught


class Fit(NamedTuple):
    """How a frame lies on the canvas: scaled to fit, perhaps mirrored; and what lies below and beside it."""

    scale: float
    left: float
    top: float
    mirrored_width: int | None  # of the frame, None when it is not mirrored
    strip: Box  # for the numbers; 0 high where they are hidden
    panel: Box  # for the crops; 0 wide where they are hidden
    unit: int  # height of small text, in pixels

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

    def beside(self) -> tuple[Box, Box, Box]:
        """All that is not the picture's: the bar, the strip, the panel."""
        return (0, 0, self.strip[2], int(self.top)), self.strip, self.panel


def fit(
    picture: np.ndarray,
    size: tuple[int, int],
    mirror: bool = False,
    *,
    bar: bool = False,
    rows: bool = True,
    crops: bool = False,
) -> Fit:
    """The largest that fits on a canvas of size (width, height), when all else has its place.

    bar: a line of text at the top. rows, crops: as in `draw`. The picture's place depends on these alone, not on what
    is read.
    """
    (h, w), (width, height) = picture.shape[:2], size
    top = overlay.bar_height(width) if bar else 0
    strip = (height - top) // STRIP if rows else 0
    high = height - top - strip
    room = width, high
    if crops:  # at the side or below, wherever the picture stays larger
        rooms = ((1 - PANEL) * width, high), (width, (1 - PANEL) * high)
        room = max(rooms, key=lambda room: min(room[0] / w, room[1] / h))
    scale = min(room[0] / w, room[1] / h)
    across, down = round(w * scale), round(h * scale)
    left, y = (width - w * scale) / 2, float(top)
    panel, numbers = (width, top, 0, 0), (0, height - strip, width, strip)
    if room[0] < width:
        left, panel = 0.0, (across, top, width - across, high)
    elif crops:
        panel = (0, top + down, width, high - down)
    elif rows:
        numbers = (0, top + down, width, height - top - down)
    else:
        y += (high - h * scale) / 2
    return Fit(scale, left, y, w if mirror else None, numbers, panel, unit_of((width, high)))


def natural_size(picture: np.ndarray, rows: bool = True) -> tuple[int, int]:
    """Canvas (width, height) for a file: the picture's own and a strip for the numbers, but large enough for text.

    Both are even, as videos want it. They depend on the picture's shape alone, so that all frames of a video agree.
    """
    h, w = picture.shape[:2]
    scale = max(1.0, min(640 / max(h, w), 32))
    width, height = max(320, round(w * scale)), max(240, round(h * scale))
    height = _with_strip(height) if rows else height
    return width + width % 2, height + height % 2


def window_size(picture: np.ndarray) -> tuple[int, int]:
    """Canvas (width, height) for a window: the picture, 640 to 1280 pixels on its longer side, and the rest."""
    h, w = picture.shape[:2]
    scale = between(640, max(h, w), 1280) / max(h, w)
    width, height = max(320, round(w * scale)), max(240, round(h * scale))
    return width, _with_strip(height) + overlay.bar_height(width)


def _with_strip(height: int) -> int:
    return -(-height * STRIP // (STRIP - 1))


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
    bar: bool = False,
    pointer: tuple[int, int] | None = None,
    spots: dict[int, labels.Spot] | None = None,
) -> np.ndarray:
    """The annotated view: a new canvas (height, width, 3) uint8 BGR of size (width, height).

    mask: sheets and ink, as they were found, take the picture's place. crops: what the network sees, in a panel.
    region: (x, y, w, h) of the picture that alone was read; the mask is of this region.
    rows: the numbers read stand below. bar: a line at the top is left free.
    pointer: where the mouse is on the canvas; the digit there is marked.
    spots: where the labels were in the frame before, by the digits' ids, so that they stay; it is brought up to date.
    """
    place = fit(picture, size, mirror, bar=bar, rows=rows, crops=crops)
    if mask and seen.mask.size:
        picture = mask_picture(picture, seen, region)
    canvas = _laid_out(picture, place, size)
    if region is not None:
        _dim_around(canvas, place.box((0, 0, *picture.shape[1::-1])), place.box(region))
    doubtful = marked(seen)
    digits, believed = [*seen.digits, *doubtful], len(seen.digits)
    boxes = [place.box(digit.box) for digit in digits]
    chosen = pointed(place, boxes, *pointer) if pointer else None
    frames = [labels.frame_of(box, place.unit) for box in boxes]
    for box in frames[believed:]:
        _outline_faintly(canvas, box, place.unit)
    for x, y, w, h in frames[:believed]:  # a light edge around all of them first: to be seen on anything
        cv2.rectangle(canvas, (x - 1, y - 1, w + 2, h + 2), WHITE, 1)
    for box, digit in zip(frames, seen.digits, strict=False):
        cv2.rectangle(canvas, box, labels.colour_of(digit), _line(box, place.unit))
    if chosen is not None:
        _frame(canvas, boxes[chosen], place.unit)
    read = place.box(region or (0, 0, *picture.shape[1::-1]))
    ink = cv2.flip(seen.mask, 1) if mirror and seen.mask.size else seen.mask
    ground = labels.taken(size, boxes, place.unit, ink, read)
    for x, y, w, h in place.beside():
        ground[y : y + h, x : x + w] = labels.INK
    spots = {} if spots is None else spots
    for tag, x, y in labels.place(ground, digits, boxes, believed, place.unit, chosen, spots):
        paste(canvas, tag, x, y)
    if crops:
        _lay_crops(canvas, place, digits, believed, chosen)
    if rows:
        _write_rows(canvas, seen.text, place)
    return canvas


def marked(seen: Reading) -> list[Digit]:
    """The doubtful digits that a picture shows."""
    return [digit for digit in seen.doubtful if digit.confidence >= LIKELY][:DOUBTFUL_MARKS]


def _laid_out(picture: np.ndarray, place: Fit, size: tuple[int, int]) -> np.ndarray:
    if place.mirrored_width is not None:
        picture = cv2.flip(picture, 1)
    _, _, w, h = inner = place.box((0, 0, picture.shape[1], picture.shape[0]))
    if picture.shape[:2] != (h, w):
        # Shrunk a little, INTER_AREA looks the same and takes ten times as long.
        way = cv2.INTER_AREA if place.scale < 0.6 else cv2.INTER_LINEAR
        picture = cv2.resize(picture, (w, h), interpolation=way)
    canvas = np.full((size[1], size[0], 3), overlay.GROUND, np.uint8)
    x, y = min(inner[0], size[0] - w), min(inner[1], size[1] - h)
    canvas[y : y + h, x : x + w] = picture
    return canvas


def mask_picture(picture: np.ndarray, seen: Reading, region: Box | None) -> np.ndarray:
    """What the reader makes of a picture, at its size: sheets with digits are white, their ink black, all else is dim.

    Other surfaces are less dim than what lies between, and outlined; ink there is grey.
    """
    x, y, w, h = region or (0, 0, *picture.shape[1::-1])
    high, wide = seen.places.shape
    bright = np.full(256, DIM, np.float32)
    bright[0] = DIMMEST
    for left, top, across, down in (digit.box for digit in seen.digits):
        u, v = int((left + across / 2 - x) / w * wide), int((top + down / 2 - y) / h * high)
        if 0 <= u < wide and 0 <= v < high and seen.places[v, u]:
            bright[seen.places[v, u]] = WHOLE
    shown = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    part = shown[y : y + h, x : x + w]
    places, ink = (cv2.resize(grid, (w, h), interpolation=cv2.INTER_NEAREST) for grid in (seen.places, seen.mask))
    shade = bright[places]
    part[:] = np.minimum(np.maximum(part, 1) * shade, 255)
    part[ink > 0] = np.where(shade[ink > 0] == WHOLE, 0, GREY[0])
    shown = cv2.cvtColor(shown, cv2.COLOR_GRAY2BGR)
    edges = cv2.threshold(places, 0, 255, cv2.THRESH_BINARY)[1]
    outlines = cv2.findContours(edges, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(x, y))[0]
    return cv2.drawContours(shown, outlines, -1, GREY, max(1, max(shown.shape) // 640))


def _dim_around(canvas: np.ndarray, picture: Box, region: Box) -> None:
    bright = inside(canvas, region)
    kept = None if bright is None else bright.copy()
    dim = inside(canvas, picture)
    cv2.convertScaleAbs(dim, dim, alpha=0.4)
    if kept is not None:
        bright[:] = kept
    cv2.rectangle(canvas, region, WHITE, 1)


def _line(box: Box, unit: int) -> int:
    """How thick a box is drawn."""
    return max(1, min(unit, box[3] // 2) // 9)


def _outline_faintly(canvas: np.ndarray, box: Box, unit: int) -> None:
    """The picture shows through."""
    x, y, w, h = box
    part = inside(canvas, (x, y, w + 1, h + 1))
    if part is not None:
        shade = part.copy()
        cv2.rectangle(shade, (0, 0), (shade.shape[1] - 1, shade.shape[0] - 1), GREY, _line(box, unit))
        cv2.addWeighted(shade, 0.6, part, 0.4, 0, part)


def _frame(canvas: np.ndarray, box: Box, unit: int) -> None:
    """Around the box of what is pointed at or chosen."""
    x, y, w, h = box
    gap = max(2, min(unit, h // 2) // 2)
    for thickness, colour in ((gap, BLACK), (gap // 2, POINTED)):
        cv2.rectangle(canvas, (x - gap, y - gap, w + 2 * gap, h + 2 * gap), colour, thickness)


def pointed(place: Fit, boxes: list[Box], x: int, y: int) -> int | None:
    """Which digit is at a point of the canvas: its box (on the canvas), or its crop in the panel."""
    for place_of in (_cells(place.panel, len(boxes), place.unit), boxes):
        for i, (left, top, w, h) in enumerate(place_of):
            if left <= x < left + w and top <= y < top + h:
                return i
    return None


# --- beside the picture


def _cells(panel: Box, count: int, unit: int) -> list[Box]:
    """Where the crops lie in their panel, in reading order, as large as all of them fit; fewer than `count` if none do.

    A cell is as wide as the crop, and higher by a line of text.
    """
    left, top, width, height = panel
    columns, lines, side, high = 1, 0, 0, 0
    for columns in range(max(1, width // (6 * unit)), max(1, width // CELL_PIXELS) + 1):
        side = width // columns
        high = side + max(SMALLEST_TEXT, side // 5)
        lines = height // max(1, high)
        if columns * lines >= count:
            break
    return [
        (left + side * (i % columns), top + high * (i // columns), side, high)
        for i in range(min(count, columns * lines))
    ]


def _lay_crops(canvas: np.ndarray, place: Fit, digits: list[Digit], believed: int, chosen: int | None) -> None:
    """What the network sees of each digit, as a card under its label."""
    cells = _cells(place.panel, len(digits), place.unit)
    for i, (digit, (x, y, w, h)) in enumerate(zip(digits, cells, strict=False)):
        if i == len(cells) - 1 < len(digits) - 1:
            paste(canvas, make_tag(f"+{len(digits) - i}", SMALLEST_TEXT, overlay.CHIP, PLAIN), x, y)
            break
        colour = POINTED if i == chosen else labels.colour_of(digit, i < believed)
        side, line = w - 4, h - w
        cv2.rectangle(canvas, (x + 1, y + 1, w - 2, h - 2), colour, -1)
        text = f"{digit.digit}" + "?" * (i >= believed)
        percent = f"  {100 * digit.confidence:.0f}" * (side > 4 * line)
        tag = make_tag(text + percent, line, colour, BOLD, line + 1)
        paste(canvas, tag[:, :side], x + (w - min(side, tag.shape[1])) // 2, y + 1)
        way = cv2.INTER_NEAREST if side >= 28 else cv2.INTER_AREA
        crop = cv2.resize(np.rint(255 * digit.crop).astype(np.uint8), (side, side), interpolation=way)
        paste(canvas, cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR), x + 2, y + h - side - 2)


def _write_rows(canvas: np.ndarray, rows: list[str], place: Fit) -> None:
    """The numbers read, in their strip: each row on a ground of its own, as large as all of them fit."""
    left, top, width, height = place.strip
    gap = place.unit // 2
    size, lines = _flow(tuple(rows), width - 2 * gap, height - gap, 3 * place.unit)
    y = top + gap // 2 + max(0, min((height - gap - _pitch(size) * len(lines)) // 2, place.unit))
    for line in lines:
        tags = [make_tag(text, size, overlay.CHIP, BOLD) for text in line]
        x = left + (width - sum(tag.shape[1] for tag in tags) - size // 2 * (len(tags) - 1)) // 2
        for tag in tags:
            paste(canvas, tag, x, y)
            x += tag.shape[1] + size // 2
        y += _pitch(size)


def _pitch(size: int) -> int:
    """From line to line of the strip, for text of that size."""
    return round(1.25 * size)


@lru_cache(maxsize=256)
def _flow(rows: tuple[str, ...], width: int, height: int, largest: int) -> tuple[int, list[list[str]]]:
    """The largest text in which all rows fit, and the rows on each line.

    Where even the smallest is too large, long rows are broken ("123…"), and the last line says how many are left out.
    """
    for size in range(largest, SMALLEST_TEXT - 1, -1):
        if all(_chip_width(row, size) <= width for row in rows):
            lines = _lines(rows, width, size)
            if len(lines) * _pitch(size) <= height:
                return size, lines
    width -= _chip_width("+ 999 more", SMALLEST_TEXT)
    parts = [part for row in rows for part in _parts(row, width)]
    lines = _lines(parts, width, SMALLEST_TEXT)
    kept = lines[: max(1, height // _pitch(SMALLEST_TEXT))]
    if len(kept) < len(lines):
        kept[-1].append(f"+ {len(parts) - sum(map(len, kept))} more")
    return SMALLEST_TEXT, kept


def _lines(rows: Sequence[str], width: int, size: int) -> list[list[str]]:
    """As many rows on each line as fit there."""
    lines: list[list[str]] = []
    used = width
    for row in rows:
        wide = _chip_width(row, size) + size // 2
        if used + wide > width + size // 2:
            lines.append([])
            used = 0
        lines[-1].append(row)
        used += wide
    return lines


def _parts(row: str, width: int) -> list[str]:
    length = max(1, int(len(row) * width / _chip_width(row, SMALLEST_TEXT)) - 2)
    if _chip_width(row, SMALLEST_TEXT) <= width:
        return [row]
    cut = [row[i : i + length] for i in range(0, len(row), length)]
    return [f"{part}…" for part in cut[:-1]] + cut[-1:]


def _chip_width(row: str, size: int) -> int:
    """What make_tag takes, with a pixel to spare; text is measured once, at one size."""
    return math.ceil(overlay.text_width(row, 100, BOLD) * size / 100) + 2 * max(2, round(size * 0.2)) + 1


def grey(canvas: np.ndarray) -> np.ndarray:
    """The same picture without colour and paler: nothing of it is new."""
    pale = cv2.convertScaleAbs(cv2.cvtColor(canvas, cv2.COLOR_BGR2GRAY), alpha=0.5, beta=60)
    return cv2.cvtColor(pale, cv2.COLOR_GRAY2BGR)


def mark_lesson(canvas: np.ndarray, box: Box, chosen: bool, taught: int | None, boxed: bool = True) -> None:
    """In teach mode: the digit that is chosen, and what those taught are said to be. box: on the canvas.

    boxed: it has a box of its own already.
    """
    x, y, w, h = box
    unit = unit_of((canvas.shape[1], canvas.shape[0]))
    if not boxed:
        _outline_faintly(canvas, labels.frame_of(box, unit), unit)
    if chosen:
        _frame(canvas, box, unit)
    if taught is not None:  # above the box, or below where there is no room
        tag = make_tag(f"={taught}", unit, POINTED, BOLD)
        top = y - 3 * unit // 4 - tag.shape[0]
        paste(canvas, tag, x + w + unit // 2 - tag.shape[1], top if top >= 0 else y + h + 3 * unit // 4)
