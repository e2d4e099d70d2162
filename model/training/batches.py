"""What the network is shown in training: MNIST's digits, digits in rarer styles, pictures of no digit; most varied."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from .. import pen
from . import augment, outliers, recipe

VARIED_TOGETHER = 4  # batches: with small arrays, the calls would cost more than the work


class Share(NamedTuple):
    """Pictures that take the place of some of MNIST's in every batch."""

    share: float  # of a batch, 0 to 1
    x: np.ndarray  # (n, 28, 28) uint8, 255 ink
    targets: np.ndarray  # (n, 10) float32 probabilities


class Pictures:
    """Batches of varied pictures (n, 28, 28, 1) float32 and their target probabilities (n, 10).

    They depend on what is given here and on the epoch alone, so that a run can be repeated, resumed, or spread.
    """

    def __init__(
        self,
        x: np.ndarray,
        targets: np.ndarray,
        others: list[Share],
        *,
        epochs: int,
        batch_size: int,
        seed: int,
        rank: int = 0,
        processes: int = 1,
        teacher: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        """x: (n, 28, 28) uint8, targets: (n, 10) probabilities; an epoch is n pictures, less what fills no batch.

        others: take the place of some of them.
        epochs: of the whole run; towards its end pictures are varied less.
        rank: of the processes that train together, which this is; each gets an equal part of every batch.
        teacher: gives a batch's probabilities, which are the targets instead. It sees the pictures as they
        were drawn, before a camera blurred them: it knows better what is on them.
        """
        self.x, self.targets, self.others, self.epochs, self.seed = x, targets, others, epochs, seed
        self.teacher = teacher
        self.batch_size = min(batch_size, len(x))
        size = self.batch_size // processes
        self.mine = slice(rank * size, (rank + 1) * size)  # of every batch

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self.x) // self.batch_size

    def batches(self, epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """An epoch's batches, in turn."""
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.x))
        for first in range(0, len(self), VARIED_TOGETHER):
            chosen = order[first * self.batch_size : min(first + VARIED_TOGETHER, len(self)) * self.batch_size]
            calm = epoch + first / len(self) >= (1 - recipe.CALM_END) * self.epochs
            versions = self.versions(chosen, calm, np.random.default_rng([self.seed, epoch, first]))
            for start in range(0, len(chosen), self.batch_size):
                batch = slice(start, start + self.batch_size)
                seen, drawn, targets = (part[batch][self.mine] for part in versions)
                yield ready(seen), self.teacher(ready(drawn)) if self.teacher else targets

    def versions(self, chosen: np.ndarray, calm: bool, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """In the place of the chosen, (n,) indices: pictures (n, 28, 28) uint8, the same as drawn, and targets."""
        x, targets = self.x[chosen], self.targets[chosen]
        shares = [other.share for other in self.others]
        source = rng.choice(len(shares) + 1, len(x), p=[*shares, 1 - sum(shares)])
        for i, other in enumerate(self.others):
            places = np.flatnonzero(source == i)
            taken = rng.integers(0, len(other.x), len(places))
            x[places], targets[places] = other.x[taken], other.targets[taken]
        varied = math.ceil(len(x) * (1 - (recipe.NUDGED if calm else recipe.UNVARIED)))
        x[:varied] = augment.vary(x[:varied], rng)
        if calm:
            x[varied:] = augment.nudge(x[varied:], rng)
        seen = np.concatenate([augment.photograph(x[:varied], rng), x[varied:]])
        mixed = rng.permutation(len(x))  # each batch gets some of every kind
        return seen[mixed], x[mixed], targets[mixed]


def ready(pictures: np.ndarray) -> np.ndarray:
    """Pictures (n, 28, 28) uint8 as a network takes them: (n, 28, 28, 1) float32, 0 to 1."""
    return pictures[..., None] / np.float32(255)


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Labels (n,) as probabilities, (n, 10) float32."""
    return np.eye(10, dtype=np.float32)[labels]


def beyond_mnist(x: np.ndarray, y: np.ndarray, epochs: int, seed: int) -> list[Share]:
    """What the default recipe shows besides MNIST's digits (x, y): non-digits, some made of them, and drawn digits."""
    rng = np.random.default_rng(seed)
    count = min(recipe.NON_DIGITS_DRAWN * math.ceil(epochs / recipe.EPOCHS), len(x))
    non_digits = outliers.draw(x, y, count, rng)
    drawn, labels = pen.draw_digits(count // 2, rng)
    return [Share(recipe.NON_DIGITS, *non_digits), Share(recipe.DRAWN, drawn, one_hot(labels))]
