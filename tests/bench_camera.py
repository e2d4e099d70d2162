"""How long a frame takes, stage by stage, beside the least that it costs, and beside the original's `model.predict`.

    python tests/bench_camera.py [PICTURE ...]

Sheets that move, 200 frames each: 1280x720 with 24 digits that fill the frame, that lie on a desk, that are held in a
room and before a person, and before each picture that is named; 640x480 with one digit. Frames are read in one run by
turns: twenty one way, then the same twenty the others, so the ratios hold on any machine. The window counts where there
is a display.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from model import network, weights  # noqa: I001 - first: it keeps libraries quiet
from model.live import overlay, session, view, window
from model.vision import reading, tracking

import cv2
import numpy as np
import sheets

FRAMES = 200
TURN = 20  # frames read one way, then the others
ROWS = ["31415926", "53589793", "23846264"]
LIGHT = {"shadow": 0.3, "noise": 0.3}


def main() -> None:
    ours = network.load(weights.SHIPPED)
    network.warm_up(ours)
    print(f"{'milliseconds a frame':34}{'median':>8}{'p95':>8}{'/ least':>10}{'original /':>12}")
    bench("1280x720, 24 digits", sheet(None), ours)
    for name, background in backgrounds().items():
        bench(f"1280x720, 24 digits, {name}", sheet(background), ours)
    single = sheets.sheet(2, ["7"], pen="marker", height=120, **LIGHT).picture
    bench("640x480, 1 digit", cv2.resize(single[:, 160:1120], (640, 480), interpolation=cv2.INTER_AREA), ours)


def backgrounds() -> dict[str, str | np.ndarray]:
    """What is seen around the sheet."""
    size = sheets.WIDTH, sheets.HEIGHT
    named = {path: cv2.resize(cv2.imread(path), size, interpolation=cv2.INTER_AREA) for path in sys.argv[1:]}
    return {"on a desk": "desk", "in a room": "room", "before a person": sheets.blank("face", 1).picture, **named}


def sheet(background: str | np.ndarray | None) -> np.ndarray:
    return sheets.sheet(1, ROWS, pen="marker", background=background, **LIGHT).picture


def bench(title: str, picture: np.ndarray, ours) -> None:
    times: dict[str, list[float]] = {}
    tracker = tracking.Tracker(reading.MIN_CONFIDENCE)
    size, spots = view.window_size(picture), {}
    screen = window.Window("Digits", size) if window.is_possible() else None

    def classify(crops: np.ndarray) -> np.ndarray:
        return timed("  classify", network.classify, ours, crops)

    def timed(stage: str, work, *arguments):
        start = time.perf_counter()
        result = work(*arguments)
        times.setdefault(stage, []).append(1000 * (time.perf_counter() - start))
        return result

    def frame_our_way(frame: np.ndarray, seconds: float) -> tracking.Reading:
        seen = timed("read: find, classify, order", reading.read, frame, classify)
        seen = timed("track", tracker.update, seen, seconds)
        canvas = timed("draw", draw, frame, seen)
        if screen:
            timed("show", screen.show, canvas, 0)
        return seen

    def draw(frame: np.ndarray, seen: tracking.Reading) -> np.ndarray:
        canvas = view.draw(frame, seen, size, bar=True, spots=spots)
        overlay.overlay(canvas, fps=30, hint=session.HINT)
        return canvas

    for start in range(-TURN, FRAMES, TURN):  # one turn to warm up
        if start == 0:
            times.clear()
        frames = [moved(picture, number) for number in range(start, start + TURN)]
        for number, frame in enumerate(frames, start):
            seen = timed("all", frame_our_way, frame, number / 30)
        for frame in frames:
            timed("least", the_least, frame, ours, len(seen.digits))
        for frame in frames:
            timed("original", the_original_way, frame, ours)
    if screen:
        screen.close()
    print(f"{title} ({len(seen.digits)} read)")
    least, original = np.median(times["least"]), np.median(times["original"])
    for stage, spent in times.items():
        ratio = f"{np.median(spent) / least:10.2f}" if stage.startswith("read") else " " * 10
        faster = f"{original / np.median(spent):11.1f}x" if stage == "all" else ""
        print(f"  {stage:32}{np.median(spent):8.2f}{np.percentile(spent, 95):8.2f}{ratio}{faster}")
    share = np.median(times["draw"]) / np.median(times["read: find, classify, order"])
    print(f"  drawing takes {share:.2f} of the time that reading takes")


def moved(picture: np.ndarray, number: int) -> np.ndarray:
    sway = np.float32([[1, 0, 12 * np.sin(number / 15)], [0, 1, 6 * np.sin(number / 10)]])
    return cv2.warpAffine(picture, sway, picture.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


def the_least(frame: np.ndarray, ours, digits: int) -> np.ndarray:
    """What any such program does: blur, adaptive threshold, contours, one forward pass."""
    grey = cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (5, 5), 0)
    mask = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY_INV, 51, 10)
    cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return network.classify(ours, np.zeros((digits, 28, 28), np.float32))


def the_original_way(frame: np.ndarray, ours) -> int:
    """Otsu's threshold, the largest contour's box squeezed to 28x28, one predict."""
    grey = cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (15, 15), 0)
    mask = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)[1]
    contours = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[0]
    x, y, w, h = cv2.boundingRect(max(contours, key=cv2.contourArea))
    crop = cv2.resize(mask[y : y + h, x : x + w], (28, 28)).reshape(1, 28, 28, 1)
    return int(ours.predict(crop / np.float32(255), verbose=0).argmax())


if __name__ == "__main__":
    main()
