"""Frames from wherever they come: camera, stream, video file, picture, folder of pictures, embedded demo.

Files give every frame, in order. Cameras and streams give the newest frame only: a thread of their
own takes each one off the device as it comes, so that a slow reader never lags behind.
"""

import itertools
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from .. import images
from ..console import UserError
from . import camera, demo
from .frames import Frame, Source

DEMO = "demo"
DAMAGED_SECONDS = 1.0  # of failed reads, after which a video is at its end, whatever its header says


def open_source(name: str | None, size: tuple[int, int] | None = None, fps: float | None = None) -> Source:
    """The source of that name; without one camera 0, and without a camera the demo. Raises UserError.

    size, fps: asked of a camera, which grants what it can; any other source has its own.
    """
    if name is None:
        try:
            return camera.open_camera(0, size, fps)
        except UserError as error:
            print(f"{error} - showing the demo instead", file=sys.stderr)
            return Source(DEMO, _demo(), live=True)
    path, is_url = Path(name), "://" in name
    if name.isdecimal() and len(name) < 10:  # OpenCV counts to 2,147,483,647
        return camera.open_camera(int(name), size, fps)
    if not is_url and path.is_char_device():
        return camera.open_camera(name, size, fps)
    if size or fps:
        raise UserError(f"--size and --fps are asked of cameras, and {name} is none: leave them out")
    if is_url:
        return _stream(name)
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise UserError(f"{name}: no such file: name a camera's number, a picture, a folder, a video or a URL")
    if not path.is_file():  # a named pipe may never say a word
        raise UserError(f"{name} is no file: name a camera's number, a picture, a folder, a video or a URL")
    # As bytes: a str that is not UTF-8 crashes OpenCV.
    if path.suffix.lower() in images.SUFFIXES or cv2.haveImageReader(os.fsencode(path)):
        return Source(name, iter([Frame(images.load(path), name, 0, 0.0)]), still=True, files=[path])
    return _video(name)


def _demo() -> Iterator[Frame]:
    """The demo at a camera's pace."""
    due = time.monotonic()
    for count, image in enumerate(demo.frames()):
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic() - 0.1) + 1 / 30
        yield Frame(image, DEMO, count, round(count / 30, 4))


def _folder(folder: Path) -> Source:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in images.SUFFIXES and path.is_file())
    if not paths:
        raise UserError(f"there is no picture in the folder {folder}: name another")
    source = Source(str(folder), iter(()), still=True, files=[folder, *paths])

    def frames() -> Iterator[Frame]:
        for path in paths:
            try:
                yield Frame(images.load(path), str(path), 0, 0.0)
            except UserError as error:
                print(error, file=sys.stderr)
                source.broken.append(str(path))
        if len(source.broken) == len(paths):
            raise UserError(f"no picture in the folder {folder} could be read")

    source.frames = frames()
    return source


def _video(name: str, capture: cv2.VideoCapture | None = None) -> Source:
    capture = capture or cv2.VideoCapture(os.fsencode(name))
    pictures = _pictures(name, capture)
    first = next(pictures, None)
    if first is None:
        raise UserError(f"{name} is no picture and no video, or a damaged one")
    fps = camera.frame_rate(capture)

    def frames() -> Iterator[Frame]:
        start = capture.get(cv2.CAP_PROP_POS_MSEC)
        seconds = 0.0
        yield Frame(first[1], name, first[0], seconds)
        for number, image in pictures:
            stamp = (capture.get(cv2.CAP_PROP_POS_MSEC) - start) / 1000
            seconds = round(stamp if stamp > seconds else seconds + 1 / fps, 4)
            yield Frame(image, name, number, seconds)

    single = capture.get(cv2.CAP_PROP_FRAME_COUNT) == 1  # a picture on the network, for one
    return Source(name, frames(), still=single, fps=fps, close=capture.release, files=[Path(name)])


def _pictures(name: str, capture: cv2.VideoCapture) -> Iterator[tuple[int, np.ndarray]]:
    """A video's pictures, each with its number. Damaged ones are left out, and their count is told at the end."""
    declared = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    damaged = since = 0  # since the last good one
    good = time.monotonic()
    for number in itertools.count():
        ok, image = capture.read()
        if ok:
            damaged, since = damaged + since, 0
            yield number, image
            good = time.monotonic()
        elif number + 1 < declared and time.monotonic() - good < DAMAGED_SECONDS:
            since += 1
        else:
            break
    if damaged:
        print(f"{name} is damaged: {damaged} of its frames could not be read", file=sys.stderr)


def _stream(url: str) -> Source:
    limit = int(1000 * camera.FIRST_PICTURE_SECONDS)
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, limit, cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit]

    def connect() -> cv2.VideoCapture:
        return cv2.VideoCapture(os.fsencode(url), cv2.CAP_FFMPEG, limits)

    capture = connect()
    if not capture.isOpened():
        raise UserError(f"nothing to see at {url}: check the address and that it is sending")
    if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0:  # a file with an end, though it lies elsewhere
        return _video(url, capture)
    return camera.live(url, url, capture, connect)


