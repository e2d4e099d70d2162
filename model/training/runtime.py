"""What training runs on: seed, process ranks, devices, number format. Keras."""

import os
import time

from .. import console
from ..console import UserError
from ..network import keras


def rank() -> int:
    """This process's number among those that train together, by Keras' environment variable: 0 alone."""
    return int(os.environ.get("KERAS_DISTRIBUTION_PROCESS_ID", 0))


def processes() -> int:
    """How many processes train together, by Keras' environment variable: 1 alone."""
    return int(os.environ.get("KERAS_DISTRIBUTION_NUM_PROCESSES", 1))


def start(seed: int, number_format: str | None = None) -> str:
    """Seed every random choice, take this process's and each device's part of the work, set the number format.

    number_format: "float32" or "bfloat16", as a run that goes on had it; a new run gets the faster one here.
    Prints and returns it. Weights are float32 in either.
    """
    with console.without_chatter():
        keras.utils.set_random_seed(seed)  # loads TensorFlow where it is installed, with whatever backend
    devices = spread()
    if number_format:
        reason = "as the run began"
    elif processes() > 1:  # all must choose alike
        number_format, reason = "float32" if devices[0].startswith("cpu") else "bfloat16", "over several processes"
    else:
        gain = bfloat16_gain()
        number_format = "bfloat16" if gain > 1.1 else "float32"
        reason = f"bfloat16 is {gain:.1f} times as fast as float32 here"
    keras.config.set_dtype_policy("mixed_bfloat16" if number_format == "bfloat16" else "float32")
    print(f"computing in {number_format}: {reason}", flush=True)
    return number_format


def spread() -> list[str]:
    """Have every batch shared out among processes and devices, where there are several; Keras can with JAX alone."""
    if keras.backend.backend() != "jax":
        if processes() > 1:
            raise UserError("several processes train together with JAX only: set KERAS_BACKEND=jax")
        return []
    if processes() > 1:
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
    return rank() == 0
