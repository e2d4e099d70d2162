"""Readings of frame after frame to digits that stay: steady boxes, steady labels, an id for each."""

import math
from itertools import pairwise

import cv2
import numpy as np

from .choice import weighed
from .reading import Reading
from .rows import Digit
from .turn import ordered

MEMORY_SECONDS = 0.6  # after which what a frame said about a digit counts a third (1/e) of what the newest one says
SIGHTINGS = 2  # a digit shows when it was seen as often,
GRACE_SECONDS = 0.5  # and goes when it was missing for so many seconds
# By what the odds of a limit are divided for what was above it, so that digits and spaces do not come and go: 0.65
# becomes 0.53. A space comes as it goes: above 0.62, below 0.38.
STEADY = 5 / 3
MISSING = 0.25  # that a frame counts in which a digit is not found: it may be blurred; texture is lost more often
ROW_SECONDS = 0.5  # that rows have to be others before they are shown so
MAX_TRACKS = 200  # digits followed at once; beyond that it is noise


def number(seen: Reading) -> Reading:
    """A single picture's reading with ids from 0 in reading order; nothing is smoothed."""
    ids = iter(range(len(seen.digits) + len(seen.doubtful)))
    rows = [[digit._replace(id=next(ids)) for digit in row] for row in seen.rows]
    return seen._replace(rows=rows, doubtful=[digit._replace(id=next(ids)) for digit in seen.doubtful])


class _Track:
    def __init__(self, digit: Digit, seconds: float) -> None:
        self.id: int | None = None
        self.box = np.array(digit.box, np.float64)  # x, y, width, height
        self.votes, self.frames = np.zeros(10), 0.0  # confidence in each label, and of how many frames; older ones fade
        self.begins = 0.0  # frames in which a number begins with it; older ones fade
        self.sightings = self.missed = 0
        self.believed = self.apart = False
        self.seconds = seconds
        self.see(digit, seconds)

    def see(self, digit: Digit, seconds: float) -> None:
        self.box = (self.box + digit.box) / 2  # half of the way: calm, and at rest within a few frames
        fade = math.exp((self.seconds - seconds) / MEMORY_SECONDS)
        self.votes *= fade
        self.votes[digit.digit] += digit.confidence
        self.frames = self.frames * fade + 1
        self.begins = self.begins * fade + digit.apart
        self.label = int(self.votes.argmax())
        self.crop = digit.crop
        self.sightings += 1
        self.missed = 0
        self.seconds = seconds

    def shown(self, min_confidence: float) -> Digit:
        """The digit by the last frames: each one's vote for a label weighs as much as its confidence.

        It is believed from the limit on, as in a single picture, and stays so while it is a little less sure, and
        while its label changes.
        """
        confidence, in_any_label = float(self.votes[self.label] / self.frames), self.votes.sum() / self.frames
        stays = self.believed and in_any_label >= weighed(min_confidence, 1 / STEADY)
        self.believed = bool(confidence >= min_confidence or stays)
        self.apart = self.begins / self.frames >= weighed(0.5, 1 / STEADY if self.apart else STEADY)
        box = tuple(self.box.round().astype(int).clip(0).tolist())
        return Digit(self.label, confidence, box, self.crop, self.id, self.apart)


class Tracker:
    """Follows the digits of one video or camera."""

    def __init__(self, min_confidence: float) -> None:
        self.min_confidence = min_confidence
        self.tracks: list[_Track] = []
        self.shift = np.zeros(2)  # of all digits together, from the last frame to this one
        self.next_id = 0
        self.turn = 0
        self.rows: list[list[int]] = []  # ids as they were shown last
        self.agreed = 0.0  # seconds, when a frame's own rows were those last

    def update(self, seen: Reading, seconds: float) -> Reading:
        """The next frame's reading, made steady. seconds: the frame's time."""
        if seen.turn != self.turn:  # the digits are others
            self.tracks, self.turn = [], seen.turn
        digits = sorted([*seen.digits, *seen.doubtful], key=lambda digit: -digit.confidence)[:MAX_TRACKS]
        pairs = self._match(digits)
        for i, track in enumerate(self.tracks):
            if i in pairs:
                track.see(digits[pairs[i]], seconds)
            else:
                track.missed += 1
                track.frames += MISSING
        taken = set(pairs.values())
        fresh = [_Track(digit, seconds) for j, digit in enumerate(digits) if j not in taken]
        self.tracks = [t for t in self.tracks if not self._gone(t, seconds, fresh)] + fresh
        return self._shown(seen, seconds)

    def _gone(self, track: _Track, seconds: float, fresh: list[_Track]) -> bool:
        if not track.missed:
            return False
        late = track.missed > 1 and seconds - track.seconds > GRACE_SECONDS
        return late or track.sightings < SIGHTINGS or any(_overlap(track.box, other.box) > 0.3 for other in fresh)

    def _shown(self, seen: Reading, seconds: float) -> Reading:
        believed, doubtful = {}, []
        for track in self.tracks:
            if track.sightings < SIGHTINGS:
                continue
            if track.id is None:
                track.id, self.next_id = self.next_id, self.next_id + 1
            digit = track.shown(self.min_confidence)
            if track.believed:
                believed[track.id] = digit
            else:
                doubtful.append(digit)
        rows = [[digit.id for digit in row] for row in ordered(list(believed.values()), seen.turn)]
        self._arrange(rows, seconds)
        return seen._replace(rows=[[believed[i] for i in row] for row in self.rows], doubtful=doubtful)

    def _arrange(self, rows: list[list[int]], seconds: float) -> None:
        """Take over a frame's own rows of ids. Where they part or join those shown before, these stay for a while."""
        now, before = set().union(*rows), set().union(*self.rows)
        kept = _only(now, self.rows)
        if kept == _only(before, rows) or seconds - self.agreed > ROW_SECONDS:
            self.rows, self.agreed = rows, seconds
            return
        self.rows, below = kept, 0
        for row in rows:  # newcomers stand beside their neighbours
            known = [i for i in row if i in before]
            if not known:
                self.rows.insert(below, row)
            for left, new in pairwise([None, *row] if known else []):
                if new not in before:
                    home = self._row_of(known[0] if left is None else left)
                    home.insert(0 if left is None else home.index(left) + 1, new)
            below = self.rows.index(self._row_of(row[-1])) + 1

    def _row_of(self, digit: int) -> list[int]:
        return next(row for row in self.rows if digit in row)

    def _match(self, digits: list[Digit]) -> dict[int, int]:
        """Which track is which digit: {index of the track: index of the digit}.

        First how far all of them moved together, then each track takes the nearest digit that is left.
        """
        if not self.tracks or not digits:
            return {}
        boxes = np.array([digit.box for digit in digits], np.float64)
        tracks = np.array([track.box for track in self.tracks])
        moves = _centres(boxes)[None] - _centres(tracks)[:, None]  # (tracks, digits, 2)
        labels = np.array([track.label for track in self.tracks])
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


def _only(ids: set[int], rows: list[list[int]]) -> list[list[int]]:
    """The rows without other ids."""
    return [row for row in ([i for i in row if i in ids] for row in rows) if row]


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
