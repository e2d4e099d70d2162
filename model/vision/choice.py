"""Of candidates that share ink, which to take, and how far to believe them. NumPy only."""

import math

import numpy as np

from .candidates import Candidate
from .rows import Digit, middles

SEAM_COST = 0.12  # confidence that each seam of a candidate has to make up for
MAX_CHOICES = 12  # pieces of ink up to which the best choice is looked for in full
CLEAR = 8  # clarity at which ink counts as ink by 63 %, at three times that by 95 %
CLEAR_ALONE = 24  # the same for a 1 without company
GOES_ON = 0.3  # as dark as its ink is what lies around a stroke that goes on; around digits it is half as dark, or less
ON_EDGE = 0.6  # of a 1's ink lies where a surface ends: it is a sheet's edge, or the shadow along it
COMPANY = 0.6  # exponent on the confidence of a digit among others: 0.55 becomes 0.7


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
    clear ink, and none is a sheet's edge. Nor does it go on beyond its ends, nor does any digit without company. What
    stands in a row with other digits of its height is hardly anything but a digit: there doubt counts for less. And no
    digit has others inside.
    """
    x, y, height = middles(digits)
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
        if (ones[i] or not company[i]) and candidate.rim > GOES_ON:
            confidence *= max(0.0, 1 - candidate.rim)
        if ones[i] and candidate.on_edge > ON_EDGE:
            confidence *= 1 - candidate.on_edge
        believed.append(digit._replace(confidence=confidence / (1 + encloses[i].sum())))
    return believed
