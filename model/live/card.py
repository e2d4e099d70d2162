"""Why? A card about one digit: its crop, the network's ten probabilities, and what it looks like most."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from ..vision.reading import Classify
from ..vision.rows import Digit
from ..vision.segment import Box
from . import view
from .overlay import BOLD, FONT, PLAIN, WHITE, bar_height, darken

WIDTH, HEIGHT, SHORT = 24, 21, 16.5  # of the card, and of one without look-alikes, in heights of its text
ALIKE = 6  # training digits shown
SEARCH_SECONDS = 1.0  # between two searches, while the digit moves
APART = 0.05  # from this difference on, the card says why a digit's confidence is not what the network says

QUIET, BAR, RIGHT, OTHER = (170, 170, 170), (110, 110, 110), (235, 160, 70), (70, 165, 255)  # BGR


class LookAlike(NamedTuple):
    picture: np.ndarray  # (28, 28) uint8, 255 ink
    label: int


Search = Callable[[np.ndarray], Future[list[LookAlike]]]


def searching(load: Callable[[], tuple[np.ndarray, np.ndarray] | None]) -> Search:
    """Searches in the background, one at a time: crop (28, 28) 0 to 1 -> the training digits most like it, best first.

    load: training digits (n, 28, 28) uint8 and their labels, or None; called once, at the first search.
    """
    worker = ThreadPoolExecutor(1)

    @cache
    def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        loaded = load()
        return loaded and (*loaded, _features(loaded[0]))

    def search(crop: np.ndarray) -> list[LookAlike]:
        if digits() is None:
            return []
        pictures, labels, features = digits()
        alike = features @ _features(np.rint(255 * crop[None]).astype(np.uint8))[0]
        return [LookAlike(pictures[i], int(labels[i])) for i in np.argsort(-alike)[:ALIKE]]

    return lambda crop: worker.submit(search, crop)


def _features(pictures: np.ndarray) -> np.ndarray:
    """Pictures (n, 28, 28) uint8 at half the size, as vectors of length 1: (n, 196). Their products are likenesses.

    Half the size is four times as fast, and forgives a stroke that lies a pixel aside.
    """
    small = pictures.reshape(-1, 14, 2, 14, 2).sum((2, 4), dtype=np.uint16).reshape(-1, 196).astype(np.float32)
    return small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1)


class Card:
    """What is known of one digit. In a video it goes along with the digit."""

    def __init__(self, digit: Digit, classify: Classify, search: Search) -> None:
        self.classify, self.search = classify, search
        self.found: list[LookAlike] | None = None  # None until the first search is done
        self.running: Future[list[LookAlike]] | None = None
        self.next_search = 0.0
        self.show(digit)

    def show(self, digit: Digit) -> None:
        """The digit as the newest frame has it."""
        self.digit = digit
        self.probabilities = self.classify(digit.crop[None])[0]
        if self.running is None and time.monotonic() >= self.next_search:
            self.running, self.next_search = self.search(digit.crop), time.monotonic() + SEARCH_SECONDS

    def look_alikes(self) -> list[LookAlike] | None:
        if self.running and self.running.done():
            self.running, self.found = None, [] if self.running.exception() else self.running.result()
        return self.found

    def lines(self, min_confidence: float) -> list[str]:
        """What the card says below the bars."""
        digit, confidence = self.digit.digit, self.digit.confidence
        said = [f"{digit}, {confidence:.0%}" + (" sure" if confidence >= min_confidence else ": not believed")]
        if self.probabilities.argmax() != digit:
            said.append("the last frames say so, most of them")
        elif abs(self.probabilities[digit] - confidence) > APART:
            said.append("its ink, its neighbours, its last frames count too")
        return said

    def draw(self, canvas: np.ndarray, place: view.Fit, digits: list[Digit], min_confidence: float) -> None:
        """The card where it hides the least of the digits, and a frame round the one that it is about."""
        height, width = canvas.shape[:2]
        mine, boxes = place.box(self.digit.box), [place.box(digit.box) for digit in digits]
        view.mark_lesson(canvas, mine, chosen=True, taught=None)
        top, bottom = bar_height(width), place.strip[1] if place.strip[3] else height
        if place.strip[3] > bottom - top:  # a tall window: there is more room below the numbers
            top, bottom = height - place.strip[3] // 2, height
        u = int(min(place.unit, width / WIDTH, (bottom - top) / HEIGHT))
        found = self.look_alikes()
        w, h = WIDTH * u, round(u * (HEIGHT if found != [] else SHORT))
        middle = (top + bottom - h) // 2
        spots = [(x, middle) for x in sorted((0, width - w), key=lambda x: -abs(x + w / 2 - mine[0]))]
        spots += [((width - w) // 2, top), ((width - w) // 2, bottom - h)]

        def hidden(spot: tuple[int, int]) -> tuple[int, int]:
            return _common((*spot, w, h), mine), sum(_common((*spot, w, h), box) for box in boxes)

        x, y = min(spots, key=hidden)
        darken(canvas[y : y + h, x : x + w], 0.1)
        _put(canvas, 255 - np.rint(255 * self.digit.crop), x + u, y + u, 10 * u)
        top = self.probabilities.argmax()
        for i, share in enumerate(self.probabilities.tolist()):
            base = y + u * (i + 2)
            low = base - round(0.15 * u)
            colour = RIGHT if i == top else BAR
            cv2.rectangle(canvas, (x + 13 * u, base - round(0.75 * u), max(1, round(7 * u * share)), round(0.6 * u)),
                          colour, -1)  # fmt: skip
            text = WHITE if i == top else QUIET
            cv2.putText(canvas, str(i), (x + 12 * u, low), text, FONT, round(0.85 * u), PLAIN)
            if share >= 0.005:
                cv2.putText(canvas, f"{share:.0%}", (x + round(20.4 * u), low), text, FONT, round(0.8 * u), PLAIN)
        first, *more = self.lines(min_confidence)
        cv2.putText(canvas, first, (x + u, y + round(12.6 * u)), WHITE, FONT, round(1.2 * u), BOLD)
        for line in more:
            cv2.putText(canvas, line, (x + u, y + round(13.9 * u)), QUIET, FONT, round(0.85 * u), PLAIN)
        caption = "looking for look-alikes" if found is None else "most like it among the training digits"
        if found == []:
            caption = "no training digits here to compare with"
        cv2.putText(canvas, caption, (x + u, y + round(15.6 * u)), QUIET, FONT, round(0.85 * u), PLAIN)
        for i, alike in enumerate(found or []):
            across = x + u + round(3.7 * u * i)
            _put(canvas, 255 - alike.picture, across, y + 16 * u, round(3.4 * u))
            colour = RIGHT if alike.label == self.digit.digit else OTHER
            cv2.putText(canvas, str(alike.label), (across + round(1.4 * u), y + round(20.5 * u)), colour, FONT, u, BOLD)


def _common(a: Box, b: Box) -> int:
    """The area that two boxes share."""
    w, h = (min(a[i] + a[i + 2], b[i] + b[i + 2]) - max(a[i], b[i]) for i in (0, 1))
    return max(0, w) * max(0, h)


def _put(canvas: np.ndarray, picture: np.ndarray, x: int, y: int, side: int) -> None:
    """A grey picture (28, 28), enlarged to a square."""
    large = cv2.resize(picture.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
    canvas[y : y + side, x : x + side] = large[..., None]
