"""Text over a picture: the hint line, help, messages, and how any of it is written. OpenCV only."""

import textwrap
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from ..vision.segment import Box

FONT = cv2.FontFace("sans")  # Rubik, comes with OpenCV 5
BOLD, PLAIN = 650, 450
WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (150, 150, 150)  # BGR, as all colours here
GROUND = 28  # around the picture, a grey: colours take np.full twenty times as long
CHIP = (74, 70, 66)  # behind each number there
AMBER = (80, 190, 255)


def unit_of(size: tuple[int, int]) -> int:
    """Height of small text in pixels, for a canvas of that size."""
    return int(between(13, min(size[0] / 50, size[1] / 34), 60))


def bar_height(width: int) -> int:
    """Of the line at the top of a window, in pixels."""
    return int(between(18, width / 50, 40))


def overlay(
    canvas: np.ndarray,
    *,
    fps: float | None = None,
    recording: float | None = None,
    state: str = "",
    note: str = "",
    message: str = "",
    hint: str = "",
    help: Sequence[tuple[str, str]] = (),
) -> None:
    """What belongs to the window alone, onto the canvas.

    hint: the line at the top, its parts three spaces apart; message: what was just done, in its place; state: at its
    right end, with the length of a recording in seconds; note: large, in the place of the numbers; help: keys and what
    they do, line by line.
    """
    height, width = canvas.shape[:2]
    unit = unit_of((width, height))
    bar = bar_height(width)
    small, x = round(bar / 1.55), width - bar // 3
    while text_width(state, small, PLAIN) > 0.6 * width:  # the name of a file may be in it
        state = f"…{state[2:]}"
    shown = "" if recording is None else f"REC {recording // 60:02.0f}:{recording % 60:02.0f}"
    for text, colour in ((f"{fps:.0f} fps" if fps is not None else "", WHITE), (shown, AMBER), (state, AMBER)):
        if text:
            x -= text_width(text, small, PLAIN) + small
            write(canvas, text, x, 0, small, anchor=(0, 0), colour=colour)
    if message:
        letters = max(10, int(len(message) * (x - small) / text_width(message, small, PLAIN)))
        for i, line in enumerate(textwrap.wrap(message, letters)):
            write(canvas, line, 0, i * round(1.3 * small), small, anchor=(0, 0))
    else:
        while hint and text_width(hint, small, PLAIN) > x - small:
            hint = hint.rpartition("   ")[0]
        write(canvas, hint, 0, 0, small, anchor=(0, 0))
    if help:
        _write_help(canvas[bar:], help, unit)
    elif note:
        y = height - height // 16
        canvas[height - height // 8 :] = GROUND
        write(canvas, note, width / 2, y, round(1.6 * unit), anchor=(0.5, 0.5), weight=BOLD)


def _write_help(canvas: np.ndarray, lines: Sequence[tuple[str, str]], unit: int) -> None:
    height, width = canvas.shape[:2]
    longest = max(text_width(text, unit, PLAIN) for _, text in lines) + 6 * unit
    size = int(max(8, min(unit, unit * 0.95 * width / longest, height / (1.9 * len(lines) + 2))))
    line = round(1.9 * size)
    w, h = min(width, round(longest * size / unit)), min(height, line * len(lines) + 2 * size)
    x, y = (width - w) // 2, (height - h) // 2
    panel = canvas[y : y + h, x : x + w]
    darken(panel, 0.1)
    cv2.rectangle(panel, (0, 0, w, h), GREY, 1)
    for i, (key, text) in enumerate(lines):
        baseline = y + size + line * i + round(1.2 * size)
        cv2.putText(canvas, key, (x + size, baseline), (255, 210, 130), FONT, size, BOLD)
        cv2.putText(canvas, text, (x + 5 * size, baseline), WHITE, FONT, size, PLAIN)


def write(
    canvas: np.ndarray,
    text: str,
    x: float,
    y: float,
    size: int,
    anchor: tuple[float, float],
    colour: tuple[int, int, int] = WHITE,
    weight: int = PLAIN,
) -> int:
    """Text on a dark, half transparent ground; returns its height.

    anchor: the point of it that comes to (x, y), 0 to 1 of its width and height.
    """
    if not text:
        return 0
    pad = round(size * 0.3)
    w, h = text_width(text, size, weight) + 2 * pad, round(1.3 * size)
    x, y = round(x - anchor[0] * w), round(y - anchor[1] * h)
    ground = inside(canvas, (x, y, w, h))
    if ground is not None:
        darken(ground, 0.35)
        cv2.putText(canvas, text, (x + pad, y + round(size * 1.01)), colour, FONT, size, weight)
    return h


@lru_cache(maxsize=512)
def text_width(text: str, size: int, weight: int) -> int:
    """In pixels."""
    return cv2.getTextSize((0, 0), text, (0, 0), FONT, size, weight)[2]


@lru_cache(maxsize=2048)
def make_tag(text: str, size: int, colour: tuple[int, int, int], weight: int, height: int | None = None) -> np.ndarray:
    """A small label: text, black or white, on a ground of that colour. height: of the ground, else as digits need."""
    pad = max(2, round(size * 0.2))
    height = round(size * 1.05) if height is None else height
    tag = np.full((height, text_width(text, size, weight) + 2 * pad, 3), colour, np.uint8)
    light = 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2] > 125
    baseline = round((height + 0.7 * size) / 2)  # a digit is 0.7 of the text's size high
    cv2.putText(tag, text, (pad, baseline), BLACK if light else WHITE, FONT, size, weight)
    return tag


def darken(part: np.ndarray, alpha: float) -> None:
    """A part of the canvas, as a ground for text: of what it shows, `alpha` is left."""
    cv2.convertScaleAbs(part, part, alpha, 24 * (1 - alpha))


def between(low: float, value: float, high: float) -> float:
    return max(low, min(value, high))  # np.clip takes a hundred times as long


def inside(canvas: np.ndarray, box: Box) -> np.ndarray | None:
    """The part of a canvas that lies in a box, as a view; None where there is none."""
    x, y, w, h = box
    part = canvas[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)]
    return part if part.size else None


def paste(canvas: np.ndarray, patch: np.ndarray, x: int, y: int, opacity: float = 1.0) -> None:
    """A patch onto the canvas, moved inside where it would stick out."""
    height, width = canvas.shape[:2]
    h, w = min(patch.shape[0], height), min(patch.shape[1], width)
    x, y = between(0, x, width - w), between(0, y, height - h)
    part = canvas[y : y + h, x : x + w]
    if opacity == 1:
        part[:] = patch[:h, :w]
    else:
        cv2.addWeighted(patch[:h, :w], opacity, part, 1 - opacity, 0, part)
