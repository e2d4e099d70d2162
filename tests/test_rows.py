"""Digits to rows, as a person reads them: rows that tilt, curve, stand close, begin late."""

import math

import numpy as np
import pytest

from model.vision import rows
from model.vision.rows import Digit

CROP = np.zeros((28, 28), np.float32)


def page(lines, height=40, step=50, pitch=90, tilt=0.0, curve=0.0, jitter=0.0, seed=0):
    """Digits of lines of text, a space left where one is; tilt is down by across, curve in pixels at the ends."""
    rng = np.random.default_rng(seed)
    digits = []
    widest = max(map(len, lines))
    for i, line in enumerate(lines):
        for j, character in enumerate(line):
            if character != " ":
                across = (j - widest / 2) / (widest / 2)
                x, y = j * step, i * pitch + tilt * j * step + curve * across**2 + jitter * rng.standard_normal()
                digits.append(Digit(int(character), 0.9, (round(500 + x), round(500 + y), 28, height), CROP))
    rng.shuffle(digits)
    return [Digit(*digit) for digit in digits]


def read(digits):
    return ["".join(str(digit.digit) for digit in row) for row in rows.order(digits)]


def test_nothing_gives_no_rows():
    assert rows.order([]) == [] and rows.tilt([]) == 0.0


def test_one_digit_is_a_row():
    assert read(page(["7"])) == ["7"]


LINES = ["31415926", "27182818", "16180339"]


@pytest.mark.parametrize("tilt", [-0.3, -0.15, 0, 0.15, 0.3])
@pytest.mark.parametrize("pitch", [60, 120])
def test_rows_that_tilt(tilt, pitch):
    digits = page(LINES, tilt=tilt, pitch=pitch, jitter=2)
    assert rows.tilt(digits) == pytest.approx(tilt, abs=0.03)
    assert read(digits) == LINES


@pytest.mark.parametrize("curve", [-40, 40])
def test_rows_that_curve(curve):
    lines = ["31415926535897", "27182818284590", "16180339887498"]
    assert read(page(lines, pitch=70, curve=curve)) == lines


@pytest.mark.parametrize("slope", [-0.2, 0.2])
def test_a_row_goes_on_in_its_direction_across_a_gap(slope):
    """Of two rows that rise under level ones the last members tell where they go on."""
    lines = ["123456", "12 456", "123   4"]
    assert read(page(lines, tilt=slope, pitch=80)) == ["123456", "12456", "1234"]


def test_rows_that_stand_close():
    assert read(page(LINES, pitch=46)) == LINES


def test_rows_of_different_lengths_and_beginnings():
    assert read(page(["   7", "31415926", "  42", "      18"])) == ["7", "31415926", "42", "18"]


def test_a_digit_joins_the_nearer_row():
    """Half a height lower than one row, less than that higher than the next."""
    digits = page(["123", "456"], pitch=50)
    digits.append(Digit(9, 0.9, (650, 530, 28, 40), CROP))  # rows at 500 and 550
    assert read(digits) == ["123", "4569"]
    digits[-1] = Digit(9, 0.9, (650, 520, 28, 40), CROP)
    assert read(digits) == ["1239", "456"]


@pytest.mark.parametrize(("off", "joins"), [(22, True), (26, False), (-22, True), (-26, False)])
def test_how_far_off_its_row_a_digit_may_stand(off, joins):
    """0.6 of its height, 24 pixels here."""
    digits = [*page(["123"]), Digit(4, 0.9, (650, 500 + off, 28, 40), CROP)]
    assert (len(read(digits)) == 1) == joins


def test_of_unlike_heights_the_larger_counts():
    small = Digit(4, 0.9, (650, 500 + 40 - 10, 14, 20), CROP)  # its middle is 20 lower: 0.5 of 40, but 1.0 of 20
    assert len(rows.order([*page(["123"]), small])) == 1
    large = Digit(4, 0.9, (650, 485, 60, 130), CROP)  # its middle is 30 lower
    assert len(rows.order([*page(["123"]), large])) == 1


def test_a_bow_is_not_followed_beyond_a_few_digits():
    """A row that rises steeply at its end is not carried on rising over an empty half of the page."""
    digits = [Digit(i, 0.9, (50 * i, 500 - 8 * i, 28, 40), CROP) for i in range(4)]
    level = [Digit(7, 0.9, (50 * i, 900, 28, 40), CROP) for i in range(20)]
    far = Digit(9, 0.9, (950, 500 - 8 * 3 - 19, 28, 40), CROP)  # where it points three heights on: 19 higher
    assert [len(row) for row in rows.order([*digits, *level, far])] == [5, 20]
    farther = far._replace(box=(950, 500 - 8 * 19, 28, 40))  # where it points at 950
    assert [len(row) for row in rows.order([*digits, *level, farther])] == [1, 4, 20]


def test_it_is_followed_that_far():
    digits = [Digit(i, 0.9, (50 * i, 500 - 8 * i, 28, 40), CROP) for i in range(4)]
    level = [Digit(7, 0.9, (50 * i, 900, 28, 40), CROP) for i in range(20)]
    higher = Digit(9, 0.9, (950, 500 - 8 * 3 - 19 - 20, 28, 40), CROP)  # half its height above where they point
    assert [len(row) for row in rows.order([*digits, *level, higher])] == [5, 20]
    lower = higher._replace(box=(950, 500 - 8 * 3 - 19 + 20, 28, 40))
    assert [len(row) for row in rows.order([*digits, *level, lower])] == [5, 20]


def test_two_digits_point_nowhere():
    digits = [Digit(i, 0.9, (50 * i, y, 28, 40), CROP) for i, y in enumerate([500, 480, 500])]
    assert read(digits) == ["012"]


def test_tilt_is_unsure_of_few_digits():
    assert rows.tilt(page(["123"], tilt=0.2)) == 0.0, "two have a neighbour on the right"
    assert rows.tilt(page(["1234"], tilt=0.2)) == pytest.approx(0.2, abs=0.01)


def test_tilt_asks_neighbours_within_four_heights_alone():
    near, far = page(["1234"], tilt=0.2, step=150), page(["1234"], tilt=0.2, step=170)
    assert rows.tilt(near) == pytest.approx(0.2, abs=0.01)
    assert rows.tilt(far) == 0.0


def test_what_stands_above_one_another_has_no_tilt():
    assert rows.tilt(page(["1234"], tilt=0.75)) == 0.0
    assert rows.tilt(page(["1234"], tilt=-0.75)) == 0.0
    assert rows.tilt(page(["1234"], tilt=0.6)) == pytest.approx(0.6, abs=0.01)


def test_middles():
    digits = [Digit(1, 0.9, (10, 20, 30, 40), CROP), Digit(2, 0.9, (5, 0, 3, 8), CROP)]
    x, y, height = rows.middles(digits)
    assert (x.tolist(), y.tolist(), height.tolist()) == ([25, 6.5], [40, 4], [40, 8])
    assert all(len(values) == 0 for values in rows.middles([]))


def test_a_circle_is_read_without_an_end():
    """No row at all, but every digit comes once."""
    around = [2 * math.pi * i / 24 for i in range(24)]
    digits = [Digit(i % 10, 0.9, (round(400 + 300 * math.cos(a)), round(400 + 300 * math.sin(a)), 28, 40), CROP)
              for i, a in enumerate(around)]  # fmt: skip
    assert sorted(digit.box for row in rows.order(digits) for digit in row) == sorted(digit.box for digit in digits)
