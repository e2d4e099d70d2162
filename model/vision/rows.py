"""Digits to rows, as a person reads them: top to bottom, left to right; rows may tilt and curve."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .segment import Box


class Digit(NamedTuple):
    digit: int
    confidence: float  # 0 to 1
    box: Box
    crop: np.ndarray  # (28, 28) float32, as the network saw it
    id: int | None = None  # the same for one digit while it is in sight; None until it is followed or numbered


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
