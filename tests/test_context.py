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
    assert len(seen) <= 4
    (font,) = (path for path in sheets.fonts() if path.endswith("/DejaVuSans.ttf"))
    wide = cv2.copyMakeBorder(page, 0, 0, 700, 0, cv2.BORDER_REPLICATE)
    rows = "".join("".join(row.split()) for row in reading.read(words_on(wide, 60, font, 48), classify).text)
    assert {"50718", "26394"} <= {rows[i : i + 5] for i in range(len(rows))}


@pytest.mark.parametrize("sign", [*"+×"])  # noqa: RUF001 - no letter x
def test_signs_that_repeat_between_numbers_make_no_words_of_them(classify, sign):
    """Shapes alike and none a digit, as letters in print; on sheets of sums they are signs."""
    rng = np.random.default_rng([1, 19])
    rows = [sign.join(str(n) for n in rng.integers(10, 1000, 4)) for _ in range(4)]
    page = sheets.sheet(1001, rows, height=50)
    written = sum(character.isdigit() for row in page.rows for character in row)
    assert written - 1 <= len(reading.read(page.picture, classify).digits) <= written


def digit(label: int, x: float, height: float = 40, confidence: float = 0.97, y: float = 100, seed: int = 0) -> Digit:
    crop = np.random.default_rng(seed).random((28, 28), np.float32)
    return Digit(label, confidence, (x, y, height / 2, height), crop)


# Columns of the evidence, told from its end.
REPEATED, LEAN, STRAIGHT, THICK, LEANS_ELSE = slice(-15, -13), -13, -12, -11, -7


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
    word.append(digit(1, 66, 8, 0.9, 110, seed=9))  # inside another
    large = [d._replace(box=tuple(3 * v for v in d.box)) for d in word]
    for one, other in zip(context.evidence(word, ink(10)), context.evidence(large, ink(10)), strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_shapes_that_repeat_are_told_from_shapes_that_do_not():
    same = [digit(3, 40 * i, seed=1) for i in range(4)]
    different = [digit(3, 40 * i, seed=i) for i in range(4)]
    found = [context.evidence(digits, ink(4))[0][:, REPEATED] for digits in (same, different)]
    assert (found[0] > 3).all()
    assert (found[1] < 1).all()


def stroke(lean: float, width: int = 3) -> np.ndarray:
    """The crop of a straight stroke that leans so far to the right, across by up."""
    crop = np.zeros((28, 28), np.uint8)
    cv2.line(crop, (round(14 - 10 * lean), 24), (round(14 + 10 * lean), 4), 255, width, cv2.LINE_AA)
    return crop.astype(np.float32) / 255


@pytest.mark.parametrize("lean", [-0.4, 0.4, 0.8])
def test_a_1_that_leans_unlike_its_row_is_told_from_one_that_leans_as_it_does(lean):
    """A slash between digits, against a 1 of a slanted hand."""
    row = [digit(1, 40 * i)._replace(crop=stroke(0)) for i in range(5)]
    row[2] = row[2]._replace(crop=stroke(lean))
    slash = context.evidence(row, ink(5))[0]
    assert slash[:, LEAN] == pytest.approx([0, 0, lean, 0, 0], abs=0.07)
    assert abs(slash[2, STRAIGHT]) > 0.8 > 5 * abs(slash[0, STRAIGHT]) and slash[2, STRAIGHT] * lean > 0
    assert abs(slash[2, LEANS_ELSE]) > 0.7 * abs(lean) > 2 * abs(slash[0, LEANS_ELSE])
    hand = context.evidence([each._replace(crop=stroke(lean)) for each in row], ink(5))[0]
    assert hand[:, LEAN] == pytest.approx([lean] * 5, abs=0.07)
    assert hand[:, LEANS_ELSE] == pytest.approx([0] * 5, abs=1e-5)


@pytest.mark.parametrize("width", [1, 3, 6])
def test_how_thick_strokes_are(width):
    """Their ink by half the length of their edges, a share of the height."""
    crop = np.zeros((28, 28), np.float32)
    crop[4:24, 12 : 12 + width] = 1
    thick = context.evidence([digit(1, 0)._replace(crop=crop)], ink(1))[0][0, THICK]
    assert np.exp(thick) == pytest.approx(width / (20 + width))


def test_letters_of_a_word_are_linked_and_spaces_part_words():
    word = context._word([digit(1, x) for x in (0, 25, 50, 95, 120)] + [digit(1, 60, y=200)])
    groups = {tuple(np.flatnonzero(row)) for row in word}
    assert groups == {(0, 1, 2), (3, 4), (5,)}
