"""Which digit a person means: by a click near it, or one after the other."""

from collections.abc import Sequence

from ..vision.reading import Reading
from ..vision.rows import Digit
from ..vision.turn import ordered
from .view import marked

REACH = 0.5  # of a digit's longer side: so far beside its box a click still means it


def in_reading_order(seen: Reading) -> list[Digit]:
    """The digits that are marked, row by row, each from left to right, as they stand when the sheet is upright."""
    return [digit for row in ordered([*seen.digits, *marked(seen)], seen.turn) for digit in row]


def nearest(digits: Sequence[Digit], x: float, y: float) -> int | None:
    """Which digit lies at a point of the frame, or nearest to it; None where none is within reach."""

    def distance(i: int) -> float:
        left, top, w, h = digits[i].box
        return max(left - x, x - left - w, top - y, y - top - h, 0) / max(w, h)

    i = min(range(len(digits)), key=distance, default=None)
    return i if i is not None and distance(i) < REACH else None
