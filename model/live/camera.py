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
import numpy as np

from ..console import UserError, filtered_stderr
from .frames import Frame, Source

FIRST_PICTURE_SECONDS = 5.0  # that a camera or a stream has for its first picture
LOST_SECONDS = 1.0  # without a picture, after which a camera counts as lost
REOPEN_SECONDS = 1.5  # of failed reads, after which it is opened anew; a camera that fails once goes on by itself
QUIT_SECONDS = 0.3  # that closing waits for a read to end; on a silent camera a read takes up to 3 seconds


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
        delivered = time.monotonic()  # or opened
        while not closed.is_set() and threading.main_thread().is_alive():
            image = _read(capture)
            now = time.monotonic()
            if image is not None:
                with changed:
                    newest = Frame(image, name, number, round(now - began, 4))
                    heard = delivered = now
                    changed.notify_all()
                number += 1
            elif now - delivered < REOPEN_SECONDS:
                closed.wait(0.01)
            else:
                capture.release()
                capture = connect()
                delivered = time.monotonic()
        capture.release()

    def frames() -> Iterator[Frame | None]:
        nonlocal newest
        while not closed.is_set():
            with changed:
                changed.wait_for(there, timeout=0.05)
                frame, newest = newest, None
            yield frame

    def lost() -> bool:
        return time.monotonic() - heard > LOST_SECONDS

    def close() -> None:
        closed.set()
        taker.join(QUIT_SECONDS)

    # Not a daemon thread: one that is inside OpenCV when the interpreter ends aborts the process.
    taker = threading.Thread(target=take)
    taker.start()
    with changed:
        if changed.wait_for(there, timeout=FIRST_PICTURE_SECONDS):
            began = time.monotonic()
            newest = newest._replace(seconds=0.0)
    if newest is None:
        close()
        raise UserError(f"{title} delivers no picture: is another program using it?")
    return Source(name, frames(), live=True, fps=frame_rate(capture), lost=lost, close=close)


def frame_rate(capture: cv2.VideoCapture) -> float:
    """Frames a second as a camera or a file declares them; 30 where that makes no sense."""
    rate = capture.get(cv2.CAP_PROP_FPS)
    return rate if math.isfinite(rate) and 1 <= rate <= 240 else 30.0


def _read(capture: cv2.VideoCapture) -> np.ndarray | None:
    """The next picture; None where it failed."""
    if not capture.grab():
        return None
    with filtered_stderr(wait=False):  # here the picture is decoded, and libjpeg tells of every padded frame
        ok, image = capture.retrieve()
    return image if ok else None


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
