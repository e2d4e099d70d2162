"""Pictures of training and of what was learned: curves, samples, mistakes, confusion. matplotlib only, no Keras."""

from pathlib import Path

import cv2
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from . import files
from .console import UserError

INK, QUIET, PAPER = "#1b1b1b", "#8a8a8a", "#ffffff"
RIGHT, WRONG = "#0072b2", "#d55e00"  # Okabe and Ito's blue and vermilion: told apart by every kind of eye
matplotlib.rcParams["font.family"] = "DejaVu Sans"  # comes with matplotlib
matplotlib.rcParams["svg.fonttype"] = "none"
MISTAKES_SHOWN = 72  # at most: nine rows of eight can still be read
PANELS = (0.015, 0.48, 0.235, 0.42), (0.28, 0.01, 0.7, 0.89), (0.015, 0.01, 0.25, 0.42)  # left, bottom, width, height
KINDS = (".png", ".jpg", ".pdf", ".svg")


def overview(pictures: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, sample: np.ndarray) -> Figure:
    """One figure of a test: a sample, the mistakes with the most confident first, the confusion matrix.

    pictures: (n, 28, 28) uint8, 255 ink; labels: (n,); probabilities: (n, 10); sample: indices to show.
    """
    answers = probabilities.argmax(1)
    mistakes = np.flatnonzero(answers != labels)
    mistakes = mistakes[np.argsort(-probabilities.max(1)[mistakes], kind="stable")]
    figure = Figure(figsize=(16.8, 9.4), facecolor=PAPER)
    title = f"{1 - len(mistakes) / len(labels):.2%} of {len(labels):,} test digits read right"
    figure.text(0.015, 0.965, title, fontsize=20, color=INK, weight="bold", va="center")
    upper, whole, lower = map(figure.add_axes, PANELS)
    tiles(upper, pictures, labels, probabilities, sample, f"{len(sample)} test digits at random")
    if len(mistakes) > MISTAKES_SHOWN:
        heading = f"The {MISTAKES_SHOWN} most confident of {len(mistakes)} mistakes"
    else:
        heading = f"All {len(mistakes)} mistakes, most confident first" if len(mistakes) else "No mistakes"
    if len(mistakes):
        heading += ", each with its ten probabilities"
    tiles(whole, pictures, labels, probabilities, mistakes[:MISTAKES_SHOWN], heading, bars=True)
    confusion(lower, labels, answers)
    return figure


def tiles(axes: Axes, pictures: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, chosen: np.ndarray,
          heading: str, bars: bool = False) -> None:  # fmt: skip
    """Digits in a grid, ink on paper; each with what was read and how sure, mistakes framed and crossed.

    bars: each has its ten probabilities beside it, in blue that of what it is, in orange that of what it was read as.
    """
    place = axes.get_position()
    figure_width, figure_height = axes.figure.get_size_inches()
    wide, high = place.width * figure_width, place.height * figure_height  # inches
    width = 1.66 if bars else 1.0  # of a tile, in its heights
    columns = max(4, int(np.ceil(np.sqrt(len(chosen) * wide / high / width))))
    while -(-len(chosen) // columns) > width * columns * high / wide:  # more rows than there is room for
        columns += 1
    _panel(axes, heading, (0, width * columns), (0, width * columns * high / wide))
    points = 72 * wide / width / columns  # of a tile's side
    for place, index in enumerate(chosen):
        y, x = divmod(place, columns)
        x *= width
        answer, confidence = probabilities[index].argmax(), probabilities[index].max()
        right = answer == labels[index]
        caption, colour = (f"✓ {answer}", RIGHT) if right else (f"{labels[index]}→{answer}", WRONG)
        axes.imshow(255 - pictures[index], cmap="gray", vmin=0, vmax=255, extent=(x + 0.09, x + 0.91, y + 0.82, y),
                    interpolation="lanczos")  # fmt: skip
        frame = {"edgecolor": "#d0d0d0", "linewidth": 0.6} if right else {"edgecolor": WRONG, "linewidth": points / 30}
        axes.add_patch(Rectangle((x + 0.09, y), 0.82, 0.82, fill=False, zorder=2, clip_on=False, **frame))
        if not right:
            axes.text(x + 0.83, y + 0.08, "✗", color=WRONG, fontsize=points * 0.15, ha="center", va="center")
        below = {"y": y + 0.91, "va": "center_baseline"}
        axes.text(x + 0.08, s=caption, color=colour, fontsize=points * 0.15, weight="bold", ha="left", **below)
        axes.text(x + 0.92, s=percent(confidence), color=QUIET, fontsize=points * 0.13, ha="right", **below)
        if bars:
            colours = {int(answer): WRONG} | {int(labels[index]): RIGHT}
            at = y + 0.041 + 0.082 * np.arange(10)
            axes.barh(at, 0.45 * probabilities[index], 0.06, x + 1.08, color=[colours.get(i, QUIET) for i in range(10)])
            for i in range(10):
                axes.text(x + 1.01, at[i], i, color=colours.get(i, QUIET), fontsize=points * 0.078, ha="center",
                          va="center_baseline")  # fmt: skip


def percent(share: float) -> str:
    """A share as a whole percentage; 100 % only for what rounds to it from 99.95 on."""
    return f"{share:.0%}" if share < 0.985 or share >= 0.9995 else f"{share:.1%}"


def confusion(axes: Axes, labels: np.ndarray, answers: np.ndarray) -> None:
    """The confusion matrix: the mistakes are coloured, what is right is only counted, at the edge in percent."""
    _panel(axes, "What was taken for what", (-2.1, 11), (-2.1, 11))
    counts = np.bincount(labels.astype(int) * 10 + answers, minlength=100).reshape(10, 10)
    wrong = counts * (1 - np.eye(10, dtype=int))
    shades = LinearSegmentedColormap.from_list("mistakes", ["#fdf1e7", "#f4a261", WRONG, "#7a3000"])
    most = max(wrong.max(), 1)
    axes.imshow(np.ma.masked_equal(wrong, 0), cmap=shades, vmin=0, vmax=most, extent=(-0.5, 9.5, 9.5, -0.5))
    for written, read in np.argwhere(counts):
        count = counts[written, read]
        if written == read:
            axes.add_patch(Rectangle((read - 0.5, written - 0.5), 1, 1, color="#f0f2f4"))
            axes.text(read, written, count, ha="center", va="center", fontsize=9, color=QUIET)
        else:
            colour = PAPER if count > 0.55 * most else INK
            axes.text(read, written, count, ha="center", va="center", fontsize=13, weight="bold", color=colour)
    for digit in range(10):
        total = counts[digit].sum()
        axes.text(-1, digit, digit, ha="center", va="center", fontsize=13, color=INK)
        axes.text(digit, -1, digit, ha="center", va="center", fontsize=13, color=INK)
        if total:
            axes.text(9.75, digit, f"{counts[digit, digit] / total:.1%}", va="center", fontsize=10, color=INK)
    axes.text(4.5, -1.75, "read as", ha="center", va="center", fontsize=11, color=QUIET)
    axes.text(-1.75, 4.5, "written", ha="center", va="center", rotation=90, fontsize=11, color=QUIET)
    axes.text(4.5, 10.2, "coloured: mistakes; at the right: share read right", ha="center", fontsize=9, color=QUIET)
    axes.hlines(np.arange(-0.5, 10), -0.5, 9.5, color="#e4e6e8", linewidth=0.8)
    axes.vlines(np.arange(-0.5, 10), -0.5, 9.5, color="#e4e6e8", linewidth=0.8)


def curves(history: list[dict[str, float]], test: dict[str, float], taught: bool = False) -> Figure:
    """How a training run went: loss, accuracy, learning rate, time.

    history: for each epoch loss, accuracy, rate (at its end) and seconds; val_loss and val_accuracy where digits were
    held out. test: loss and accuracy at the end. taught: training's are against a teacher's word, not labels.
    """
    figure = Figure(figsize=(11, 6.6), facecolor=PAPER, layout="constrained")
    epochs = np.arange(1, len(history) + 1)
    training = "training pictures, against the teacher" if taught else "training pictures, varied less towards the end"
    series = {name: np.array([epoch[name] for epoch in history]) for name in history[0]}
    (loss, accuracy), (rate, seconds) = figure.subplots(2, 2, gridspec_kw={"height_ratios": (2, 1)})
    errors = {name: 100 * (1 - values) for name, values in series.items() if name.endswith("accuracy")}
    for axes, values, name, end in (
        (loss, series, "loss", test["loss"]),
        (accuracy, errors, "accuracy", 100 * (1 - test["accuracy"])),
    ):
        axes.plot(epochs, values[name], "o-", color=QUIET, markersize=4, label=training)
        if f"val_{name}" in values:
            axes.plot(epochs, values[f"val_{name}"], "o-", color=RIGHT, markersize=4, label="held-out digits")
        axes.plot(epochs[-1], end, "D", color=WRONG, markersize=7, label="test digits, at the end")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.legend(frameon=False)
    _scale(loss, "Loss")
    _scale(accuracy, f"Read wrong, %   (accuracy at the end: {test['accuracy']:.2%})")
    rate.plot(epochs, series["rate"], "o-", color=QUIET, markersize=4)
    _scale(rate, "Learning rate at each epoch's end")
    minutes = np.cumsum(series["seconds"]) / 60
    seconds.bar(epochs, series["seconds"], color="#cfd6db")
    _scale(seconds, f"Seconds an epoch   (in all: {minutes[-1]:.1f} minutes)")
    for axes in (loss, accuracy, rate, seconds):
        axes.set_xlim(0.4, len(epochs) + 0.6)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    for axes in (rate, seconds):
        axes.set_xlabel("epoch", color=QUIET)
    return figure


def _scale(axes: Axes, heading: str) -> None:
    axes.set_title(heading, loc="left", fontsize=13, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e4e6e8", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=QUIET)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))


def check(target: str | Path) -> None:
    """Raise UserError if `save` could not write to `target`; asked before the work, not after it."""
    if Path(target).suffix.lower() not in KINDS:
        raise UserError(f"cannot write {target}: name a file that ends in {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    files.check(target)


def save(figure: Figure, target: str | Path) -> None:
    """Write a figure as .png, .jpg, .pdf or .svg, as the file's name ends."""
    with files.replacing(target) as temporary:
        figure.savefig(temporary, format=Path(target).suffix.lower().lstrip("."), dpi=120)


def show(figure: Figure, title: str) -> None:
    """Show a figure in a window, drawn afresh at whatever size it gets, until q, Esc or its close button."""
    cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
    cv2.resizeWindow(title, *(int(80 * inches) for inches in figure.get_size_inches()))
    drawn = None
    while cv2.waitKey(50) not in (ord("q"), 27) and cv2.getWindowProperty(title, cv2.WND_PROP_VISIBLE) > 0:
        size = cv2.getWindowImageRect(title)[2:]
        if size != drawn and min(size) > 100:
            drawn = size
            cv2.imshow(title, pixels(figure, size))
    cv2.destroyAllWindows()


def pixels(figure: Figure, size: tuple[int, int]) -> np.ndarray:
    """A figure drawn to fit into width x height pixels: (h, w, 3) uint8, BGR."""
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(min(np.array(size) / figure.get_size_inches()))
    canvas.draw()
    return cv2.cvtColor(np.asarray(canvas.buffer_rgba()), cv2.COLOR_RGBA2BGR)


def _panel(axes: Axes, heading: str, x: tuple[float, float], y: tuple[float, float]) -> None:
    """An empty square with a heading; y runs downwards, as in a picture."""
    axes.set_title(heading, loc="left", fontsize=13, color=INK, pad=8)
    axes.set(xlim=x, ylim=y[::-1], aspect="equal", anchor="NW", autoscale_on=False)
    axes.set_axis_off()
