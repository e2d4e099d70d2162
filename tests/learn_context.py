#!/usr/bin/env python3
"""Learn from made scenes what a digit's company says of it, and write model/vision/context.npz.

    python tests/learn_context.py --data mnist.npz              # 1,400 scenes: some 6 minutes on two cores
    python tests/learn_context.py --data mnist.npz --scenes 50  # a try

Each scene is read as cam.py reads it. A shape that was read is a digit where one was written, whichever; all others
are letters, signs and background. From what stands around it (context.evidence) a perceptron with one hidden layer
learns the probability. Every scene weighs by the square root of its digits, so that crowded ones do not drown the
rest. A fifth of the scenes is kept apart and told of.
"""

import argparse
import sys
from pathlib import Path
from unittest import mock

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import scenes  # noqa: E402

from model import console, files, network, weights  # noqa: E402
from model.training import mnist  # noqa: E402
from model.vision import context, reading  # noqa: E402
from model.vision.rows import Digit, middles  # noqa: E402

UNITS, EPOCHS, BATCH, RATE, DECAY = 96, 60, 256, 5e-3, 8e-4  # hidden units; passes; Adam's first step; weight decay


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="mnist.npz (default: what MNIST_PATH names, else downloaded once)")
    parser.add_argument("--scenes", type=int, default=1400, help="how many (default: 1400)")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--output", type=Path, default=context.LEARNT)
    args = parser.parse_args()
    data = mnist.load(args.data)
    digits = {label: data.x_train[data.y_train == label] for label in range(10)}
    x, y, scene = gather(digits, args.scenes, args.seed)
    weight = 1 / np.sqrt(np.bincount(scene)[scene])
    known = scene % 5 > 0
    believed = context.opinion(x[~known], learn(x[known], y[known], weight[known])) > 0
    written = y[~known] > 0
    print(f"apart: of {written.sum()} digits {(written & ~believed).sum()} are doubted for their company,")
    print(f"of {(~written).sum()} other shapes {(~written & believed).sum()} are not")
    with files.replacing(args.output) as temporary, temporary.open("wb") as file:
        np.savez(file, **learn(x, y, weight))


def gather(digits: scenes.Digits, count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Evidence (n, k), whether a digit was written there (n,), and in which scene (n,)."""
    classify = network.classifier(weights.SHIPPED)
    x, y, of = [], [], []
    for i in range(count):
        scene = scenes.scene(np.random.default_rng([seed, i]), digits)
        with mock.patch.object(context, "evidence", wraps=context.evidence) as asked:
            reading.read(scene.picture, classify)
        if asked.call_args and asked.call_args.args[0]:
            x.append(context.evidence(*asked.call_args.args)[0])
            y += written(asked.call_args.args[0], scene.truth)
            of += [i] * len(x[-1])
        print(f"\r{i + 1} of {count} scenes", end="", flush=True)
    print()
    return np.concatenate(x), np.array(y, float), np.array(of)


def written(found: list[Digit], truth: list[tuple[int, float, float, float]]) -> list[bool]:
    """Which of what was found are digits that were written, each of those once."""
    left, answers = dict(enumerate(truth)), []
    for x, y, height in zip(*middles(found), strict=True):
        fits = [
            (np.hypot(across - x, down - y) / high, i)
            for i, (_, across, down, high) in left.items()
            if 0.6 < height / high < 1.7
        ]
        off, nearest = min(fits, default=(np.inf, None))
        answers.append(bool(off < 0.4))
        if off < 0.4:
            del left[nearest]
    return answers


def learn(x: np.ndarray, y: np.ndarray, weight: np.ndarray, seed: int = 1) -> dict[str, np.ndarray]:
    """The perceptron's weights, by Adam on the cross-entropy; they take the evidence as it is."""
    rng = np.random.default_rng(seed)
    middle, scale = x.mean(0), x.std(0) + 1e-6
    x, weight = (x - middle) / scale, weight / weight.mean()
    net = {
        "w1": rng.normal(0, 0.3, (x.shape[1], UNITS)),
        "b1": np.zeros(UNITS),
        "w2": rng.normal(0, 0.3, UNITS),
        "b2": np.zeros(()),
    }
    moments = {name: (np.zeros_like(value), np.zeros_like(value)) for name, value in net.items()}
    step = 0
    for epoch in range(EPOCHS):
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            part, step = order[start : start + BATCH], step + 1
            hidden = np.tanh(x[part] @ net["w1"] + net["b1"])
            probability = 1 / (1 + np.exp(-(hidden @ net["w2"] + net["b2"])))
            off = weight[part] * (probability - y[part]) / len(part)
            back = np.outer(off, net["w2"]) * (1 - hidden**2)
            slopes = {"w1": x[part].T @ back, "b1": back.sum(0), "w2": hidden.T @ off, "b2": off.sum()}
            for name, slope in slopes.items():
                slope = slope + DECAY * net[name] * name.startswith("w")
                first, second = moments[name]
                first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
                moments[name] = first, second
                pace = RATE * (1 - epoch / EPOCHS) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
                net[name] = net[name] - pace * first / (1 - 0.9**step)
    net["b1"] = net["b1"] - (middle / scale) @ net["w1"]
    net["w1"] = net["w1"] / scale[:, None]
    return {name: np.float32(value) for name, value in net.items()}


if __name__ == "__main__":
    console.run(main)
