"""All that a run needs to go on from its last finished epoch: plain arrays, one after another in a file. Keras."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np

from .. import files
from ..console import UserError
from ..network import keras
from . import runtime

Settings, History = dict[str, object], list[dict[str, float]]


def write(path: Path, network: keras.Model, settings: Settings, history: History) -> None:
    """Keep a run's settings, what each epoch came to, and the network's state. Of several processes the first does."""
    if runtime.rank() > 0:
        return
    story = json.dumps({"settings": settings, "history": history})
    state = [keras.ops.convert_to_numpy(variable) for variable in variables(network)]
    whole = io.BytesIO()  # stopped within np.savez, zipfile raises an error of its own, and so does np.save to a file
    for array in (np.array(digest(story, state)), np.array(story), *state):
        np.save(whole, array)
    with files.replacing(path) as temporary:
        temporary.write_bytes(whole.getbuffer())


def variables(network: keras.Model) -> list[keras.Variable]:
    """Everything that changes in training: weights, dropout's random state, the optimiser's moments and steps."""
    return [*network.variables, *network.optimizer.variables]


def digest(story: str, state: list[np.ndarray]) -> str:
    """What tells a checkpoint as it was written from one that was edited, or put together otherwise."""
    parts = [story.encode(), *(f"{array.dtype} {array.shape}".encode() + array.tobytes() for array in state)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def read(path: Path) -> tuple[Settings, History, list[np.ndarray]]:
    """Settings, history and state that a run left at `path`. Raises UserError."""
    try:
        arrays = []
        with open(path, "rb") as file:
            while file.peek(1):
                arrays.append(np.load(file, allow_pickle=False))
        story, state = str(arrays[1]), arrays[2:]
        whole = str(arrays[0]) == digest(story, state)
    except Exception:  # on a damaged file NumPy raises nearly anything
        whole = False
    if not whole:
        raise UserError(f"{path} is damaged, or of another version: delete it and start again without --resume")
    told = json.loads(story)
    return told["settings"], told["history"], state


def restore(network: keras.Model, state: list[np.ndarray]) -> None:
    """Put a checkpoint's state into a compiled network. Raises UserError."""
    if [variable.shape for variable in variables(network)] != [array.shape for array in state]:
        raise UserError("the checkpoint is from another version of this program: start again without --resume")
    for variable, array in zip(variables(network), state, strict=True):
        variable.assign(array)
