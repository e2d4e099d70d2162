#!/usr/bin/env python3
"""Compare our training with the original's, epoch by epoch in turn, so that whatever else runs slows both.

    python tests/bench_training.py --data mnist.npz           # two epochs of each: minutes
    python tests/bench_training.py --data mnist.npz --full    # fifteen of each, and a run of ours of five

The original's recipe: batches of 32, Adam, float32, digits as they are, dropout 0.25 and 0.5. It prints for each
the seconds of its fastest epoch, the share of this machine's matrix peak that the network's arithmetic comes to,
accuracy on 5,000 held-out training digits by time, and memory; at the end each is scored on the test digits.
--plot draws it.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from model import figures, metrics, network
from model.network import keras
from model.training import batches, loop, mnist, runtime

FLOP = 3 * 2 * (26 * 26 * 9 * 32 + 24 * 24 * 9 * 32 * 64 + 9216 * 128 + 1280)  # a digit, forward and backward


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="mnist.npz (default: what MNIST_PATH names, else downloaded once)")
    parser.add_argument("--full", action="store_true", help="fifteen epochs of each, and five of ours")
    parser.add_argument("--plot", type=Path, help="draw accuracy by time into a .png, .pdf or .svg")
    args = parser.parse_args()
    digits = mnist.load(args.data)
    peaks = {dtype: peak(dtype) for dtype in ("float32", "bfloat16")}
    print("matrix peak: " + ", ".join(f"{rate:.0f} GFLOP/s in {dtype}" for dtype, rate in peaks.items()))

    runs = [Original(digits, 15 if args.full else 2), Ours(digits, 15 if args.full else 2)]
    runs += [Ours(digits, 5)] if args.full else []
    while any(len(run.seconds) < run.epochs for run in runs):
        for run in runs:
            if len(run.seconds) < run.epochs:
                run.epoch()
                print(f"{run.name:22} epoch {len(run.seconds):2}  {run.seconds[-1]:6.1f} s  "
                      f"held out {run.accuracy[-1]:.2%} after {sum(run.seconds):.0f} s", flush=True)  # fmt: skip

    print(f"\n{'':22} s/epoch  of the original's  GFLOP/s  of peak  in all   held out  test")
    original = runs[0]
    for run in runs:
        best, whole = min(run.seconds), sum(run.seconds)
        rate = FLOP * run.n / best / 1e9
        print(f"{run.name:22} {best:7.1f}  {best / min(original.seconds):15.2f}  {rate:7.0f}  "
              f"{rate / peaks[run.dtype]:7.0%}  {whole:5.0f} s  {run.accuracy[-1]:8.2%}  {run.test():.2%}")  # fmt: skip
    for run in runs[1:]:
        share = sum(run.seconds) / sum(original.seconds)
        print(f"{run.name}: {share:.2f} of the time of the original's {original.epochs} epochs")
    print(f"memory, all runs together: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")
    if args.plot:
        figures.save(plot(runs), args.plot)


class Run:
    """A recipe on MNIST without 5,000 held-out digits: name, dtype, net; `train` trains an epoch: seconds."""

    def __init__(self, digits: mnist.Mnist, epochs: int) -> None:
        apart = np.random.default_rng(0).permutation(len(digits.x_train)) < len(digits.x_train) // 12
        self.digits, self.apart, self.epochs, self.n = digits, apart, epochs, int((~apart).sum())
        self.x, self.y = digits.x_train[~apart], digits.y_train[~apart]
        self.seconds: list[float] = []
        self.accuracy: list[float] = []

    def epoch(self) -> None:
        self.seconds.append(self.train())
        self.accuracy.append(self.score(self.digits.x_train[self.apart], self.digits.y_train[self.apart]))

    def score(self, x: np.ndarray, y: np.ndarray) -> float:
        return metrics.score(network.classify(self.net, x / np.float32(255)), y)["accuracy"]

    def test(self) -> float:
        return self.score(self.digits.x_test, self.digits.y_test)


class Original(Run):
    def __init__(self, digits: mnist.Mnist, epochs: int) -> None:
        super().__init__(digits, epochs)
        self.name, self.dtype = "the original's recipe", "float32"
        keras.utils.set_random_seed(1)
        keras.config.set_dtype_policy("float32")
        self.net = network.build((0.25, 0.5))
        self.net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        self.x = self.x[..., None] / np.float32(255)

    def train(self) -> float:
        times = []  # of the epoch alone: `fit` may wait for tf.data after it, up to as long again
        clock = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda *_: times.append(time.perf_counter()),
            on_epoch_end=lambda *_: times.append(time.perf_counter()),
        )
        self.net.fit(self.x, self.y, batch_size=32, epochs=1, verbose=0, callbacks=[clock])
        return times[1] - times[0]


class Ours(Run):
    def __init__(self, digits: mnist.Mnist, epochs: int, batch_size: int = 128) -> None:
        super().__init__(digits, epochs)
        runtime.start(1)
        self.dtype = "bfloat16" if "bfloat16" in keras.config.dtype_policy().name else "float32"
        self.name = f"ours, {epochs} epochs"
        self.net = network.build()
        others = batches.beyond_mnist(self.x, self.y, epochs, 1)
        self.shown = batches.Pictures(
            self.x, batches.one_hot(self.y), others, epochs=epochs, batch_size=batch_size, seed=1
        )
        loop.prepare(self.net, epochs * len(self.shown), batch_size)

    def train(self) -> float:
        start = time.perf_counter()
        for batch in self.shown.batches(len(self.seconds)):
            self.net.train_on_batch(*batch)
        return time.perf_counter() - start


def peak(dtype: str, side: int = 2048) -> float:
    """GFLOP/s of a large matrix product, the best of five."""
    a = keras.ops.ones((side, side), dtype)
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        keras.ops.convert_to_numpy(keras.ops.matmul(a, a)[0])
        seconds.append(time.perf_counter() - start)
    return 2 * side**3 / min(seconds) / 1e9


def plot(runs: list[Run]) -> figures.Figure:
    figure = figures.Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    for run, colour in zip(runs, (figures.QUIET, figures.RIGHT, figures.WRONG), strict=False):
        wrong = 100 * (1 - np.array(run.accuracy))
        axes.plot(np.cumsum(run.seconds), wrong, "o-", markersize=4, color=colour, label=run.name)
    axes.set(xlabel="seconds", yscale="log", xlim=(0, None))
    axes.set_title("Held-out digits read wrong, %", loc="left")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.legend(frameon=False)
    return figure


if __name__ == "__main__":
    main()
