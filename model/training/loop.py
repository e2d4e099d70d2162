"""How the network is trained: schedule, steps, progress, a checkpoint after every epoch. Keras."""

import math
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable

import numpy as np

from ..console import UserError
from ..metrics import score
from ..network import classify, keras
from . import recipe
from .batches import Pictures

STEPS_TO_FORETELL = 20  # enough to tell how long a run will take


class DigitAccuracy(keras.metrics.CategoricalAccuracy):
    """The share of digits read right; pictures of no digit don't count."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        is_digit = keras.ops.cast(keras.ops.max(y_true, axis=-1) > 0.5, "float32")
        return super().update_state(y_true, y_pred, is_digit)


def prepare(network: keras.Model, steps: int, batch_size: int, pace: float = 1) -> None:
    """Give the network its optimiser, loss and metric for a run of `steps`.

    Adam's learning rate goes through one cycle (Smith, Topin 2018): up to the peak, then along a cosine to nearly zero.
    The peak grows with the square root of the batch (Malladi et al. 2022). pace: share of it, less for weights that are
    good already.
    """
    peak = recipe.PEAK_RATE * (batch_size / 128) ** 0.5 * pace
    warm_up = int(recipe.WARM_UP * steps)
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
    Says after a few steps how long it will take, where that is over a minute. Raises UserError where the loss becomes
    no number.

    Not Keras' own `fit`: with TensorFlow it may wait after an epoch for as long again, idle (tf.data's autotuning
    thread misses that it is to end), and it makes pictures while the network needs the cores.
    """
    live, start = sys.stdout.isatty(), None

    def seconds_left() -> int:
        finished = epoch + steps / len(pictures)
        pace = (time.perf_counter() - start) / (finished - first) if finished > first else 0  # seconds an epoch
        return round(pace * (pictures.epochs - finished))

    def line(middle: str) -> str:
        left = seconds_left()
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
            if steps == STEPS_TO_FORETELL and epoch == int(first) and not live and seconds_left() > 60:
                print(f"this will take about {seconds_left() / 60:.0f} minutes", flush=True)
            if live and time.perf_counter() - drawn > 0.1:
                drawn, done = time.perf_counter(), round(20 * steps / len(pictures))
                shown = line("━" * done + "─" * (20 - done))[: shutil.get_terminal_size().columns - 1]
                print(f"\r{shown}", end="\033[K", flush=True)
        if not math.isfinite(sums["loss"]):
            raise UserError("training failed, the loss is no number any more: start again with a smaller --batch-size")
        scores = {name: total / steps for name, total in sums.items()}
        if held_out:
            x, y = held_out
            scores |= {f"val_{name}": value for name, value in score(classify(network, x), y).items()}
        rate = float(keras.ops.convert_to_numpy(network.optimizer.learning_rate))
        seconds = time.perf_counter() - begun
        history.append(scores | {"rate": rate, "seconds": seconds})
        told = line((f"held out {scores['val_accuracy']:.2%}  " if held_out else "") + f"{seconds:.1f} s")
        print(f"\r{told}\033[K" if live else told, flush=True)
        after_epoch()
