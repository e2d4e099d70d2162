"""Ink mask to pieces: connected components, cut where digits may touch, grouped where parts may be one digit's.

Cut too often rather than too seldom: the classifier chooses among the groups (heuristic over-segmentation, LeCun et
al. 1998, section V).
"""

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

Box = tuple[int, int, int, int]  # x, y, width, height in pixels, as OpenCV has it

MIN_SIDE = 9  # pixels: smaller things are dots and noise
MAX_COMPONENTS = 320  # in a picture: one with more is texture, of which the largest are looked at
MAX_COVER = 2  # times the picture that components' boxes may cover: digits lie side by side, hatching does not
BEYOND = 0.5  # of its longer side that a digit may touch the picture's border with: more is a part of something large
CUT_COST = 2.5  # stroke widths of ink that a cut may cross
WIDEST = 2  # times as wide as high: no digit is, be it a 5 with a flag
MOST_STROKES = 4  # that one digit may be written in, or broken into
SPECK = 0.15  # of a stroke's ink: what has less beside it is neither a stroke of the same digit nor another digit
MAX_PAIRS = 160  # of strokes that lie close: in a picture with more, texture, no more than two are joined


class Piece(NamedTuple):
    """A connected component, or the part of one between two cuts."""

    box: Box
    part: np.ndarray  # (height, width) uint8: 1 where its ink is
    component: int  # the connected component that it belongs to


class Component(NamedTuple):
    """A connected component of ink."""

    box: Box
    outlines: list[np.ndarray]  # contours, the outer one first, then those of its holes


def components(mask: np.ndarray) -> list[Component]:
    """Connected components of an ink mask (h, w) uint8, the largest first."""
    gap = _gap(mask)
    pad = gap + 1
    bridged = cv2.copyMakeBorder(mask, pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    bridged = cv2.dilate(bridged, np.ones((2 * gap + 1, 2 * gap + 1), np.uint8))
    # Contours with their holes tell the connected strokes ten times as fast as connectedComponentsWithStats.
    contours, tree = cv2.findContours(bridged, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(-pad, -pad))
    outlines: dict[int, list[np.ndarray]] = {}
    for i, parent in enumerate(tree[0, :, 3].tolist() if len(contours) else []):
        if parent < 0:
            outlines.setdefault(i, []).insert(0, contours[i])
        else:
            outlines.setdefault(parent, []).append(contours[i])
    found = []
    for outline in outlines.values():
        x, y, w, h = cv2.boundingRect(outline[0])
        found.append(Component((x + gap, y + gap, w - 2 * gap, h - 2 * gap), outline))
    found = [part for part in found if max(part.box[2:]) >= 4 and min(part.box[2:]) > 1]
    found = sorted(found, key=lambda part: -part.box[2] * part.box[3])[:MAX_COMPONENTS]
    covered = np.cumsum([part.box[2] * part.box[3] for part in found[::-1]])  # from the smallest on
    return found[len(found) - int(np.searchsorted(covered, MAX_COVER * mask.size)) :]


def _gap(mask: np.ndarray) -> int:
    """Bridges a pen that skipped, no more: neighbours stay apart. In pixels, to each side."""
    return round(min(mask.shape) / 1000)


def ink_of(component: Component, mask: np.ndarray) -> np.ndarray:
    """Where its ink is in its box: (height, width) uint8, 1 or 0."""
    x, y, w, h = component.box
    part = cv2.fillPoly(np.zeros((h, w), np.uint8), component.outlines, 1, offset=(-x, -y))
    return cv2.bitwise_and(part, mask[y : y + h, x : x + w], part)


def cut(mask: np.ndarray, components: list[Component]) -> list[Piece]:
    """The connected components of an ink mask, the wide ones cut where they are thin."""
    height, width = mask.shape
    pieces = []
    for component, found in enumerate(components):
        x, y, w, h = found.box
        part = ink_of(found, mask)
        beyond = part[0].sum() * (y == 0) + part[-1].sum() * (y + h == height)
        beyond += part[:, 0].sum() * (x == 0) + part[:, -1].sum() * (x + w == width)
        if beyond > BEYOND * max(w, h):  # runs out of the picture: a desk, a hand, the sheet's edge
            continue
        if 0.9 * h < w < 4 * h and h >= MIN_SIDE and np.count_nonzero(part) < 0.6 * w * h:
            if _holes(part) <= 2 + 2 * w / h:  # an 8 has two; more is a scribble
                pieces += _cut_wide(x, y, part, component)
        else:
            pieces.append(Piece((x, y, w, h), part, component))
    return pieces


def _holes(part: np.ndarray) -> int:
    """How many holes ink (h, w) uint8 encloses, specks left out."""
    contours, tree = cv2.findContours(part, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    inner = [contour for contour, (*_, parent) in zip(contours, tree[0], strict=True) if parent >= 0]
    return sum(cv2.contourArea(contour) > 0.003 * part.size for contour in inner)


def _cut_wide(x: int, y: int, part: np.ndarray, component: int) -> list[Piece]:
    """Cut a wide piece along upright lines that cross little ink: the valleys of its projection."""
    h, w = part.shape
    thickness = 2 * float(cv2.distanceTransform(np.pad(part, 1), cv2.DIST_L2, 3).max())
    apart = max(3, int(0.22 * h))
    profile = cv2.blur(part.sum(0, dtype=np.float32)[None], (max(3, h // 12) | 1, 1))[0]
    profile[:apart] = profile[w - apart :] = np.inf
    cuts: list[int] = []
    while len(cuts) < 2 + 2 * w / h and profile.min() < thickness * CUT_COST:
        cuts.append(int(profile.argmin()))
        profile[max(0, cuts[-1] - apart + 1) : cuts[-1] + apart] = np.inf
    pieces = []
    for left, right in pairwise([0, *sorted(cuts), w]):
        inner, top, wide, high = cv2.boundingRect(part[:, left:right])
        if wide:
            left += inner
            piece = np.ascontiguousarray(part[top : top + high, left : left + wide])
            pieces.append(Piece((x + left, y + top, wide, high), piece, component))
    return pieces


def group(pieces: list[Piece]) -> list[tuple[tuple[int, ...], tuple[int, ...], int]]:
    """Which pieces may be one digit: runs between cuts, and strokes that lie close.

    Returns the pieces of each, all pieces of the components that they are of, and its seams (see Candidate).
    """
    whole: dict[int, tuple[int, ...]] = {}
    for i, piece in enumerate(pieces):
        whole[piece.component] = *whole.get(piece.component, ()), i
    members = list(whole.values())
    groups = []
    for of in members:
        height = union([pieces[m].box for m in of])[3]
        for i in range(len(of)):
            for j in range(i + 1, len(of) + 1):
                if union([pieces[m].box for m in of[i:j]])[2] > WIDEST * height:  # and so is what goes on from there
                    break
                groups.append((of[i:j], of, (i > 0) + (j < len(of))))
    for joined in _joined(pieces, members):
        together = tuple(sorted(m for i in joined for m in members[i]))
        groups.append((together, together, 1 - len(joined)))
    fit = [found for found in groups if _digit_like(union([pieces[m].box for m in found[0]]))]
    return sorted(fit, key=lambda found: abs(found[2]))


def _joined(pieces: list[Piece], members: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Which components may be strokes of one digit: their indices. members: the pieces of each component."""
    box = [union([pieces[m].box for m in of]) for of in members]
    area = np.array([sum(np.count_nonzero(pieces[m].part) for m in of) for of in members])
    near: dict[int, list[int]] = {}
    for i, j in _near(np.array(box).reshape(-1, 4)):
        alike = min(area[i], area[j]) > SPECK * max(area[i], area[j])
        if alike and _may_belong_together(box[i], box[j]) and _touch_when_grown(pieces, members[i], members[j]):
            near.setdefault(i, []).append(j)
            near.setdefault(j, []).append(i)
    joined: list[tuple[int, ...]] = []
    last: set[tuple[int, ...]] = {(i,) for i in near}
    for _ in range(MOST_STROKES - 1):
        grown = set()
        for few in last:
            around = union([box[i] for i in few])
            more = {j for i in few for j in near[i]}.difference(few)
            grown |= {tuple(sorted((*few, j))) for j in more if _may_belong_together(around, box[j])}
        joined += sorted(grown)
        last = grown if len(joined) < MAX_PAIRS else set()
    return _without_others(joined, box, area)


def _without_others(joined: list[tuple[int, ...]], box: list[Box], area: np.ndarray) -> list[tuple[int, ...]]:
    """Those with no other component's middle inside, but for specks: no digit has others in it.

    box and area, (n,): of all components.
    """
    left, top, wide, high = np.array(box).reshape(-1, 4).T
    across, down = left + wide / 2, top + high / 2
    alone = []
    for few in joined:
        x, y, w, h = union([box[i] for i in few])
        inside = (x < across) & (across < x + w) & (y < down) & (down < y + h)
        if np.count_nonzero(inside & (area > SPECK * area[list(few)].max())) <= len(few):
            alone.append(few)
    return alone


def _near(boxes: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of boxes (n, 4) that overlap once each is grown by a fifth of its height."""
    x, y, w, h = boxes.T
    grow = 0.2 * h
    left, top, right, bottom = x - grow, y - grow, x + w + grow, y + h + grow
    near = (left[:, None] < right) & (left < right[:, None]) & (top[:, None] < bottom) & (top < bottom[:, None])
    return np.argwhere(np.triu(near, 1)).tolist()


def _touch_when_grown(pieces: list[Piece], a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Whether ink of a is near ink of b, within a fifth of their common height; of bent strokes boxes do not tell."""
    box = union([pieces[m].box for m in a + b])
    step = 1 + box[3] // 150  # of large ones every other pixel will do, or fewer
    grow = 2 * int(0.2 * box[3] / step) + 3
    near = cv2.dilate(paint(pieces, a, box)[::step, ::step], np.ones((grow, grow), np.uint8))
    return bool((near & paint(pieces, b, box)[::step, ::step]).any())


def paint(pieces: list[Piece], members: tuple[int, ...], box: Box) -> np.ndarray:
    """The ink of some pieces in a box around them: (height, width) uint8, 0 or 1."""
    if len(members) == 1 and pieces[members[0]].box == box:
        return pieces[members[0]].part
    x, y, w, h = box
    part = np.zeros((h, w), np.uint8)
    for m in members:
        px, py, pw, ph = pieces[m].box
        part[py - y : py - y + ph, px - x : px - x + pw] |= pieces[m].part
    return part


def _may_belong_together(a: Box, b: Box) -> bool:
    """Whether two strokes lie as those of one digit do: the bar over a 5, the two halves of a 4."""
    _, _, w, h = union([a, b])
    beside, above = w - a[2] - b[2], h - a[3] - b[3]  # gaps; negative where they overlap
    if beside < -0.5 * min(a[2], b[2]):  # one over the other; two digits over each other are of like height
        return above < (0.2 if min(a[3], b[3]) < 0.4 * h else 0.05) * h
    return beside < 0.06 * h and above < -0.5 * min(a[3], b[3]) and min(a[3], b[3]) < 0.92 * h


def union(boxes: list[Box]) -> Box:
    """The box around boxes."""
    if len(boxes) == 1:
        return boxes[0]
    x, y = min(b[0] for b in boxes), min(b[1] for b in boxes)
    return x, y, max(b[0] + b[2] for b in boxes) - x, max(b[1] + b[3] for b in boxes) - y


def _digit_like(box: Box) -> bool:
    return box[3] >= MIN_SIDE and box[2] <= WIDEST * box[3]
