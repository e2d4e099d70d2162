"""Training pictures varied as pens, hands and cameras vary them; NumPy and OpenCV, a whole batch at once.

A batch is laid out as one tall picture, so that each step is one call for all of it: an affine and elastic
warp (Simard, Steinkraus, Platt 2003), strokes from hair-thin to fat, ragged or broken, or as even as a ballpoint's,
remnants of rules and neighbours, then the layout that `crop.normalise` gives every crop. A camera then sees some of it
in few pixels, blurred, or with another contrast.
"""

from collections.abc import Callable

import cv2
import numpy as np

from ..crop import CONTRAST, PAPER

SIDE = 28  # of a picture, pixels
FINE = 44  # of the finer canvas on which strokes are worked, pixels
GAP = 12  # empty pixels between the pictures to be warped: no warp reaches its neighbour
WIDEST_PEN = 16  # fine pixels that strokes are wide at most; hardly any of MNIST's are
PICTURES_A_CALL = 512  # at most: OpenCV's remap takes 32,767 rows, and each picture has up to FINE


def smooth(points: int, side: int = FINE) -> np.ndarray:
    """What draws values at `points` points into a smooth line: (side, points) float32, cubic."""
    return cv2.resize(np.eye(points, dtype=np.float32), (points, side), interpolation=cv2.INTER_CUBIC)


def smooth_noise(n: int, points: int, amount: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise drawn on points x points a picture and smoothed between them: (n, FINE, FINE) float32.

    amount: (n,) standard deviation at the points.
    """
    noise = rng.standard_normal((n, points, points), np.float32) * np.float32(amount)[:, None, None]
    return smooth(points) @ noise @ smooth(points).T


def vary(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each picture by another hand and pen: (n, 28, 28) uint8 -> (n, 28, 28) uint8, 0 paper to 255 ink; n may be 0."""
    return in_parts(lambda part: lay_out(restroke(another_hand(part, rng), rng), rng), pictures)


def photograph(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each picture as a camera and a threshold leave it; shapes as in `vary`."""
    return in_parts(lambda part: exposed(blurred(in_few_pixels(part, rng), rng), rng), pictures)


def nudge(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each picture a little turned, scaled, slanted, bent and moved, its pen as it is; shapes as in `vary`."""
    return in_parts(lambda part: a_little(part, rng), pictures)


def in_parts(version: Callable[[np.ndarray], np.ndarray], pictures: np.ndarray) -> np.ndarray:
    """A version of all pictures, made of at most PICTURES_A_CALL at a time."""
    parts = [version(pictures[i : i + PICTURES_A_CALL]) for i in range(0, len(pictures), PICTURES_A_CALL)]
    return np.concatenate([pictures[:0], *parts])


def some(n: int, share: float, rng: np.random.Generator) -> slice:
    """A run of neighbours in a batch of n, `share` of it, anywhere: the batch itself is in random order."""
    length = max(1, round(n * share))
    start = int(rng.integers(0, n - length + 1))
    return slice(start, start + length)


def another_hand(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn, scale, slant, bend: (n, 28, 28) -> (n, FINE, FINE) uint8."""
    n = len(pictures)
    much = rng.uniform(0, 1, n) ** 1.5  # most only a little
    angle = np.deg2rad(rng.uniform(-16, 16, n)) * much
    slant = rng.normal(0, 0.2, n) * much
    scale = np.exp(rng.normal(0, [[0.15], [0.08]], (2, n)) * much)
    return warp(pictures, FINE, angle, slant, scale, 1.2 * much, np.zeros((2, n)), rng)


def a_little(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn, scale, slant, bend and move: (n, 28, 28) -> (n, 28, 28) uint8."""
    n = len(pictures)
    angle = np.deg2rad(rng.uniform(-10, 10, n))
    slant = rng.uniform(-0.15, 0.15, n)
    scale = rng.uniform(0.9, 1.1, (2, n))
    return warp(pictures, SIDE, angle, slant, scale, np.full(n, 0.6), rng.uniform(-2, 2, (2, n)), rng)


def warp(
    pictures: np.ndarray,
    side: int,
    angle: np.ndarray,
    slant: np.ndarray,
    scale: np.ndarray,
    bend: np.ndarray,
    shift: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Each picture in a pose of its own, bent at random: (n, 28, 28) -> (n, side, side) uint8.

    angle: (n,) radians; slant: (n,) pixels right a pixel up; scale: (2, n), across and down; bend: (n,) standard
    deviation, pixels; shift: (2, n) pixels.
    """
    n = len(pictures)
    wide, high = scale
    cos, sin = np.cos(angle), np.sin(angle)
    line = (np.arange(side, dtype=np.float32) + 0.5) * SIDE / side - SIDE / 2
    middle = GAP / 2 + SIDE / 2 - 0.5
    # Where each pixel comes from, x and y: sums of products of cubics, a constant and the way from the middle.
    basis = np.column_stack([smooth(5, side), np.ones(side, np.float32), line])
    maps = np.zeros((2, n, 7, 7), np.float32)
    maps[..., :5, :5] = rng.standard_normal((2, n, 5, 5)) * bend[:, None, None]
    maps[:, :, 5, 5] = middle + shift
    maps[1, :, 5, 5] += np.arange(n) * (SIDE + GAP)
    maps[0, :, 5, 6], maps[0, :, 6, 5] = cos / wide, (slant - sin) / high
    maps[1, :, 5, 6], maps[1, :, 6, 5] = sin / wide, cos / high
    x, y = basis @ maps @ basis.T
    column = np.pad(pictures, [(0, 0), (GAP // 2, GAP // 2), (GAP // 2, GAP // 2)]).reshape(-1, SIDE + GAP)
    warped = cv2.remap(column, x.reshape(-1, side), y.reshape(-1, side), cv2.INTER_LINEAR)
    return warped.reshape(n, side, side)


def restroke(fine: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Other pens for some, remnants of rules and neighbours for a few: (n, FINE, FINE) uint8 -> same."""
    n, unit = len(fine), FINE / SIDE
    part = some(n, 0.25, rng)
    m = part.stop - part.start
    ink = (fine[part].reshape(-1, FINE) > 90).astype(np.uint8)
    inside = cv2.distanceTransform(ink, cv2.DIST_L2, 3).reshape(m, FINE, FINE)
    half = 2 * inside.sum((1, 2)) / np.maximum(ink.reshape(m, -1).sum(1), 1)  # half the stroke's width
    wanted = np.exp(rng.uniform(np.log(0.55), np.log(2.3), m)) * unit
    grow = np.clip(wanted - half, -0.6 * half, 1.4 * unit)
    ragged = rng.uniform(0, 0.6, m) * (rng.random(m) < 0.5)
    stroke = smooth_noise(m, FINE // 2, ragged, rng)
    stroke += inside
    stroke -= cv2.distanceTransform(1 - ink, cv2.DIST_L2, 3).reshape(m, FINE, FINE)
    stroke += np.float32(grow).reshape(-1, 1, 1)
    stroke *= np.float32(255 * rng.uniform(0.35, 1, m)).reshape(-1, 1, 1)  # from soft to sharp edges
    fine[part] = np.clip(stroke + 127, 0, 255).astype(np.uint8)

    part = some(n, 0.1, rng)
    fine[part] = ballpoint(fine[part], rng)

    part = some(n, 0.06, rng)  # a piece of the rule that the digit stands on, or that crosses it
    y, x = np.mgrid[:FINE, :FINE].astype(np.float32)
    m = part.stop - part.start
    start, length, height, tilt, thick = (
        rng.uniform(low * unit, high * unit, (m, 1, 1)).astype(np.float32)
        for low, high in ((0, 20), (4, 14), (4, 25), (-0.1, 0.1), (0.5, 1.6))
    )
    rule = np.clip(thick / 2 + 0.5 - abs(y - height - tilt * (x - FINE / 2)), 0, 1)
    rule *= (x > start) & (x < start + length)
    fine[part] = np.maximum(fine[part], (rule * 255).astype(np.uint8))

    part = some(n, 0.06, rng)  # the edge of a neighbour
    other = np.roll(fine[part], 1, axis=0)
    reach = round(float(rng.uniform(5.5, 7.5)) * unit)
    left = rng.random(len(other)) < 0.5
    edge = np.zeros_like(other)
    edge[left, :, :reach] = other[left][:, :, -reach:]
    edge[~left, :, -reach:] = other[~left][:, :, :reach]
    fine[part] = np.maximum(fine[part], edge)
    return fine


def ballpoint(fine: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Strokes as wide as one another and thin, where theirs have their middles: (n, FINE, FINE) uint8 -> same."""
    away = cv2.distanceTransform(255 - middles(fine), cv2.DIST_L2, 5).reshape(fine.shape)
    half = np.float32(rng.uniform(0.5, 1.6, (len(fine), 1, 1)))  # of a stroke's width
    return np.uint8(255 * np.clip(half + 0.5 - away, 0, 1))


def middles(fine: np.ndarray) -> np.ndarray:
    """The middle lines of strokes: (n, FINE, FINE) uint8 -> (n * FINE, FINE), 255 or 0.

    Thinning by Zhang and Suen (1984): a pixel goes by what its eight neighbours are, from two sides by turns.
    """
    line = np.uint8(fine.reshape(-1, FINE) > 110)
    for _ in range(WIDEST_PEN // 2):
        for stays in STAYS:
            code = cv2.filter2D(line, -1, NEIGHBOURS, borderType=cv2.BORDER_CONSTANT)
            line &= cv2.LUT(code, stays)
    return 255 * line


def _stays() -> tuple[np.ndarray, np.ndarray]:
    """Whether a pixel stays, 1 or 0, by the code of its neighbours: in either half of a round."""
    there = np.arange(256)[:, None] >> np.arange(8) & 1  # from the one above it on, clockwise
    above, right, below, left = there[:, ::2].T
    begins = (there < np.roll(there, -1, axis=1)).sum(1)  # a line goes through it where there are two
    edge = (there.sum(1) >= 2) & (there.sum(1) <= 6) & (begins == 1)
    first = edge & (above * right * below == 0) & (right * below * left == 0)
    second = edge & (above * right * left == 0) & (above * below * left == 0)
    return np.uint8(~first), np.uint8(~second)


NEIGHBOURS = np.float32([(128, 1, 2), (64, 0, 4), (32, 16, 8)])
STAYS = _stays()


def lay_out(fine: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As `crop.normalise` does: longer side 20, centre of mass in the middle, both a little off; -> (n, 28, 28).

    Crops are hardly ever two pixels off. But a network that has seen each stroke in many places reads better.
    """
    n = len(fine)
    ones, place = np.ones(FINE, np.float32), np.arange(FINE, dtype=np.float32)
    grey = fine.astype(np.float32)
    columns, rows = ones @ grey, grey @ ones  # (n, FINE)
    extent = [FINE - inked.argmax(1) - inked[:, ::-1].argmax(1) for inked in (columns > 90, rows > 90)]
    step = np.maximum(np.maximum(*extent), 8) / (20 * np.exp(rng.normal(0, 0.035, n)))  # fine pixels a pixel
    mass = np.maximum(columns.sum(1), 1)
    pixels = np.arange(SIDE) - (SIDE - 1) / 2
    shift = rng.uniform(-2, 2, (2, n, 1))
    x = (columns @ place / mass)[:, None] + (pixels + shift[0]) * step[:, None]
    y = (rows @ place / mass)[:, None] + (pixels + shift[1]) * step[:, None]
    y = np.clip(y, 0, FINE - 1) + np.arange(n)[:, None] * FINE
    shape = (n, SIDE, SIDE)
    x = np.broadcast_to(x[:, None, :], shape).astype(np.float32).reshape(-1, SIDE)
    y = np.broadcast_to(y[:, :, None], shape).astype(np.float32).reshape(-1, SIDE)
    return cv2.remap(fine.reshape(-1, FINE), x, y, cv2.INTER_LINEAR).reshape(shape)


def in_few_pixels(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some as digits of 8 to 16 pixels in the frame are; crops have 20: (n, 28, 28) uint8 -> same, another array."""
    pictures = pictures.copy()
    for _ in range(3):  # sizes
        part = some(len(pictures), 0.1, rng)
        m, side = part.stop - part.start, int(rng.integers(11, 23))
        few = cv2.resize(pictures[part].reshape(-1, SIDE), (side, m * side), interpolation=cv2.INTER_AREA)
        few = cv2.GaussianBlur(few, (3, 3), rng.uniform(0.3, 0.9))
        few = np.uint8(255 * np.clip(CONTRAST * (of_darkest(few.reshape(m, side, side)) - PAPER), 0, 1))
        pictures[part] = cv2.resize(few.reshape(-1, side), (SIDE, m * SIDE)).reshape(-1, SIDE, SIDE)
    return pictures


def of_darkest(pictures: np.ndarray) -> np.ndarray:
    """Ink as a share of each picture's darkest: (n, h, w) uint8 -> float32, 0 to 1."""
    return pictures / np.maximum(pictures.max(axis=(1, 2), keepdims=True), 1).astype(np.float32)


def blurred(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some out of focus: (n, 28, 28) uint8, in place."""
    for share, sigma in ((0.15, 0.6), (0.1, 0.9)):
        part = some(len(pictures), share, rng)
        soft = cv2.GaussianBlur(pictures[part].reshape(-1, SIDE), (5, 5), sigma)
        pictures[part] = soft.reshape(-1, SIDE, SIDE)
    return pictures


def exposed(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The darkest ink 255, and some with another contrast: (n, 28, 28) uint8 -> same."""
    grey = of_darkest(pictures)
    part = some(len(pictures), 0.25, rng)
    m = part.stop - part.start
    grey[part] -= np.float32(rng.uniform(0, 0.2, (m, 1, 1)))
    grey[part] *= np.float32(np.exp(rng.normal(0.25, 0.3, (m, 1, 1))))
    return (np.clip(grey, 0, 1) * 255).astype(np.uint8)
