"""Readings of frame after frame to digits that stay: steady boxes, steady labels, an id for each."""

from collections import deque

import cv2
import numpy as np

from .reading import Reading
from .rows import Digit, order

VOTES = 9  # frames that decide on a digit's label
SIGHTINGS = 2  # a digit shows when it was seen as often,
GRACE_SECONDS = 0.35  # and goes when it was missing for so many seconds
RETURN_MARGIN = 0.1  # confidence above the limit that a digit needs once it was doubted: it does not come and go
MAX_TRACKS = 200  # digits followed at once; beyond that it is noise


def number(seen: Reading) -> Reading:
    """A single picture's reading with ids from 0 in reading order; nothing is smoothed."""
    ids = iter(range(len(seen.digits) + len(seen.doubtful)))
    rows = [[digit._replace(id=next(ids)) for digit in row] for row in seen.rows]
    return Reading(rows, [digit._replace(id=next(ids)) for digit in seen.doubtful], seen.mask)


class _Track:
    def __init__(self, digit: Digit, place: tuple[int, int] | None, seconds: float) -> None:
        self.id: int | None = None
        self.box = np.array(digit.box, np.float64)  # x, y, width, height
        self.votes: deque[tuple[int, float, bool, bool]] = deque(maxlen=VOTES)
        self.sightings = self.missed = 0
        self.doubted = False
        self.see(digit, place, seconds)

    def see(self, digit: Digit, place: tuple[int, int] | None, seconds: float) -> None:
        """place: row and column in the frame's reading; None for what was doubtful."""
        self.box = (self.box + digit.box) / 2  # half of the way: calm, and at rest within a few frames
        self.place = place
        self.votes.append((digit.digit, digit.confidence, place is not None, digit.apart))
        self.vote = self.count()
        self.crop = digit.crop
        self.sightings += 1
        self.missed = 0
        self.seconds = seconds

    def miss(self) -> None:
        self.place = None
        self.missed += 1

    def count(self) -> tuple[int, float, bool, bool]:
        """Label, confidence, belief, apart, by the last frames: for labels a vote weighs as much as its confidence."""
        weights = [0.0] * 10
        for digit, confidence, *_ in self.votes:
            weights[digit] += confidence
        winner = max(range(10), key=weights.__getitem__)
        believed, apart = (sum(vote[i] for vote in self.votes) for i in (2, 3))
        return winner, weights[winner] / len(self.votes), 2 * believed >= len(self.votes), 2 * apart > believed


class Tracker:
    """Follows the digits of one video or camera."""

    def __init__(self, min_confidence: float) -> None:
        self.min_confidence = min_confidence
        self.tracks: list[_Track] = []
        self.shift = np.zeros(2)  # of all digits together, from the last frame to this one
        self.next_id = 0

    def update(self, seen: Reading, seconds: float) -> Reading:
        """The next frame's reading, made steady. seconds: the frame's time."""
        places = [(digit, (y, x)) for y, row in enumerate(seen.rows) for x, digit in enumerate(row)]
        places += [(digit, None) for digit in seen.doubtful]
        places = sorted(places, key=lambda place: -place[0].confidence)[:MAX_TRACKS]
        pairs = self._match([digit for digit, _ in places])
        for i, track in enumerate(self.tracks):
            if i in pairs:
                track.see(*places[pairs[i]], seconds)
            else:
                track.miss()
        taken = set(pairs.values())
        fresh = [_Track(*place, seconds) for j, place in enumerate(places) if j not in taken]
        self.tracks = [t for t in self.tracks if not self._gone(t, seconds, fresh)] + fresh
        return self._shown(seen.mask)

    def _gone(self, track: _Track, seconds: float, fresh: list[_Track]) -> bool:
        if not track.missed:
            return False
        late = track.missed > 1 and seconds - track.seconds > GRACE_SECONDS
        return late or track.sightings < SIGHTINGS or any(_overlap(track.box, other.box) > 0.3 for other in fresh)

    def _shown(self, mask: np.ndarray) -> Reading:
        believed, places, doubtful = [], [], []
        tracks = [track for track in self.tracks if track.sightings >= SIGHTINGS]
        boxes = np.array([track.box for track in tracks]).reshape(-1, 4).round().astype(int).clip(0).tolist()
        for track, box in zip(tracks, boxes, strict=True):
            if track.id is None:
                track.id, self.next_id = self.next_id, self.next_id + 1
            digit, confidence, belief, apart = track.vote
            shown = Digit(digit, confidence, tuple(box), track.crop, track.id, apart)
            track.doubted = not belief or confidence < self.min_confidence + RETURN_MARGIN * track.doubted
            if not track.doubted:
                believed.append(shown)
                places.append(track.place)
            else:
                doubtful.append(shown)
        if None in places:  # one that this frame's reading lacks
            return Reading(order(believed), doubtful, mask)
        rows = {}
        for place, shown in sorted(zip(places, believed, strict=True)):
            rows.setdefault(place[0], []).append(shown)
        return Reading(list(rows.values()), doubtful, mask)

    def _match(self, digits: list[Digit]) -> dict[int, int]:
        """Which track is which digit: {index of the track: index of the digit}.

        First how far all of them moved together, then each track takes the nearest digit that is left.
        """
        if not self.tracks or not digits:
            return {}
        boxes = np.array([digit.box for digit in digits], np.float64)
        tracks = np.array([track.box for track in self.tracks])
        moves = _centres(boxes)[None] - _centres(tracks)[:, None]  # (tracks, digits, 2)
        labels = np.array([track.vote[0] for track in self.tracks])
        alike = labels[:, None] == np.array([digit.digit for digit in digits])
        size = float(np.median(tracks[:, 2:].max(axis=1)))
        self.shift = _common_move(moves / size, np.where(alike, 1.0, 0.3), self.shift / size) * size
        for track in self.tracks:
            track.box[:2] += self.shift
        larger = np.maximum(tracks[:, None, 2:].max(axis=2), boxes[None, :, 2:].max(axis=2))
        smaller = np.minimum(tracks[:, None, 2:].max(axis=2), boxes[None, :, 2:].max(axis=2))
        cost = np.linalg.norm(moves - self.shift, axis=2) / np.maximum(smaller, 1) + np.where(alike, 0, 0.15)
        cost[larger > 2 * smaller] = np.inf
        pairs: dict[int, int] = {}
        taken: set[int] = set()
        near = np.argwhere(cost < 0.75)
        for i, j in near[np.argsort(cost[near[:, 0], near[:, 1]])].tolist():
            if i not in pairs and j not in taken:
                pairs[i] = j
                taken.add(j)
        return pairs


def _common_move(moves: np.ndarray, weights: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The move that most tracks share: a vote in bins of a sixth of a digit, then the median. All in digit sizes.

    moves: (tracks, digits, 2), every move there could be; weights: (tracks, digits); last: (2,), which
    draws the choice towards itself where a row of like digits leaves it open.
    """
    weights = weights * np.exp(-((moves - last) ** 2).sum(axis=2) / 8)
    reach, fine = 6, 6  # digits to each side, bins a digit
    width = 2 * reach * fine + 1
    bins = np.rint((moves + reach) * fine).astype(int)
    near = ((bins > 0) & (bins < width - 1)).all(axis=2)
    grid = np.bincount(bins[near] @ [1, width], weights[near], width * width).reshape(width, width)
    grid = cv2.boxFilter(grid, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    y, x = divmod(int(grid.argmax()), width)
    if grid[y, x] < 0.25 * min(weights.shape):
        return np.zeros(2)
    off = np.linalg.norm(moves - np.array([x, y]) / fine + reach, axis=2)
    rows, nearest = np.arange(len(off)), off.argmin(axis=1)
    agree = off[rows, nearest] < 0.35
    return np.median(moves[rows[agree], nearest[agree]], axis=0) if agree.any() else np.zeros(2)


def _centres(boxes: np.ndarray) -> np.ndarray:
    return boxes[:, :2] + boxes[:, 2:] / 2


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes (x, y, width, height)."""
    sides = np.minimum(a[:2] + a[2:], b[:2] + b[2:]) - np.maximum(a[:2], b[:2])
    common = float(np.clip(sides, 0, None).prod())
    return common / max(float(a[2:].prod() + b[2:].prod()) - common, 1e-9)
