"""Digits to rows and numbers, as a person reads them: top to bottom, left to right; rows may tilt and curve."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from . import ink
from .segment import Box

DOWN = 3  # so many times as far as along a row counts what a digit stands off it
OFF = 0.8  # heights of the larger one that a neighbour may stand off the row
AROUND = 4  # heights from a digit where a link counts a quarter for its row's slope
DIGIT_WIDTH = 0.6  # of most digits, in heights
LOW = 0.6  # heights of its neighbours under their top, where a comma begins at the highest
BEYOND = 0.05  # heights that a slash reaches above and below its neighbours at least; few 1s do both
CLOSE = 1.8  # heights from a slash to the digits at its sides at most; what stands in a place of its own is a 1
LEAN, STRAIGHT = 0.14, 0.7  # of a slash at least: across by up, more than most digits; correlation of across and up
FULL = 0.75  # of the digits' ink: as dark a sign is at its darkest, or darker; rests of ruled lines are half as dark
SAME = 0.15  # heights that a line may be off from row to row, by a sheet that is no plane
SPACE = 1.35  # times as long as a step from digit to digit inside numbers is one across a space, at least

Lines = tuple[np.ndarray, np.ndarray]  # where lines cross a row, and where they come from at the picture's top: (k,)


class Digit(NamedTuple):
    digit: int
    confidence: float  # 0 to 1
    box: Box
    crop: np.ndarray  # (28, 28) float32, as the network saw it
    id: int | None = None  # the same for one digit while it is in sight; None until it is followed or numbered
    apart: bool = False  # from the digit before it in its row: it begins a number


def tilt(digits: Sequence[Digit]) -> float:
    """Slope of the rows, down by across: the median of all digits; 0 if unsure."""
    return float(np.median(slopes(*middles(digits)))) if digits else 0.0


def order(digits: Sequence[Digit], slope: np.ndarray | None = None) -> list[list[Digit]]:
    """Rows top to bottom, each left to right; rows may tilt, curve and fan out.

    Each digit is linked to the next one of its row (see links). What hangs together is a row.
    slope: of the rows, at each digit, (n,), where it is known.
    """
    if not digits:
        return []
    ranked = sorted(range(len(digits)), key=lambda i: digits[i].box)
    digits = [digits[i] for i in ranked]
    x, y, height = middles(digits)
    slope = slopes(x, y, height) if slope is None else slope[ranked]
    next_ = links(x, y, height, slope)
    across, off, size = _between(x, y, height, slope)
    _take_in(next_, np.where(across > 0, np.abs(off) / size, np.inf))
    rows = _chains(next_)
    return [[digits[i] for i in rows[k]] for k in _downwards(rows, x, y, height, slope)]


def links(x: np.ndarray, y: np.ndarray, height: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Which digit follows each one in its row: (n,) int, -1 where none does.

    x, y, height: see middles. slope: of the rows, at each digit, (n,).
    The nearest are linked first, in heights of the smaller one; each has one neighbour on either side. So rows are
    found by O'Gorman's docstrum, too (1993), but there the whole page has one slope.
    """
    across, off, size = _between(x, y, height, slope)
    i, j = np.nonzero((across > 0) & (np.abs(off) < OFF * size))
    far = (across[i, j] ** 2 + (DOWN * off[i, j]) ** 2) / np.minimum(height[i], height[j]) ** 2
    nearest = np.argsort(far, kind="stable")
    next_, led = [-1] * len(x), [False] * len(x)
    for left, right in zip(i[nearest].tolist(), j[nearest].tolist(), strict=True):
        if next_[left] < 0 and not led[right]:
            next_[left], led[right] = right, True
    return np.array(next_, int)


def slopes(x: np.ndarray, y: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Slope of the rows at each digit, down by across: (n,) float64; 0 if unsure. x, y, height: see middles.

    It is the median of the links around a digit, the nearer counting more. The links are made twice: level first, then
    along the slopes that these gave.
    """
    slope = np.zeros(len(x))
    for _ in range(2):
        next_ = links(x, y, height, slope)
        i = np.flatnonzero(next_ >= 0)
        j = next_[i]
        across, down = x[j] - x[i], y[j] - y[i]
        sure = (across < 4 * np.maximum(height[i], height[j])) & (np.abs(down) < 0.7 * across)  # no row is so steep
        if sure.sum() < 3:
            return np.zeros(len(x))
        i, j, steep = i[sure], j[sure], (down / across)[sure]
        ranked = np.argsort(steep)
        far = ((x[i] + x[j])[ranked] / 2 - x[:, None]) ** 2 + ((y[i] + y[j])[ranked] / 2 - y[:, None]) ** 2
        reached = np.cumsum(1 / (1 + far / (AROUND * height[:, None]) ** 2) ** 2, 1)
        slope = steep[ranked][(reached < reached[:, -1:] / 2).sum(1)]
    return slope


def _between(
    x: np.ndarray, y: np.ndarray, height: np.ndarray, slope: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From each digit (down the array) to each: across, down off its row, and the larger one's height; (n, n) each.

    Between two digits a row goes as the mean of its slopes at both, which is exact where it curves evenly.
    """
    across, slope = x - x[:, None], (slope + slope[:, None]) / 2
    return across, y - y[:, None] - slope * across, np.maximum(height, height[:, None])


def _chains(next_: np.ndarray) -> list[list[int]]:
    """Rows of what hangs together; next_: see links."""
    rows = []
    for i in sorted(set(range(len(next_))).difference(next_.tolist())):
        rows.append([i])
        while (i := int(next_[i])) >= 0:
            rows[-1].append(i)
    return rows


def _take_in(next_: np.ndarray, aside: np.ndarray) -> None:
    """Link what stands between two digits of a row and was passed over, such as one that jumps up.

    aside: how far off its row each stands (across the array) from each, in heights; infinite where it is not on the
    right.
    """
    for lone in sorted(_chains(next_), key=len):
        before = np.flatnonzero(next_ >= 0)
        off = np.maximum(aside[before, lone[0]], aside[lone[-1], next_[before]])
        if len(before) and off.min() < OFF:
            i = before[off.argmin()]
            next_[lone[-1]], next_[i] = next_[i], lone[0]


def _downwards(
    rows: list[list[int]], x: np.ndarray, y: np.ndarray, height: np.ndarray, slope: np.ndarray
) -> list[int]:
    """The order in which rows are read: one above another comes first; where none is, the higher one."""
    member = np.zeros((len(rows), len(x)))
    for k, row in enumerate(rows):
        member[k, row] = 1
    across, off, size = _between(x, y, height, slope)
    above = member @ (np.sign(off) * (np.abs(across) < size)) @ member.T > 0  # most pairs that stand above one another
    level = member @ (y - np.median(slope) * x) / member.sum(1)
    waits = above.sum(0)
    later = np.ptp(level) + 1
    read = []
    for _ in rows:
        read.append(int((level + later * (waits > 0)).argmin()))
        waits -= above[read[-1]]
        level[read[-1]] = np.inf
    return read


def middles(digits: Sequence[Digit]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The middles of the boxes, across and down, and the heights: (n,) float64 each, in pixels."""
    x, y, width, height = np.array([digit.box for digit in digits], float).reshape(-1, 4).T
    return x + width / 2, y + height / 2, height


def signs(digits: Sequence[Digit], slope: np.ndarray) -> np.ndarray:
    """Which of a picture's digits are 1s that are none, but slashes or commas: (n,) bool.

    slope: of the rows, at each digit, (n,).
    Each is compared with its neighbours, one on either side. A comma begins low between them. A slash reaches above and
    below them, is close to both, is straight, and leans more than most digits.
    """
    ones = np.flatnonzero([digit.digit == 1 for digit in digits])
    found = np.zeros(len(digits), bool)
    if not len(ones):
        return found
    x, y, height = middles(digits)
    across, off, size = (pairs[ones] for pairs in _between(x, y, height, slope))
    near = np.where(np.abs(off) < OFF * size, np.hypot(across, DOWN * off) / height, np.inf)
    sides = np.stack([np.where(across < 0, near, np.inf), np.where(across > 0, near, np.inf)])  # left, right
    pair, nearest = sides.argmin(2).T, sides.min(2)
    tops, bottoms = (np.take_along_axis(off + edge * height / 2, pair, 1).mean(1) for edge in (-1, 1))
    above, below, high = height[ones] / 2 + tops, height[ones] / 2 - bottoms, bottoms - tops
    moments = [cv2.moments(digit.crop) for digit in digits]
    leans = np.array([-m["mu11"] / max(m["mu02"], 1e-9) for m in moments])  # across by up
    straight = leans * [(m["mu02"] / max(m["mu20"], 1e-9)) ** 0.5 for m in moments]  # correlation of across and up
    slash = (np.minimum(above, below) > BEYOND * high) & (straight > STRAIGHT)[ones]
    slash &= (leans > np.median(leans) + LEAN)[ones] & (nearest < CLOSE).all(0)
    found[ones] = ((above < -LOW * high) | slash) & np.isfinite(nearest).all(0)
    return found


def part(rows: list[list[Digit]], frame: np.ndarray, mask: np.ndarray, slope: float) -> list[list[Digit]]:
    """The rows with their numbers told apart (see Digit.apart): by signs, by ruled lines and by spaces.

    Lines through digits are squared paper; lines between nearly all digits are boxes for one digit each. These part
    nothing.
    frame: the picture that was read. mask: where its ink is; it may be smaller than the frame. slope: of most rows.
    """
    frame = frame if frame.ndim == 2 else frame[:, :, frame.shape[2] // 2]
    lines, lines_part = _lines(rows, frame, slope)
    parted = []
    for row, line in zip(rows, lines, strict=True):
        sign = _marked(row, mask, frame)
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


def _marked(row: Sequence[Digit], mask: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Between which digits ink stands that is neither's, such as a point, a comma, a slash: (n - 1,) bool.

    All of it has to stand there, so a line under the row is no sign; and not high up, where the bar of a 5 would be.
    And as dark as the digits, so what is left of a faint rule is none.
    mask: see part. frame: one channel of the picture.
    """
    boxes, height = _boxes(row)
    scale = frame.shape[1] / mask.shape[1]
    boxes, height = np.rint(boxes / scale).astype(int), height / scale
    found = np.zeros(len(row) - 1, bool)
    x, y, w, h = boxes.T
    strokes = mask[max(0, y.min()) : (y + h).max(), max(0, x[0]) : x[-1] + w[-1]]
    area = cv2.countNonZero(strokes)
    thickness = 2 * area / max(1, area - cv2.countNonZero(cv2.erode(strokes, None)))  # of strokes: most edges are two
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
        free = within & level & (area >= thickness**2 / 4) & (own < area / 2)
        if free[1:].any():
            y0, y1, x0, x1 = (round(v * scale) for v in (above, above + len(strip), left, left + strip.shape[1]))
            tones = cv2.resize(frame[y0:y1, x0:x1], strip.shape[::-1], interpolation=cv2.INTER_AREA).astype(float)
            dark = np.abs(tones - np.median(tones[strip == 0]))
            full = np.median(dark[strip > 0])
            found[i] = any(dark[labels == k].max() > FULL * full for k in range(1, count) if free[k])
    return found


def _lines(rows: list[list[Digit]], frame: np.ndarray, slope: float) -> tuple[list[np.ndarray], bool]:
    """Between which digits lines cross the rows, (n - 1,) bool each, and whether such lines part numbers.

    A line that stands between digits of two rows parts others as well, where a digit reaches over it: that one was
    begun before the line.
    """
    ruled = [_ruled(row, frame, slope) for row in rows]
    if not any(len(at) for at, _ in ruled):
        return [np.zeros(len(row) - 1, bool) for row in rows], True
    ruled = _lasting(rows, ruled, slope)
    between, through, clear = [], [], []
    for row, (at, foot) in zip(rows, ruled, strict=True):
        x, _, w, _ = _boxes(row)[0].T
        beside = (at > (x + w)[:-1, None]) & (at < x[1:, None])
        between.append(beside.any(1))
        clear.append(foot[beside.any(0)])
        through.append(((at > (x + w / 4)[:, None]) & (at < (x + w * 3 / 4)[:, None])).any(1))
    if np.concatenate([[0.0], *between]).mean() >= 2 / 3 or np.concatenate([[0.0], *through]).mean() >= 1 / 3:
        return between, False
    for row, parted, (at, foot) in zip(rows, between, ruled, strict=True):
        boxes, height = _boxes(row)
        stands_in = np.sum([(np.abs(foot[:, None] - other) < SAME * height).any(1) for other in clear], 0)  # rows
        begun = (at[stands_in >= 2] > (boxes[:, 0] + boxes[:, 2] / 4)[:, None]).sum(0)
        parted[begun[(begun > 0) & (begun < len(row))] - 1] = True
    return between, True


def _lasting(rows: list[list[Digit]], ruled: list[Lines], slope: float) -> list[Lines]:
    """Of each row's lines those that are seen in at least half of the rows that they would go through."""
    ends = []
    for row in rows:
        x, y, _, h = _boxes(row)[0].T
        ends.append((x + slope * (y + h / 2))[[0, -1]])
    lasting = []
    for row, (at, foot) in zip(rows, ruled, strict=True):
        near = SAME * _boxes(row)[1]
        shown = np.sum([(np.abs(foot[:, None] - other) < near).any(1) for _, other in ruled], 0)
        through = np.sum([(foot > left) & (foot < right) for left, right in ends], 0)
        lasting.append((at[2 * shown >= through], foot[2 * shown >= through]))
    return lasting


def _ruled(row: Sequence[Digit], frame: np.ndarray, slope: float) -> Lines:
    """The lines that cross a row from above it to below it."""
    boxes, height = _boxes(row)
    x, y, w, h = boxes.T
    step = max(1.0, height / 40)  # pixels of the frame to one of the strip, in which the row lies level
    columns = np.arange(x[0] - height / 2, x[-1] + w[-1] + height / 2, step)
    down = np.arange(-0.85 * height, 0.85 * height, 2 * step)[:, None]
    level = np.interp(columns, x + w / 2, y + h / 2) + down
    at = level.astype(int).clip(0, frame.shape[0] - 1), (columns - slope * down).astype(int).clip(0, frame.shape[1] - 1)
    strip = frame[at].astype(np.float32)
    off = max(2, round(0.12 * height / step))  # so far beside a line the paper is bare
    stands_out = np.abs(strip[:, off:-off] - (strip[:, : -2 * off] + strip[:, 2 * off :]) / 2)
    grain = max(ink.white(frame) / 255, float(np.median(stands_out)))  # compression leaves none, but steps
    crossed = (cv2.dilate(stands_out, np.ones((1, 3), np.uint8)) > 6 * grain).mean(0) > 0.85  # it may be a pixel off
    lines = columns[off:-off][crossed]
    return lines, lines + slope * np.interp(lines, x + w / 2, y + h / 2)
