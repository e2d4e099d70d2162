"""Of candidates that share ink, which to take, and how far to believe them. NumPy only."""

import math

import numpy as np

from .candidates import ON_EDGE, Candidate
from .rows import Digit, middles

DIVISION_COST = 0.12  # share of the confidence that taking apart what may be one digit has to make up for
SURE = 0.8  # confidence of a digit that tells of the others
ALIKE = 0.75  # of the higher one's height: digits side by side are so high at least, strokes of one digit need not be
SAME_HAND = 0.6  # of the height of another: digits of one hand are so high at least
TALL = 3  # times as high as a sure digit is what it is no stroke of
UNEXPLAINED = 0.1  # confidence in ink that no candidate explains: each of ten digits is as likely
MAX_CHOICES = 12  # pieces of ink up to which the best choice is looked for in full
CLEAR = 8  # clarity at which ink counts as ink by 63 %, at three times that by 95 %
CLEAR_ALONE = 24  # the same for a 1 without company
GOES_ON = 0.3  # as dark as its ink is what lies around a stroke that goes on; around digits it is half as dark, or less


def choose(candidates: list[Candidate], confidence: np.ndarray) -> dict[int, float]:
    """Of candidates that share ink, those that explain it best: their indices, and how far each may be believed.

    confidence: the network's in each, (n,), 0 to 1. A connected component counts with that in itself as one digit, or
    with the geometric mean over its parts. Components are taken together where that explains their ink better, pixel
    for pixel; if they are of unlike heights, taking them apart costs as much as dividing one. What is surely a digit is
    no stroke of a far higher one. (The choice among over-segmented strokes is the classifier's: LeCun et al. 1998,
    section V.)
    """
    parts: dict[tuple[int, ...], list[int]] = {}
    for i, candidate in enumerate(candidates):
        if candidate.seams >= 0:
            parts.setdefault(candidate.component, []).append(i)
    score = np.log(np.maximum(confidence, UNEXPLAINED)).tolist()
    division = math.log(worth_of_parts(candidates, confidence))
    covers = {component: _cover(component, found, candidates, score, division) for component, found in parts.items()}
    area = {component: max(candidates[i].area for i in found) for component, found in parts.items()}
    high = {component: max(candidates[i].box[3] for i in found) for component, found in parts.items()}
    owner = {piece: component for component in parts for piece in component}
    gain = {}
    for i, candidate in enumerate(candidates):
        if candidate.seams < 0 and confidence[i] > 0.5:  # else no digit is likely, and one of them may be one
            apart = {owner[piece] for piece in candidate.pieces if piece in owner}
            if any(covers[c][0] > math.log(1 - DIVISION_COST) and TALL * high[c] < candidate.box[3] for c in apart):
                continue
            rest = candidate.area - sum(area[component] for component in apart)
            before = sum(area[component] * covers[component][0] for component in apart)
            heights = [high[component] for component in apart]
            if heights and min(heights) < ALIKE * max(heights):
                before += candidate.area * math.log(1 - DIVISION_COST)
            gain[i] = candidate.area * score[i] - before - rest * math.log(UNEXPLAINED)
    taken = _disjoint({i: value for i, value in gain.items() if value > 0}, candidates)
    chosen = dict.fromkeys(taken, 1.0)
    joined = {piece for i in taken for piece in candidates[i].pieces}
    for component, (_, cover, belief) in covers.items():
        if joined.isdisjoint(component):
            chosen |= dict.fromkeys(cover, belief)
    return chosen


def worth_of_parts(candidates: list[Candidate], confidence: np.ndarray) -> float:
    """What of the confidence in its parts is left to a component that is taken apart: 1 - DIVISION_COST or less.

    The wider apart somebody writes, the fewer digits touch: as many as exp(-gap), the median gap from a digit to the
    next one on its right, in heights. One gap of 0 is added (Laplace), so where few are known they tell less.
    """
    sure = [c.box for c, p in zip(candidates, confidence.tolist(), strict=True) if c.seams == 0 and p > SURE]
    x, y, w, h = np.array(sure, float).reshape(-1, 4).T[:, :, None]
    middle = y + h / 2
    beside = (x + w / 2 < x.T) & (abs(middle.T - middle) < h / 2)
    beside &= np.minimum(h.T, h) > SAME_HAND * np.maximum(h.T, h)
    gaps = np.where(beside, (x.T - x - w) / h, np.inf).min(1, initial=np.inf)
    gap = np.median([0.0, *gaps[np.isfinite(gaps)].tolist()])
    return (1 - DIVISION_COST) * math.exp(-max(0.0, float(gap)))


def _cover(
    component: tuple[int, ...], found: list[int], candidates: list[Candidate], score: list[float], division: float
) -> tuple[float, list[int], float]:
    """The best division of a component into runs of its pieces: its mean score, its candidates, and the belief in it.

    A run that is no candidate is a part that nothing explains: digits that touch leave nothing over. Each part is
    evidence that all of them are digits, or none: their odds are multiplied (naive Bayes). Where none is likelier, the
    component stays whole, so that a sign counts once among its neighbours.
    division: what is added to the score of a component that is taken apart.
    """
    first = component[0]
    run = {(candidates[i].pieces[0] - first, candidates[i].pieces[-1] + 1 - first): i for i in found}
    best: list[dict[int, tuple[float, list[int]]]] = [{0: (0.0, [])}]  # up to each piece: by the number of parts
    for end in range(1, len(component) + 1):
        covers: dict[int, tuple[float, list[int]]] = {}
        for begin in range(end):
            i = run.get((begin, end))
            value, own = (math.log(UNEXPLAINED), []) if i is None else (score[i], [i])
            for parts, (before, chosen) in best[begin].items():
                if parts + 1 not in covers or before + value > covers[parts + 1][0]:
                    covers[parts + 1] = before + value, chosen + own
        best.append(covers)
    worth = {n: total / n + (n > 1) * division for n, (total, _) in best[-1].items()}
    parts = max(worth, key=worth.__getitem__)
    chosen, whole = best[-1][parts][1], best[-1][1][1]
    if parts == 1:
        return worth[1], whole, 1.0
    odds = (1 / UNEXPLAINED - 1) ** (parts - len(chosen))  # against
    odds *= math.prod(math.exp(-score[i]) - 1 for i in chosen)
    if odds > 1 and whole:
        return worth[1], whole, 1.0
    return worth[parts], chosen, 1 / (1 + odds)


def _disjoint(value: dict[int, float], candidates: list[Candidate]) -> list[int]:
    """Candidates that share no piece, of the largest value together; of many that hang together, the largest first."""
    holders: dict[int, list[int]] = {}
    for i in value:
        for piece in candidates[i].pieces:
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
    cluster: set[int], holders: dict[int, list[int]], candidates: list[Candidate], value: dict[int, float]
) -> list[int]:
    """Candidates that exclude one another nowhere, of the largest value together."""
    return _best(tuple(sorted(cluster)), holders, candidates, value, {(): (0.0, [])})[1]


def _best(
    pieces: tuple[int, ...],
    holders: dict[int, list[int]],
    candidates: list[Candidate],
    value: dict[int, float],
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
    cluster: set[int], holders: dict[int, list[int]], candidates: list[Candidate], value: dict[int, float]
) -> list[int]:
    """The candidate of the largest value, then the next that shares no piece with it, and so on."""
    chosen: list[int] = []
    used: set[int] = set()
    for i in sorted({i for piece in cluster for i in holders[piece]}, key=lambda i: -value[i]):
        if used.isdisjoint(candidates[i].pieces):
            chosen.append(i)
            used.update(candidates[i].pieces)
    return chosen


def believe(digits: list[Digit], candidates: list[Candidate]) -> list[Digit]:
    """Digits with their confidence weighed by how clear their ink is and what company they keep.

    Anything long and thin looks like a 1 to the network: one without other digits beside it has to be a whole stroke of
    clear ink. It does not go on beyond its ends and is no sheet's edge. Nor does any digit go on that has no company on
    its surface, nor is one an edge that has none at all. The more of what is near, as high and on the same surface are
    digits, the likelier is one more: its odds are multiplied by theirs, one digit and one that is none added (Laplace's
    rule of succession). The more digits keep company, and the fewer of them are near, the less likely is one that has
    none on its surface and is like none of them in height, or lies where none of them does, or both. And no digit has
    others inside.
    """
    x, y, height = middles(digits)
    left, top, wide, high = np.array([digit.box for digit in digits], float).reshape(-1, 4).T[:, :, None]
    own = np.array([digit.confidence for digit in digits])
    lines = np.array([c.rim > GOES_ON or c.on_line > ON_EDGE for c in candidates], bool)
    sure = (own > SURE) & ~lines
    encloses = (left < x) & (x < left + wide) & (top < y) & (y < top + high) & (height < 0.7 * high)
    taller = np.maximum(height[:, None], height)
    like = np.minimum(height[:, None], height) > SAME_HAND * taller
    surface = np.array([candidate.surface for candidate in candidates])
    together = surface[:, None] == surface
    near = like & (np.abs(y[:, None] - y) < 2 * taller) & (np.abs(x[:, None] - x) < 5 * taller)
    np.fill_diagonal(near, False)
    near_there, beside = near & together, near & sure
    odds = (near_there @ own + 1) / (near_there @ (1 - own) + 1)
    ones = np.array([digit.digit == 1 for digit in digits], bool)
    company, others = beside.sum(1), (beside & ~ones).sum(1)
    company_there = (beside & together).any(1)
    kept = sure & company_there
    unlike = 2 - (kept & like).any(1) - (kept & together).any(1)
    stray_odds = np.minimum(1, (1 + company) / (1 + kept.sum())) ** unlike
    believed = []
    for i, (digit, candidate) in enumerate(zip(digits, candidates, strict=True)):
        alone = ones[i] and not others[i]
        clear = CLEAR_ALONE if alone else CLEAR
        confidence = digit.confidence * (1 - math.exp(-candidate.clarity / clear))
        if not alone and candidate.on_edge <= ON_EDGE:
            confidence = weighed(confidence, odds[i])
        if not company_there[i]:
            confidence = weighed(confidence, stray_odds[i])
        if candidate.rim > GOES_ON and (ones[i] or not company_there[i]):
            confidence *= max(0.0, 1 - candidate.rim)
        on_line = max((ones[i] or not company[i]) * candidate.on_edge, ones[i] * candidate.on_rule)
        if on_line > ON_EDGE:
            confidence *= 1 - on_line
        believed.append(confidence)
    inside = (encloses & (np.array(believed) > SURE)).sum(1).tolist()
    return [digit._replace(confidence=p / (1 + n)) for digit, p, n in zip(digits, believed, inside, strict=True)]


def weighed(probability: float, odds: float) -> float:
    """A probability with its odds multiplied; 0 to 1."""
    return probability * odds / (probability * odds + 1 - probability)
