"""How much of what is written the labels cover: the share of the believed digits' ink, boxes aside.

    python tests/bench_marks.py

Drawn sheets with 1, 24 and 100 digits and five seconds of the demo, in windows of three sizes each. Of the demo also
how often a label changes its place while its digit stays in sight.
"""

import sys
from itertools import islice
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from model import network, weights  # noqa: I001 - first: it keeps libraries quiet
from model.live import demo, labels, view
from model.vision import reading, tracking

import cv2
import numpy as np
import sheets

SIZES = (640, 360), (1280, 720), (400, 900)
SECONDS = 5


def main() -> None:
    classify = network.classifier(weights.SHIPPED)
    print(f"{'ink that labels cover':34}" + "".join(f"{f'{w}x{h}':>10}" for w, h in SIZES))
    for title, page in pages().items():
        seen = tracking.number(reading.read(page, classify))
        shares = [covered(page, seen, size) for size in SIZES]
        print(f"{f'{title} ({len(seen.digits)} read)':34}" + "".join(f"{100 * share:9.1f}%" for share in shares))
    tracker = tracking.Tracker(reading.MIN_CONFIDENCE)
    frames = list(islice(demo.frames(), 30 * SECONDS))
    film = [(f, tracker.update(reading.read(f, classify), i / 30)) for i, f in enumerate(frames)]
    for name, worst in (("demo, mean", np.mean), ("demo, worst frame", max)):
        shares = [worst([covered(frame, seen, size, {}) for frame, seen in film[5::5]]) for size in SIZES]
        print(f"{name:34}" + "".join(f"{100 * share:9.1f}%" for share in shares))
    print(f"{'demo, moves of labels a second':34}" + "".join(f"{moves(film, size) / SECONDS:10.1f}" for size in SIZES))


def pages() -> dict[str, np.ndarray]:
    """Sheets by what is on them, (720, 1280, 3) uint8 BGR each."""
    digits = "3141592653589793238462643383279502884197169399375105820974944592307816406286208998628034825342117067"
    rows = [digits[i : i + 20] for i in range(0, 100, 20)]
    light = {"shadow": 0.3, "noise": 0.3}
    return {
        "1 digit": sheets.sheet(2, ["7"], pen="marker", height=120, **light).picture,
        "24 digits": sheets.sheet(1, [digits[i : i + 8] for i in (0, 8, 16)], pen="marker", **light).picture,
        "24 digits, close": sheets.sheet(4, [digits[i : i + 4] for i in range(0, 24, 4)], height=66, **light).picture,
        "24 digits, tilted": sheets.sheet(7, [digits[i : i + 6] for i in range(0, 24, 6)], tilt=0.6, **light).picture,
        "100 digits": sheets.sheet(3, rows, height=36, **light).picture,
        "100 digits, close": sheets.sheet(3, [digits[i : i + 10] for i in range(0, 100, 10)], height=36).picture,
    }


def covered(
    picture: np.ndarray, seen: reading.Reading, size: tuple[int, int], spots: dict[int, labels.Spot] | None = None
) -> float:
    """The share of the ink in believed digits' boxes, as it is on a canvas of that size, that labels cover."""
    drawn = view.draw(picture, seen, size, bar=True, spots=spots)
    with mock.patch.object(labels, "place", lambda *_: []):
        bare = view.draw(picture, seen, size, bar=True)
    place = view.fit(picture, size, bar=True)
    height, width = picture.shape[:2]
    mask = cv2.resize(seen.mask, (width, height), interpolation=cv2.INTER_NEAREST)
    ink = np.zeros_like(mask)
    for x, y, w, h in (digit.box for digit in seen.digits):
        ink[y : y + h, x : x + w] = mask[y : y + h, x : x + w]
    x, y, w, h = place.box((0, 0, width, height))
    ink = cv2.resize(ink, (w, h), interpolation=cv2.INTER_NEAREST) > 0
    changed = (drawn != bare).any(2)[y : y + h, x : x + w]
    return float((changed & ink).sum() / max(1, ink.sum()))


def moves(film: list[tuple[np.ndarray, reading.Reading]], size: tuple[int, int]) -> int:
    spots: dict[int, labels.Spot] = {}
    count = 0
    for frame, seen in film:
        before = {i: spot.place for i, spot in spots.items()}
        view.draw(frame, seen, size, bar=True, spots=spots)
        count += sum(before.get(i, spot.place) != spot.place for i, spot in spots.items())
    return count


if __name__ == "__main__":
    main()
