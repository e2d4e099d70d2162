"""A person's own digits as they taught them: 28x28 PNG pictures in handwriting/<digit>/."""

import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from . import files, images
from .console import UserError


class Examples(NamedTuple):
    x: np.ndarray  # (n, 28, 28) uint8, 0 paper to 255 ink, as the network saw them
    y: np.ndarray  # (n,) labels, 0 to 9

    def split(self, seed: int) -> tuple["Examples", "Examples"]:
        """To learn from, and a fifth of each digit's to be kept apart (of fewer than four, none)."""
        apart = np.zeros(len(self.y), bool)
        for digit in np.unique(self.y):
            mine = np.random.default_rng([seed, digit]).permutation(np.flatnonzero(self.y == digit))
            apart[mine[: (len(mine) + 1) // 5]] = True
        return Examples(self.x[~apart], self.y[~apart]), Examples(self.x[apart], self.y[apart])


def read(folder: Path) -> Examples:
    """All examples in folder/0/ to folder/9/. Raises UserError."""
    paths = sorted(path for digit in range(10) for path in (folder / str(digit)).glob("*.png"))
    if not paths:
        raise UserError(f"no examples in {folder}: teach some in cam.py's window (key l), or name another folder")
    pictures = [cv2.cvtColor(images.load(path), cv2.COLOR_BGR2GRAY) for path in paths]
    for path, picture in zip(paths, pictures, strict=True):
        if picture.shape != (28, 28):
            raise UserError(f"{path} is no picture of 28x28 pixels: delete it")
    return Examples(np.stack(pictures), np.array([int(path.parent.name) for path in paths]))


def keep(folder: Path, digit: int, crop: np.ndarray) -> Path:
    """Write a crop, (28, 28) float32 0 to 1 as the network saw it, to folder/<digit>/. Raises UserError."""
    path = folder / str(digit) / f"{time.time_ns():x}.png"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {path.parent}: {error.strerror}: name another with --handwriting") from error
    with files.replacing(path) as temporary:
        temporary.write_bytes(cv2.imencode(".png", np.rint(255 * crop).astype(np.uint8))[1].tobytes())
    return path
