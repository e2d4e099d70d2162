"""Candidates and a classifier to digits in rows, as a person reads them. No Keras here either.

    reading.read(images.load("sheet.jpg"), network.classifier("model/shipped.h5")).text  # ["31415926", "2718"]
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..crop import deskew
from . import context
from .candidates import Candidate, find
from .choice import believe, choose, worth_of_parts
from .rows import Digit, middles, order, part, signs, slopes, tilt
from .segment import Box

# The limit under which a digit is doubted: on pictures without any digit hardly one is above it, and of the digits on
# clear paper hardly one below.
MIN_CONFIDENCE = 0.65
MAX_CUTS = 256  # parts of connected components that are looked at in one picture
STEEP = 0.1  # slope of rows, down by across, from which digits are looked at upright as well

NOWHERE = np.zeros((1, 1), np.uint8)

Classify = Callable[[np.ndarray], np.ndarray]  # (n, 28, 28) float32, 0 to 1 -> (n, 10) probabilities


class Reading(NamedTuple):
    rows: list[list[Digit]]  # believed digits: rows top to bottom, each left to right
    doubtful: list[Digit]  # seen, but under the confidence limit
    mask: np.ndarray  # (h, w) uint8, 255 ink: the thresholded picture (may be at a smaller working size)
    places: np.ndarray = NOWHERE  # (h, w) uint8: which surface is where, 0 the rest; at a small size
    turn: int = 0  # quarters that the picture was turned clockwise to be read; all else is of the unturned one

    @property
    def text(self) -> list[str]:
        """The rows, numbers apart by one space."""
        return ["".join(f"{' ' * digit.apart}{digit.digit}" for digit in row).strip() for row in self.rows]

    @property
    def numbers(self) -> list[list[Digit]]:
        """The digits of each number, in reading order."""
        numbers: list[list[Digit]] = []
        for row in self.rows:
            for i, digit in enumerate(row):
                if i == 0 or digit.apart:
                    numbers.append([])
                numbers[-1].append(digit)
        return numbers

    @property
    def digits(self) -> list[Digit]:
        return [digit for row in self.rows for digit in row]


def read(frame: np.ndarray, classify: Classify, min_confidence: float = MIN_CONFIDENCE) -> Reading:
    """Read the digits in a picture.

    frame: (h, w), (h, w, 3) BGR or (h, w, 4) BGRA, of any dtype that OpenCV reads.
    classify: gives the ten probabilities for each of many crops at once; called once for most pictures, thrice at most.
    """
    return read_found(frame, *find(frame), classify, min_confidence)


def read_found(
    frame: np.ndarray,
    candidates: list[Candidate],
    mask: np.ndarray,
    places: np.ndarray,
    classify: Classify,
    min_confidence: float = MIN_CONFIDENCE,
) -> Reading:
    """Read the digits among what was found in a picture: candidates, ink mask, surfaces."""
    if not candidates:
        return Reading([], [], mask, places)
    probabilities = classify_all(candidates, classify)
    taken = choose(candidates, probabilities.max(1))
    if not taken:
        return Reading([], [], mask, places)
    indices = list(taken)
    chosen = [candidates[i] for i in indices]
    digits = [_likeliest(p, c.box, c.crop) for p, c in zip(probabilities[indices], chosen, strict=True)]
    slope = tilt([digit for digit in digits if digit.confidence > 0.5])
    if abs(slope) > STEEP:  # rows this steep turn their digits with them, most often
        crops = np.stack([deskew(candidate.ink, slope) for candidate in chosen])
        upright = [_likeliest(p, c.box, crop) for p, c, crop in zip(classify(crops), chosen, crops, strict=True)]
        gain = sum(u.confidence - d.confidence for u, d in zip(upright, digits, strict=True))
        digits = upright if gain > -0.03 * len(digits) else digits
    digits = [d._replace(confidence=min(d.confidence, most)) for d, most in zip(digits, taken.values(), strict=True)]
    digits = context.doubt(believe(digits, chosen), *context.evidence(digits, chosen))
    believed = [digit for digit in digits if digit.confidence >= min_confidence]
    doubtful = [digit for digit in digits if digit.confidence < min_confidence]
    if not believed:
        return Reading([], doubtful, mask, places)
    slope = slopes(*middles(believed))
    none = signs(believed, slope)
    doubtful += [digit._replace(confidence=0.0) for digit, sign in zip(believed, none, strict=True) if sign]
    rows = order([digit for digit, sign in zip(believed, none, strict=True) if not sign], slope[~none])
    return Reading(part(rows, frame, mask, float(np.median(slope))), doubtful, mask, places)


def classify_all(candidates: list[Candidate], classify: Classify) -> np.ndarray:
    """Probabilities of the candidates, (n, 10): first of connected components as they are, then of their parts.

    Where a component is surely a digit, its parts cannot win (see choose): their probabilities are left at 0.
    """
    probabilities = np.zeros((len(candidates), 10), np.float32)

    def look(at: list[int]) -> None:
        if at:
            probabilities[at] = classify(np.stack([candidates[i].crop for i in at]))

    look([i for i, candidate in enumerate(candidates) if candidate.seams <= 0])
    whole = [i for i, candidate in enumerate(candidates) if candidate.seams == 0]
    least = worth_of_parts(candidates, probabilities.max(1))
    sure = {p for i in whole if probabilities[i].max() > least for p in candidates[i].pieces}
    cut = [i for i, c in enumerate(candidates) if c.seams > 0 and not sure.issuperset(c.pieces)]
    look(sorted(cut, key=lambda i: -candidates[i].area)[:MAX_CUTS])
    return probabilities


def _likeliest(probabilities: np.ndarray, box: Box, crop: np.ndarray) -> Digit:
    """The likeliest digit of ten probabilities, (10,)."""
    return Digit(int(probabilities.argmax()), float(probabilities.max()), box, crop)
