"""What the network is shown in training: MNIST's digits, digits in rarer styles, pictures of no digit; most varied."""

import math
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from . import augment, nondigits, strokes
from .network import keras
from .vision import normalise

NON_DIGITS = 0.1  # of all pictures: what the network must be unsure of
DRAWN = 0.12  # of all pictures: digits in styles that MNIST has few of
AS_THEY_ARE = 0.3  # of all pictures: shown without variation
CALM = 0.2  # of the epochs: the last, in which
NUDGED = 0.8  # of all pictures are varied only a little, for what is read is nearer to them (He et al. 2019)
BANK = 8000  # non-digits, and half as many drawn digits, are drawn once and varied ever after; fewer for small data


class Share(NamedTuple):
    """Pictures that take the place of some of MNIST's in every batch."""

    share: float  # of a batch, 0 to 1
    x: np.ndarray  # (n, 28, 28) uint8, 255 ink
    targets: np.ndarray  # (n, 10) float32 probabilities


class Pictures(keras.utils.PyDataset):
    """Batches of varied pictures (n, 28, 28, 1) float32 and their target probabilities (n, 10), for `fit`.

    They are made in a thread of their own while the network is fitted. What is in a batch depends on the
    seed, the epoch and the batch's number alone, so that a run can be repeated, resumed, or spread.
    """

    def __init__(
        self,
        x: np.ndarray,
        y: np.ndarray,
        others: list[Share],
        *,
        epochs: int,
        batch_size: int,
        seed: int,
        part: tuple[int, int] = (0, 1),
        teacher: keras.Model | None = None,
    ) -> None:
        """x: (n, 28, 28) uint8, y: (n,) labels; an epoch is n pictures, less what fills no batch.

        part: (i, of) gives the i-th of equal parts of every batch, for processes that train together.
        teacher: a network whose probabilities for a picture, varied as it is, are the targets instead of its label.
        """
        super().__init__(workers=1, max_queue_size=8)
        self.x, self.targets, self.others, self.epochs, self.seed = x, one_hot(y), others, epochs, seed
        self.teacher = teacher
        self.batch_size = min(batch_size, len(x))
        size = self.batch_size // part[1]
        self.part = slice(part[0] * size, (part[0] + 1) * size)
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.x) // self.batch_size

    def __getitem__(self, batch: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = order(len(self.x), self.seed, self.epoch)[batch * self.batch_size : (batch + 1) * self.batch_size]
        x, targets = self.x[chosen], self.targets[chosen]
        rng = np.random.default_rng([self.seed, self.epoch, batch])
        source = rng.choice(len(self.others) + 1, len(x), p=self.shares())
        for i, other in enumerate(self.others):
            places = np.flatnonzero(source == i)
            taken = rng.integers(0, len(other.x), len(places))
            x[places], targets[places] = other.x[taken], other.targets[taken]
        calm = self.epoch + batch / len(self) >= (1 - CALM) * self.epochs
        varied = math.ceil(len(x) * (1 - (NUDGED if calm else AS_THEY_ARE)))
        x[:varied] = augment.vary(x[:varied], rng)
        if calm:
            x[varied:] = augment.nudge(x[varied:], rng)
        x, targets = x[self.part, ..., None] / np.float32(255), targets[self.part]
        return x, targets if self.teacher is None else self.teacher.predict_on_batch(x)

    def shares(self) -> list[float]:
        shares = [other.share for other in self.others]
        return [*shares, 1 - sum(shares)]

    def on_epoch_end(self) -> None:
        self.epoch += 1


@lru_cache(maxsize=1)
def order(n: int, seed: int, epoch: int) -> np.ndarray:
    """In what order an epoch shows n pictures: (n,) indices."""
    return np.random.default_rng([seed, epoch]).permutation(n)


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Labels (n,) as probabilities, (n, 10) float32."""
    return np.eye(10, dtype=np.float32)[labels]


def beyond_mnist(x: np.ndarray, y: np.ndarray, seed: int) -> list[Share]:
    """What the default recipe shows besides MNIST's digits (x, y): non-digits, some made of them, and drawn digits."""
    rng = np.random.default_rng(seed)
    bank = min(BANK, len(x))
    non_digits = nondigits.draw(x, y, bank, rng)
    drawn, labels = draw_digits(bank // 2, rng)
    nobody_knows = np.full((bank, 10), 0.1, np.float32)
    return [Share(NON_DIGITS, non_digits, nobody_knows), Share(DRAWN, drawn, one_hot(labels))]


def draw_digits(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Digits drawn with thin to fat pens: (n, 28, 28) uint8, laid out as MNIST is, and their labels (n,)."""
    labels = rng.integers(0, 10, n)
    crops = np.zeros((n, 28, 28), np.uint8)
    for crop, label in zip(crops, labels, strict=True):
        ink = np.zeros((100, 160), np.uint8)
        pen = int(rng.integers(2, 24 if label == 1 else 13))  # a fat pen fills the others' holes
        width = np.exp(rng.normal(0.05, 0.2))
        for stroke in strokes.paths(int(label), rng):
            points = np.int32((stroke[:, :2] * (60 * width, 60) + 18) * 16)  # sixteenths of a pixel
            cv2.polylines(ink, [points], False, 255, pen, cv2.LINE_AA, 4)
        x, y, w, h = cv2.boundingRect(ink)
        crop[:] = normalise(ink[y : y + h, x : x + w].astype(np.float32) / 255) * 255
    return crops, labels
