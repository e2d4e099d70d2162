"""Cameras and streams: always the newest frame.

A thread of their own takes each one off the device as it comes, so that a slow reader never lags behind.
"""

import math
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2

from ..console import UserError
from .frames import Frame, Source

PATIENCE = 5.0  # seconds that a camera or a stream has for its first picture
SILENCE = 1.0  # seconds without a picture after which a camera counts as lost


def open_camera(index: int | str, size: tuple[int, int] | None, fps: float | None) -> Source:
    asked = " at ".join([*(["{}x{}".format(*size)] if size else []), *([f"{fps:g} fps"] if fps else [])])
    width, height = size or (1280, 720)

    def connect() -> cv2.VideoCapture:
        capture = cv2.VideoCapture(index)
        # Uncompressed, USB cameras give HD pictures at 5 to 10 a second only.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        if fps:
            capture.set(cv2.CAP_PROP_FPS, fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        return capture

    capture = connect()
    if not capture.isOpened():
        raise UserError(f"there is no camera {index}: plug one in, or see --list-cameras")
    granted = _granted(capture)
    source = live(f"camera {index}", str(index), capture, connect)
    print(f"camera {index}: {granted}" + (f" (asked for {asked})" if asked else ""), file=sys.stderr)
    return source


def _granted(capture: cv2.VideoCapture) -> str:
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    return f"{width:.0f}x{height:.0f} at {capture.get(cv2.CAP_PROP_FPS):g} fps"


def live(title: str, name: str, capture: cv2.VideoCapture, connect: Callable[[], cv2.VideoCapture]) -> Source:
    """The newest frame of a capture, always; when it delivers no more, it is opened anew until it does."""
    changed = threading.Condition()
    closed = threading.Event()
    newest: Frame | None = None
    began = heard = time.monotonic()

    def there() -> bool:
        return newest is not None

    def take() -> None:
        nonlocal capture, newest, heard
        number = 0
        while not closed.is_set():
            ok, image = capture.read()
            if not ok:
                capture.release()
                closed.wait(0.5)
                capture = connect()
                continue
            now = time.monotonic()
            with changed:
                newest = Frame(image, name, number, round(now - began, 4))
                heard = now
                changed.notify_all()
            number += 1
        capture.release()

    def frames() -> Iterator[Frame | None]:
        nonlocal newest
        while not closed.is_set():
            with changed:
                changed.wait_for(there, timeout=0.05)
                frame, newest = newest, None
            yield frame

    def close() -> None:
        closed.set()
        taker.join()  # a thread that outlives the interpreter inside OpenCV aborts the process

    rate = capture.get(cv2.CAP_PROP_FPS)
    fps = rate if math.isfinite(rate) and 1 <= rate <= 240 else 30.0
    taker = threading.Thread(target=take, daemon=True)
    taker.start()
    with changed:
        if changed.wait_for(there, timeout=PATIENCE):
            began = time.monotonic()
            newest = newest._replace(seconds=0.0)
    if newest is None:
        close()
        raise UserError(f"{title} delivers no picture: is another program using it?")
    return Source(name, frames(), live=True, fps=fps, lost=lambda: time.monotonic() - heard > SILENCE, close=close)


def list_cameras() -> list[str]:
    """One line for each camera that opens: its number, what it delivers, its name where the system tells it."""
    if platform.system() == "Linux":
        devices = Path("/sys/class/video4linux").glob("video*/name")
        names = {int(device.parent.name[5:]): device.read_text().strip() for device in devices}
    else:
        names = dict.fromkeys(range(6), "")
    found = []
    for index, name in sorted(names.items()):
        capture = cv2.VideoCapture(index)
        if capture.isOpened():
            found.append(f"{index}  {_granted(capture)}  {name}".rstrip())
        capture.release()
    return found
