"""What a digit's company says of it: words are no numbers, and numbers beside words are."""

import cv2
import numpy as np
import pytest
import sheets
from PIL import Image, ImageDraw

from model import network, weights
from model.vision import candidates, context, reading
from model.vision.rows import Digit

WORDS = ["until still llama ill", "moon book look food", "Solo Oslo Quiz Zoo", "biology school dogs", "battery signals"]


@pytest.fixture(scope="module")
def classify():
    return network.classifier(weights.SHIPPED)


def words_on(picture: np.ndarray, x: int, font: str, size: int = 56) -> np.ndarray:
    """A picture with five lines of printed words from x on."""
    page = Image.fromarray(picture)
    for i, words in enumerate(WORDS):
        place = (x, 40 + i * int(1.7 * size))
        ImageDraw.Draw(page).text(place, words, font=sheets.font(font, size), fill=(40, 40, 40))
    return np.asarray(page)


@pytest.mark.parametrize("style", ["DejaVuSans.ttf", "DejaVuSerif.ttf", "STIXGeneral.ttf", "DejaVuSansMono-Bold.ttf"])
def test_printed_words_are_no_numbers(classify, style):
    (font,) = (path for path in sheets.fonts() if path.endswith("/" + style))
    paper = np.full((720, 1280, 3), 232, np.uint8)
    page = cv2.GaussianBlur(words_on(paper, 60, font), (0, 0), 0.7)
    assert len(reading.read(page, classify).digits) < 7  # of 70 letters; without company, 25 to 52


def test_numbers_beside_words_are_read(classify):
    page = sheets.sheet(3, ["50718", "26394"], height=90).picture
    left = cv2.boundingRect((page.min(2) < 140).astype(np.uint8))[0]
    seen = reading.read(words_on(page, 30, sheets.fonts()[0], 40)[:, : left - 60], classify).digits
    assert len(seen) <= 3
    (font,) = (path for path in sheets.fonts() if path.endswith("/DejaVuSans.ttf"))
    wide = cv2.copyMakeBorder(page, 0, 0, 700, 0, cv2.BORDER_REPLICATE)
    rows = "".join("".join(row.split()) for row in reading.read(words_on(wide, 60, font, 48), classify).text)
    assert {"50718", "26394"} <= {rows[i : i + 5] for i in range(len(rows))}


def digit(label: int, x: float, height: float = 40, confidence: float = 0.97, y: float = 100, seed: int = 0) -> Digit:
    crop = np.random.default_rng(seed).random((28, 28), np.float32)
    return Digit(label, confidence, (x, y, height / 2, height), crop)


def ink(count: int) -> list[candidates.Candidate]:
    part = np.ones((20, 10), np.uint8)
    return [candidates.Candidate((0, 0, 10, 20), part, (i,), (i,), 200, 0, 30.0) for i in range(count)]


def test_without_letters_around_the_networks_opinion_stands():
    alone = [digit(1, 50)]
    numbers = [digit(i % 10, 40 * i, seed=i) for i in range(10)]
    for digits in (alone, numbers):
        found, letters = context.evidence(digits, ink(len(digits)))
        assert not letters.any()
        assert context.doubt(digits, found, letters) == digits


def test_a_1_in_the_middle_of_a_word_is_doubted_and_nothing_is_believed_more():
    word = [digit(i % 10, 22 * i, 28, 0.25, seed=i % 3) for i in range(12)]
    word[5] = digit(1, 110, 40, 0.97, 88)
    doubted = context.doubt(word, *context.evidence(word, ink(12)))
    assert doubted[5].confidence < 0.3
    assert all(after.confidence <= before.confidence for after, before in zip(doubted, word, strict=True))


def test_evidence_does_not_depend_on_the_size_of_the_picture():
    word = [digit(i % 10, 22 * i, 28 + i, 0.1 * (i % 8) + 0.2, seed=i) for i in range(9)]
    large = [d._replace(box=tuple(3 * v for v in d.box)) for d in word]
    for one, other in zip(context.evidence(word, ink(9)), context.evidence(large, ink(9)), strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_shapes_that_repeat_are_told_from_shapes_that_do_not():
    same = [digit(3, 40 * i, seed=1) for i in range(4)]
    different = [digit(3, 40 * i, seed=i) for i in range(4)]
    found = [context.evidence(digits, ink(4))[0][:, -2:] for digits in (same, different)]
    assert (found[0] > 3).all()
    assert (found[1] < 1).all()


def test_letters_of_a_word_are_linked_and_spaces_part_words():
    word = context._word([digit(1, x) for x in (0, 25, 50, 95, 120)] + [digit(1, 60, y=200)])
    groups = {tuple(np.flatnonzero(row)) for row in word}
    assert groups == {(0, 1, 2), (3, 4), (5,)}
