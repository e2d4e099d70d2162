"""MNIST (LeCun et al. 1998): 60,000 training and 10,000 test digits, from a file or from keras.datasets."""

import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .console import UserError

SOURCE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"


class Mnist(NamedTuple):
    """Pictures (n, 28, 28) uint8, 0 paper to 255 ink; labels (n,) uint8, 0 to 9."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def load(path: str | Path | None = None) -> Mnist:
    """MNIST from `path`, else from the file that MNIST_PATH names, else from keras.datasets, downloaded once.

    The file is an .npz with the four arrays of `Mnist`; nothing in it is unpickled. Raises UserError.
    """
    path = path or os.environ.get("MNIST_PATH")
    if path is None or path == "":
        return download()
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = Mnist(**{name: np.asarray(file[name]) for name in Mnist._fields})
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or 'no .npz file'}: name MNIST's mnist.npz") from error
    except KeyError as error:
        raise UserError(f"{path} has no {error.args[0].split()[0]}: name MNIST's mnist.npz ({SOURCE})") from error
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is no plain .npz file of arrays: name MNIST's mnist.npz ({SOURCE})") from error
    for x, y, part in ((arrays.x_train, arrays.y_train, "train"), (arrays.x_test, arrays.y_test, "test")):
        if x.ndim != 3 or x.shape[1:] != (28, 28) or x.dtype != np.uint8 or len(x) == 0:
            raise UserError(f"{path}: x_{part} is {x.dtype} {x.shape}, not uint8 (n, 28, 28): name MNIST's mnist.npz")
        if y.shape != x.shape[:1] or y.dtype.kind not in "ui" or y.min() < 0 or y.max() > 9:
            raise UserError(f"{path}: y_{part} is not one label, 0 to 9, for each picture: name MNIST's mnist.npz")
    return arrays


def download() -> Mnist:
    """MNIST by way of keras.datasets, which keeps the file in ~/.keras/datasets."""
    import keras

    try:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception when the download fails
        raise UserError(
            f"cannot download MNIST ({error}): get {SOURCE} and name it with --data or MNIST_PATH"
        ) from error
    return Mnist(x_train, y_train, x_test, y_test)
