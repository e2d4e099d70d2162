"""The network's weights out of an HDF5 file, as numbers: whatever else the file holds is never run.

A Keras file can describe any layer, a serialised Python function included, and loading such a file
has run what it found there more than once (CVE-2025-9905). So the network comes from our code, and
from the file come eight plain arrays: inside the file itself, uncompressed, of known size.
"""

import json
import mmap
import re
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from .console import UserError

SHIPPED = Path(__file__).resolve().with_name("shipped.h5")  # came with the program; no script writes it
TRAINED = SHIPPED.with_name("digits.h5")  # what keras-training.py makes
SHAPES = (  # in the order of the layers; no two are alike, so a shape says which array it is
    (3, 3, 1, 32), (32,),  # convolution
    (3, 3, 32, 64), (64,),  # convolution
    (9216, 128), (128,),  # dense
    (128, 10), (10,),  # dense, one output a digit
)  # fmt: skip
LAYERS = [("Conv2D", "relu"), ("Conv2D", "relu"), ("MaxPooling2D", None), ("Flatten", None), ("Dense", "relu"),
          ("Dense", "softmax")]  # fmt: skip
WITHOUT_EFFECT = ("InputLayer", "Dropout")  # on what the network answers
FILE_BYTES = 100_000_000  # at most; the network has 5 MB, and 29 in float64 with its optimiser's state
DESCRIPTION_BYTES = 1 << 20  # at most; ours has 4,000
DESCRIPTIONS = 10  # at most; Keras writes one, HDF5 may leave an older one behind
TRAINING_STATE = ("optimizer", "optimizer_weights", "seed_generator")  # groups that are passed over


class Refused(Exception):
    """What is wrong with a file, to be told after its name."""


def default() -> Path:
    """The weights to use where none are named: the user's own training, if there is one, else what came along."""
    return TRAINED if TRAINED.exists() else SHIPPED


def read(path: str | Path) -> list[np.ndarray]:
    """The network's eight float32 arrays, shaped as in SHAPES, from what Keras 2 or 3 saved as .h5 or .weights.h5.

    Raises UserError where there is no such file, or anything in it is not as it should be: another
    network, a Lambda or custom layer, links or storage outside the file, infinite or missing numbers.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f"no model {path}: name another with --model, or make one with keras-training.py")
    if not path.is_file():
        raise UserError(f"{path} is no file: name an HDF5 model")
    try:
        if path.stat().st_size > FILE_BYTES:
            raise Refused(f"is larger than {FILE_BYTES // 1_000_000} MB")
        if not h5py.is_hdf5(path):
            raise Refused("is no HDF5 file")
        with h5py.File(path, "r", locking=False) as file:
            arrays, described = _arrays(file), "model_config" in file.attrs
        if described:
            _check_description(path)
        return arrays
    except PermissionError as error:
        raise UserError(f"cannot read the model {path}: {error.strerror}") from None
    except Refused as error:
        raise UserError(f"{path} {error}: name a model that keras-training.py made") from None
    except Exception:  # on a damaged file h5py raises nearly anything
        raise UserError(f"{path} is cut off or damaged: name a model that keras-training.py made") from None


def _check_description(path: Path) -> None:
    """Refuse a file that describes another network than ours.

    The description is JSON, found in the file's bytes: asked for it, HDF5 can search a damaged file
    without end (https://github.com/HDFGroup/hdf5/issues/1707).
    """
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        starts = [match.start() for match in re.finditer(rb'\{"class_name": ?"(?:Sequential|Functional|Model)"', data)]
        if not 1 <= len(starts) <= DESCRIPTIONS:
            raise Refused("has no readable description of its network" if not starts else "describes too many networks")
        for start in starts:
            text = data[start : start + DESCRIPTION_BYTES].decode(errors="replace")
            _check_layers(json.JSONDecoder().raw_decode(text)[0]["config"]["layers"])


def _check_layers(layers: list[dict]) -> None:
    found = []
    for layer in layers:
        name = layer["class_name"]
        if name == "Lambda":
            raise Refused("has a Lambda layer, whose code is never run")
        if layer.get("registered_name") or not str(layer.get("module") or "keras").startswith("keras"):
            raise Refused(f"describes a class of its own ({name}), which is never run")
        if name not in WITHOUT_EFFECT:
            found.append((name, layer["config"].get("activation")))
    if found != LAYERS:
        raise Refused("holds another network")


def _arrays(file: h5py.File) -> list[np.ndarray]:
    by_shape: dict[tuple[int, ...], np.ndarray] = {}
    for dataset in _datasets(file):
        if dataset.shape not in SHAPES or dataset.shape in by_shape:
            raise Refused("holds another network")
        by_shape[dataset.shape] = _numbers(dataset)
    if len(by_shape) < len(SHAPES):
        raise Refused("lacks some of the network's weights")
    return [by_shape[shape] for shape in SHAPES]


def _datasets(file: h5py.File) -> Iterator[h5py.Dataset]:
    """Every dataset of a file, reached by hard links only: those can't lead out of it."""
    groups: list[h5py.Group] = [file]
    links = 0
    while groups:
        group = groups.pop()
        links += len(group)
        if links > 200:  # hard links may run in circles
            raise Refused("holds another network")
        for name in group:
            if name in TRAINING_STATE:
                continue
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise Refused("has links in it, which are never followed")
            child = group[name]
            if isinstance(child, h5py.Group):
                groups.append(child)
            elif isinstance(child, h5py.Dataset):
                yield child


def _numbers(dataset: h5py.Dataset) -> np.ndarray:
    """A dataset of known shape as float32, if its bytes lie plainly in the file."""
    if dataset.dtype.kind != "f" or dataset.dtype.itemsize > 8:
        raise Refused(f"holds {dataset.dtype} where floating-point weights belong")
    layout = dataset.id.get_create_plist().get_layout()
    if layout != h5py.h5d.CONTIGUOUS or dataset.external or dataset.id.get_offset() is None:
        raise Refused("keeps weights outside itself, compressed or not at all")
    with np.errstate(over="ignore"):
        numbers = dataset[()].astype(np.float32)
    if not np.isfinite(numbers).all():
        raise Refused("has weights that are infinite or no numbers")
    return numbers
