"""Teaching: digits of the user's own hand, as 28x28 PNG pictures in handwriting/<digit>/."""

from pathlib import Path

import numpy as np

from .. import handwriting
from ..vision.reading import Reading
from . import view


class Lesson:
    """The digits of one frozen frame, to be told what they are."""

    def __init__(self, seen: Reading, folder: Path, history: list[Path]) -> None:
        """history: the files of this session, newest last, so that a later lesson can undo too."""
        self.digits = [*seen.digits, *sorted(seen.doubtful, key=lambda digit: digit.box[0])]
        self.folder, self.history = folder, history
        self.chosen: int | None = None
        self.taught: dict[int, tuple[int, Path]] = {}

    def choose_next(self) -> None:
        if self.digits:
            self.chosen = 0 if self.chosen is None else (self.chosen + 1) % len(self.digits)

    def choose_at(self, x: float, y: float) -> None:
        """Choose the digit nearest to a point of the frame, if it is in its box or close by."""

        def distance(i: int) -> float:
            left, top, w, h = self.digits[i].box
            return max(left - x, x - left - w, top - y, y - top - h, 0) / max(w, h)

        nearest = min(range(len(self.digits)), key=distance, default=None)
        self.chosen = nearest if nearest is not None and distance(nearest) < 0.5 else None

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
            view.mark_lesson(canvas, place.box(digit.box), i == self.chosen, taught)
