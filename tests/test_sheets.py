"""What people write on sheets: columns, tables, sums, forms, small digits, and what lies around them."""

import pytest
import sheets
from scoring import amiss, digits_of, numbers_right

from model import network, weights
from model.vision import reading


@pytest.fixture(scope="module")
def classify():
    return network.classifier(weights.SHIPPED)


@pytest.fixture(scope="module")
def check(classify):
    """check(pages, share): at most this share of their digits is missed, and as many are invented."""

    def check(pages: list[sheets.Sheet], at_most: float = 0.03) -> None:
        texts = [reading.read(page.picture, classify).text for page in pages]
        off = [amiss(digits_of(text), digits_of(page.rows)) for text, page in zip(texts, pages, strict=True)]
        written = sum(len(digits_of(page.rows)) for page in pages)
        assert all(sum(counts) <= at_most * written for counts in zip(*off, strict=True)), (off, texts, pages)

    return check


def effect(name: str, strength: float, seeds: range = range(1, 4)) -> list[sheets.Sheet]:
    return [sheets.effect(name, strength, seed) for seed in seeds]


@pytest.mark.parametrize("name", sheets.EFFECTS)
def test_every_effect_is_drawn_at_its_strongest(name):
    page = sheets.effect(name, 1, 5)
    assert page.picture.std() > 2 and len(digits_of(page.rows)) > 0
    assert set("".join(page.rows)) <= set("0123456789 ")


@pytest.mark.parametrize("name", ["sudoku", "forms"])
def test_the_same_seed_gives_the_same_sheet(name):
    page, again = (sheets.effect(name, 0.5, 5) for _ in range(2))
    assert page.rows == again.rows and (page.picture == again.picture).all()


@pytest.mark.parametrize("name", ["years in a column", "1s in a column"])
@pytest.mark.parametrize("strength", [0.33, 0.67, 1])
def test_numbers_below_one_another(check, name, strength):
    """1s that all but touch look like a rule."""
    check(effect(name, strength), at_most=0.04 if name == "1s in a column" and strength == 1 else 0.03)


def test_a_table(check):
    check(effect("table", 0.2), at_most=0.05)


def test_a_sudoku(check):
    check(effect("sudoku", 0.2), at_most=0.05)


@pytest.mark.parametrize("sign", "+-×÷=.:")  # noqa: RUF001
def test_a_sign_between_numbers_is_no_digit(classify, sign):
    rows = [sign.join(numbers) for numbers in (("24", "30", "58"), ("306", "45"), ("9", "67", "82"))]
    for seed in (1, 2, 3):
        page = sheets.sheet(seed, rows, height=50)
        read = reading.read(page.picture, classify)
        missed, invented = amiss(digits_of(read.text), digits_of(page.rows))
        assert invented == 0 and missed <= 1, read.text


@pytest.mark.parametrize("size", [0.35, 0.7])
def test_a_forms_numbers_are_read_and_its_words_are_not(check, size):
    check([sheets.sheet(seed, words=size, height=50, pitch=3) for seed in (1, 2, 3)], at_most=0.06)


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (1920, 1080)])
def test_small_digits_in_pictures_of_every_size(check, size):
    check([sheets.sheet(seed, height=15, size=size) for seed in (1, 2, 3)])


@pytest.mark.parametrize("name", ["prices", "spaces", "several columns"])
def test_numbers_of_a_row_stand_apart(classify, name):
    pages = effect(name, 0.2)
    known = [" ".join(page.rows).split() for page in pages]
    right = [numbers_right(reading.read(p.picture, classify).text, k) for p, k in zip(pages, known, strict=True)]
    assert sum(right) >= 0.9 * sum(map(len, known)), right


@pytest.mark.parametrize("name", ["before bricks", "among leaves", "a slate on a desk", "out of the picture"])
def test_what_lies_around_the_sheet(check, name):
    check(effect(name, 0.5))
