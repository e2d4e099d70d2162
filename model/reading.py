"""Candidates and a classifier to digits in rows, as a person reads them. No Keras here either."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from . import vision
from .vision import Box, Candidate

MIN_CONFIDENCE = 0.7
STEEP = 0.1  # slope of rows, down by across
CLEAR_ALONE = 26  # the same for a 1 without company
COMPANY = 0.6  # exponent on the confidence of a digit among others: 0.55 becomes 0.7
CLEAR = 8  # clarity at which ink counts as ink by 63 %, at three times that by 95 %
SEAM_COST = 0.12

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


def choose(candidates: list[Candidate], confidence: np.ndarray) -> list[int]:
    """Of candidates that share pieces of ink, those that explain the most ink with the most confidence.

    Over-segmentation and recognition, as in LeCun et al. 1998, section V.
    """
    sharing: dict[int, list[int]] = {}
    for i, candidate in enumerate(candidates):
        for piece in candidate.pieces:
            sharing.setdefault(piece, []).append(i)
    chosen: list[int] = []
    done: set[int] = set()
    for piece in sharing:
        if piece in done:
            continue
        cluster, queue = set(), [piece]
        while queue:
            p = queue.pop()
            if p not in cluster:
                cluster.add(p)
                queue += [q for i in sharing[p] for q in candidates[i].pieces]
        done |= cluster
        if len(cluster) > 12:
            chosen += _greedy(cluster, candidates, confidence, sharing)
        else:
            chosen += _cover(tuple(sorted(cluster)), candidates, confidence, sharing, {})[1]
    return chosen


def _cover(pieces, candidates, confidence, sharing, known) -> tuple[float, list[int]]:
    """The best choice of exclusive candidates for these pieces, and its value."""
    if not pieces:
        return 0.0, []
    if pieces in known:
        return known[pieces]
    first, rest = pieces[0], pieces[1:]
    best = _cover(rest, candidates, confidence, sharing, known)
    for i in sharing.get(first, []):
        members = candidates[i].pieces
        if all(m in pieces for m in members):
            value, others = _cover(tuple(p for p in rest if p not in members), candidates, confidence, sharing, known)
            value += candidates[i].area * (confidence[i] - SEAM_COST * candidates[i].seams)
            if value > best[0]:
                best = value, [i, *others]
    known[pieces] = best
    return best


def _greedy(cluster, candidates, confidence, sharing) -> list[int]:
    chosen, used = [], set()
    for i in sorted({i for p in cluster for i in sharing[p]}, key=lambda i: -candidates[i].area * (confidence[i] - SEAM_COST * candidates[i].seams)):
        if not used & set(candidates[i].pieces):
            chosen.append(i)
            used |= set(candidates[i].pieces)
    return chosen


def tilt(digits: list[Digit]) -> float:
    """Slope of the rows: the median slope from each digit to its next neighbour on the right."""
    slopes = []
    for a in digits:
        ax, ay = middle(a)
        near = None
        for b in digits:
            bx, by = middle(b)
            dx, dy, size = bx - ax, by - ay, max(a.box[3], b.box[3])
            if 0 < dx < 4 * size and abs(dy) < 0.7 * dx and (near is None or dx < near[0]):
                near = dx, dy / dx
        if near:
            slopes.append(near[1])
    return float(np.median(slopes)) if len(slopes) > 2 else 0.0


def middle(digit: Digit) -> tuple[float, float]:
    x, y, w, h = digit.box
    return x + w / 2, y + h / 2


def order(digits: list[Digit]) -> list[list[Digit]]:
    """Rows top to bottom, each left to right; rows may tilt and curve.

    From left to right each digit joins the row whose last members point at it, or begins a row.
    """
    slope = tilt(digits)
    level = {id(d): middle(d)[1] - slope * middle(d)[0] for d in digits}
    rows: list[list[Digit]] = []
    for digit in sorted(digits, key=lambda d: middle(d)[0]):
        best, nearest = None, 0.6
        for row in rows:
            last = row[-4:]
            expected = sum(level[id(d)] for d in last) / len(last)
            if len(last) > 2:  # the row may curve: go on as its last members went
                x = [middle(d)[0] for d in last]
                bend = np.polyfit(x, [level[id(d)] for d in last], 1)[0]
                reach = min(middle(digit)[0], x[-1] + 3 * last[-1].box[3]) - sum(x) / len(x)
                expected += bend * reach
            off = abs(level[id(digit)] - expected) / max(digit.box[3], float(np.median([d.box[3] for d in last])))
            if off < nearest:
                best, nearest = row, off
        if best is None:
            rows.append([digit])
        else:
            best.append(digit)
    return sorted(rows, key=lambda row: sum(level[id(d)] for d in row) / len(row))


def believe(digits: list[Digit], candidates: list[Candidate]) -> list[Digit]:
    """Digits with their confidence weighed by how clear their ink is and what company they keep.

    Anything long and thin looks like a 1 to the network: one without other digits beside it has to be a whole stroke of
    clear ink. What stands in a row with other digits of its height is hardly anything but a digit: there doubt counts
    for less.
    """
    believed = []
    for digit, candidate in zip(digits, candidates, strict=True):
        company = [other for other in digits if other is not digit and _beside(digit, other)]
        alone = digit.digit == 1 and all(other.digit == 1 for other in company)
        clear = candidate.clarity / (CLEAR_ALONE * (1 + abs(candidate.seams)) if alone else CLEAR)
        confidence = digit.confidence * (1 - math.exp(-clear))
        believed.append(digit._replace(confidence=confidence**COMPANY if len(company) > 2 and not alone else confidence))
    return believed


def _beside(a: Digit, b: Digit) -> bool:
    """Whether b is surely a digit and a likely neighbour of a: of like height, not far off."""
    (ax, ay), (bx, by) = middle(a), middle(b)
    height = max(a.box[3], b.box[3])
    like = min(a.box[3], b.box[3]) > 0.6 * height
    return like and b.confidence > 0.8 and abs(ay - by) < 2 * height and abs(ax - bx) < 5 * height


def digit_of(probabilities: np.ndarray, box: Box, crop: np.ndarray) -> Digit:
    """The likeliest digit of ten probabilities, (10,)."""
    return Digit(int(probabilities.argmax()), float(probabilities.max()), box, crop)


def read(frame: np.ndarray, classify: Classify, min_confidence: float = MIN_CONFIDENCE) -> Reading:
    """Read the digits in a picture.

    frame: (h, w), (h, w, 3) BGR or (h, w, 4) BGRA, of any dtype that OpenCV reads.
    classify: gives the ten probabilities for each crop; called once or twice, with all crops together.
    """
    candidates, mask = vision.find(frame)
    if not candidates:
        return Reading([], [], mask)
    probabilities = classify(np.stack([candidate.crop for candidate in candidates]))
    indices = choose(candidates, probabilities.max(1))
    chosen = [candidates[i] for i in indices]
    digits = [digit_of(p, c.box, c.crop) for p, c in zip(probabilities[indices], chosen, strict=True)]
    slope = tilt([digit for digit in digits if digit.confidence > 0.5])
    if abs(slope) > STEEP and digits:  # rows this steep turn the digits with them: look at each upright, too
        crops = np.stack([vision.turn(candidate.ink, slope) for candidate in chosen])
        upright = [digit_of(p, c.box, crop) for p, c, crop in zip(classify(crops), chosen, crops, strict=True)]
        gain = sum(u.confidence - d.confidence for u, d in zip(upright, digits, strict=True))
        digits = upright if gain > -0.03 * len(digits) else digits
    digits = believe(digits, chosen)
    believed = [digit for digit in digits if digit.confidence >= min_confidence]
    return Reading(order(believed), [digit for digit in digits if digit.confidence < min_confidence], mask)
