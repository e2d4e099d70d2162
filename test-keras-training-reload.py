#!/usr/bin/env python3
"""See what a trained network learned: its score on MNIST's 10,000 test digits, and a picture of its mistakes.

    python test-keras-training-reload.py                        # your weights if you trained some, else the shipped
    python test-keras-training-reload.py --model model/mine.h5  # other weights
    python test-keras-training-reload.py --save overview.pdf    # into a file: PNG, JPG, PDF or SVG

It prints loss, accuracy and calibration error, then for each digit how many were read right and what
the others were taken for. The picture shows test digits at random, the wrong ones framed and crossed;
then the mistakes, the most confident first; then which digit was taken for which. q or Esc closes it.
Without a display it goes to a file.
"""

from model import console  # first: from here on Ctrl-C ends the script without a traceback

# isort: split
import argparse
from pathlib import Path

import numpy as np

from model import figures, metrics, weights
from model.live import window
from model.training import mnist


def main() -> None:
    args = arguments()
    if args.save:
        figures.check(args.save)
    weights.read(args.model)  # a bad model is told at once, before Keras loads
    data = mnist.load(args.data)
    pictures, labels = data.x_test, data.y_test.astype(int)
    print(f"Loading {Path(*args.model.parts[-2:])} and reading {len(labels):,} test digits …", flush=True)

    from model import network  # here, because Keras takes 2.5 s to load

    probabilities = network.classify(network.load(args.model), pictures.astype(np.float32) / 255)
    print_scores(labels, probabilities)

    sample = np.random.default_rng(args.seed).permutation(len(labels))[: args.samples]
    figure = figures.overview(pictures, labels, probabilities, sample)
    if args.save is None and window.is_possible():
        print("\nIn the window: q or Esc closes it.", flush=True)
        figures.show(figure, "What the network learned")
    else:
        target = args.save or Path("what-the-network-learned.png")
        figures.save(figure, target)
        print(f"\n{'' if args.save else 'There is no display: '}the picture is in {target}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=weights.default(),
                        help="weights, HDF5 (default: model/digits.h5 if there, else model/shipped.h5)")  # fmt: skip
    parser.add_argument("--data", type=Path, help="mnist.npz (default: what MNIST_PATH names, else downloaded once)")
    parser.add_argument("--samples", type=int, default=25, help="test digits to show, 1 to 400 (default: 25)")
    parser.add_argument("--seed", type=int, help="show the same digits each time (default: always others)")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the picture to FILE: .png, .jpg, .pdf or .svg")
    args = parser.parse_args()
    if not 1 <= args.samples <= 400:
        parser.error("--samples must be from 1 to 400")
    if args.seed is not None and args.seed < 0:
        parser.error("--seed must be 0 or more")
    return args


def print_scores(labels: np.ndarray, probabilities: np.ndarray) -> None:
    answers = probabilities.argmax(1)
    right = answers == labels
    print(f"  loss               {metrics.cross_entropy(probabilities, labels):.4f}")
    print(f"  accuracy           {right.mean():.2%}   {(~right).sum()} of {len(labels):,} wrong")
    print(f"  calibration error  {metrics.calibration_error(probabilities, labels):.2%}   how far confidence is off")
    print("\ndigit  accuracy   wrong       taken for")
    for digit in np.unique(labels):
        mine = labels == digit
        taken = np.bincount(answers[mine & ~right], minlength=10)
        others = ", ".join(f"{other} ({taken[other]})" for other in np.argsort(-taken, kind="stable") if taken[other])
        score = f"{right[mine].mean():8.2%}   {(mine & ~right).sum():2} of {mine.sum():<5}"
        print(f"    {digit}  {score} {others}".rstrip())


if __name__ == "__main__":
    console.run(main)
