"""Candidates and a classifier to digits in rows, as a person reads them. No Keras here either."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from . import vision
from .vision import Box

MIN_CONFIDENCE = 0.6

Classify = Callable[[np.ndarray], np.ndarray]  # (n, 28, 28) float32, 0 to 1 -> (n, 10) probabilities


class Digit(NamedTuple):
    digit: int
    confidence: float  # 0 to 1
    box: Box
    crop: np.ndarray  # (28, 28) float32, as the network saw it


class Reading(NamedTuple):
    rows: list[list[Digit]]  # believed digits: rows top to bottom, each left to right
    doubtful: list[Digit]  # seen, but under the confidence limit
    mask: np.ndarray  # (h, w) uint8, 255 ink: the thresholded picture (may be at a smaller working size)

    @property
    def text(self) -> list[str]:
        return ["".join(str(digit.digit) for digit in row) for row in self.rows]

    @property
    def digits(self) -> list[Digit]:
        return [digit for row in self.rows for digit in row]


def order(digits: list[Digit]) -> list[list[Digit]]:
    """Rows top to bottom, each left to right."""
    rows: list[list[Digit]] = []
    for digit in sorted(digits, key=lambda d: d.box[1] + d.box[3] / 2):
        middle = digit.box[1] + digit.box[3] / 2
        for row in rows:
            if row[-1].box[1] < middle < row[-1].box[1] + row[-1].box[3]:
                row.append(digit)
                break
        else:
            rows.append([digit])
    return [sorted(row, key=lambda d: d.box[0]) for row in rows]


def read(frame: np.ndarray, classify: Classify, min_confidence: float = MIN_CONFIDENCE) -> Reading:
    """Read the digits in a picture: (h, w) or (h, w, 3) BGR."""
    candidates, mask = vision.find(frame)
    if not candidates:
        return Reading([], [], mask)
    probabilities = classify(np.stack([candidate.crop for candidate in candidates]))
    digits = [
        Digit(int(p.argmax()), float(p.max()), candidate.box, candidate.crop)
        for candidate, p in zip(candidates, probabilities, strict=True)
    ]
    believed = [digit for digit in digits if digit.confidence >= min_confidence]
    return Reading(order(believed), [d for d in digits if d.confidence < min_confidence], mask)
