"""The convolutional network, exactly the original's: 1,199,882 parameters, ten softmax outputs."""

import logging
import os
from collections.abc import Callable
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from . import console, weights
from .console import UserError

BACKENDS = ("tensorflow", "jax", "torch")  # of Keras, those that can train


def _choose_backend() -> None:
    """Set KERAS_BACKEND, where it is not set, to the first backend that is installed. Raises UserError."""
    installed = [name for name in BACKENDS if find_spec(name)]
    name = os.environ.get("KERAS_BACKEND") or next(iter(installed), None)
    if name is None:
        raise UserError("neither TensorFlow nor JAX is installed: pip install -r requirements.txt")
    if name not in BACKENDS:
        raise UserError(f"KERAS_BACKEND={name} is no backend of Keras: set it to tensorflow or jax, or unset it")
    if name not in installed:
        raise UserError(f"KERAS_BACKEND={name}, but {name} is not installed: unset it, or pip install {name}")
    os.environ["KERAS_BACKEND"] = name
    if name == "jax" and metadata.version("jax").startswith(("0.10.", "0.11.", "0.12.")):
        # On a CPU, XLA leaves convolutions to YNNPACK, which takes five times as long for them as XLA's other way
        # (jax 0.10.2). Only those versions: on one that does not know the flag, XLA would end the process.
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_experimental_ynn_fusion_type=-individual_convolution")


_choose_backend()
with console.without_chatter():
    import keras
    from keras import layers

# Keras warns at each save that HDF5 is its older format; here it is the wanted one, plain numbers.
logging.getLogger("absl").addFilter(lambda record: "as an HDF5 file" not in record.getMessage())

BATCHES = (1, 4, 16, 24, 32, 64, 128, 256)  # each size that the network is called with is traced once, then fast


class MaxPooling2D(layers.MaxPooling2D):
    """Keras' layer for 2x2. With JAX it takes the largest of four slices: the same numbers.

    On a CPU the gradient of XLA's own pooling takes as long as that of all the convolutions; this one takes a tenth.
    """

    def call(self, inputs):
        if keras.backend.backend() != "jax":
            return super().call(inputs)
        rows = keras.ops.maximum(inputs[:, ::2], inputs[:, 1::2])
        return keras.ops.maximum(rows[:, :, ::2], rows[:, :, 1::2])


def build(dropout: tuple[float, float] = (0.0, 0.1)) -> keras.Sequential:
    """The network: (n, 28, 28, 1) float32, 0 paper to 1 ink -> (n, 10) probabilities.

    dropout: rates after the pooling and after the first dense layer; they act in training alone. The original's
    0.25 and 0.5 are for pictures shown as they are: where each is varied anew, 0 and 0.1 read held-out digits as
    well as 0.1 and 0.3, and an epoch takes a seventh less: 9,216 units a picture are many random numbers.
    """
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            MaxPooling2D(),
            layers.Dropout(dropout[0]),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(dropout[1]),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )


def load(path: str | Path) -> keras.Sequential:
    """Our network with the numbers in an HDF5 file; nothing else in the file is looked at. Raises UserError."""
    network = build()
    network.set_weights(weights.read(path))
    return network


def save(network: keras.Sequential, path: str | Path) -> None:
    """Write the network as HDF5 that Keras, too, can load: its own layers, float32, no optimiser state."""

    def plain(layer: layers.Layer) -> layers.Layer:
        return getattr(layers, type(layer).__name__).from_config(layer.get_config() | {"dtype": "float32"})

    twin = keras.Sequential([layers.Input((28, 28, 1)), *map(plain, network.layers)])
    twin.dtype_policy = "float32"
    twin.set_weights(network.get_weights())
    twin.save(path, include_optimizer=False)


def classifier(path: str | Path) -> Callable[[np.ndarray], np.ndarray]:
    """What `reading.read` asks: crops (n, 28, 28) -> probabilities (n, 10), by the network in a file. Raises UserError.

    The first call is as fast as the next.
    """
    network = load(path)
    warm_up(network)
    return partial(classify, network)


def warm_up(network: keras.Sequential) -> None:
    """Call the network once with every batch size, so that the first picture is as fast as the next."""
    for size in BATCHES:
        network.predict_on_batch(np.zeros((size, 28, 28, 1), np.float32))


def classify(network: keras.Sequential, crops: np.ndarray) -> np.ndarray:
    """Probabilities of the ten digits, (n, 10) float32, for crops (n, 28, 28) float32, 0 paper to 1 ink; n may be 0."""
    crops = np.asarray(crops, np.float32).reshape(-1, 28, 28, 1)
    parts = [np.zeros((0, 10), np.float32)]
    for start in range(0, len(crops), BATCHES[-1]):
        part = crops[start : start + BATCHES[-1]]
        size = next(size for size in BATCHES if size >= len(part))
        padded = np.concatenate([part, np.zeros((size - len(part), 28, 28, 1), np.float32)])
        parts.append(network.predict_on_batch(padded)[: len(part)])
    return np.concatenate(parts)
