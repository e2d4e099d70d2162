"""Digits to rows and numbers, as a person reads them: top to bottom, left to right; rows may tilt and curve."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from .segment import Box

DIGIT_WIDTH = 0.6  # of most digits, in heights
LOW = 0.6  # heights of its neighbours under their top, where a comma begins at the highest
BEYOND = 0.05  # heights that a slash reaches above and below its neighbours at least; few 1s do both
LEAN, STRAIGHT = 0.14, 0.7  # of a slash at least: across by up, more than the row; correlation of its ink's x and y
SPACE = 1.35  # times as long as a step from digit to digit inside numbers is one across a space, at least


class Digit(NamedTuple):
    digit: int
    confidence: float  # 0 to 1
    box: Box
    crop: np.ndarray  # (28, 28) float32, as the network saw it
    id: int | None = None  # the same for one digit while it is in sight; None until it is followed or numbered
    apart: bool = False  # from the digit before it in its row: it begins a number


def tilt(digits: Sequence[Digit]) -> float:
    """Slope of the rows, down by across: the median from each digit to its next neighbour on the right; 0 if unsure."""
    x, y, height = middles(digits)
    across, down = x - x[:, None], y - y[:, None]
    follows = (across > 0) & (across < 4 * np.maximum(height[:, None], height)) & (np.abs(down) < 0.7 * across)
    some = follows.any(1)
    if some.sum() < 3:
        return 0.0
    next_ = np.where(follows, across, np.inf).argmin(1)[some]
    return float(np.median(down[some, next_] / across[some, next_]))


def order(digits: Sequence[Digit]) -> list[list[Digit]]:
    """Rows top to bottom, each left to right; rows may tilt and curve.

    From left to right each digit joins the row whose last members point at it, or begins a row.
    """
    slope = tilt(digits)
    x, y, height = (values.tolist() for values in middles(digits))
    level = [down - slope * across for across, down in zip(x, y, strict=True)]
    rows: list[list[int]] = []
    for i in sorted(range(len(digits)), key=lambda i: x[i]):
        best, nearest = None, 0.6
        for row in rows:
            last = row[-4:]
            middle, expected, tall = (sum([values[j] for j in last]) / len(last) for values in (x, level, height))
            if len(last) > 2:  # the row may curve: go on as its last members went, for a few digits' widths
                spread = sum((x[j] - middle) ** 2 for j in last)
                bend = sum((x[j] - middle) * level[j] for j in last) / max(spread, 1.0)  # least squares
                expected += bend * (min(x[i], x[last[-1]] + 3 * height[last[-1]]) - middle)
            off = abs(level[i] - expected) / max(height[i], tall)
            if off < nearest:
                best, nearest = row, off
        if best is None:
            rows.append([i])
        else:
            best.append(i)
    rows.sort(key=lambda row: sum(level[i] for i in row) / len(row))
    return [[digits[i] for i in row] for row in rows]


def middles(digits: Sequence[Digit]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The middles of the boxes, across and down, and the heights: (n,) float64 each, in pixels."""
    x, y, width, height = np.array([digit.box for digit in digits], float).reshape(-1, 4).T
    return x + width / 2, y + height / 2, height


def signs(row: Sequence[Digit]) -> list[Digit]:
    """Of a row's digits, the 1s that are none: slashes and commas.

    A comma begins low between its neighbours. A slash reaches above and below them, is straight, and leans more than
    most of the row's digits.
    """
    moments = [cv2.moments(digit.crop) for digit in row]
    leans = [-m["mu11"] / max(m["mu02"], 1e-9) for m in moments]  # across by up
    found = []
    for i in range(1, len(row) - 1):
        _, top, _, height = row[i].box
        _, tops, _, heights = np.array([row[i - 1].box, row[i + 1].box], float).mean(0)
        beyond = min(tops - top, top + height - tops - heights)
        straight = leans[i] * (moments[i]["mu02"] / max(moments[i]["mu20"], 1e-9)) ** 0.5  # correlation of x and y
        slash = beyond > BEYOND * heights and straight > STRAIGHT and leans[i] > np.median(leans) + LEAN
        if row[i].digit == 1 and (slash or top > tops + LOW * heights):
            found.append(row[i])
    return found


def part(rows: list[list[Digit]], frame: np.ndarray, mask: np.ndarray) -> list[list[Digit]]:
    """The rows with their numbers told apart (see Digit.apart): by signs, by ruled lines and by spaces.

    Lines through digits are squared paper; lines between nearly all digits are boxes for one digit each. These part
    nothing.
    frame: the picture that was read. mask: where its ink is; it may be smaller than the frame.
    """
    slope = tilt([digit for row in rows for digit in row])
    ruled = [_ruled(row, frame, slope) for row in rows]
    between, through = (np.concatenate([[0.0], *(kind[i] for kind in ruled)]) for i in (0, 1))
    lines_part = between.mean() < 2 / 3 and through.mean() < 1 / 3
    parted = []
    for row, (line, _) in zip(rows, ruled, strict=True):
        sign = _marked(row, mask, frame.shape[1] / mask.shape[1])
        parted.append(sign | line if lines_part else sign & ~line)  # a sign may be what is left of a line
    steps = [_steps(row) for row in rows]
    bare = [step[~apart] for step, apart in zip(steps, parted, strict=True)]
    everywhere = space(np.concatenate([[], *bare]))
    found = []
    for row, step, own, apart in zip(rows, steps, bare, parted, strict=True):
        apart = apart | (step >= (space(own) if len(own) > 2 else everywhere))
        found.append([digit._replace(apart=a) for digit, a in zip(row, [False, *apart.tolist()], strict=True)])
    return found


def space(steps: np.ndarray) -> float:
    """The least step that is a space, of steps from digit to digit; infinite where they are alike.

    In the order of their length, steps jump where the spaces begin: a row that is written wide has no jump.
    """
    steps = np.sort(np.maximum(steps, 1.0))  # shorter ones are no spaces, even where other digits touch
    jumps = np.flatnonzero(steps[1:] > SPACE * steps[:-1])
    return float(steps[jumps[0] + 1]) if len(jumps) else np.inf


def _boxes(row: Sequence[Digit]) -> tuple[np.ndarray, float]:
    """Boxes, (n, 4) float64, and the median of their heights; in pixels."""
    boxes = np.array([digit.box for digit in row], float)
    return boxes, float(np.median(boxes[:, 3]))


def _steps(row: Sequence[Digit]) -> np.ndarray:
    """From each digit to the next, in heights of a digit: (n - 1,).

    Some write with even gaps, some with their middles at even steps, as on squared paper. This is the mean of the gap,
    with a usual digit's width added, and of the distance of the middles.
    """
    boxes, height = _boxes(row)
    x, _, w, _ = boxes.T / height
    gap, middle = x[1:] - x[:-1] - w[:-1], x + w / 2
    return (gap + DIGIT_WIDTH + middle[1:] - middle[:-1]) / 2


def _marked(row: Sequence[Digit], mask: np.ndarray, scale: float) -> np.ndarray:
    """Between which digits ink stands that is neither's, such as a point, a comma, a slash: (n - 1,) bool.

    All of it has to stand there, so a line under the row is no sign; and not high up, where the bar of a 5 would be.
    scale: pixels of the frame to one of the mask.
    """
    boxes, height = _boxes(row)
    boxes, height = np.rint(boxes / scale).astype(int), height / scale
    found = np.zeros(len(row) - 1, bool)
    x, y, w, h = boxes.T
    ink = mask[max(0, y.min()) : (y + h).max(), max(0, x[0]) : x[-1] + w[-1]]
    area = cv2.countNonZero(ink)
    thickness = 2 * area / max(1, area - cv2.countNonZero(cv2.erode(ink, None)))  # of strokes: most edges are two
    for i, pair in enumerate(pairwise(boxes)):
        top, bottom = min(y for _, y, _, _ in pair), max(y + h for _, y, _, h in pair)
        left, right = (x + w // 2 for x, _, w, _ in pair)
        above = max(0, top - int(0.25 * height))
        strip = mask[above : bottom + int(0.35 * height), left:right]
        if not strip[:, pair[0][2] // 2 + 1 : pair[1][0] - left].any():
            continue
        count, labels, stats, _ = cv2.connectedComponentsWithStats(strip)
        own = np.zeros(count)
        for x, y, w, h in pair:
            inside = labels[y - above : y - above + h, max(0, x - left) : max(0, x + w - left)]
            own += np.bincount(inside.ravel(), minlength=count)
        x, y, w, h, area = stats.T
        within = (x > 0) & (y > 0) & (x + w < strip.shape[1]) & (y + h < strip.shape[0])
        level = (y + above < bottom + 0.05 * height) & (y + h + above > (top + bottom) / 2)
        found[i] = (within & level & (area >= thickness**2 / 4) & (own < area / 2))[1:].any()
    return found


def _ruled(row: Sequence[Digit], frame: np.ndarray, slope: float) -> tuple[np.ndarray, np.ndarray]:
    """Where lines cross a row, from above it to below it: between which digits, (n - 1,), through which, (n,); bool."""
    boxes, height = _boxes(row)
    x, y, w, h = boxes.T
    step = max(1.0, height / 40)  # pixels of the frame to one of the strip, in which the row lies level
    columns = np.arange(x[0] - height / 2, x[-1] + w[-1] + height / 2, step)
    down = np.arange(-0.85 * height, 0.85 * height, 2 * step)[:, None]
    level = np.interp(columns, x + w / 2, y + h / 2) + down
    at = level.astype(int).clip(0, frame.shape[0] - 1), (columns - slope * down).astype(int).clip(0, frame.shape[1] - 1)
    strip = (frame if frame.ndim == 2 else frame[:, :, frame.shape[2] // 2])[at].astype(np.float32)
    off = max(2, round(0.12 * height / step))  # so far beside a line the paper is bare
    stands_out = np.abs(strip[:, off:-off] - (strip[:, : -2 * off] + strip[:, 2 * off :]) / 2)
    grain = float(np.median(stands_out))
    crossed = (cv2.dilate(stands_out, np.ones((1, 3), np.uint8)) > 6 * grain).mean(0) > 0.85  # it may be a pixel off
    lines = columns[off:-off][crossed]
    between = x[:-1] + w[:-1], x[1:]
    within = x + w / 4, x + w * 3 / 4
    return tuple(((lines > a[:, None]) & (lines < b[:, None])).any(1) for a, b in (between, within))
