"""What every source gives: frames, and how they are to be taken."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Frame(NamedTuple):
    picture: np.ndarray  # (h, w, 3) uint8, BGR
    source: str  # the file, camera index or URL
    number: int  # from 0 in each video; those of a camera that were dropped count, and damaged ones of a video
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
    files: Sequence[Path] = ()  # what is read on the disk: a folder and its pictures, a picture, a video
    broken: list[str] = field(default_factory=list)  # pictures of a folder that could not be read
