"""MNIST (LeCun et al. 1998): 60,000 training and 10,000 test digits, from a file or from keras.datasets."""

import io
import math
import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..console import UserError

SOURCE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MOST_DIGITS = 500_000  # in one array: 392 MB of pictures; EMNIST, the largest set laid out so, has 240,000
HEADER_BYTES = 10_000  # of an array's header at most; NumPy's own limit


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
    path = Path(path)
    if not path.is_file():
        raise UserError(f"no data file {path}: name MNIST's mnist.npz ({SOURCE})")
    try:
        return _read(path)
    except UserError:
        raise
    except PermissionError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except Exception as error:  # on a damaged file NumPy and zipfile raise nearly anything
        raise UserError(f"{path} is no .npz file, or a damaged one: name MNIST's mnist.npz ({SOURCE})") from error


def at_hand() -> Path | None:
    """MNIST's file on this machine: the one that MNIST_PATH names, else the one that Keras has downloaded."""
    keras_home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    path = Path(os.environ.get("MNIST_PATH") or Path(keras_home, "datasets", "mnist.npz"))
    return path if path.is_file() else None


def _read(path: Path) -> Mnist:
    with zipfile.ZipFile(path) as file:
        arrays = Mnist(*(_array(path, file, name) for name in Mnist._fields))
    for y in (arrays.y_train, arrays.y_test):
        if y.min() < 0 or y.max() > 9:
            raise UserError(f"{path} has labels outside 0 to 9: name MNIST's mnist.npz")
    if len(arrays.x_train) != len(arrays.y_train) or len(arrays.x_test) != len(arrays.y_test):
        raise UserError(f"{path} has not one label for each picture: name MNIST's mnist.npz")
    return arrays


def _array(path: Path, file: zipfile.ZipFile, name: str) -> np.ndarray:
    """One array, refused by what it declares to be before any memory is asked for it."""
    if f"{name}.npy" not in file.namelist():
        raise UserError(f"{path} has no {name}: name MNIST's mnist.npz ({SOURCE})")
    with file.open(f"{name}.npy") as entry:
        start = io.BytesIO(entry.read(HEADER_BYTES))
    version = np.lib.format.read_magic(start)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = header(start)
    if name.startswith("x"):
        good, wanted = dtype == np.uint8 and shape[1:] == (28, 28), "uint8 (n, 28, 28)"
    else:
        good, wanted = dtype.kind in "ui" and len(shape) == 1, "whole numbers (n,)"
    if not good or not shape[0]:
        raise UserError(f"{path}: {name} is {dtype} {shape}, not {wanted}: name MNIST's mnist.npz")
    if shape[0] > MOST_DIGITS:
        raise UserError(f"{path}: {name} is of {shape[0]:,} digits, more than {MOST_DIGITS:,}: name MNIST's mnist.npz")
    if file.getinfo(f"{name}.npy").file_size != start.tell() + dtype.itemsize * math.prod(shape):
        raise UserError(f"{path}: {name} is not as long as it declares: name MNIST's mnist.npz")
    with file.open(f"{name}.npy") as entry:
        return np.lib.format.read_array(entry, allow_pickle=False)


def download() -> Mnist:
    """MNIST by way of keras.datasets, which keeps the file in ~/.keras/datasets."""
    from ..network import keras  # which loads it without chatter

    try:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception when the download fails: address, code -- reason
        reason = str(error).rpartition(" -- ")[2]
        raise UserError(
            f"cannot download MNIST ({reason}): get {SOURCE} and name it with --data or MNIST_PATH"
        ) from error
    return Mnist(x_train, y_train, x_test, y_test)
