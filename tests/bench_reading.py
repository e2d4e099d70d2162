"""How well and how fast sheets are read, effect by effect; or how well your own pictures are.

    python tests/bench_reading.py                              # drawn strokes, a minute or two
    python tests/bench_reading.py --mnist mnist.npz --sheets 6 # MNIST test digits, more sheets for each figure
    python tests/bench_reading.py --model mine.h5              # other weights
    python tests/bench_reading.py --only column                # the effects with this in their name, nothing else
    python tests/bench_reading.py --photos DIR                 # a folder of labelled pictures, nothing else

Prints the digit error rate (edit distance over the rows joined, as a share of the digits written) for each effect by
strength, worst first; how many numbers come out as numbers of their own; what is missed and invented in scenes in
which everything varies; what signs between digits do; what is reported on pictures without any digit; which drawn
digits are taken for which; how far the confidence can be believed (expected calibration error, Guo et al. 2017); and
the milliseconds for a picture. Draws effects, numbers, mistaken digits and confidence as one picture.

--photos reads each picture as cam.py reads those of a folder, and scores it by source and by set. DIR/labels.json says
what is written in them, a list with one object a picture:

    [{"file": "list.jpg", "rows": ["2412", "350", "7"], "layout": "lines", "source": "Ada", "set": "phone",
      "numbers": ["24", "12", "350", "7"]},
     {"file": "wall.jpg", "rows": [], "layout": "none", "source": "Ada", "set": "phone"}]

file: the picture's name in DIR. rows: the digits alone, row by row, as a person reads them. layout: "lines"; "single"
for a single digit; "scattered" where order does not count; "none" where there is nothing to read. source: who wrote
it, or where it is from. May be left out: set, any name for a part of the pictures; numbers, each number by itself.
A picture's errors are its edit distance, at most its digits. "wrong, %" is their share of all digits written, "by
source, %" that share averaged over the sources; invented are digits reported in pictures without any.
"""

import argparse
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from model import console, network, pen, weights  # noqa: I001 - first: it keeps libraries quiet
from model.training import mnist
from model.vision import candidates, reading

import cv2
import matplotlib
import numpy as np
import scenes
import scoring
import sheets
from scoring import aligned, digits_of

STRENGTHS = (0.33, 0.67, 1.0)
WORD_SIZES = (14, 28, 56)  # height of printed letters, in pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, metavar="DIR", help="score the pictures in DIR by its labels.json")
    parser.add_argument("--mnist", type=Path, metavar="NPZ", help="write with the test digits of this mnist.npz")
    parser.add_argument("--model", type=Path, default=weights.SHIPPED)
    parser.add_argument("--sheets", type=int, default=2, help="for each effect and strength (default 2)")
    parser.add_argument("--only", help="only the effects with this in their name")
    parser.add_argument("--plot", type=Path, default=Path(tempfile.gettempdir()) / "bench_reading.png")
    args = parser.parse_args()
    if args.sheets < 1:
        parser.error("--sheets: at least 1")
    names = [name for name in sheets.EFFECTS if (args.only or "") in name]
    if not names:
        parser.error(f"--only: no effect has {args.only} in its name: {', '.join(sheets.EFFECTS)}")

    if args.photos:
        labels = scoring.load_labels(args.photos)
        texts = list(scoring.read_pictures(args.photos, labels, network.classifier(args.model)))
        return scoring.report(labels, texts)
    digits = None
    if args.mnist:
        data = mnist.load(args.mnist)
        digits = {d: data.x_test[data.y_test == d] for d in range(10)}
    classify = network.classifier(args.model)

    errors, numbers, verdicts = measure_effects(classify, digits, args.sheets, names)
    print_effects("digit error, %", errors)
    if numbers:
        print_effects("numbers right, %", numbers)
    if args.only:
        return None
    measure_scenes(classify, digits, 10 * args.sheets)
    measure_signs(classify, digits, args.sheets)
    measure_blanks(classify, args.sheets)
    confused = measure_styles(classify)
    curve = reliability(verdicts)
    measure_time(classify)
    plot(errors, numbers, confused, curve, args.plot)
    print(f"plot: {args.plot}")


def measure_effects(classify, digits, count, names):
    """By effect, the worst first, for each strength: the digit error rate; and of sheets with several numbers in a row,
    the share of those that are numbers of their own. And (confidence, right) of every digit read.
    """
    errors, numbers, verdicts = {}, {}, []
    for at, name in enumerate(names):
        wrong, written, right, of = np.zeros((4, len(STRENGTHS)))
        for i, strength in enumerate(STRENGTHS):
            for seed in range(count):
                page = sheets.effect(name, strength, 1000 + seed, digits)
                read = reading.read(page.picture, classify)
                bad, fits = aligned(digits_of(read.text), digits_of(page.rows))
                wrong[i] += min(bad, len(digits_of(page.rows)))
                written[i] += len(digits_of(page.rows))
                verdicts += [(digit.confidence, ok) for digit, ok in zip(read.digits, fits, strict=True)]
                known = " ".join(page.rows).split()
                right[i] += scoring.numbers_right(read.text, known)
                of[i] += len(known) * (len(known) > len(page.rows))
        errors[name] = wrong / written
        if of.all():
            numbers[name] = right / of
        if sys.stderr.isatty():
            print(f"\r{at + 1} of {len(names)} effects ", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r" + 30 * " " + "\r", end="", file=sys.stderr)
    worst_first = dict(sorted(errors.items(), key=lambda item: -item[1].sum()))
    return worst_first, dict(sorted(numbers.items(), key=lambda item: item[1].sum())), verdicts


def print_effects(title, rates):
    print(f"{title:20}" + "".join(f"{strength:7}" for strength in STRENGTHS))
    for name, row in [*rates.items(), ("in all", np.mean(list(rates.values()), axis=0))]:
        print(f"{name:20}" + "".join(f"{100 * rate:7.1f}" for rate in row))
    print(flush=True)


def measure_scenes(classify, digits, count):
    """Scenes of scenes.py: nothing is in order there, so what counts is how often each digit is. Every scene counts as
    much as another, for some have hundreds of digits.
    """
    if digits is None:
        drawn, labels = pen.draw_digits(2000, np.random.default_rng(17))
        digits = {d: drawn[labels == d] for d in range(10)}
    missed, invented = [], []
    for seed in range(count):
        scene = scenes.scene(np.random.default_rng([seed, 18]), digits)
        size = np.array(scene.picture.shape[1::-1])
        inside = [str(d) for d, *at, high in scene.truth if (np.minimum(at, size - at) > high / 2).all()]
        amiss = scoring.amiss(digits_of(reading.read(scene.picture, classify).text), "".join(inside))
        missed += [amiss[0] / len(inside)] if inside else []
        invented.append(amiss[1])
    print(f"{count} scenes in which everything varies, {len(missed)} with digits; a misread one is missed and invented")
    print(f"missed {100 * np.mean(missed):.1f} %, invented {np.mean(invented):.1f} a scene\n", flush=True)


def measure_signs(classify, digits, count):
    """Each sign between digits, far from them and close."""
    print(f"between digits, for a hundred signs:\n{'':4}{'lost':>8}{'invented':>10}  digits")
    for sign in sheets.SIGNS:
        amiss, signs = np.zeros(2), 0
        for seed, tight in ((seed, tight) for seed in range(count) for tight in (0, 0.5)):
            rng = np.random.default_rng([seed, 19])
            rows = [sign.join(str(n) for n in rng.integers(10, 1000, 4)) for _ in range(4)]
            page = sheets.sheet(1000 + seed, rows, height=50, digits=digits, tight=tight)
            amiss += scoring.amiss(digits_of(reading.read(page.picture, classify).text), digits_of(page.rows))
            signs += sum(row.count(sign) for row in rows)
        lost, invented = 100 * amiss / signs
        print(f"{sign:4}{lost:8.1f}{invented:10.1f}")
    print(flush=True)


def measure_blanks(classify, count):
    print("digits reported where there are none, a picture")
    pages = {name: [sheets.blank(name, seed) for seed in range(count)] for name in sheets.BLANKS}
    for size in WORD_SIZES:
        pages[f"words of {size} pixels"] = [sheets.sheet(seed, [""], height=size, words=1) for seed in range(2 * count)]
    for name, blanks in pages.items():
        found = [len(reading.read(page.picture, classify).digits) for page in blanks]
        print(f"{name:24}{np.mean(found):7.1f}")
    print(flush=True)


def measure_styles(classify, count: int = 60) -> np.ndarray:
    """Which drawn digit is read as which, (10, 10) shares of what was written, and in which of its styles (pen.STYLES,
    counted from 0): digits laid out as MNIST is."""
    rng = np.random.default_rng(31)
    confused, told = np.zeros((10, 10)), {}
    for digit, styles in pen.STYLES.items():
        for style in range(len(styles)):
            drawn = [pen.trace(pen.between(digit, style, rng), rng, pen.hand(rng)) for _ in range(count)]
            read = classify(np.stack([pen.crop(strokes, rng) for strokes in drawn]) / np.float32(255)).argmax(1)
            shares = np.bincount(read, minlength=10) / count
            confused[digit] += shares / len(styles)
            told |= {(digit, style, other): share for other, share in enumerate(shares) if share and other != digit}
    print("drawn digits: which (row) is taken for which (column), %")
    print(f"1 for 7: {100 * confused[1, 7]:.1f}, 7 for 1: {100 * confused[7, 1]:.1f}")
    print(" " * 4 + "".join(f"{digit:6}" for digit in range(10)))
    for digit, row in enumerate(confused):
        print(f"{digit:4}" + "".join(f"{100 * share:6.1f}" if share else f"{'.':>6}" for share in row))
    print("the ways of writing that are misread most, counted as in pen.STYLES")
    for digit, style, other in sorted(told, key=told.get, reverse=True)[:8]:
        print(f"{digit}, way {style}: {100 * told[digit, style, other]:.0f} % are taken for {other}")
    print(flush=True)
    return confused


def reliability(verdicts) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, how many) in bins of confidence; prints the expected calibration error."""
    confidence, right = np.array(verdicts, float).reshape(-1, 2).T
    edges = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0001]
    print("confidence     right  digits")
    curve = []
    for low, high in pairwise(edges):
        inside = (confidence >= low) & (confidence < high)
        if inside.any():
            curve.append((confidence[inside].mean(), right[inside].mean(), int(inside.sum())))
            print(f"{low:.2f} to {min(high, 1):.2f}  {100 * curve[-1][1]:5.1f} %  {curve[-1][2]:6}")
    error = sum(abs(mean - share) * n for mean, share, n in curve) / max(1, len(verdicts))
    print(f"expected calibration error {error:.3f}")
    return curve


def measure_time(classify, rounds: int = 25) -> None:
    """Milliseconds for a 1280x720 picture with 24 digits, stage by stage, in turn with a yardstick: the bare threshold
    and contours that any such program begins with."""
    page = sheets.sheet(7, gradient=0.4, background="desk").picture
    spent = {"find": [], "classify": [], "order and the rest": [], "in all": [], "yardstick": []}

    def timed(crops):
        start = time.perf_counter()
        try:
            return classify(crops)
        finally:
            took.append(time.perf_counter() - start)

    for _ in range(rounds):
        took: list[float] = []
        start = time.perf_counter()
        candidates.find(page)
        found = time.perf_counter()
        reading.read(page, timed)
        done = time.perf_counter()
        grey = cv2.GaussianBlur(cv2.cvtColor(page, cv2.COLOR_BGR2GRAY), (5, 5), 0)
        mask = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY_INV, 51, 10)
        cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        spent["yardstick"].append(time.perf_counter() - done)
        spent["find"].append(found - start)
        spent["classify"].append(sum(took))
        spent["in all"].append(done - found)
        spent["order and the rest"].append(max(0, done - found - sum(took) - (found - start)))
    print("milliseconds for 1280x720 with 24 digits: median, best, times the yardstick")
    yardstick = np.median(spent["yardstick"])
    for stage, times in spent.items():
        print(f"{stage:20}{1000 * np.median(times):7.1f}{1000 * min(times):7.1f}{np.median(times) / yardstick:7.1f}")


def plot(errors, numbers, confused, curve, path: Path) -> None:
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(12, 0.25 * len(errors) + 1.8), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.15))
    shade(left.subplots(), "digit error rate, %", errors, "strength")
    top, middle, low = right.subplots(3, 1, height_ratios=(len(numbers) + 2, 13, 11))
    shade(top, "numbers that come out as numbers of their own, %", numbers, "strength", good=1)
    mistakes = dict(enumerate(confused * (1 - np.eye(10))))
    shade(middle, "drawn digits: which is taken for which, %", mistakes, "taken for")
    middle.set_ylabel("drawn")
    low.plot([0.5, 1], [0.5, 1], "--", color="grey", label="could be believed fully")
    low.plot([mean for mean, _, _ in curve], [share for _, share, _ in curve], "o-", label="read")
    low.set(xlabel="confidence", ylabel="share right", title="how far confidence can be believed", ylim=(0, 1.03))
    low.legend()
    figure.savefig(path, dpi=110)


def shade(axes, title: str, rates: dict, across: str, good: float = 0) -> None:
    """A table of shares, by strength or by digit, the redder the farther from good."""
    shares = 100 * np.array(list(rates.values()))
    off = abs(shares - 100 * good)
    axes.imshow(off, cmap="OrRd", vmin=0, vmax=max(20, off.max()), aspect="auto")
    axes.set_xticks(range(shares.shape[1]), STRENGTHS if across == "strength" else range(10))
    axes.set_yticks(range(len(rates)), rates)
    axes.set(title=title, xlabel=across)
    axes.tick_params(length=0)
    for (y, x), share in np.ndenumerate(shares):
        colour = "white" if off[y, x] > 0.6 * max(20, off.max()) else "black"
        text = f"{share:.1f}" if 0 < share < 10 else f"{share:.0f}"
        if off[y, x] or across == "strength":
            axes.text(x, y, text, ha="center", va="center", color=colour)


if __name__ == "__main__":
    console.run(main)
