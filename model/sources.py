"""Frames from wherever they come: camera, stream, video file, picture, folder of pictures, embedded demo.

Files give every frame, in order. Cameras and streams give the newest frame only: a thread of their
own takes each one off the device as it comes, so that a slow reader never lags behind.
"""

import contextlib
import itertools
import math
import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from . import demo
from .console import UserError

PICTURES = {".avif", ".bmp", ".gif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"}  # fmt: skip # noqa: E501
PNG = b"\x89PNG\r\n\x1a\n"
DEMO = "demo"
PATIENCE = 5.0  # seconds that a camera or a stream has for its first picture
SILENCE = 1.0  # seconds without a picture after which a camera counts as lost


class Frame(NamedTuple):
    picture: np.ndarray  # (h, w, 3) uint8, BGR
    source: str  # the file, camera index or URL
    number: int  # from 0 in each video; of a camera all count, those that were dropped too
    seconds: float  # since the first frame


@dataclass
class Source:
    """What is read. `frames` yields None where a live source has nothing new at the moment."""

    name: str
    frames: Iterator[Frame | None]
    still: bool = False  # pictures: each stands for itself
    live: bool = False  # camera or stream: goes its own pace, has no end
    fps: float = 30.0  # the pace at which a video is meant to be seen
    lost: Callable[[], bool] = lambda: False  # a live source that delivers nothing for now
    close: Callable[[], None] = lambda: None
    broken: list[str] = field(default_factory=list)  # pictures of a folder that could not be read


def open_source(name: str | None, size: tuple[int, int] | None = None, fps: float | None = None) -> Source:
    """The source of that name; without one camera 0, and without a camera the demo. Raises UserError.

    size, fps: asked of a camera, which grants what it can; any other source has its own.
    """
    if name is None:
        try:
            return _camera(0, size, fps)
        except UserError as error:
            print(f"{error} - showing the demo instead", file=sys.stderr)
            return Source(DEMO, _demo(), live=True)
    path = Path(name)
    if name.isdecimal():
        return _camera(int(name), size, fps)
    if path.is_char_device():
        return _camera(name, size, fps)
    if size or fps:
        raise UserError(f"--size and --fps are asked of cameras, and {name} is none: leave them out")
    if "://" in name:
        return _stream(name)
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise UserError(f"{name}: no such file: name a camera's number, a picture, a folder, a video or a URL")
    if path.suffix.lower() in PICTURES or cv2.haveImageReader(str(path)):
        return Source(name, iter([Frame(picture(path), name, 0, 0.0)]), still=True)
    return _video(name)


def _demo() -> Iterator[Frame]:
    """The demo at a camera's pace."""
    due = time.monotonic()
    for count, image in enumerate(demo.frames()):
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic() - 0.1) + 1 / 30
        yield Frame(image, DEMO, count, round(count / 30, 4))


def picture(path: str | Path) -> np.ndarray:
    """A picture file as (h, w, 3) uint8 BGR, turned upright as its EXIF says; what is transparent becomes paper.

    Raises UserError where the file is missing, empty, damaged, cut off anywhere or no picture.
    """
    try:
        data = np.fromfile(path, np.uint8)  # imread on Windows can't open every path
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    if not data.size:
        raise UserError(f"{path} is empty")
    if data[:8].tobytes() == PNG and not _has_whole_chunks(data.tobytes()):
        raise UserError(f"{path} is no picture, or a damaged one")
    with _silent_libraries():
        try:
            image = cv2.imdecode(data, cv2.IMREAD_COLOR)
            whole = None if data[0] == 0xFF else cv2.imdecode(data, cv2.IMREAD_UNCHANGED)  # JPEG has no alpha
        except cv2.error:  # more pixels than OpenCV takes
            image = None
    if image is None:
        raise UserError(f"{path} is no picture, or a damaged one")
    if whole is not None and whole.ndim == 3 and whole.shape[2] == 4 and whole.shape[:2] == image.shape[:2]:
        alpha = whole[..., 3:].astype(np.float32) / np.iinfo(whole.dtype).max
        ink = float((image * alpha).sum() / max(3 * float(alpha.sum()), 1e-6))
        paper = 255 if ink < 128 else 0
        image = np.rint(image * alpha + paper * (1 - alpha)).astype(np.uint8)
    return image


def _has_whole_chunks(png: bytes) -> bool:
    """Whether a PNG's chunks lie within it, up to the last; OpenCV 5.0 hangs where a length points past the end."""
    at = len(PNG)
    while at + 12 <= len(png):
        if png[at + 4 : at + 8] == b"IEND":
            return True
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return False


@contextlib.contextmanager
def _silent_libraries() -> Iterator[None]:
    """libpng and libjpeg write about damage straight to file descriptor 2; what is to be said, we say."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _folder(folder: Path) -> Source:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES and path.is_file())
    if not paths:
        raise UserError(f"there is no picture in the folder {folder}: name another")
    source = Source(str(folder), iter(()), still=True)

    def frames() -> Iterator[Frame]:
        for path in paths:
            try:
                yield Frame(picture(path), str(path), 0, 0.0)
            except UserError as error:
                print(error, file=sys.stderr)
                source.broken.append(str(path))
        if len(source.broken) == len(paths):
            raise UserError(f"no picture in the folder {folder} could be read")

    source.frames = frames()
    return source


def _video(name: str, capture: cv2.VideoCapture | None = None) -> Source:
    capture = capture or cv2.VideoCapture(name)
    ok, first = capture.read()
    if not ok:
        raise UserError(f"{name} is no picture and no video, or a damaged one")
    rate = capture.get(cv2.CAP_PROP_FPS)
    fps = rate if math.isfinite(rate) and 1 <= rate <= 240 else 30.0

    def frames() -> Iterator[Frame]:
        image, seconds = first, 0.0
        start = capture.get(cv2.CAP_PROP_POS_MSEC)
        for number in itertools.count():
            yield Frame(image, name, number, seconds)
            ok, image = capture.read()
            if not ok:
                return
            stamp = (capture.get(cv2.CAP_PROP_POS_MSEC) - start) / 1000
            seconds = round(stamp if stamp > seconds else seconds + 1 / fps, 4)

    single = capture.get(cv2.CAP_PROP_FRAME_COUNT) == 1  # a picture on the network, for one
    return Source(name, frames(), still=single, fps=fps, close=capture.release)


def _stream(url: str) -> Source:
    patience = int(1000 * PATIENCE)
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, patience, cv2.CAP_PROP_READ_TIMEOUT_MSEC, patience]

    def connect() -> cv2.VideoCapture:
        return cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits)

    capture = connect()
    if not capture.isOpened():
        raise UserError(f"nothing to see at {url}: check the address and that it is sending")
    if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0:  # a file with an end, though it lies elsewhere
        return _video(url, capture)
    return _live(url, url, capture, connect)


def _camera(index: int | str, size: tuple[int, int] | None, fps: float | None) -> Source:
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
    source = _live(f"camera {index}", str(index), capture, connect)
    print(f"camera {index}: {granted}" + (f" (asked for {asked})" if asked else ""), file=sys.stderr)
    return source


def _granted(capture: cv2.VideoCapture) -> str:
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    return f"{width:.0f}x{height:.0f} at {capture.get(cv2.CAP_PROP_FPS):g} fps"


def _live(title: str, name: str, capture: cv2.VideoCapture, connect: Callable[[], cv2.VideoCapture]) -> Source:
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
