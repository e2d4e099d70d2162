"""Make the README's moving picture: what cam.py's window shows of the demo.

    python tests/make_pictures.py          writes .pictures/window.png, an animated PNG
"""

import struct
import sys
import zlib
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from model import network, weights  # noqa: E402, I001 - first: it keeps libraries quiet
from model.live import demo, overlay, session, view  # noqa: E402
from model.vision import reading, tracking  # noqa: E402

import cv2  # noqa: E402
import numpy as np  # noqa: E402

SIZE = 640, 360
SECONDS = 5.0
KEEP = 3  # of the demo's 30 frames a second every third is shown
COLOURS = 128


def main() -> None:
    classify = network.classifier(weights.SHIPPED)
    tracker = tracking.Tracker(reading.MIN_CONFIDENCE)
    folder = ROOT / ".pictures"
    folder.mkdir(exist_ok=True)
    shown = []
    # Two frames ahead, so that the first picture, which is all that some viewers show, has its digits.
    for number, frame in enumerate(islice(demo.frames(), 6, round(30 * SECONDS) + 8), -2):
        seen = reading.read(frame, classify)
        seen = tracker.update(seen, number / 30)
        if number >= 0 and number % KEEP == 0:
            crops = 0.6 <= number / 30 / SECONDS < 0.8
            mask = number / 30 / SECONDS >= 0.8
            calm = cv2.bilateralFilter(frame, 9, 16, 7)  # the sensor's noise is nearly all of an animation's bytes
            canvas = view.draw(calm, seen, SIZE, crops=crops, mask=mask)
            overlay.overlay(canvas, fps=30, hint=session.HINT)
            shown.append(canvas)
    (folder / "window.png").write_bytes(animated_png(shown, 1 / 30 * KEEP))
    print(f".pictures/window.png  {(folder / 'window.png').stat().st_size / 1e6:.2f} MB")


def animated_png(pictures: list[np.ndarray], seconds: float) -> bytes:
    """An endless animation in COLOURS colours, not dithered, which keeps it small (PNG, third edition, 2025)."""
    height, width = pictures[0].shape[:2]
    palette, frames = few_colours(pictures)
    delay = struct.pack(">HH", round(1000 * seconds), 1000)
    chunks = [
        chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        chunk(b"acTL", struct.pack(">II", len(frames), 0)),
        chunk(b"PLTE", palette[:, ::-1].tobytes()),
    ]
    sequence = 0
    for number, frame in enumerate(frames):
        chunks.append(chunk(b"fcTL", struct.pack(">IIIII", sequence, width, height, 0, 0) + delay + b"\0\0"))
        data = zlib.compress(np.pad(frame, ((0, 0), (1, 0))).tobytes(), 9)  # a zero before each row: not filtered
        sequence += 1
        if number:
            data = struct.pack(">I", sequence) + data
            sequence += 1
        chunks.append(chunk(b"fdAT" if number else b"IDAT", data))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def few_colours(pictures: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """A palette (n, 3) uint8 for all the pictures, and each as indices into it, (h, w) uint8."""
    sample = np.concatenate([picture[::7, ::7].reshape(-1, 3) for picture in pictures[::5]])
    sample = np.concatenate([sample, [overlay.WHITE, overlay.BLACK] * 200]).astype(np.float32)
    cv2.setRNGSeed(1)
    stop = (cv2.TERM_CRITERIA_MAX_ITER, 20, 0)
    palette = cv2.kmeans(sample, COLOURS, None, stop, 1, cv2.KMEANS_PP_CENTERS)[2].round()
    # The nearest of the palette for every 4x4x4 block of colours, to be looked up.
    cube = np.stack(np.meshgrid(*[np.arange(2, 256, 4)] * 3, indexing="ij"), -1).reshape(-1, 3)
    nearest = np.empty(len(cube), np.uint8)
    for start in range(0, len(cube), 1 << 14):
        part = cube[start : start + (1 << 14)].astype(np.float32)
        nearest[start : start + len(part)] = ((part[:, None] - palette) ** 2).sum(axis=2).argmin(axis=1)
    table = nearest.reshape(64, 64, 64)
    return palette.astype(np.uint8), [table[tuple((picture >> 2).transpose(2, 0, 1))] for picture in pictures]


if __name__ == "__main__":
    main()
