"""Digits to rows and numbers, as a person reads them: rows that tilt, curve, stand close, begin late; signs, spaces."""

import itertools
import math

import cv2
import numpy as np
import pytest

from model.vision import rows
from model.vision.reading import Reading
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


def test_a_tall_digit_follows_its_row_not_the_nearer_digit_below():
    upper, lower = page(["31415926"]), page(["271828"], pitch=0)
    lower = [digit._replace(box=(digit.box[0] + 25, 546, 28, 40)) for digit in lower]
    tall = [digit._replace(box=(digit.box[0], 488, 28, 64)) if digit.digit in (4, 5) else digit for digit in upper]
    assert read([*tall, *lower]) == ["31415926", "271828"]


def test_rows_of_different_lengths_and_beginnings():
    assert read(page(["   7", "31415926", "  42", "      18"])) == ["7", "31415926", "42", "18"]


def test_a_digit_joins_the_nearer_row():
    """Half a height lower than one row, less than that higher than the next."""
    digits = page(["123", "456"], pitch=50)
    digits.append(Digit(9, 0.9, (650, 530, 28, 40), CROP))  # rows at 500 and 550
    assert read(digits) == ["123", "4569"]
    digits[-1] = Digit(9, 0.9, (650, 520, 28, 40), CROP)
    assert read(digits) == ["1239", "456"]


@pytest.mark.parametrize(("off", "joins"), [(30, True), (34, False), (-30, True), (-34, False)])
def test_how_far_off_its_row_a_digit_may_stand(off, joins):
    """0.8 of its height, 32 pixels here."""
    digits = [*page(["123"]), Digit(4, 0.9, (650, 500 + off, 28, 40), CROP)]
    assert (len(read(digits)) == 1) == joins


def test_of_unlike_heights_the_larger_counts():
    small = Digit(4, 0.9, (650, 500 + 40 - 10, 14, 20), CROP)  # its middle is 20 lower: 0.5 of 40, but 1.0 of 20
    assert len(rows.order([*page(["123"]), small])) == 1
    large = Digit(4, 0.9, (650, 485, 60, 130), CROP)  # its middle is 30 lower
    assert len(rows.order([*page(["123"]), large])) == 1


def placed(*rows, height=40):
    """Rows of digits, counted from 0 in each, at these middles (x, y)."""
    return [
        [Digit(i % 10, 0.9, (round(x) - 14, round(y) - height // 2, 28, height), CROP) for i, (x, y) in enumerate(row)]
        for row in rows
    ]


def shuffled(rows, seed=0):
    digits = list(itertools.chain(*rows))
    return [digits[i] for i in np.random.default_rng(seed).permutation(len(digits))]


def boxes(rows):
    return [[digit.box for digit in row] for row in rows]


@pytest.mark.parametrize("bow", [-130, 130])
@pytest.mark.parametrize("gap", [0, 5])
def test_rows_that_curve_strongly_and_across_a_gap(bow, gap):
    """At their ends they rise or fall by more than they stand apart: three and a quarter of the digits' heights."""
    across = [at for at in range(-8, 9) if abs(at) >= gap / 2]
    written = placed(*([(500 + 50 * at, 500 + 54 * i + bow * (at / 8) ** 2) for at in across] for i in range(3)))
    assert boxes(rows.order(shuffled(written))) == boxes(written)


def test_rows_that_fan_out():
    written = placed(*([(500 + 50 * at, 500 + i * (60 + 8 * at)) for at in range(12)] for i in range(-2, 3)))
    assert boxes(rows.order(shuffled(written))) == boxes(written)


def test_slopes_that_are_known_go_with_their_digits():
    written = placed(*([(100 + 50 * at, down + 20 * at * tilt + 60 * i) for at in range(6)]
                       for down, tilt in ((200, 1), (700, -1)) for i in range(3)))  # fmt: skip
    digits = shuffled(written)
    ordered = rows.order(digits, rows.slopes(*rows.middles(digits)))
    assert boxes(ordered) == boxes(rows.order(digits)) == boxes(written)


def test_a_row_that_jumps_up_and_down():
    """As one who writes in a hurry, on unruled paper; it is all that there is."""
    jumps = [0, 5, 16, 2, -3, -22, -8, 4, -6, -14]
    written = placed([(100 + 60 * i, 500 + jump) for i, jump in enumerate(jumps)])
    assert boxes(rows.order(shuffled(written))) == boxes(written)


def test_what_stands_above_is_read_first():
    """A row that falls, and at its end a short one above it that lies lower than most of the first."""
    falls = [(100 + 50 * i, 500 + 150 * (i / 19) ** 2) for i in range(20)]
    short = [(x, y - 62) for x, y in falls[-3:]]
    assert np.mean([y for _, y in short]) > np.mean([y for _, y in falls])
    written = placed(short, falls)
    assert boxes(rows.order(shuffled(written))) == boxes(written)


def test_a_digit_that_was_passed_over_is_taken_in():
    """The fourth stands high: its neighbours see each other first."""
    written = placed([(100 + 40 * i, 500 - 29 * (i == 3)) for i in range(7)])
    assert boxes(rows.order(shuffled(written))) == boxes(written)


def test_an_exponent_stands_in_its_row():
    digits = page(["2 5", "10 7"], step=60)
    for x, y in ((560, 490), (640, 580)):
        digits.append(Digit(3, 0.9, (x - 30, y, 16, 20), CROP))
    assert read(digits) == ["235", "1037"]


def test_the_order_of_what_was_found_makes_no_difference():
    digits = page(["314159", "27 18", "1  6180"], pitch=60, jitter=6, tilt=0.1)
    found = {str(boxes(rows.order(shuffled([digits], seed)))) for seed in range(8)}
    assert len(found) == 1


@pytest.mark.parametrize("size", [9, 4])
def test_a_grid_with_free_places_is_read_row_by_row(size):
    rng = np.random.default_rng(size)
    written = placed(*([(100 + 60 * i, 100 + 60 * j) for i in range(size) if rng.random() < 0.6] for j in range(size)))
    assert boxes(rows.order(shuffled(written))) == boxes(written)


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


def numbers(*lines, step=50, height=40, widths=None, draw=None, scale=1, tilt=0.0, invert=False, dtype=np.uint8):
    """Rows that are drawn and parted, as Reading.text has them; a space leaves half a digit's room.

    widths: of some digits, else 28. draw(picture, boxes) adds what else is there; boxes: of all digits, row by row.
    """
    found, boxes = [], []
    for i, line in enumerate(lines):
        x, row = 40, []
        for character in line:
            if character == " ":
                x += step // 2
                continue
            wide = (widths or {}).get(character, 28)
            box = (x + (28 - wide) // 2, round(60 + 90 * i + tilt * x), wide, height)
            row.append(Digit(int(character), 0.9, box, CROP))
            x += step
        found.append(row)
        boxes.append([digit.box for digit in row])
    picture = np.full((60 + 90 * len(lines) + 200, 40 + step * (max(map(len, lines)) + 2)), 220, np.uint8)
    for x, y, w, h in itertools.chain(*boxes):
        cv2.ellipse(picture, ((x + w / 2, y + h / 2), (w - 4, h - 4), 0), 40, 4)
    if draw:
        draw(picture, boxes)
    mask = cv2.compare(picture, 100, cv2.CMP_LT)
    if scale != 1:
        mask = cv2.resize(mask, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
        mask = cv2.compare(mask, 100, cv2.CMP_GT)
    picture = 255 - picture if invert else picture
    picture = (picture * ((1 if dtype == np.float32 else np.iinfo(dtype).max) / 255)).astype(dtype)
    return Reading(rows.part(found, picture, mask, rows.tilt([digit for row in found for digit in row])), [], mask).text


def after(k, mark):
    """mark(picture, x, y, h) draws in the gap after the k-th digit of the first row; y: its digits' top, h: height."""

    def draw(picture, boxes):
        (x, y, w, h), (x2, *_) = boxes[0][k : k + 2]
        mark(picture, (x + w + x2) // 2, y, h)

    return draw


SIGNS = {
    "point": lambda p, x, y, h: cv2.circle(p, (x, y + h - 3), 3, 40, -1),
    "comma": lambda p, x, y, h: cv2.line(p, (x + 2, y + h - 4), (x - 1, y + h + 5), 40, 3),
    "slash": lambda p, x, y, h: cv2.line(p, (x + 6, y - 4), (x - 6, y + h + 4), 40, 3),
    "colon": lambda p, x, y, h: [cv2.circle(p, (x, at), 3, 40, -1) for at in (y + h // 3, y + h - 8)],
    "minus": lambda p, x, y, h: cv2.line(p, (x - 6, y + h // 2), (x + 6, y + h // 2), 40, 3),
}
NO_SIGNS = {
    "the bar of a 5": lambda p, x, y, h: cv2.line(p, (x - 7, y + 2), (x + 5, y + 2), 40, 3),
    "a speck": lambda p, x, y, h: cv2.line(p, (x, y + h - 4), (x, y + h - 3), 40, 1),
    "a line below": lambda p, x, y, h: cv2.line(p, (0, y + h + 6), (p.shape[1], y + h + 6), 40, 3),
    "a dash below": lambda p, x, y, h: cv2.line(p, (x - 6, y + h + 6), (x + 6, y + h + 6), 40, 3),
    "an underline": lambda p, x, y, h: cv2.line(p, (0, y + h + 1), (p.shape[1], y + h + 1), 40, 1),
    "a piece of the digit before": lambda p, x, y, h: cv2.circle(p, (x - 20, y + h // 2 + 2), 2, 40, -1),
    "the row above": lambda p, x, y, h: cv2.line(p, (x, 0), (x, y - 4), 40, 5),
}


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_between_two_digits_parts_them(sign, scale):
    assert numbers("245", "678", draw=after(1, SIGNS[sign]), scale=scale) == ["24 5", "678"]


@pytest.mark.parametrize("mark", NO_SIGNS)
def test_what_is_no_sign(mark):
    assert numbers("245", "678", draw=after(1, NO_SIGNS[mark])) == ["245", "678"]


@pytest.mark.parametrize(("tone", "sign"), [(95, False), (70, True)])
@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("invert", [False, True])
def test_what_is_fainter_than_the_digits_is_no_sign(tone, sign, scale, invert):
    """Such as what is left of a ruled line. The digits are as dark as 40 on 220, where a sign has to be under 85."""

    def rest(picture, x, y, h):
        cv2.circle(picture, (x, y + h - 4), 4, tone, -1)
        cv2.circle(picture, (x - 14, y + h // 2), 2, 0, -1)  # the digit before it is darker in one place

    assert numbers("245", draw=after(1, rest), scale=scale, invert=invert) == ["24 5" if sign else "245"]


def test_a_dark_sign_among_faint_ones_parts():
    def marks(picture, x, y, h):
        cv2.circle(picture, (x, y + h - 4), 4, 40, -1)
        cv2.circle(picture, (x, y + h // 2), 4, 95, -1)

    assert numbers("245", draw=after(1, marks)) == ["24 5"]


def test_a_slash_may_lean_over_its_neighbours_boxes():
    def slash(picture, x, y, h):
        cv2.line(picture, (x + 14, y), (x - 14, y + h), 40, 2)

    assert numbers("245", draw=after(1, slash)) == ["24 5"]


def test_wide_gaps_part():
    assert numbers("24 12", "2024") == ["24 12", "2024"]
    assert numbers("1  23  4  5", "6789") == ["1 23 4 5", "6789"]
    assert numbers("24   12     7", "6789") == ["24 12 7", "6789"], "spaces need not be alike"


@pytest.mark.parametrize("step", [50, 70, 120, 300])
def test_a_row_that_is_written_wide_is_one_number(step):
    assert numbers("123456", step=step) == ["123456"]


def test_a_wide_row_among_others_is_one_number_yet():
    assert numbers("2026", "1  2  3  4", "5678") == ["2026", "1234", "5678"]


def test_few_digits_are_judged_by_the_other_rows():
    assert numbers("7  3", "1234", "56  78") == ["7 3", "1234", "56 78"]
    assert numbers("7  3") == ["73"], "nothing to compare with"


@pytest.mark.parametrize("one", [6, 28])
def test_digits_at_even_steps_are_one_number_however_narrow(one):
    """As on squared paper: the gaps beside a 1 are wider, but it stands where a digit should."""
    assert numbers("401151", widths={"1": one}) == ["401151"]


def test_touching_digits_do_not_make_others_gaps_wide():
    assert rows.space(np.array([0.6, 0.6, 0.95, 1.1])) == np.inf
    assert rows.space(np.array([0.6, 0.6, 0.95, 1.1, 1.6])) == 1.6


def test_the_least_space_counts():
    """Columns far apart do not hide the spaces between the words in them."""
    assert rows.space(np.array([6, 0.9, 1.6, 1.0, 1.7])) == 1.6
    assert rows.space(np.array([])) == rows.space(np.array([3.0])) == np.inf


def lines_at(places, tone=120):
    def draw(picture, boxes):
        for x in places:
            cv2.line(picture, (x, 0), (x, picture.shape[0]), tone, 1)

    return draw


@pytest.mark.parametrize("invert", [False, True])
def test_a_ruled_line_between_digits_parts_them_though_it_is_too_faint_for_ink(invert):
    assert numbers("1234", "5678", draw=lines_at([129]), invert=invert) == ["12 34", "56 78"]


def test_a_line_ends_where_the_row_ends():
    """A stroke as high as a digit is none."""
    assert numbers("1234", draw=lambda p, boxes: cv2.line(p, (129, 60), (129, 100), 120, 1)) == ["1234"]


def test_lines_that_lean_with_the_sheet():
    def draw(picture, boxes):
        cv2.line(picture, (129 + 6, 0), (129 - round(0.1 * picture.shape[0]) + 6, picture.shape[0]), 120, 1)

    assert numbers("1234", "5678", tilt=0.1, draw=draw) == ["12 34", "56 78"]


@pytest.mark.parametrize(("shown", "parts"), [(1, False), (2, False), (3, True), (5, True)])
@pytest.mark.parametrize("tilt", [0, 0.05, -0.05])
def test_a_line_between_columns_is_in_half_of_the_rows_that_it_would_go_through(shown, parts, tilt):
    """Of squared paper a piece of a line may be seen, beside one row of many. A row that ends before it counts not."""
    rows = ["1234", "5678", "9012", "3456", "7890", "12", "34"]

    def draw(picture, boxes):
        for i, row in enumerate(boxes[:shown]):
            middle = row[1][1] + 20
            ends = [(round(129 - tilt * (down + 90 * (i - 2))), middle + down) for down in (-58, 58)]
            cv2.line(picture, *ends, 120, 1)

    assert numbers(*rows, tilt=tilt, draw=draw) == [
        f"{row[:2]} {row[2:]}" if parts and i < shown else row for i, row in enumerate(rows)
    ]


def test_a_box_for_each_digit_parts_nothing():
    assert numbers("1234", "5678", draw=lines_at([79, 129, 179])) == ["1234", "5678"]


def test_what_is_left_of_such_boxes_is_no_sign():
    def boxes(picture, boxes):
        lines_at([79, 129, 179])(picture, boxes)
        cv2.line(picture, (129, 70), (129, 90), 40, 3)

    assert numbers("1234", "5678", draw=boxes) == ["1234", "5678"]


def test_squared_paper_parts_nothing():
    assert numbers("1234", "5678", draw=lines_at(range(4, 300, 25))) == ["1234", "5678"]


def test_lines_through_the_digits_part_nothing():
    assert numbers("1234", "5678", draw=lines_at([54, 104, 129])) == ["1234", "5678"]


def test_a_line_parts_though_a_digit_reaches_over_it():
    """The third of the first row was begun before the line, and the same line stands clear in two other rows."""
    assert numbers("1234", "12 34", "56 78", draw=lines_at([160])) == ["123 4", "12 34", "56 78"]
    assert numbers("1234", "12 34", "5678", draw=lines_at([160])) == ["1234", "12 34", "5678"], "in one alone"


def test_grain_is_no_line():
    def grain(picture, boxes):
        picture[:] = np.clip(picture + np.random.default_rng(0).normal(0, 8, picture.shape), 0, 255)

    assert numbers("1234", "5678", draw=grain) == ["1234", "5678"]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(("step", "line"), [(5, False), (20, True)])
def test_on_paper_without_grain_a_step_of_few_grey_levels_is_no_line(step, line, dtype):
    """Compression takes the grain away and leaves blocks. A line is 6 grey levels at least, a step half of that."""

    def block(picture, boxes):
        (x, _, w, _), (beside, *_) = boxes[0][1:3]
        picture[:, (x + w + beside) // 2 :] -= step

    assert numbers("1234", "5678", draw=block, dtype=dtype) == (["12 34", "56 78"] if line else ["1234", "5678"])


@pytest.mark.parametrize("shape", [(), (1,), (3,), (4,)])
def test_pictures_of_every_kind_are_parted(shape):
    frame, mask = np.zeros((600, 700, *shape), np.uint8), np.zeros((600, 700), np.uint8)
    found = rows.order(page(["12", "7"]))
    assert rows.part(found, frame, mask, 0.0) == found
    assert rows.part([], frame, mask, 0.0) == []


def stroke(x, y, w, h, lean=0.0, digit=1, upstroke=False):
    """A stroke that leans so far across by up, as a digit."""
    ink = np.zeros((28, 28), np.uint8)
    cv2.line(ink, (round(14 + 9 * lean), 5), (round(14 - 9 * lean), 23), 255, 2)
    if upstroke:
        cv2.line(ink, (round(14 + 9 * lean), 5), (round(6 + 9 * lean), 12), 255, 2)
    return Digit(digit, 0.9, (x, y, w, h), ink.astype(np.float32) / 255)


def signs(digits):
    found = rows.signs(digits, rows.slopes(*rows.middles(digits)))
    return [digit for digit, sign in zip(digits, found, strict=True) if sign]


@pytest.mark.parametrize(
    ("middle", "sign"),
    [
        (stroke(145, 96, 20, 48, lean=0.4), True),
        (stroke(145, 96, 20, 48, lean=0.4, digit=7), False),
        (stroke(145, 96, 20, 44, lean=0.4), False),  # does not reach below
        (stroke(145, 100, 20, 48, lean=0.4), False),  # nor this above
        (stroke(145, 96, 20, 48), False),  # upright
        (stroke(145, 96, 20, 48, lean=0.3, upstroke=True), False),
        (stroke(150, 128, 8, 18), True),  # a comma
        (stroke(150, 118, 8, 18), False),
    ],
)
def test_slashes_and_commas_are_no_1s(middle, sign):
    row = [stroke(100, 100, 25, 40, digit=4), middle, stroke(190, 100, 25, 40, digit=5)]
    assert signs(row) == ([middle] if sign else [])
    assert signs(row[:2]) == signs(row[1:]) == signs([]) == [], "it has to stand between two"


@pytest.mark.parametrize(("step", "sign"), [(40, True), (64, True), (82, False), (130, False)])
def test_a_leaning_1_in_a_place_of_its_own_is_no_slash(step, sign):
    middle = stroke(300, 96, 20, 48, lean=0.4)
    row = [stroke(300 - step, 100, 20, 40, digit=4), middle, stroke(300 + step, 100, 20, 40, digit=5)]
    assert signs(row) == ([middle] if sign else [])


def test_where_all_digits_lean_a_1_does():
    outer = [stroke(x, 100, 25, 40, lean=0.4, digit=4) for x in (100, 190)]
    assert signs([outer[0], stroke(145, 96, 20, 48, lean=0.4), outer[1]]) == []


def test_a_comma_is_told_among_all_rows():
    """It is nearer to the digit below it than to the one on its right."""
    comma = stroke(530, 533, 8, 18)
    digits = [*page(["2 5", "718"], step=56, pitch=66), comma]
    assert signs(digits) == [comma]
