"""Candidates and a classifier to digits in rows, as a person reads them. No Keras here either.

    reading.read(cv2.imread("sheet.jpg"), classify).text  # ["31415926", "2718"]
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from . import vision
from .vision import Box, Candidate

# The limit under which a digit is doubted: on pictures without any digit hardly one is above it, and of the digits on
# clear paper hardly one below.
MIN_CONFIDENCE = 0.65
SEAM_COST = 0.12  # confidence that each seam of a candidate has to make up for
MAX_CHOICES = 12  # pieces of ink up to which the best choice is looked for in full
STEEP = 0.1  # slope of rows, down by across, from which digits are looked at upright as well
CLEAR = 8  # clarity at which ink counts as ink by 63 %, at three times that by 95 %
CLEAR_ALONE = 26  # the same for a 1 without company
COMPANY = 0.6  # exponent on the confidence of a digit among others: 0.55 becomes 0.7

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


def read(frame: np.ndarray, classify: Classify, min_confidence: float = MIN_CONFIDENCE) -> Reading:
    """Read the digits in a picture.

    frame: (h, w), (h, w, 3) BGR or (h, w, 4) BGRA, of any dtype that OpenCV reads.
    classify: gives the ten probabilities for each of many crops at once; called once for most pictures, thrice at most.
    """
    candidates, mask = vision.find(frame)
    if not candidates:
        return Reading([], [], mask)
    probabilities = classify_all(candidates, classify)
    indices = choose(candidates, probabilities.max(1))
    chosen = [candidates[i] for i in indices]
    digits = [_likeliest(p, c.box, c.crop) for p, c in zip(probabilities[indices], chosen, strict=True)]
    slope = tilt([digit for digit in digits if digit.confidence > 0.5])
    if abs(slope) > STEEP:  # rows this steep turn their digits with them, most often
        crops = np.stack([vision.turn(candidate.ink, slope) for candidate in chosen])
        upright = [_likeliest(p, c.box, crop) for p, c, crop in zip(classify(crops), chosen, crops, strict=True)]
        gain = sum(u.confidence - d.confidence for u, d in zip(upright, digits, strict=True))
        digits = upright if gain > -0.03 * len(digits) else digits
    digits = believe(digits, chosen)
    believed = [digit for digit in digits if digit.confidence >= min_confidence]
    return Reading(order(believed), [digit for digit in digits if digit.confidence < min_confidence], mask)


def classify_all(candidates: list[Candidate], classify: Classify) -> np.ndarray:
    """Probabilities of the candidates, (n, 10): first of strokes as they are, then of what else might be chosen.

    Where a whole stroke is surely a digit, parts of it cannot win (see choose): theirs are left at 0.
    """
    probabilities = np.zeros((len(candidates), 10), np.float32)

    def look(at: list[int]) -> None:
        if at:
            probabilities[at] = classify(np.stack([candidates[i].crop for i in at]))

    look([i for i, candidate in enumerate(candidates) if candidate.seams <= 0])
    whole = [i for i, candidate in enumerate(candidates) if candidate.seams == 0]
    sure = {p for i in whole if probabilities[i].max() > 1 - SEAM_COST for p in candidates[i].pieces}
    look([i for i, candidate in enumerate(candidates) if candidate.seams > 0 and not sure.issuperset(candidate.pieces)])
    return probabilities


def choose(candidates: list[Candidate], confidence: np.ndarray) -> list[int]:
    """Of candidates that share pieces of ink, those that explain the most ink with the most confidence.

    Returns their indices. The choice among over-segmented strokes is the classifier's (LeCun et al. 1998, section V).
    """
    value = [c.area * (float(p) - SEAM_COST * c.seams) for c, p in zip(candidates, confidence, strict=True)]
    holders: dict[int, list[int]] = {}  # of each piece: the candidates that it is in
    for i, candidate in enumerate(candidates):
        for piece in candidate.pieces:
            holders.setdefault(piece, []).append(i)
    chosen: list[int] = []
    done: set[int] = set()
    for piece in holders:
        if piece not in done:
            cluster = _cluster(piece, holders, candidates)
            done |= cluster
            pick = _best_cover if len(cluster) <= MAX_CHOICES else _greedy_cover
            chosen += pick(cluster, holders, candidates, value)
    return chosen


def _cluster(piece: int, holders: dict[int, list[int]], candidates: list[Candidate]) -> set[int]:
    """All pieces that candidates link to a piece, by any number of steps."""
    cluster: set[int] = set()
    queue = [piece]
    while queue:
        piece = queue.pop()
        if piece not in cluster:
            cluster.add(piece)
            queue += [other for i in holders[piece] for other in candidates[i].pieces]
    return cluster


def _best_cover(
    cluster: set[int], holders: dict[int, list[int]], candidates: list[Candidate], value: list[float]
) -> list[int]:
    """Candidates that exclude one another nowhere, of the largest value together."""
    return _best(tuple(sorted(cluster)), holders, candidates, value, {(): (0.0, [])})[1]


def _best(
    pieces: tuple[int, ...],
    holders: dict[int, list[int]],
    candidates: list[Candidate],
    value: list[float],
    known: dict[tuple[int, ...], tuple[float, list[int]]],
) -> tuple[float, list[int]]:
    """The best cover of some pieces: its value and its candidates. known: what was worked out before."""
    if pieces not in known:
        first, rest = pieces[0], pieces[1:]
        options = [_best(rest, holders, candidates, value, known)]  # leave the first piece out, or take one of its
        for i in holders[first]:
            members = candidates[i].pieces
            if set(members) <= set(pieces):
                left = tuple(piece for piece in rest if piece not in members)
                others = _best(left, holders, candidates, value, known)
                options.append((others[0] + value[i], [i, *others[1]]))
        known[pieces] = max(options, key=lambda option: option[0])
    return known[pieces]


def _greedy_cover(
    cluster: set[int], holders: dict[int, list[int]], candidates: list[Candidate], value: list[float]
) -> list[int]:
    """The candidate of the largest value, then the next that shares no piece with it, and so on."""
    chosen: list[int] = []
    used: set[int] = set()
    for i in sorted({i for piece in cluster for i in holders[piece]}, key=lambda i: -value[i]):
        if value[i] > 0 and used.isdisjoint(candidates[i].pieces):
            chosen.append(i)
            used.update(candidates[i].pieces)
    return chosen


def believe(digits: list[Digit], candidates: list[Candidate]) -> list[Digit]:
    """Digits with their confidence weighed by how clear their ink is and what company they keep.

    Anything long and thin looks like a 1 to the network: one without other digits beside it has to be a whole stroke of
    clear ink. What stands in a row with other digits of its height is hardly anything but a digit: there doubt counts
    for less. And no digit has others inside.
    """
    x, y, height = _middles(digits)
    left, top, wide, high = np.array([digit.box for digit in digits], float).reshape(-1, 4).T[:, :, None]
    sure = np.array([digit.confidence > 0.8 for digit in digits], bool)
    encloses = (left < x) & (x < left + wide) & (top < y) & (y < top + high) & sure & (height < 0.7 * high)
    taller = np.maximum(height[:, None], height)
    beside = (
        (np.minimum(height[:, None], height) > 0.6 * taller)
        & (np.abs(y[:, None] - y) < 2 * taller)
        & (np.abs(x[:, None] - x) < 5 * taller)
        & sure
        & ~np.eye(len(digits), dtype=bool)
    )
    ones = np.array([digit.digit == 1 for digit in digits], bool)
    company, others = beside.sum(1), (beside & ~ones).sum(1)
    believed = []
    for i, (digit, candidate) in enumerate(zip(digits, candidates, strict=True)):
        alone = ones[i] and not others[i]
        clear = CLEAR_ALONE * (1 + abs(candidate.seams)) if alone else CLEAR
        confidence = digit.confidence * (1 - math.exp(-candidate.clarity / clear))
        if company[i] > 2 and not alone:
            confidence **= COMPANY
        believed.append(digit._replace(confidence=confidence / (1 + encloses[i].sum())))
    return believed


def tilt(digits: Sequence[Digit]) -> float:
    """Slope of the rows, down by across: the median from each digit to its next neighbour on the right; 0 if unsure."""
    x, y, height = _middles(digits)
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
    x, y, height = (values.tolist() for values in _middles(digits))
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


def _middles(digits: Sequence[Digit]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The middles of the boxes, across and down, and the heights: (n,) float64 each, in pixels."""
    x, y, width, height = np.array([digit.box for digit in digits], float).reshape(-1, 4).T
    return x + width / 2, y + height / 2, height


def _likeliest(probabilities: np.ndarray, box: Box, crop: np.ndarray) -> Digit:
    """The likeliest digit of ten probabilities, (10,)."""
    return Digit(int(probabilities.argmax()), float(probabilities.max()), box, crop)
