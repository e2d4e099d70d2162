"""How well and how fast sheets are read, effect by effect.

    python tests/bench_reading.py                              # drawn strokes, about a minute
    python tests/bench_reading.py --mnist mnist.npz --sheets 6 # MNIST test digits, more sheets for each figure
    python tests/bench_reading.py --model mine.h5              # other weights

Prints the digit error rate (edit distance over the rows joined, as a share of the digits written) for each effect by
strength, worst first; what was reported on pictures without any digit; which ways of writing a digit are misread;
how far the confidence can be believed (expected calibration error, Guo et al. 2017); and the milliseconds for a
picture. Draws all that as a picture.
"""

import argparse
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import cv2  # noqa: E402
import sheets  # noqa: E402

from model import network, pen, weights  # noqa: E402
from model.vision import candidates, reading  # noqa: E402

STRENGTHS = (0.33, 0.67, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", type=Path, metavar="NPZ", help="write with the test digits of this mnist.npz")
    parser.add_argument("--model", type=Path, default=weights.SHIPPED)
    parser.add_argument("--sheets", type=int, default=2, help="for each effect and strength (default 2)")
    parser.add_argument("--only", help="only the effects with this in their name")
    parser.add_argument("--plot", type=Path, default=Path(tempfile.gettempdir()) / "bench_reading.png")
    args = parser.parse_args()

    classify = network.classifier(args.model)
    digits = None
    if args.mnist:
        with np.load(args.mnist) as data:
            digits = {d: data["x_test"][data["y_test"] == d] for d in range(10)}

    errors, verdicts = measure_effects(classify, digits, args.sheets, args.only or "")
    for name, rates in errors.items():
        print(f"{name:18}" + "".join(f"{100 * rate:7.1f}" for rate in rates), flush=True)
    print(f"{'in all':18}" + "".join(f"{100 * rate:7.1f}" for rate in np.mean(list(errors.values()), axis=0)))
    print()
    measure_blanks(classify, args.sheets)
    print()
    measure_styles(classify)
    print()
    curve = reliability(verdicts)
    print()
    measure_time(classify)
    plot(errors, curve, args.plot)
    print(f"plot: {args.plot}")


def measure_effects(classify, digits, count, only):
    """Digit error rate of each effect by strength, worst first; and (confidence, right) of every digit read."""
    errors, verdicts = {}, []
    names = [name for name in sheets.EFFECTS if only in name]
    for at, name in enumerate(names):
        wrong, written = np.zeros(len(STRENGTHS)), np.zeros(len(STRENGTHS))
        for i, strength in enumerate(STRENGTHS):
            for seed in range(count):
                page = sheets.sheet(1000 + seed, digits=digits, **sheets.EFFECTS[name](strength))
                read = reading.read(page.picture, classify)
                matched = aligned(digits_of(read.text), digits_of(page.rows))
                total = len(digits_of(page.rows))
                wrong[i] += min(total, matched[0])
                written[i] += total
                verdicts += [(digit.confidence, ok) for digit, ok in zip(read.digits, matched[1], strict=True)]
        errors[name] = wrong / written
        if sys.stderr.isatty():
            print(f"\r{at + 1} of {len(names)} effects ", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r" + 30 * " " + "\r", end="", file=sys.stderr)
    print(f"{'digit error, %':18}" + "".join(f"{strength:7}" for strength in STRENGTHS))
    return dict(sorted(errors.items(), key=lambda item: -item[1].sum())), verdicts


def digits_of(rows: list[str]) -> str:
    return "".join(rows).replace(" ", "")


def aligned(got: str, want: str) -> tuple[int, list[bool]]:
    """Edit distance from got to want, and for each character of got whether it stands for one of want."""
    cost = np.zeros((len(got) + 1, len(want) + 1), int)
    cost[:, 0], cost[0] = np.arange(len(got) + 1), np.arange(len(want) + 1)
    for i, a in enumerate(got, 1):
        for j, b in enumerate(want, 1):
            cost[i, j] = min(cost[i - 1, j] + 1, cost[i, j - 1] + 1, cost[i - 1, j - 1] + (a != b))
    right, i, j = [False] * len(got), len(got), len(want)
    while i and j:
        if cost[i, j] == cost[i - 1, j - 1] + (got[i - 1] != want[j - 1]):
            right[i - 1] = got[i - 1] == want[j - 1]
            i, j = i - 1, j - 1
        elif cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1
    return int(cost[-1, -1]), right


def measure_blanks(classify, count):
    print("digits reported where there are none, a picture")
    for name in sheets.BLANKS:
        found = [len(reading.read(sheets.blank(name, seed).picture, classify).digits) for seed in range(count)]
        print(f"{name:24}{np.mean(found):7.1f}")


def measure_styles(classify, count: int = 60) -> None:
    """Which way of writing a digit (pen.STYLES, counted from 0) is read as what: digits laid out as MNIST is."""
    rng = np.random.default_rng(31)
    print("drawn digits read right, and the styles that are misread most")
    for digit, styles in pen.STYLES.items():
        misread = {}
        for style in range(len(styles)):
            drawn = [pen.trace(pen.between(digit, style, rng), rng, pen.hand(rng)) for _ in range(count)]
            read = classify(np.stack([pen.crop(strokes, rng) for strokes in drawn]) / np.float32(255)).argmax(1)
            misread |= {(style, other): int((read == other).sum()) for other in set(read.tolist()) - {digit}}
        worst = sorted(misread, key=misread.get, reverse=True)[:5]
        told = ", ".join(f"{style} as {other}: {100 * misread[style, other] / count:.0f} %" for style, other in worst)
        print(f"{digit}  {100 - 100 * sum(misread.values()) / count / len(styles):5.1f} %   {told}")


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


def plot(errors, curve, path: Path) -> None:
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 0.27 * len(errors) + 1.8), width_ratios=(2, 1.4))
    rates = 100 * np.array(list(errors.values()))
    left.imshow(rates, cmap="OrRd", vmin=0, vmax=max(20, rates.max()), aspect="auto")
    left.set_xticks(range(len(STRENGTHS)), STRENGTHS)
    left.set_yticks(range(len(errors)), errors)
    left.set(xlabel="strength", title="digit error rate, %")
    for (y, x), rate in np.ndenumerate(rates):
        colour = "white" if rate > 0.6 * max(20, rates.max()) else "black"
        text = f"{rate:.1f}" if 0 < rate < 10 else f"{rate:.0f}"
        left.text(x, y, text, ha="center", va="center", color=colour)
    right.plot([0.5, 1], [0.5, 1], "--", color="grey", label="could be believed fully")
    right.plot([mean for mean, _, _ in curve], [share for _, share, _ in curve], "o-", label="read")
    right.set(xlabel="confidence", ylabel="share right", title="reliability", ylim=(0, 1.03))
    right.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
