"""A picture file to pixels: decoded whole or refused, upright as its EXIF says. OpenCV only."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from .console import UserError

SUFFIXES = {".avif", ".bmp", ".gif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"}  # fmt: skip # noqa: E501
PNG = b"\x89PNG\r\n\x1a\n"


def load(path: str | Path) -> np.ndarray:
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
