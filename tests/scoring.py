"""How much of what is written was read: in one picture, and in a folder of labelled ones."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from model import images
from model.console import UserError
from model.vision import reading, turn

LAYOUTS = ("lines", "single", "scattered", "none")
UNORDERED = ("scattered", "none")


class Label(NamedTuple):
    """What is written in a picture, as labels.json tells it (bench_reading.py says how to write one)."""

    file: str
    rows: list[str]
    layout: str
    source: str
    set: str | None = None
    numbers: list[str] | None = None


class Score(NamedTuple):
    pictures: int  # with digits
    digits: int  # written
    pooled: float  # share of the digits misread, missed or invented
    macro: float  # the same, averaged over the sources
    perfect: float  # share of the pictures with digits that are read without an error
    invented: int  # digits reported in pictures without any
    numbers: float  # share of the numbers that come out as numbers of their own; NaN where no label tells them


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


def amiss(got: str, want: str) -> tuple[int, int]:
    """How many digits were missed and how many invented, wherever they stand; a misread one is both."""
    return (Counter(want) - Counter(got)).total(), (Counter(got) - Counter(want)).total()


def numbers_right(text: list[str], numbers: list[str]) -> int:
    """How many of the numbers stand alone in a row, or between its spaces."""
    return (Counter(numbers) & Counter(" ".join(text).split())).total()


def wrong(text: list[str], label: Label) -> int:
    """Digits misread, missed or invented in a picture."""
    got, want = digits_of(text), digits_of(label.rows)
    return max(amiss(got, want)) if label.layout in UNORDERED else aligned(got, want)[0]


def load_labels(folder: Path) -> list[Label]:
    """What the pictures in a folder have written on them, from its labels.json. Raises UserError."""
    path = folder / "labels.json"
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: name one with pictures and their labels.json")
    if not path.is_file():
        raise UserError(f"there is no labels.json in {folder}: write one, --help says how")
    try:
        known = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no JSON: {error}") from None
    if not isinstance(known, list) or not known:
        raise UserError(f"{path} is no list of pictures: --help says what is in it")
    return [_label(path, i, record) for i, record in enumerate(known, 1)]


def _label(path: Path, place: int, record: object) -> Label:
    """One object of labels.json, the `place`-th. Raises UserError."""

    def texts(name: str) -> bool:
        value = record[name]
        return isinstance(value, list) and all(isinstance(t, str) and set(t) <= set("0123456789") for t in value)

    def check(right: bool, words: str) -> None:
        if not right:
            raise UserError(f"{path}: picture {place}: {words} (--help says how it is written)")

    check(isinstance(record, dict), "no object")
    for name in ("file", "rows", "layout", "source"):
        check(name in record, f"no {name}")
    for name in ("file", "source"):
        check(isinstance(record[name], str), f"{name} is no text")
    check((path.parent / record["file"]).is_file(), f"there is no {record['file']} in the folder")
    check(record["layout"] in LAYOUTS, f"layout is not one of {', '.join(LAYOUTS)}")
    check(texts("rows"), "rows is no list of texts of digits")
    check((record["layout"] == "none") != any(record["rows"]), "rows needs digits, save where layout is none")
    check(isinstance(record.get("set", ""), str), "set is no text")
    check("numbers" not in record or texts("numbers"), "numbers is no list of texts of digits")
    return Label(**{name: record[name] for name in Label._fields if name in record})


def read_pictures(folder: Path, labels: list[Label], classify: reading.Classify) -> Iterator[list[str]]:
    """The rows of each labelled picture, read as cam.py reads the pictures of a folder. Raises UserError."""
    turner = turn.Turner(None, still=True)
    for i, label in enumerate(labels, 1):
        picture = images.load(folder / label.file)
        yield turner.read(picture, classify, reading.MIN_CONFIDENCE).text
        if sys.stderr.isatty():
            ending = "\r" if i == len(labels) else ""
            print(f"\r{i} of {len(labels)} pictures ", end=ending, file=sys.stderr, flush=True)


def score(labels: list[Label], texts: list[list[str]]) -> Score:
    """Digit error rate: a picture's edit distance, at most its digits, over the digits written."""
    errors, written, invented, numbers, right, perfect = Counter(), Counter(), 0, 0, 0, 0
    for label, text in zip(labels, texts, strict=True):
        bad, digits = wrong(text, label), len(digits_of(label.rows))
        if not digits:
            invented += bad
            continue
        errors[label.source] += min(bad, digits)
        written[label.source] += digits
        perfect += bad == 0
        numbers += len(label.numbers or ())
        right += numbers_right(text, label.numbers or [])
    pictures = sum(label.layout != "none" for label in labels)
    return Score(
        pictures,
        written.total(),
        errors.total() / max(1, written.total()),
        float(np.mean([errors[source] / written[source] for source in written] or [0])),
        perfect / max(1, pictures),
        invented,
        right / numbers if numbers else np.nan,
    )


def report(labels: list[Label], texts: list[list[str]], worst: int = 12) -> None:
    """Print the worst pictures; by source what is wrong; the scores of each set and of all."""
    off = []
    for label, text in zip(labels, texts, strict=True):
        bad, digits = wrong(text, label), len(digits_of(label.rows))
        if bad:
            off.append((min(1, bad / max(1, digits)), label.file, text, label.rows))
    print(f"{'wrong, %':10}the {min(worst, len(off))} worst of {len(off)} pictures with errors")
    for share, file, text, rows in sorted(off, reverse=True)[:worst]:
        read, written = (", ".join(lines) or "nothing" for lines in (text, rows))
        print(f"{100 * share:8.0f}  {file}: read {read}; written {written}")

    def part(field: str, value: str) -> Score:
        of = [i for i, label in enumerate(labels) if getattr(label, field) == value]
        return score([labels[i] for i in of], [texts[i] for i in of])

    by_source = {source: part("source", source) for source in dict.fromkeys(label.source for label in labels)}
    by_set = {name: part("set", name) for name in dict.fromkeys(label.set for label in labels if label.set)}
    print(f"\n{'digits':>8}{'wrong, %':>10}  source")
    for source, of in sorted(by_source.items(), key=lambda item: -item[1].pooled * item[1].digits):
        if of.pooled or of.invented:
            print(f"{of.digits:8}{100 * of.pooled:10.1f}  {source}" + f" ({of.invented} invented)" * (of.invented > 0))
    heads = ("pictures", "digits", "wrong, %", "by source, %", "perfect, %", "invented", "numbers, %")
    print("\n" + " " * 14 + "".join(f"{head:>{len(head) + 2}}" for head in heads))
    for name, of in [*by_set.items(), ("in all", score(labels, texts))]:
        shares = [f"{100 * share:.2f}" for share in (of.pooled, of.macro, of.perfect)]
        numbers = "-" if np.isnan(of.numbers) else f"{100 * of.numbers:.1f}"
        cells = of.pictures, of.digits, *shares, of.invented, numbers
        print(f"{name:14}" + "".join(f"{cell:>{len(head) + 2}}" for cell, head in zip(cells, heads, strict=True)))
