"""The window: pictures in, key presses and mouse gestures out."""

import contextlib
import ctypes
import os
import sys
import time
from typing import NamedTuple

import cv2
import numpy as np

from ..vision.segment import Box

DRAG_PIXELS = 8  # that the mouse moves before a click is a drag


class Gesture(NamedTuple):
    """What the mouse did, in pixels of the canvas."""

    kind: str  # "click", "drag" or "double"
    x: int
    y: int
    width: int = 0
    height: int = 0


def is_possible() -> bool:
    """Whether there is a display. It is asked before any window, for without one Qt aborts the process."""
    if sys.platform != "linux":
        return True
    try:
        xcb = ctypes.CDLL("libxcb.so.1")  # OpenCV's Qt speaks X11 only; under Wayland that is XWayland
    except OSError:
        return False
    xcb.xcb_connect.restype = ctypes.c_void_p
    for _ in range(5 if os.environ.get("DISPLAY") else 1):
        connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
        if not xcb.xcb_connection_has_error(connection):
            # It stays open: a bare X server starts anew when its last client leaves, and Qt would meet it in between.
            return True
        xcb.xcb_disconnect(connection)
        time.sleep(0.05)
    return False


class Window:
    def __init__(self, title: str, size: tuple[int, int]) -> None:
        """Open a window of that size, (width, height)."""
        self.title = title
        self._size = size
        self._gestures: list[Gesture] = []
        self._start: tuple[int, int] | None = None  # where the mouse button went down
        self.pointer = 0, 0  # where the mouse is
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.resizeWindow(title, *self._size)
        cv2.setMouseCallback(title, self._on_mouse)

    def size(self) -> tuple[int, int]:
        """Width and height of the canvas that fills the window now."""
        with contextlib.suppress(cv2.error):  # just closed
            _, _, w, h = cv2.getWindowImageRect(self.title)
            if w >= 64 and h >= 64:
                self._size = w, h
        return self._size

    def is_open(self) -> bool:
        try:
            return cv2.getWindowProperty(self.title, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # no window is left at all
            return False

    def show(self, canvas: np.ndarray, wait: float) -> str | None:
        """Show a canvas and wait so many seconds for a key: its letter, "" for none, None when the window is closed."""
        if not self.is_open():
            return None
        if self._start and self.dragged():
            cv2.rectangle(canvas, self.dragged(), (255, 255, 255), 2)
        cv2.imshow(self.title, canvas)
        code = cv2.waitKeyEx(max(1, round(1000 * wait)))
        if not self.is_open():
            return None
        code &= 0xFFFF
        if 0xFFB0 <= code <= 0xFFB9:  # the digits of the number pad
            code += ord("0") - 0xFFB0
        return chr(code).lower() if code < 256 else ""

    def dragged(self) -> Box | None:
        """The rectangle that the mouse spans now, on the canvas."""
        if self._start is None or max(abs(a - b) for a, b in zip(self._start, self.pointer, strict=True)) < DRAG_PIXELS:
            return None
        (x0, x1), (y0, y1) = (sorted(pair) for pair in zip(self._start, self.pointer, strict=True))
        return x0, y0, x1 - x0, y1 - y0

    def gestures(self) -> list[Gesture]:
        """What the mouse did since it was last asked."""
        done, self._gestures = self._gestures, []
        return done

    def _on_mouse(self, event: int, x: int, y: int, flags: int, parameter: object) -> None:
        self.pointer = x, y
        if event == cv2.EVENT_LBUTTONDOWN:
            self._start = x, y
        elif event == cv2.EVENT_LBUTTONDBLCLK:
            self._start = None
            self._gestures.append(Gesture("double", x, y))
        elif event == cv2.EVENT_LBUTTONUP and self._start:
            box = self.dragged()
            self._gestures.append(Gesture("drag", *box) if box else Gesture("click", x, y))
            self._start = None

    def toggle_full_screen(self) -> None:
        full = cv2.getWindowProperty(self.title, cv2.WND_PROP_FULLSCREEN) == cv2.WINDOW_FULLSCREEN
        mode = cv2.WINDOW_NORMAL if full else cv2.WINDOW_FULLSCREEN
        cv2.setWindowProperty(self.title, cv2.WND_PROP_FULLSCREEN, mode)

    def close(self) -> None:
        with contextlib.suppress(cv2.error):
            cv2.destroyAllWindows()
            cv2.waitKey(1)
