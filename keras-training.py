#!/usr/bin/env python3
"""Train the network that reads digits.

    python keras-training.py                             # 15 epochs on MNIST, then model/digits.h5
    python keras-training.py --epochs 5                  # nearly as good, in a third of the time
    python keras-training.py --resume                    # go on where a run was cut off
    python keras-training.py --start model/shipped.h5    # not from chance: from the weights that came along
    python keras-training.py --handwriting handwriting   # learn your hand, then model/mine.h5

    python keras-training.py --teacher --epochs 24                       # a deeper network, model/teacher.h5,
    python keras-training.py --learn-from model/teacher.h5 --epochs 60   # and the digits' network taught by it

MNIST comes from --data, else from the file that the environment variable MNIST_PATH names, else it is
downloaded once. Every epoch shows the network new versions of the digits: turned, bent, drawn with thin or
thick pens, blurred; and pictures that are no digit, of which it learns to be unsure. In the last fifth of the
run most are varied only a little. At the end the test digits are scored, once, and the model is written with a
picture of the training curves beside it. cam.py then reads with it. To go back to the weights that came along
(model/shipped.h5, which no script writes), delete model/digits.h5. The recipe's numbers are in
model/training/recipe.py.

--learn-from has the network learn what a teacher says of each picture instead of what its label says; of several
teachers, what they say on average. They are shown it varied as it is, but sharp. Over many epochs the network becomes
better that way; the loss and accuracy of its epochs tell how far it agrees with them.

--start goes on from the weights in a file, gently. Half of what a digit is to be is what they said of it, so that they
forget less.

Ctrl-C stops at once: the model that stood at --output still stands, and --resume goes on from the last
finished epoch. A run that failed replaces nothing, either.

--validation keeps 5,000 training digits apart and scores them after every epoch: choose by them, never by the
test digits.

--handwriting takes what you taught in cam.py's window (handwriting/<digit>/*.png). It goes on from the weights that
cam.py reads with (model/digits.h5 if you trained it, else model/shipped.h5), mixes your digits into MNIST's, and
says what that did for the part of yours it did not see.

It computes with TensorFlow where that is installed, else with JAX; KERAS_BACKEND=jax chooses JAX where both are.
With JAX the run is spread over all GPUs, and over machines where each has Keras' variables:
KERAS_DISTRIBUTION_JOB_ADDRESSES=<first machine>:<port>, KERAS_DISTRIBUTION_NUM_PROCESSES=<machines> and
KERAS_DISTRIBUTION_PROCESS_ID=<0, 1, …>. The first one writes.
"""

from model import console  # first: from here on Ctrl-C ends the script without a traceback

# isort: split
import argparse
import os
from pathlib import Path

import numpy as np

from model import figures, files, handwriting, metrics, weights
from model.training import mnist, recipe
from model.vision import reading

# What a resumed run keeps. The number format is chosen by a stopwatch, and might be another the second time.
SETTINGS = ("epochs", "batch_size", "seed", "validation", "teacher", "learn_from", "start", "number_format")
MINE, TEACHER = weights.SHIPPED.with_name("mine.h5"), weights.SHIPPED.with_name("teacher.h5")
FAILED = 0.2  # of the test digits read right, or less: a run went wrong; guessing gets 0.1


def main() -> None:
    args = arguments()
    files.check(args.output)
    taught = handwriting.read(args.handwriting) if args.handwriting else None
    digits = mnist.load(args.data)
    print("Loading Keras …", flush=True)
    if taught:
        learn_hand(taught, digits, args)
    else:
        learn_digits(digits, args)


def learn_digits(digits: mnist.Mnist, args: argparse.Namespace) -> None:
    """Train a new network, score it, write it with its curves."""
    from model import network  # here, because Keras takes 2.5 s to load
    from model.training import batches, checkpoint, loop, runtime, teacher

    kept, history, state = resumable(args.output), [], None
    if args.resume:
        settings, history, state = checkpoint.read(kept)
        vars(args).update(settings)  # a run ends as it was begun
        print(f"Going on after epoch {len(history)} of {args.epochs}")
    args.number_format = runtime.start(args.seed, args.number_format)
    settings = {name: getattr(args, name) for name in SETTINGS}

    x, y, held_out = digits.x_train, digits.y_train, None
    if args.validation:
        apart = np.random.default_rng(args.seed).permutation(len(x)) < round(len(x) * recipe.VALIDATION)
        held_out = x[apart] / np.float32(255), y[apart]
        x, y = x[~apart], y[~apart]
    kind = teacher if args.teacher else network
    net = network.load(args.start) if args.start else kind.build()
    targets = batches.one_hot(y)
    if args.start:
        targets += recipe.START_SAY * (network.classify(net, x / np.float32(255)) - targets)
    others = batches.beyond_mnist(x, y, args.epochs, args.seed)
    if args.learn_from and runtime.processes() > 1:
        raise console.UserError("--learn-from trains in one process: unset KERAS_DISTRIBUTION_NUM_PROCESSES")
    teachers = teacher.mean_opinion(args.learn_from) if args.learn_from else None
    shown = batches.Pictures(
        x, targets, others, epochs=args.epochs, batch_size=args.batch_size, seed=args.seed, rank=runtime.rank(),
        processes=runtime.processes(), teacher=teachers,
    )  # fmt: skip

    net.summary()
    loop.prepare(net, args.epochs * len(shown), shown.batch_size, recipe.START_RATE if args.start else 1)
    if state:
        checkpoint.restore(net, state)
    try:
        loop.fit(net, shown, history, held_out, lambda: checkpoint.write(kept, net, settings, history))
    except KeyboardInterrupt:
        print("\nStopped" + (": the same command with --resume goes on" if kept.exists() else ""))
        raise
    if not runtime.gather():
        return

    with files.replacing(args.output) as temporary:
        network.save(net, temporary)
        test = print_score(kind.load(temporary), digits)
    curves = args.output.with_suffix(".png")
    figures.save(figures.curves(history, test, taught=bool(args.learn_from)), curves)
    kept.unlink(missing_ok=True)
    print(f"model: {args.output}   curves: {curves}")


def resumable(output: Path) -> Path:
    """Where a run keeps what it needs to go on."""
    return output.with_suffix(".resume.npy")


def learn_hand(taught: handwriting.Examples, digits: mnist.Mnist, args: argparse.Namespace) -> None:
    """Go on from the weights that cam.py reads with, a person's digits mixed into MNIST's."""
    from model import network
    from model.training import batches, loop, runtime

    runtime.start(args.seed)
    learnt, apart = taught.split(args.seed)
    net = network.load(weights.default())
    print(f"going on from model/{weights.default().name}", flush=True)
    before = believed_right(net, apart), score(net, digits)["accuracy"]

    few = np.random.default_rng(args.seed).permutation(len(digits.x_train))[: recipe.HAND_MNIST]
    x, y = digits.x_train[few], digits.y_train[few]
    yours = batches.Share(recipe.HAND_SHARE, learnt.x, batches.one_hot(learnt.y))
    others = [yours, *batches.beyond_mnist(x, y, args.epochs, args.seed)]
    targets = batches.one_hot(y)
    shown = batches.Pictures(x, targets, others, epochs=args.epochs, batch_size=args.batch_size, seed=args.seed)
    loop.prepare(net, args.epochs * len(shown), shown.batch_size, recipe.HAND_RATE)
    loop.fit(net, shown, [])

    if len(apart.y):
        print(f"your digits: {len(taught.y)}; of the {len(apart.y)} kept apart from training cam.py would have read "
              f"and believed {before[0]} before, {believed_right(net, apart)} now")  # fmt: skip
    else:
        print(f"your digits: {len(taught.y)}; none is kept apart to try it on: teach four or more of a digit for that")
    with files.replacing(args.output) as temporary:
        network.save(net, temporary)
        print_score(network.load(temporary), digits, before[1])
    print(f"model: {args.output}   use it: python cam.py --model {args.output}")


def believed_right(net: object, apart: handwriting.Examples) -> int:
    """How many digits are read right, and surely enough that cam.py believes them."""
    from model import network

    probabilities = network.classify(net, apart.x / np.float32(255))
    return int(((probabilities.argmax(1) == apart.y) & (probabilities.max(1) >= reading.MIN_CONFIDENCE)).sum())


def score(net: object, digits: mnist.Mnist) -> dict[str, float]:
    from model import network

    return metrics.score(network.classify(net, digits.x_test / np.float32(255)), digits.y_test)


def print_score(net: object, digits: mnist.Mnist, before: float | None = None) -> dict[str, float]:
    """Score a model, as it was read from its file, on the test digits: the only time that they are looked at.

    before: the accuracy that it went on from. Raises UserError where training failed, so that the file replaces
    nothing.
    """
    result = score(net, digits)
    change = "" if before is None else f" (before it learnt your digits: {before:.2%})"
    print(f"{len(digits.y_test):,} test digits: loss {result['loss']:.4f}  accuracy {result['accuracy']:.2%}{change}")
    if result["accuracy"] <= FAILED:
        raise console.UserError("training failed, and nothing is written: try another --batch-size, or more --epochs")
    return result


def arguments() -> argparse.Namespace:
    paragraphs = __doc__.split("\n\n")  # what it is and the commands; the rest after the options
    parser = argparse.ArgumentParser(description="\n\n".join(paragraphs[:3]), epilog="\n\n".join(paragraphs[3:]),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    epochs = f"passes over the digits (default: {recipe.EPOCHS}; {recipe.HAND_EPOCHS} with --handwriting)"
    parser.add_argument("--epochs", type=int, help=epochs)
    parser.add_argument("--batch-size", type=int, default=recipe.BATCH_SIZE, metavar="N",
                        help="pictures a step (default: %(default)s)")  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="the same seed repeats a run (default: 1)")
    parser.add_argument("--data", type=Path, help="mnist.npz (default: what MNIST_PATH names, else downloaded once)")
    parser.add_argument("--output", type=Path, help="HDF5 to write (default: model/digits.h5, mine.h5 or teacher.h5)")
    parser.add_argument("--validation", action="store_true", help="hold out 5,000 training digits")
    parser.add_argument("--resume", action="store_true", help="go on from the last finished epoch, with its settings")
    parser.add_argument("--start", type=os.path.abspath, metavar="WEIGHTS",
                        help="go on from the weights in an HDF5 file, gently, instead of from chance")  # fmt: skip
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--handwriting", type=Path, metavar="DIR", help="learn from DIR/<digit>/*.png as well")
    ways.add_argument("--teacher", action="store_true", help="train the deeper network that --learn-from takes")
    ways.add_argument("--learn-from", type=os.path.abspath, nargs="+", metavar="TEACHER",
                      help="learn what it says, or several together, not labels")  # fmt: skip
    parser.set_defaults(number_format=None)  # chosen when a run begins
    args = parser.parse_args()
    if args.epochs is None:
        args.epochs = recipe.HAND_EPOCHS if args.handwriting else recipe.EPOCHS
    args.output = args.output or (MINE if args.handwriting else TEACHER if args.teacher else weights.TRAINED)
    if args.epochs < 1 or args.batch_size < 1 or not 0 <= args.seed < 2**32:
        parser.error("--epochs and --batch-size must be 1 or more, --seed from 0 to 4294967295")
    if args.output.suffix != ".h5":
        parser.error("--output must end in .h5")
    if args.handwriting and (args.resume or args.validation or args.start):
        parser.error("--handwriting goes with none of --resume, --validation and --start")
    if args.start and args.teacher:
        parser.error("--start takes the digits' network, not a teacher")
    if args.start and not os.path.isfile(args.start):
        parser.error(f"there are no weights {args.start}: name the HDF5 file of a digits' network")
    if args.output.resolve() == weights.SHIPPED:
        parser.error("the shipped weights are never overwritten: name another --output")
    if args.resume and not resumable(args.output).is_file():
        parser.error(f"nothing to resume: there is no {resumable(args.output)}, which a run writes after each epoch")
    for path in args.learn_from or ():
        if not os.path.isfile(path):
            parser.error(f"there is no teacher {path}: train one with --teacher")
        if args.output.resolve() == Path(path).resolve():
            parser.error("--output is the teacher: name another one")
    return args


if __name__ == "__main__":
    console.run(main)
