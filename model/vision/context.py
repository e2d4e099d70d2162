"""What stands around a digit speaks for it or against it: among letters, an l is no 1. OpenCV and NumPy only.

One shape alone cannot tell, so each digit is asked for its strokes and for the company it keeps. What these are worth,
a perceptron with one hidden layer has learnt from made sheets of numbers, words, signs and tables
(tests/learn_context.py).
"""

import math
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from .candidates import Candidate
from .rows import Digit, middles

LEARNT = Path(__file__).with_name("context.npz")
# How far a digit's company reaches, in heights of the larger of two: across and down.
ROW, BLOCK = (6, 0.8), (6, 4)
LIKE = 0.3  # of the larger one's height: what is smaller is no company
WORD_GAP = 0.25  # of the larger one's height: letters of a word stand closer, most words and digits do not
FEW = 3  # letters around a digit, of which 63 % count as enough to ask its company, at three times that 95 %


def doubt(digits: list[Digit], found: np.ndarray, letters: np.ndarray) -> list[Digit]:
    """Digits with less confidence where their company speaks against them; found and letters: see evidence.

    Without letters around, the network's own opinion stands.
    """
    weight = 1 - np.exp(-letters / FEW)
    doubted = []
    for digit, own, others, share in zip(digits, logit(digits), opinion(found, learnt()), weight, strict=True):
        together = own + share * min(0.0, others - own)
        doubted.append(digit._replace(confidence=1 / (1 + math.exp(-together))) if together < own else digit)
    return doubted


def opinion(found: np.ndarray, net: dict[str, np.ndarray]) -> np.ndarray:
    """What a perceptron makes of the evidence (n, k): the logarithm of odds that each is a digit, (n,)."""
    return np.tanh(found @ net["w1"] + net["b1"]) @ net["w2"] + net["b2"]


@cache
def learnt() -> dict[str, np.ndarray]:
    """The perceptron: w1 (k, units), b1 (units,), w2 (units,), b2 ()."""
    with np.load(LEARNT) as arrays:
        return dict(arrays)


def logit(digits: list[Digit]) -> np.ndarray:
    """The digits' confidence as the logarithm of odds, (n,)."""
    p = np.clip([digit.confidence for digit in digits], 1e-4, 1 - 1e-4)
    return np.log(p / (1 - p))


def evidence(digits: list[Digit], chosen: list[Candidate]) -> tuple[np.ndarray, np.ndarray]:
    """What speaks for and against each digit, (n, k) float32, and how many letters are around it, (n,).

    digits: all that were read, believed or not, from the candidates that were chosen: most letters are not believed.
    The picture's size makes no difference.
    """
    label = np.array([digit.digit for digit in digits])
    sure = np.clip((np.array([digit.confidence for digit in digits]) - 0.3) / 0.6, 0, 1)  # 0: no digit, 1: surely one
    seams = np.array([candidate.seams for candidate in chosen])
    x, y, height = middles(digits)
    taller = np.maximum(height[:, None], height)
    across, down = np.abs(x[:, None] - x) / taller, np.abs(y[:, None] - y) / taller
    like = np.minimum(height[:, None], height) > LIKE * taller
    other = ~np.eye(len(digits), dtype=bool)
    row, block = (like & (across < reach[0]) & (down < reach[1]) for reach in (ROW, BLOCK))
    sums = []
    for near in (row & other, block & other, _word(digits) & other):
        sums += [near @ sure, near @ (1 - sure), near @ (seams > 0), near @ ((label == 1) * sure)]
    letters = sums[5]

    size, count = np.log(height), row.sum(1)
    mean = row @ size / count
    spread = np.sqrt(np.maximum(row @ size**2 / count - mean**2, 0))
    repeated = -np.log(1.02 - (_correlation(digits) * (like & other)).max(1))  # print repeats, a hand never quite does
    company = [*np.log1p(sums), size - mean, spread, repeated, row @ repeated / count]

    lean, straight, thick = _strokes(digits)
    width = np.array([digit.box[2] for digit in digits]) / height
    strength = np.log([candidate.strength for candidate in chosen])
    weight = row * (sure + 0.05)  # of neighbours, the digits tell how a digit here would be
    weight /= weight.sum(1, keepdims=True)
    low, high = ((weight * (edge - edge[:, None])).sum(1) / height for edge in (y + height / 2, y - height / 2))
    unlike = [value - weight @ value for value in (lean, thick + size, strength)]
    within = (across * taller < (width * height / 2)[:, None]) & (down * taller < height[:, None] / 2) & other
    ink = [(np.log(max(c.clarity, 1)), c.on_line, min(c.rim, 1.5)) for c in chosen]
    stroke = [lean, straight, thick, width, low, high, *unlike, np.log1p(within @ sure), *np.transpose(ink)]
    own = [np.eye(10)[label], logit(digits)[:, None], (seams > 0)[:, None], (seams < 0)[:, None]]
    return np.float32(np.concatenate([*own, np.stack(company + stroke, 1)], 1)), letters


def _strokes(digits: list[Digit]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far each digit leans (across by up), how straight it is (correlation of both), how thick its strokes are.

    (n,) each. The thickness is the logarithm of a share of the height: ink by half of its edges' length.
    """
    crops = np.stack([digit.crop for digit in digits]).astype(np.float32)
    mass = np.maximum(crops.sum((1, 2)), 1e-6)
    at = np.arange(crops.shape[1])
    columns, rows = crops.sum(1), crops.sum(2)
    mx, my = columns @ at / mass, rows @ at / mass
    xx, yy = columns @ at**2 / mass - mx**2, rows @ at**2 / mass - my**2
    xy = np.einsum("nyx,y,x->n", crops, at, at) / mass - mx * my
    edges = np.abs(np.diff(crops, axis=1)).sum((1, 2)) + np.abs(np.diff(crops, axis=2)).sum((1, 2))
    high = np.maximum((rows > 0.3).sum(1), 1)
    thick = np.log(np.maximum(2 * mass / np.maximum(edges, 1e-6), 0.1) / high)
    return -xy / np.maximum(yy, 1e-3), -xy / np.sqrt(np.maximum(xx * yy, 1e-6)), thick


def _word(digits: list[Digit]) -> np.ndarray:
    """Which stand in one row, each so close to the next as letters of a word do: (n, n) bool."""
    left, top, wide, high = np.array([digit.box for digit in digits], float).reshape(-1, 4).T
    lower, taller = np.minimum(high[:, None], high), np.maximum(high[:, None], high)
    gap = np.maximum(left[:, None] - left - wide, left - (left + wide)[:, None])
    overlap = np.minimum((top + high)[:, None], top + high) - np.maximum(top[:, None], top)
    close = (gap < WORD_GAP * taller) & (overlap > 0.5 * lower) & (lower > LIKE * taller)
    word = np.arange(len(digits))
    while True:  # the least index spreads from neighbour to neighbour
        least = np.where(close, word, len(digits)).min(1)
        if (least == word).all():
            return word[:, None] == word
        word = least


def _correlation(digits: list[Digit]) -> np.ndarray:
    """Of each crop with each other, (n, n), at least 0."""
    crops = np.stack([digit.crop for digit in digits]).reshape(len(digits), -1).astype(np.float32)
    crops -= crops.mean(1, keepdims=True)
    crops /= np.maximum(np.linalg.norm(crops, axis=1, keepdims=True), 1e-6)
    alike = cv2.gemm(crops, crops, 1, None, 0, flags=cv2.GEMM_2_T)  # NumPy's BLAS starts threads for it, for 20 ms
    return np.maximum(alike, 0)
