"""Teaching: digits of the user's own hand, as 28x28 PNG pictures in handwriting/<digit>/."""

from pathlib import Path

import numpy as np

from .. import handwriting
from ..vision import candidates
from ..vision.reading import Classify, Reading
from ..vision.rows import Digit
from ..vision.segment import Box
from ..vision.turn import turned, turned_box
from . import picking, view


class Lesson:
    """The digits of one frozen frame, to be told what they are."""

    def __init__(self, seen: Reading, folder: Path, history: list[Path]) -> None:
        """history: the files of this session, newest last, so that a later lesson can undo too."""
        self.digits, self.turn = picking.in_reading_order(seen), seen.turn
        self.boxed = len(self.digits)  # so many have a box already; those dragged come after them
        self.folder, self.history = folder, history
        self.chosen: int | None = None
        self.taught: dict[int, tuple[int, Path]] = {}

    def choose_next(self) -> None:
        if self.digits:
            self.chosen = 0 if self.chosen is None else (self.chosen + 1) % len(self.digits)

    def choose_at(self, x: float, y: float) -> None:
        self.chosen = picking.nearest(self.digits, x, y)

    def add(self, picture: np.ndarray, box: Box, classify: Classify) -> str:
        """Choose the ink in a box of the frame as a digit that was not found there. What to tell the user."""
        upright, (height, width) = turned(picture, self.turn), picture.shape[:2]
        candidate = candidates.in_box(upright, turned_box(box, self.turn, (width, height)))
        if candidate is None:
            return "there is no ink in that box"
        probabilities = classify(candidate.crop[None])[0]
        found = turned_box(candidate.box, -self.turn, upright.shape[1::-1])
        digit = Digit(int(probabilities.argmax()), float(probabilities.max()), found, candidate.crop)
        self.digits.append(digit)
        self.chosen = len(self.digits) - 1
        return "type what it is"

    def teach(self, digit: int) -> str:
        """Keep the chosen digit under that label, in place of what it was taught as before. What to tell the user."""
        if self.chosen is None:
            return "click a digit first, or Tab to it"
        path = handwriting.keep(self.folder, digit, self.digits[self.chosen].crop)
        if self.chosen in self.taught:
            self._forget(self.taught[self.chosen][1])
        self.taught[self.chosen] = digit, path
        self.history.append(path)
        return f"kept as {digit}: {path.absolute()}"

    def undo(self) -> str:
        if not self.history:
            return "nothing to undo"
        path = self.history[-1]
        self._forget(path)
        return f"removed {path.absolute()}"

    def _forget(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.history.remove(path)
        self.taught = {i: lesson for i, lesson in self.taught.items() if lesson[1] != path}

    def draw(self, canvas: np.ndarray, place: view.Fit) -> None:
        for i, digit in enumerate(self.digits):
            taught = self.taught[i][0] if i in self.taught else None
            view.mark_lesson(canvas, place.box(digit.box), i == self.chosen, taught, boxed=i < self.boxed)
