"""How long a frame takes, stage by stage, beside the original's way: one `model.predict` a frame.

    python tests/bench_camera.py

Three scenes, 200 frames each of a sheet that moves: 1280x720 with 24 digits, the same with a grained wooden desk
around the sheet, 640x480 with one digit. Frames are read both ways in one run, twenty one way, then the same twenty
the other, so the ratios hold on any machine. The window counts where there is a display.
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
TURN = 20  # frames read one way, then the other


def main() -> None:
    ours = network.load(weights.SHIPPED)
    network.warm_up(ours)
    rows, light = ["31415926", "53589793", "23846264"], {"shadow": 0.3, "noise": 0.3}
    full = sheets.sheet(1, rows, pen="marker", **light)
    on_desk = sheets.sheet(1, rows, pen="marker", background="desk", **light)
    single = sheets.sheet(2, ["7"], pen="marker", height=120, **light)
    print(f"{'milliseconds a frame':34}{'median':>8}{'p95':>8}{'original / ours':>18}")
    bench("1280x720, 24 digits", full.picture, ours)
    bench("1280x720, 24 digits, on a desk", on_desk.picture, ours)
    bench("640x480, 1 digit", cv2.resize(single.picture[:, 160:1120], (640, 480), interpolation=cv2.INTER_AREA), ours)


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
            timed("original", the_original_way, frame, ours)
    if screen:
        screen.close()
    print(f"{title} ({len(seen.digits)} read)")
    original = np.median(times["original"])
    for stage, spent in times.items():
        ratio = f"{original / np.median(spent):17.1f}x" if stage == "all" else ""
        print(f"  {stage:32}{np.median(spent):8.2f}{np.percentile(spent, 95):8.2f}{ratio}")
    share = np.median(times["draw"]) / np.median(times["read: find, classify, order"])
    print(f"  drawing takes {share:.2f} of the time that reading takes")


def moved(picture: np.ndarray, number: int) -> np.ndarray:
    sway = np.float32([[1, 0, 12 * np.sin(number / 15)], [0, 1, 6 * np.sin(number / 10)]])
    return cv2.warpAffine(picture, sway, picture.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


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
