"""HDF5 file -> the network's arrays, as numbers, never code; h5py only."""

from pathlib import Path

import h5py
import numpy as np


def read(path: str | Path) -> list[np.ndarray]:
    """The 8 float32 arrays (kernel, bias of each layer) in layer order."""
    with h5py.File(path, "r") as file:
        group = file["model_weights"]
        names = [n.decode() if isinstance(n, bytes) else n for n in group.attrs["layer_names"]]
        arrays = []
        for name in names:
            weights = group[name].attrs["weight_names"]
            arrays += [np.asarray(group[name][w], np.float32) for w in weights]
    return arrays
