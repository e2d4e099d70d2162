"""All that a run needs to go on from its last finished epoch, as plain arrays in an .npz file. Keras."""

import json
from pathlib import Path

import numpy as np

from .. import files
from ..console import UserError
from ..network import keras
from . import runtime


def write(
    path: Path, network: keras.Model, settings: dict[str, object], history: list[dict[str, float]]
) -> None:
    """Keep all that a run needs to go on from its last finished epoch: plain arrays, in an .npz file."""
    if runtime.part()[0] > 0:
        return
    arrays = {f"{i:03}": keras.ops.convert_to_numpy(v) for i, v in enumerate(state(network))}
    story = json.dumps({"settings": settings, "history": history})
    with files.replacing(path) as temporary:
        np.savez(temporary, story=np.array(story), **arrays)


def state(network: keras.Model) -> list[keras.Variable]:
    """Everything that changes in training: weights, dropout's random state, the optimiser's moments and steps."""
    return [*network.variables, *network.optimizer.variables]


def read(path: Path) -> tuple[dict[str, object], list[dict[str, float]], list[np.ndarray]]:
    """Settings, history and state that a run left at `path`. Raises UserError."""
    if not path.exists():
        raise UserError(f"nothing to resume: there is no {path}, which a run writes after each epoch")
    try:
        with np.load(path, allow_pickle=False) as file:
            story = json.loads(str(file["story"]))
            return story["settings"], story["history"], [file[name] for name in sorted(file.files) if name != "story"]
    except Exception as error:
        raise UserError(f"{path} is no checkpoint, or damaged: delete it and start again without --resume") from error


def restore(network: keras.Model, arrays: list[np.ndarray]) -> None:
    """Put a checkpoint's state into a compiled network."""
    variables = state(network)
    if [v.shape for v in variables] != [a.shape for a in arrays]:
        raise UserError("the checkpoint is from another version of this program: start again without --resume")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
