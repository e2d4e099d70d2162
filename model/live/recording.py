"""What is kept of a session: JSON Lines, annotated pictures and videos, snapshots."""

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from .. import files
from ..console import UserError
from ..vision.reading import Reading
from ..vision.segment import union
from . import view
from .frames import Frame, Source
from .labels import Spot

Write = Callable[[Frame, Reading], None]

CODECS = {".mp4": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG"}
BLANK = np.zeros((240, 320, 3), np.uint8)  # to see whether a format takes a colour picture
SPARE = 20_000_000  # bytes that a recording leaves free on the disk


def record(frame: Frame, seen: Reading) -> dict:
    """A frame's line of JSON: text row by row, each number, and each digit with its id. Boxes: pixels of the frame."""
    numbers = [
        {
            "text": "".join(str(d.digit) for d in number),
            "ids": [d.id for d in number],
            "box": list(union([d.box for d in number])),
        }
        for number in seen.numbers
    ]
    digits = [
        {"id": d.id, "digit": d.digit, "confidence": round(d.confidence, 4), "box": list(d.box)} for d in seen.digits
    ]
    return {
        "source": frame.source, "frame": frame.number, "seconds": frame.seconds,
        "text": seen.text, "numbers": numbers, "digits": digits,
    }  # fmt: skip


@contextlib.contextmanager
def json_lines(target: str | None) -> Iterator[Write]:
    """Write one object a frame to a file, or to stdout where the target is "-"; flushed at once."""
    if target is None:
        yield lambda frame, seen: None
        return
    try:
        file = sys.stdout if target == "-" else open(target, "w", encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror}: name another file") from error

    def write(frame: Frame, seen: Reading) -> None:
        try:
            print(json.dumps(record(frame, seen)), file=file, flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UserError(f"cannot write {target}: {error.strerror}: free some space") from error

    try:
        yield write
    finally:
        if target != "-":
            with contextlib.suppress(OSError):  # told when it was written
                file.close()


@contextlib.contextmanager
def saving(target: str | None, source: Source) -> Iterator[Write]:
    """Save the annotated view: a picture as a picture, a folder's pictures into a folder, all else as a video."""
    if target is None:
        yield lambda frame, seen: None
        return
    path = Path(target)
    if not source.still:
        spots: dict[int, Spot] = {}
        with recording(path, source.fps) as add:
            yield lambda frame, seen: add(
                view.draw(frame.picture, seen, view.natural_size(frame.picture), spots=spots),
                frame.seconds if source.live else None,
            )
    elif os.path.isdir(source.name):
        if not os.path.isdir(path) and (path.suffix.lower() in CODECS or _encoded(path, BLANK)):
            raise UserError(f"{target}: what is drawn of a folder is saved into a folder: name one")
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot save into {target}: {error.strerror}: name a folder") from error
        yield lambda frame, seen: _save_into(path, frame, seen)
    else:
        if _encoded(path, BLANK) is None:
            raise UserError(f"{path}: pictures are saved in colour, as .png, .jpg and the like: name such a file")
        files.check(path)
        yield lambda frame, seen: save_picture(path, frame, seen)


def _encoded(path: Path, canvas: np.ndarray) -> bytes | None:
    """The picture in the format of the path's suffix; None where that is none, has no colours, or is too small."""
    try:
        done, data = cv2.imencode(path.suffix, canvas)
    except cv2.error:
        return None
    return data.tobytes() if done else None


def _save_into(folder: Path, frame: Frame, seen: Reading) -> None:
    """The annotated picture under its own name, or with .png after it where its own format can't take it."""
    path = folder / Path(frame.source).name
    canvas = view.draw(frame.picture, seen, view.natural_size(frame.picture))
    data = _encoded(path, canvas)
    if data is None:
        path = path.with_name(f"{path.name}.png")
        data = _encoded(path, canvas)
    if path.is_symlink():  # it may lead to a picture that is read, or anywhere
        raise UserError(f"{path} is a link, and no link in a folder is written through: name another folder")
    with files.replacing(path) as temporary:
        temporary.write_bytes(data)


def save_picture(path: Path, frame: Frame, seen: Reading) -> None:
    """The annotated picture, in the format of the path's suffix."""
    canvas = view.draw(frame.picture, seen, view.natural_size(frame.picture))
    data = _encoded(path, canvas)
    if data is None:
        width, height = canvas.shape[1::-1]
        raise UserError(f"{path}: {width}x{height} pixels are too many for {path.suffix}: save it as .png")
    with files.replacing(path) as temporary:
        temporary.write_bytes(data)


def snapshot(frame: Frame, seen: Reading) -> Path:
    """The annotated frame as a PNG in the current folder, and the frame's JSON beside it."""
    path = fresh_name(".png")
    save_picture(path, frame, seen)
    with files.replacing(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(record(frame, seen)) + "\n")
    return path


def fresh_name(suffix: str) -> Path:
    """A file in the current folder that isn't there yet, named by the time."""
    stamp = time.strftime("digits-%Y%m%d-%H%M%S")
    names = (Path(f"{stamp}{extra}{suffix}").absolute() for extra in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(name for name in names if not name.exists())


@contextlib.contextmanager
def recording(path: Path, fps: float) -> Iterator[Callable[[np.ndarray, float | None], None]]:
    """A video file, finished whatever ends the recording; gives add(canvas, seconds).

    The first canvas sets the size. Where seconds are given, the frame is repeated or left out so that the
    video keeps time, but a gap of more than a second is shown as one second; without, every canvas is one frame.
    Raises UserError where the disk is full.
    """
    codec = CODECS.get(path.suffix.lower())
    if codec is None:
        raise UserError(f"{path}: videos are saved as {', '.join(CODECS)}: name such a file")
    stopped: BaseException | None = None
    writer = cv2.VideoWriter()
    written, size, start = 0, (0, 0), None
    with files.replacing(path) as temporary:
        _check_space(path)

        def add(canvas: np.ndarray, seconds: float | None = None) -> None:
            nonlocal written, size, start
            if not writer.isOpened():
                size = canvas.shape[1], canvas.shape[0]
                # As bytes: a str that is not UTF-8 crashes OpenCV.
                if not writer.open(os.fsencode(temporary), cv2.VideoWriter.fourcc(*codec), fps, size):
                    raise UserError(f"cannot write a video to {path}: name another place or format")
            times = 1
            if seconds is not None:
                start = seconds if start is None else start
                times = round((seconds - start) * fps) + 1 - written
                most = max(1, round(fps))
                if times > most:
                    start += (times - most) / fps
                    times = most
            if (canvas.shape[1], canvas.shape[0]) != size:
                canvas = cv2.resize(canvas, size)
            for _ in range(times):
                writer.write(canvas)
                written += 1
                if written % 30 == 0:
                    _check_space(path)

        try:
            yield add
        except BaseException as error:  # Ctrl-C too: what was recorded until then is kept
            stopped = error
        writer.release()
        if not written:
            raise stopped or UserError(f"there was nothing to record to {path}")
        # The writer keeps failures to itself.
        if cv2.VideoCapture(os.fsencode(temporary)).get(cv2.CAP_PROP_FRAME_COUNT) < 1:
            raise UserError(f"cannot write {path}: free some space or name another place")
    if stopped:
        raise stopped


def _check_space(path: Path) -> None:
    if shutil.disk_usage(path.absolute().parent).free < SPARE:
        raise UserError(f"cannot write {path}: the disk is full: free some space or name another place")
