"""Which digit a person means: by a click near it, or in reading order."""

from collections.abc import Sequence

from ..vision.reading import Reading
from ..vision.rows import Digit, order
from ..vision.turn import turned_box

REACH = 0.5  # of a digit's longer side: so far beside its box a click still means it


def in_reading_order(seen: Reading) -> list[Digit]:
    """Believed and doubted digits, row by row, each from left to right, as they stand when the sheet is upright."""
    digits = [*seen.digits, *seen.doubtful]
    upright = [digit._replace(box=turned_box(digit.box, seen.turn, (0, 0)), id=i) for i, digit in enumerate(digits)]
    return [digits[digit.id] for row in order(upright) for digit in row]


def nearest(digits: Sequence[Digit], x: float, y: float) -> int | None:
    """Which digit lies at a point of the frame, or nearest to it; None where none is within reach."""

    def distance(i: int) -> float:
        left, top, w, h = digits[i].box
        return max(left - x, x - left - w, top - y, y - top - h, 0) / max(w, h)

    i = min(range(len(digits)), key=distance, default=None)
    return i if i is not None and distance(i) < REACH else None
