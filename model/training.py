"""How the network is trained: number format, schedule, progress, a checkpoint after every epoch."""

import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from . import console, files
from .console import UserError
from .network import keras, score
from .pictures import Pictures

PEAK = 3e-3  # highest learning rate of the one cycle (Smith, Topin 2018), for batches of 128
WARM_UP = 0.2  # of all steps, from nearly nothing to the peak
PROCESS, PROCESSES = "KERAS_DISTRIBUTION_PROCESS_ID", "KERAS_DISTRIBUTION_NUM_PROCESSES"  # Keras' environment variables


def part() -> tuple[int, int]:
    """Which process this is, of how many that train together: (0, 1) alone."""
    return int(os.environ.get(PROCESS, 0)), int(os.environ.get(PROCESSES, 1))


def start(seed: int) -> None:
    """Seed every random choice, take this process's and each device's part of the work, choose a number format.

    Prints which. Processes are those that Keras' environment variables name. Weights are float32 in any format.
    """
    with console.without_chatter():
        keras.utils.set_random_seed(seed)  # loads TensorFlow, with whatever backend
    devices = spread()
    if part()[1] > 1:  # all must choose alike
        bfloat16, reason = not devices[0].startswith("cpu"), "over several processes"
    else:
        gain = bfloat16_gain()
        bfloat16, reason = gain > 1.1, f"bfloat16 is {gain:.1f} times as fast as float32 here"
    keras.config.set_dtype_policy("mixed_bfloat16" if bfloat16 else "float32")
    print(f"computing in {'bfloat16' if bfloat16 else 'float32'}: {reason}", flush=True)


def spread() -> list[str]:
    """Have every batch shared out among processes and devices, where there are several; Keras can with JAX alone."""
    if keras.backend.backend() != "jax":
        if part()[1] > 1:
            raise UserError("several processes train together with JAX only: set KERAS_BACKEND=jax")
        return []
    if part()[1] > 1:
        keras.distribution.initialize()
    devices = keras.distribution.list_devices()
    if len(devices) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False))
        print(f"data parallel over {len(devices)} devices")
    return devices


def bfloat16_gain() -> float:
    """How many times as fast the second convolution, nine tenths of the network's work, is in bfloat16."""
    seconds = {"float32": float("inf"), "bfloat16": float("inf")}
    for _ in range(20):  # in turn, so that whatever else runs slows both
        for dtype in seconds:
            x = keras.ops.ones((64, 26, 26, 32), dtype)
            kernel = keras.ops.ones((3, 3, 32, 64), dtype)
            start = time.perf_counter()
            keras.ops.convert_to_numpy(keras.ops.conv(x, kernel)[0, 0, 0])
            seconds[dtype] = min(seconds[dtype], time.perf_counter() - start)
    return seconds["float32"] / seconds["bfloat16"]


def gather() -> bool:
    """End the spreading over devices after `fit`. Whether this is the process that goes on to score and write."""
    keras.distribution.set_distribution(None)
    return part()[0] == 0


class DigitAccuracy(keras.metrics.CategoricalAccuracy):
    """The share of digits read right; pictures of no digit don't count."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        is_digit = keras.ops.cast(keras.ops.max(y_true, axis=-1) > 0.5, "float32")
        return super().update_state(y_true, y_pred, is_digit)


def compile(network: keras.Model, steps: int, batch_size: int, gently: bool = False) -> None:
    """Ready the network for `steps` of Adam in one cycle: up to the peak, then along a cosine to nearly zero.

    The peak grows with the square root of the batch (Malladi et al. 2022). gently: for weights that are good already.
    """
    peak = PEAK * (batch_size / 128) ** 0.5 * (0.25 if gently else 1)
    warm_up = int(WARM_UP * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        peak / 20, max(1, steps - warm_up), alpha=0.01, warmup_target=peak, warmup_steps=warm_up
    )
    # For digits the divergence is the cross-entropy; for "no digit" it is zero where all ten are as likely.
    network.compile(keras.optimizers.Adam(rate), "kl_divergence", metrics=[DigitAccuracy("accuracy")])
    network.optimizer.build(network.trainable_variables)


def fit(
    network: keras.Model,
    pictures: Pictures,
    history: list[dict[str, float]],
    held_out: tuple[np.ndarray, np.ndarray] | None = None,
    after_epoch: Callable[[], None] = lambda: None,
) -> None:
    """Train a compiled network for the epochs that `pictures` are for, with a line for each, on a terminal a bar too.

    history: for each finished epoch loss, accuracy, rate and seconds; goes on from there, and is added to.
    held_out: pictures (n, 28, 28) float32 and labels (n,), scored after each epoch.

    Not Keras' own `fit`: with TensorFlow it may wait after an epoch for as long again, idle (tf.data's autotuning
    thread misses that it is to end), and it makes pictures while the network needs the cores.
    """
    live, start = sys.stdout.isatty(), None

    def line(middle: str) -> str:
        finished = epoch + steps / len(pictures)
        pace = (time.perf_counter() - start) / (finished - first) if finished > first else 0  # seconds an epoch
        left = round(pace * (pictures.epochs - finished))
        place = f"epoch {epoch + 1:{len(str(pictures.epochs))}}/{pictures.epochs}"
        scores = f"loss {sums['loss'] / steps:.4f}  accuracy {sums['accuracy'] / steps:.2%}"
        return f"{place}  {scores}  {middle}  {left // 60}:{left % 60:02} left"

    for epoch in range(len(history), pictures.epochs):
        begun, sums = time.perf_counter(), Counter()
        for steps, batch in enumerate(pictures.batches(epoch), 1):
            sums.update(network.train_on_batch(*batch, return_dict=True))
            if start is None:  # the first step compiles the network, and says nothing of the time left
                start = drawn = time.perf_counter()
                first = epoch + steps / len(pictures)
            if live and time.perf_counter() - drawn > 0.1:
                drawn, done = time.perf_counter(), round(20 * steps / len(pictures))
                shown = line("━" * done + "─" * (20 - done))[: shutil.get_terminal_size().columns - 1]
                print(f"\r{shown}", end="\033[K", flush=True)
        scores = {name: total / steps for name, total in sums.items()}
        if held_out:
            scores |= {f"val_{name}": value for name, value in score(network, *held_out).items()}
        rate = float(keras.ops.convert_to_numpy(network.optimizer.learning_rate))
        seconds = time.perf_counter() - begun
        history.append(scores | {"rate": rate, "seconds": seconds})
        told = line((f"held out {scores['val_accuracy']:.2%}  " if held_out else "") + f"{seconds:.1f} s")
        print(f"\r{told}\033[K" if live else told, flush=True)
        after_epoch()


def write_checkpoint(
    path: Path, network: keras.Model, settings: dict[str, object], history: list[dict[str, float]]
) -> None:
    """Keep all that a run needs to go on from its last finished epoch: plain arrays, in an .npz file."""
    if part()[0] > 0:
        return
    arrays = {f"{i:03}": keras.ops.convert_to_numpy(v) for i, v in enumerate(state(network))}
    story = json.dumps({"settings": settings, "history": history})
    with files.replacing(path) as temporary:
        np.savez(temporary, story=np.array(story), **arrays)


def state(network: keras.Model) -> list[keras.Variable]:
    """Everything that changes in training: weights, dropout's random state, the optimiser's moments and steps."""
    return [*network.variables, *network.optimizer.variables]


def read_checkpoint(path: Path) -> tuple[dict[str, object], list[dict[str, float]], list[np.ndarray]]:
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
