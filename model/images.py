"""A picture file to pixels: decoded whole or refused, upright as its EXIF says. OpenCV only."""

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from .console import UserError

SUFFIXES = {".avif", ".bmp", ".gif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"}  # fmt: skip # noqa: E501
MOST_PIXELS = int(os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"])  # that OpenCV decodes, set in __init__.py
MOST_BYTES = 8 * MOST_PIXELS  # of a file: four channels of 16 bits for each pixel, uncompressed
PNG = b"\x89PNG\r\n\x1a\n"


def load(path: str | Path) -> np.ndarray:
    """A picture file as (h, w, 3) uint8 BGR, turned upright as its EXIF says; what is transparent becomes paper.

    Raises UserError where the file is missing, empty, too large, damaged, cut off anywhere or no picture.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):  # a named pipe may never end
            raise UserError(f"{path} is no file")
        if status.st_size > MOST_BYTES:
            raise UserError(f"{path} is too large: it has {status.st_size:,} bytes, {MOST_BYTES:,} are the most")
        data = np.fromfile(path, np.uint8)  # imread on Windows can't open every path
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    if not data.size:
        raise UserError(f"{path} is empty")
    if data[:8].tobytes() == PNG and not _has_whole_chunks(data.tobytes()):
        raise UserError(f"{path} is no picture, or a damaged one")
    with _silent_libraries():
        try:
            image = cv2.imdecode(data, cv2.IMREAD_COLOR)
            whole = None if data[0] == 0xFF else cv2.imdecode(data, cv2.IMREAD_UNCHANGED)  # JPEG has no alpha
        except cv2.error as error:
            if "CV_IO_MAX_IMAGE" in str(error):
                raise UserError(f"{path} is too large: {MOST_PIXELS:,} pixels are the most") from None
            image = None
    if image is None:
        raise UserError(f"{path} is no picture, or a damaged one")
    if whole is not None and whole.ndim == 3 and whole.shape[2] == 4 and whole.shape[:2] == image.shape[:2]:
        alpha = cv2.merge(3 * [cv2.convertScaleAbs(whole[..., 3], alpha=255 / np.iinfo(whole.dtype).max)])
        image = cv2.multiply(image, alpha, scale=1 / 255)
        if 255 * int(image.sum()) < 128 * int(alpha.sum()):  # dark ink, so white paper
            image += 255 - alpha
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
