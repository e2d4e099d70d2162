"""Sheets that lie sideways or upside down: of four turns, the one whose digits the network believes most.

A turn is how often a picture is turned clockwise by 90 degrees before it is read. Boxes and mask stay those of the
picture as it came.
"""

import numpy as np

from .candidates import Candidate, find
from .reading import Classify, Reading, read, read_found
from .rows import Digit, order
from .segment import Box

TURNS = {"auto": None, "0": 0, "90": 1, "180": 2, "270": 3}  # as the user names them, in degrees
SHAPES = 32  # connected components, the clearest of a picture, that are looked at in other turns
SURE = 0.95  # mean confidence from which no other turn is looked at; of digits upside down, the most had 0.93
MOST = 0.8  # share of the shapes that are digits, from which the sheet does not lie sideways
# How many more digits another turn has to show, how many times as many, and of what share of the shapes. One alone
# turns nothing: 6 and 9 change places, and 0, 1, 8 stay. Of words upside down, up to 0.58 of the letters look like
# digits.
MORE, TIMES, SHARE = 1.2, 1.2, 0.62
LOOK_SECONDS = 0.5  # between two looks at the other turns of a video; a look takes about as long as a frame
TURN_SECONDS = 1.0  # that another turn has to be the better one of a video


class Turner:
    """Which way the sheet lies: in each of many pictures, or in one video or before a camera."""

    def __init__(self, turn: int | None = None, still: bool = False) -> None:
        """turn: None to find it out. still: each picture stands for itself, it is no frame among others."""
        self.turn, self.given, self.still = turn or 0, turn is not None, still
        self.by_hand = 0  # quarters
        self.due = 0.0  # seconds, when the next look is
        self.better, self.since = self.turn, 0.0  # the turn that is better, and from when on

    def read(self, picture: np.ndarray, classify: Classify, min_confidence: float, seconds: float = 0) -> Reading:
        """Read a picture. seconds: a frame's time in its video."""
        find_out = not (self.given or self.by_hand)
        if find_out and self.still:
            self.turn = 0
        turn = self.turn
        upright = turned(picture, turn)
        found, mask, places = find(upright)
        seen = read_found(upright, found, mask, places, classify, min_confidence)
        if find_out and (self.still or seconds >= self.due):
            self.due = seconds + LOOK_SECONDS
            better = turn if _is_sure(seen) else best_turn(picture, turn, found, classify)
            if self.still and better != turn:
                turn = self.turn = better
                seen = read(turned(picture, turn), classify, min_confidence)
            elif better != self.better:
                self.better, self.since = better, seconds
            elif seconds - self.since >= TURN_SECONDS:
                self.turn = better  # from the next frame on
        return _back(seen, turn, picture.shape)

    def by_another_quarter(self) -> None:
        """Turn it by hand, on from how it lies. After the fourth time it is found out again, unless it was given."""
        self.turn = (self.turn + 1) % 4
        self.by_hand = (self.by_hand + 1) % 4


def best_turn(picture: np.ndarray, turn: int, found: list[Candidate], classify: Classify) -> int:
    """The turn in which a picture shows clearly the most digits; `turn` if none does.

    found: the candidates of the picture in `turn`.
    """
    seen, shapes = np.zeros(4), np.zeros(4)
    pair = [turn, (turn + 2) % 4]
    seen[pair], shapes[pair] = count(found, classify)
    if not 0 < MOST * shapes[turn] <= seen[turn]:
        aside = [(turn + 1) % 4, (turn + 3) % 4]
        seen[aside], shapes[aside] = count(find(turned(picture, turn + 1))[0], classify)
    best = int(seen.argmax())
    clear = seen[best] > max(seen[turn] + MORE, seen[turn] * TIMES, shapes[best] * SHARE)
    return best if clear else turn


def count(found: list[Candidate], classify: Classify) -> tuple[np.ndarray, np.ndarray]:
    """How many digits candidates show as they are and upside down, and of how many shapes: (2,) float64 both.

    1s are left out: any stroke is one.
    """
    clearest = sorted((c for c in found if c.seams == 0), key=lambda c: -c.clarity)[:SHAPES]
    if not clearest:
        return np.zeros(2), np.zeros(2)
    crops = np.stack([candidate.crop for candidate in clearest])
    probabilities = classify(np.concatenate([crops, crops[:, ::-1, ::-1]])).reshape(2, -1, 10)
    other = probabilities.argmax(2) != 1
    return (np.clip(2 * probabilities.max(2) - 1, 0, 1) * other).sum(1), other.sum(1)


def _is_sure(seen: Reading) -> bool:
    """Whether hardly anything was found that is not surely a digit."""
    found = len(seen.digits) + len(seen.doubtful)
    return 0 < SURE * found <= sum(digit.confidence for digit in seen.digits)


def turned(picture: np.ndarray, turn: int) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(picture, -turn)) if turn % 4 else picture


def turned_box(box: Box, turn: int, size: tuple[int, int]) -> Box:
    """Where a box comes to when a picture of size (width, height) is turned."""
    x, y, w, h = box
    for _ in range(turn % 4):
        x, y, w, h, size = size[1] - y - h, x, h, w, size[::-1]
    return x, y, w, h


def _back(seen: Reading, turn: int, shape: tuple[int, ...]) -> Reading:
    """The reading of a turned picture as that of the picture as it came, of shape (height, width, …)."""
    size = shape[1::-1] if turn == 2 else shape[:2]  # of the turned one: width, height

    def back(digits: list[Digit]) -> list[Digit]:
        return [digit._replace(box=turned_box(digit.box, -turn, size)) for digit in digits]

    if not turn:
        return seen
    mask, places = turned(seen.mask, -turn), turned(seen.places, -turn)
    return Reading([back(row) for row in seen.rows], back(seen.doubtful), mask, places, turn)


def ordered(digits: list[Digit], turn: int) -> list[list[Digit]]:
    """Rows as on the sheet, of digits whose boxes are those of the picture as it came."""
    upright = [digit._replace(box=turned_box(digit.box, turn, (0, 0)), id=i) for i, digit in enumerate(digits)]
    return [[digits[digit.id] for digit in row] for row in order(upright)]
