"""A deeper network for the digits' network to learn from, in training alone (distillation: Hinton et al. 2015)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..console import UserError
from ..network import MaxPooling2D, keras, layers


def build() -> keras.Sequential:
    """Pairs of 3x3 convolutions with batch normalisation: (n, 28, 28, 1) float32 -> (n, 10) probabilities.

    437,034 parameters, fewer than the digits' network has, and twice its work.
    """

    def normalised(layer: layers.Layer) -> list[layers.Layer]:
        # The variance is averaged from 0: of the usual 1, too much would be left after an epoch.
        return [layer, layers.BatchNormalization(moving_variance_initializer="zeros"), layers.Activation("relu")]

    def convolution(filters: int, padding: str = "same") -> list[layers.Layer]:
        return normalised(layers.Conv2D(filters, 3, padding=padding, use_bias=False))

    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            *convolution(32, "valid"),
            *convolution(32, "valid"),
            MaxPooling2D(),
            *convolution(64),
            *convolution(64),
            MaxPooling2D(),
            *convolution(128),
            *convolution(128),
            MaxPooling2D(),
            layers.Dropout(0.3),
            layers.Flatten(),
            *normalised(layers.Dense(128, use_bias=False)),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )


def load(path: str | Path) -> keras.Sequential:
    """The teacher with the numbers in an HDF5 file that keras-training.py --teacher wrote. Raises UserError."""
    network = build()
    try:
        network.load_weights(path)
    except Exception as error:  # on a damaged or foreign file Keras and h5py raise nearly anything
        raise UserError(f"{path} is no teacher: train one with keras-training.py --teacher") from error
    if not all(np.isfinite(array).all() for array in network.get_weights()):
        raise UserError(f"{path} has weights that are no numbers: train one with keras-training.py --teacher")
    return network


def mean_opinion(paths: list[str]) -> Callable[[np.ndarray], np.ndarray]:
    """What teachers in files say together: pictures (n, 28, 28, 1) float32 -> the mean of their (n, 10) probabilities.

    Raises UserError.
    """
    teachers = [load(path) for path in paths]
    return lambda x: np.mean([teacher.predict_on_batch(x) for teacher in teachers], axis=0)
