"""Picture to surfaces: sheets, boards, walls, each with its own light, ink and grain. OpenCV only.

A camera sees more than the sheet. So what is asked of the paper (is it dark or light, how even is it) is asked of each
surface for itself. They are told apart on a grid, which is the picture at a small size.
"""

from typing import NamedTuple

import cv2
import numpy as np

GRID_SIDE = 320  # pixels of the grid's longer side; at 1280x720 a pixel of it is 4 of the picture's
THIN_STROKE = 7  # pixels of the grid, as wide as most pens' strokes at most
EDGE = 10  # grey levels across three pixels of the grid: what changes less is shading on one surface
STEEP = 20  # grey levels across as much: what changes more is where one ends; most shadows are softer
DEEP = 0.1  # least share of a surface that is left when it is eroded by the widest stroke; of fat strokes less is left
SAME_PAPER = 0.1  # least share of what lies beyond a loop of ink that is as bright as its inside
MOSTLY = 0.8  # least share of a surface that is even once its strokes are gone; of a large ring less is


class Surface(NamedTuple):
    """A place that is even but for the strokes on it."""

    where: tuple[slice, slice]  # rows and columns of its bounding box on the grid
    inside: np.ndarray  # (h, w) bool, where it is in that box


def find(picture: np.ndarray, widest: int) -> tuple[list[Surface], dict[int, list[np.ndarray]]]:
    """The surfaces of a grey picture (h, w) uint8, and where surfaces end.

    A surface is even once its strokes are gone, and wider than any stroke. Closing removes dark strokes, opening bright
    ones. It is done with thin strokes in mind, and with wide ones: thin strokes alone keep the surface's outline sharp,
    but a wide stroke would part it, and what it goes round would be one of its own if nothing but the stroke ended it.
    widest: the widest stroke, in pixels of the picture.
    Returns the surfaces, what lies on another one after it; the first is the rest of the picture. And for
    cv2.MORPH_CLOSE and for cv2.MORPH_OPEN two grids (h, w) uint8, 255 where the picture changes steeply all the same:
    with wide strokes removed, with thin ones removed.
    """
    scale = min(1.0, GRID_SIDE / max(picture.shape))
    grid = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    widest = max(5, int(widest * scale)) | 1
    closed: list[tuple[np.ndarray, list[np.ndarray]]] = []  # outlines of what is even, with their holes
    edges: dict[int, list[np.ndarray]] = {cv2.MORPH_CLOSE: [], cv2.MORPH_OPEN: []}
    plain = _even(_slope(grid))
    for stroke in (widest, THIN_STROKE):
        slopes = {}
        for operation in edges:
            bare = morphed(grid, operation, stroke, cv2.BORDER_REPLICATE)
            slopes[operation] = _slope(bare)
            steep = cv2.compare(slopes[operation], STEEP, cv2.CMP_GT)
            edges[operation].append(cv2.dilate(steep, np.ones((3, 3), np.uint8)))
        if stroke == widest:  # near edges that are no stroke's, neither a dark one's nor a bright one's
            near = [cv2.dilate(slope, np.ones((widest, widest), np.uint8)) for slope in slopes.values()]
            lasting = cv2.compare(cv2.min(*near), EDGE, cv2.CMP_GT)
            cv2.rectangle(lasting, (0, 0), (grid.shape[1] - 1, grid.shape[0] - 1), 255)
        alike = []
        for slope in slopes.values():
            even = _even(slope)
            outlines, tree = cv2.findContours(even, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
            for i in np.flatnonzero(tree[0, :, 3] < 0).tolist() if outlines else ():
                alike.append((outlines[i], [outlines[hole] for hole in np.flatnonzero(tree[0, :, 3] == i)]))
        closed += sorted(alike, key=lambda outline: -cv2.contourArea(outline[0]))
    # What others hide is left out: looked at from the last on, so that it costs nothing. The rest comes first.
    free, seen = np.ones(grid.shape, bool), []
    for outline, holes in closed[::-1]:
        x, y, w, h = cv2.boundingRect(outline)
        where = slice(y, y + h), slice(x, x + w)
        if not free[where].any() or min(cv2.minAreaRect(outline)[1]) <= widest:
            continue
        inside = _inside(outline, holes, widest)
        if inside is not None and free[where][inside].any() and _ends(outline, grid, plain, lasting, widest):
            free[where][inside] = False
            seen.append(Surface(where, inside))
    return [Surface((slice(None), slice(None)), free), *seen[::-1]], edges


def numbered(found: list[Surface]) -> np.ndarray:
    """Which surface is where: (h, w) uint8 on the grid, 0 the rest of the picture."""
    grid = np.zeros(found[0].inside.shape, np.uint8)
    for i, (where, inside) in enumerate(found[1:256], 1):
        grid[where][inside] = i
    return grid


def _slope(grid: np.ndarray) -> np.ndarray:
    """By how many grey levels it changes across three pixels of a grid."""
    return cv2.morphologyEx(grid, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))


def _even(slope: np.ndarray) -> np.ndarray:
    """Where no slope is an edge: (h, w) uint8, 255 or 0."""
    return cv2.morphologyEx(cv2.compare(slope, EDGE, cv2.CMP_LE), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))


def _ends(outline: np.ndarray, grid: np.ndarray, plain: np.ndarray, lasting: np.ndarray, widest: int) -> bool:
    """Whether what an outline encloses ends there. Paper within a loop of ink does not: it goes on beyond the stroke.

    grid: the picture, (h, w) uint8. plain: 255 where it is even as it is. lasting: 255 near edges that wide strokes do
    not have.
    """
    line = cv2.drawContours(np.zeros_like(plain), [outline], -1, 1)
    if cv2.mean(lasting, line)[0] > 128:  # whatever lies beyond
        return True
    others = cv2.drawContours(plain.copy(), [outline], -1, 0, -1)
    nearby = np.ones((2 * widest + 1, 2 * widest + 1), np.uint8)
    if cv2.mean(cv2.subtract(cv2.dilate(others, nearby), lasting), line)[0] < 127:
        return True
    around = cv2.dilate(line, nearby)  # what lies beyond may be of other tones: bricks are no wider than strokes
    within, beyond = (grid[cv2.bitwise_and(around, side) > 0] for side in (cv2.subtract(plain, others), others))
    if not len(within):
        return False
    darkest, brightest = np.percentile(within, (5, 95))
    alike = (beyond > darkest - STEEP) & (beyond < brightest + STEEP)
    return alike.mean() < SAME_PAPER


def _inside(outline: np.ndarray, holes: list[np.ndarray], widest: int) -> np.ndarray | None:
    """What an outline encloses, in its box, if it is a surface: holes are strokes on it, and so are notches."""
    x, y, w, h = cv2.boundingRect(outline)
    whole, even = np.zeros((h + 2, w + 2), np.uint8), np.zeros((h + 2, w + 2), np.uint8)
    cv2.drawContours(whole, [outline], -1, 255, -1, offset=(1 - x, 1 - y))
    cv2.drawContours(even, [outline, *holes], -1, 255, -1, offset=(1 - x, 1 - y))
    area, kept = cv2.countNonZero(whole), cv2.countNonZero(even)
    if kept < MOSTLY * area or cv2.countNonZero(cv2.erode(whole, np.ones((widest, widest), np.uint8))) < DEEP * area:
        return None
    return morphed(whole[1:-1, 1:-1], cv2.MORPH_CLOSE, widest, cv2.BORDER_CONSTANT) > 0


def morphed(picture: np.ndarray, operation: int, side: int, border: int) -> np.ndarray:
    """A picture closed or opened with a square, past its border too."""
    pad = side // 2
    around = cv2.copyMakeBorder(picture, pad, pad, pad, pad, border)
    return cv2.morphologyEx(around, operation, np.ones((side, side), np.uint8))[pad:-pad, pad:-pad]
