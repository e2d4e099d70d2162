"""Picture to digit candidates: 28x28 crops with their boxes. OpenCV only, no Keras.

    found, mask, places = candidates.find(cv2.imread("sheet.jpg"))
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from .. import crop
from . import ink, rules, segment, surfaces
from .segment import Box

WORKING_SIDE = 1920  # pixels: the longer side is brought down to this before anything else
MAX_CANDIDATES = 1000  # in a picture; components as they are come first, and a page of 200 digits has 600
MIN_CLARITY = 8  # see Candidate
RIM = 3  # pixels beyond ink where blur has ended and paper begins
ON_EDGE = 0.6  # of its ink lies where a surface ends or a rule was: it is a sheet's edge, its shadow, a rule's rest
NO_REST = 2  # times as dark as ruled lines are, and darker, is what is no rest of one: where two cross it is less
THICK = 12  # pixels that a stroke is wide, for each of which its blur may be as wide again


@dataclass(frozen=True)
class Candidate:
    """Ink that may be one digit: a connected component, several of them, or a part of one between two cuts."""

    box: Box  # in pixels of the source picture
    ink: np.ndarray  # (height, width) uint8, 0 to 255: the ink in the box, at the working size
    pieces: tuple[int, ...]  # which pieces of ink it is made of; candidates that share one exclude each other
    component: tuple[int, ...]  # all pieces of the connected component, or components, that it is made of or cut from
    area: int  # of its ink, in working pixels
    seams: int  # cuts that it ends at; 0 for one connected component as it is, -1 for two of them, -2 for three, …
    clarity: float  # how far its ink stands out of the unevenness of the paper around it; small in texture
    on_edge: float = 0.0  # share of its ink that lies where a surface ends, 0 to 1
    on_rule: float = 0.0  # the same for where a rule was; 0 where it is too dark for a rest of one
    strength: float = 255.0  # how dark full ink is: 1 to 255
    surface: int = 0  # which surface it lies on, 0: the rest of the picture
    ground: np.ndarray | None = None  # uint8: how dark what is no ink is, in the box and RIM steps to each side of it

    @cached_property
    def crop(self) -> np.ndarray:
        """(28, 28) float32, 0 (paper) to 1 (ink), laid out as MNIST is."""
        return crop.normalise(self.ink)

    @property
    def on_line(self) -> float:
        """Share of its ink that lies where a surface ends, or where a rule was, whichever is more: 0 to 1."""
        return max(self.on_edge, self.on_rule)

    @cached_property
    def rim(self) -> float:
        """How dark what lies close around its ink is, as a share of the ink: all but a tenth of it is less.

        A stroke ends in paper. A piece of a rule, of mortar, of a shadow goes on, if fainter.
        """
        if self.ground is None:
            return 0.0
        step = (len(self.ground) - len(self.ink)) // (2 * RIM)
        within = cv2.copyMakeBorder(self.ink[::step, ::step], RIM, RIM, RIM, RIM, cv2.BORDER_CONSTANT)
        inner = cv2.dilate(within, np.ones((2 * RIM - 1, 2 * RIM - 1), np.uint8))
        ring = (cv2.dilate(inner, np.ones((3, 3), np.uint8)) > 0) & (inner == 0)
        dark = np.sort(self.ground[::step, ::step][ring])  # of bytes, ten times as fast as a percentile
        return float(np.interp(0.9 * (len(dark) - 1), np.arange(len(dark)), dark) / self.strength)


def find(frame: np.ndarray) -> tuple[list[Candidate], np.ndarray, np.ndarray]:
    """Digit candidates of a picture, its ink mask (at the working size), and which surface is where (on their grid).

    frame: (h, w), (h, w, 3) BGR or (h, w, 4) BGRA, of any dtype that OpenCV reads.
    """
    small, scale = working_picture(frame)
    if min(small.shape[:2]) < segment.MIN_SIDE:
        return [], np.zeros(small.shape[:2], np.uint8), np.zeros((1, 1), np.uint8)
    level, found, edges = ink.flatten(small)
    everything, marks = ink.threshold(level, found)
    thin_stroke = surfaces.THIN_STROKE / 2 * max(level.shape) / surfaces.GRID_SIDE  # pixels
    mask = everything.copy()
    components = _without_outlines(segment.components(mask), mask, marks, edges, int(thin_stroke))
    mask, lines = rules.remove(mask, marks, level)
    if lines.any():  # an outline may have hung together with them
        components = _without_outlines(segment.components(mask), mask, marks, edges, int(thin_stroke))
    ground, levels = ink.ground(level, cv2.bitwise_or(everything, lines))
    rests = NO_REST * cv2.mean(level, lines)[0]  # how dark they are at most
    lines = cv2.dilate(lines, np.ones((5, 5), np.uint8))  # they are known to two pixels
    pieces = segment.cut(mask, _clear(components, mask, level, levels))
    groups = segment.group(pieces)[:MAX_CANDIDATES]
    boxes = [segment.union([pieces[m].box for m in members]) for members, _, _ in groups]
    unevenness = ink.unevenness(levels, np.array(boxes, float))
    most = RIM * (1 + ink.widest_stroke(level) // THICK)
    ground = cv2.copyMakeBorder(ground, most, most, most, most, cv2.BORDER_REPLICATE)
    places = surfaces.numbered(found)
    surface = _surface(places, np.array(boxes, float).reshape(-1, 4) * (places.shape[1] / level.shape[1]))
    candidates = []
    for (members, component, seams), box, uneven, lies_on in zip(
        groups, boxes, unevenness.tolist(), surface.tolist(), strict=True
    ):
        x, y, w, h = box
        part = segment.paint(pieces, members, box)
        inside = level[y : y + h, x : x + w]
        strength = _strength(inside, part)
        clarity = strength / (1 + uneven)
        if clarity < MIN_CLARITY:
            continue
        soft = _soft(inside, part, strength)
        source = tuple(round(v / scale) for v in box)
        area = int(np.count_nonzero(part))
        thin = area < thin_stroke * max(w, h)
        on_edge = max(cv2.mean(edges[y : y + h, x : x + w], part)[: 1 + thin]) / 255
        on_rule = cv2.mean(lines[y : y + h, x : x + w], part)[0] / 255 if strength < rests else 0.0
        reach = min(most, RIM * (1 + area // (THICK * max(w, h))))
        around = ground[y + most - reach : y + h + most + reach, x + most - reach : x + w + most + reach]
        shades = clarity, on_edge, on_rule, strength, lies_on, around
        candidates.append(Candidate(source, soft, members, component, area, seams, *shades))
    return candidates, mask, places


def _surface(places: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Which surface boxes (n, 4) lie on, both on one grid: (n,).

    The one of most corners and the middle: what a closed stroke encloses may be a surface of its own.
    """
    x, y, w, h = boxes.T
    across, down = np.array([(0, 0), (1, 0), (0, 1), (1, 1), (0.5, 0.5)]).T[:, :, None]
    rows, columns = (y + down * h).astype(int), (x + across * w).astype(int)
    at = places[rows.clip(0, places.shape[0] - 1), columns.clip(0, places.shape[1] - 1)]
    most = (at[:, None] == at).sum(0).argmax(0)
    return at[most, np.arange(len(boxes))]


def _without_outlines(
    components: list[segment.Component], mask: np.ndarray, marks: np.ndarray, edges: np.ndarray, near: int
) -> list[segment.Component]:
    """Components without the outlines of surfaces, which are taken out of mask and marks in place.

    An outline is longer than strokes are wide, and most of it lies where surfaces end. What is left of it is a digit
    that touches it, but for what is hardly beyond that: its blur.
    near: how far from where surfaces end that reaches, in pixels.
    """
    others, widest = [], ink.widest_stroke(mask)
    for component in components:
        x, y, w, h = component.box
        box = slice(y, y + h), slice(x, x + w)
        part = segment.ink_of(component, mask) if max(w, h) > widest else None
        if part is None or cv2.mean(edges[box], part)[0] <= 255 * ON_EDGE:
            others.append(component)
            continue
        ends = cv2.extractChannel(edges[box], 0)
        half = marks[y // 2 : (y + h + 1) // 2, x // 2 : (x + w + 1) // 2]
        cv2.subtract(half, cv2.resize(ends, half.shape[::-1], interpolation=cv2.INTER_NEAREST), half)
        mask[box][part > 0] = 0
        rest = cv2.subtract(part, ends)
        if cv2.countNonZero(rest) < segment.MIN_SIDE:
            continue
        ends = cv2.dilate(ends, np.ones((2 * near + 1, 2 * near + 1), np.uint8))
        for stroke in segment.components(rest):
            left, top, wide, high = stroke.box
            place = slice(top, top + high), slice(left, left + wide)
            if cv2.mean(ends[place], rest[place])[0] <= 255 * ON_EDGE:
                mask[box][place][segment.ink_of(stroke, rest) > 0] = 255
                moved = [contour + np.int32((x, y)) for contour in stroke.outlines]
                others.append(segment.Component((x + left, y + top, wide, high), moved))
    return others


def _clear(
    components: list[segment.Component], mask: np.ndarray, level: np.ndarray, levels: np.ndarray
) -> list[segment.Component]:
    """Components that may be clear enough, on their own or with others; of texture, hardly any."""
    clear = []
    around = ink.unevenness(levels, np.array([part.box for part in components], float))
    for component, uneven in zip(components, around.tolist(), strict=True):
        x, y, w, h = component.box
        strength = _strength(level[y : y + h, x : x + w], mask[y : y + h, x : x + w]) if uneven < 255 else 0
        if strength > 0.75 * MIN_CLARITY * (1 + uneven):
            clear.append(component)
    return clear


def in_box(frame: np.ndarray, box: Box) -> Candidate | None:
    """All ink in a box of the picture as one candidate, its box drawn tight; None where there is no ink.

    frame: as for `find`.
    """
    small, scale = working_picture(frame)
    level, found, _ = ink.flatten(small)
    mask, _ = rules.remove(*ink.threshold(level, found), level)
    x, y, w, h = (round(v * scale) for v in box)
    strokes = segment.components(np.ascontiguousarray(mask[y : y + h, x : x + w]))
    if not strokes:
        return None
    left, top, w, h = segment.union([stroke.box for stroke in strokes])
    x, y = x + left, y + top
    inside, part = level[y : y + h, x : x + w], mask[y : y + h, x : x + w] // 255
    strength = _strength(inside, part)
    source = tuple(round(v / scale) for v in (x, y, w, h))
    return Candidate(source, _soft(inside, part, strength), (), (), int(np.count_nonzero(part)), 0, strength)


def _soft(inside: np.ndarray, part: np.ndarray, strength: float) -> np.ndarray:
    """The ink of a part of the flattened picture, its grey levels kept: full ink is 255, and a stroke's edges stay."""
    soft = cv2.convertScaleAbs(cv2.subtract(inside, crop.PAPER * strength), alpha=crop.CONTRAST * 255 / strength)
    soft[cv2.dilate(part, None) == 0] = 0
    return soft


def _strength(level: np.ndarray, mask: np.ndarray) -> float:
    """How dark full ink is in a part of the flattened picture, where a mask is: 1 to 255."""
    mean, deviation = cv2.meanStdDev(level, mask=mask)
    return max(1.0, float(mean[0, 0] + 0.7 * deviation[0, 0]))


def working_picture(frame: np.ndarray) -> tuple[np.ndarray, float]:
    """The picture as 8-bit grey or BGR with its longer side at most WORKING_SIDE, and the scale that it took."""
    if frame.dtype != np.uint8:
        frame = np.clip(np.nan_to_num(frame.astype(np.float32)) * (255 / ink.white(frame)), 0, 255).astype(np.uint8)
    if frame.ndim == 3:
        frame = frame[:, :, 0] if frame.shape[2] < 3 else frame[:, :, :3]
    height, width = frame.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(frame), scale


