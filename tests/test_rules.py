"""Ruled lines are taken out of the ink, and what is written on them stays."""

import cv2
import numpy as np
import pytest

from model import pen
from model.vision import ink, rules


def lined(angle=0.0, digits="", depth=90, step=45, squares=False, thick=2, first=60, stroke=40):
    """Paper with rules a `step` apart and digits on them, at 1280x720."""
    picture = np.full((720, 1280), 230, np.uint8)
    slope = np.tan(np.deg2rad(angle))
    for y in range(first - 720, 1440, step):
        cv2.line(picture, (0, round(y)), (1280, round(y + 1280 * slope)), 230 - depth, thick, cv2.LINE_AA)
    if squares:
        for x in range(first - 720, 2000, step):
            cv2.line(picture, (round(x), 0), (round(x - 720 * slope), 720), 230 - depth, thick, cv2.LINE_AA)
    if digits:
        pen.write(picture, digits, (200, first + 4 * step - 80), 80, 6, stroke, np.random.default_rng(2))
    return picture


def removed(picture):
    level, found, _ = ink.flatten(picture)
    mask, marks = ink.threshold(level, found)
    return mask, *rules.remove(mask, marks, level)


@pytest.mark.parametrize("angle", [-15, -4, 0, 4, 15])
@pytest.mark.parametrize("squares", [False, True])
def test_ruled_and_squared_paper_is_taken_out(angle, squares):
    before, after, lines = removed(lined(angle, squares=squares))
    assert (before > 0).mean() > 0.03
    before, after, lines = (picture[130:-130, 90:-90] for picture in (before, after, lines))  # few are long in a corner
    assert (after > 0).sum() < 0.08 * (before > 0).sum()
    assert (lines[before > 0] > 0).mean() > 0.8, "and told where it was"


def test_digits_on_rules_stay():
    plain, _, _ = removed(lined(digits="31415926", depth=0))
    ruled, after, _ = removed(lined(digits="31415926"))
    assert (after[plain > 0] > 0).mean() > 0.93
    assert ((after > 0) & (cv2.dilate(plain, np.ones((5, 5), np.uint8)) == 0)).sum() < 0.1 * (ruled > 0).sum()


def column(text="1", rows=6, pitch=110, height=70, x=600):
    """The same digit right below itself, over most of the picture's height."""
    picture = np.full((720, 1280), 230, np.uint8)
    for i in range(rows):
        cv2.line(picture, (x, 30 + pitch * i), (x, 30 + pitch * i + height), 40, 5, cv2.LINE_AA)
        if text == "4":
            at = 30 + pitch * i
            cv2.polylines(picture, [np.int32([[x - 15, at], [x - 40, at + 42], [x + 14, at + 42]])], False, 40, 5)
    return picture


@pytest.mark.parametrize("text", ["1", "4"])
def test_a_column_of_digits_is_no_rule(text):
    before, after, lines = removed(column(text))
    assert (after == before).all() and lines.max() == 0


def test_a_rule_is_told_from_where_it_begins_to_where_it_ends():
    picture = np.full((720, 1280), 230, np.uint8)
    cv2.line(picture, (150, 300), (900, 300), 120, 3, cv2.LINE_AA)
    _, after, lines = removed(picture)
    where = np.flatnonzero(lines.any(0))
    assert (where[0], where[-1]) == pytest.approx((150, 900), abs=16) and not after.any()  # points are 8 pixels apart


@pytest.mark.parametrize("text", ["1", "4"])
def test_a_row_of_dashes_is_no_rule(text):
    before, after, _ = removed(np.ascontiguousarray(cv2.resize(column(text), (720, 1280)).T))
    assert (after == before).all()


@pytest.mark.parametrize("gap", [4, 8])
def test_a_rule_is_one_although_it_has_gaps(gap):
    """Printed rules break off where ink is thin: less than a tenth of their length."""
    picture = lined(depth=120)
    for x in range(0, 1280, 90):
        picture[:, x : x + gap] = 230
    before, after, _ = removed(picture)
    assert (after > 0).sum() < 0.1 * (before > 0).sum()


@pytest.mark.parametrize(("each", "goes_on"), [(14, True), (7, False)])
def test_a_line_goes_on_across_few_bare_places(each, goes_on):
    level = np.full(98, 80, np.uint8)
    level[each - 1 :: each] = 0
    first, last = rules._longest(level > 0, level > 0)
    assert last - first == (97 if goes_on else each - 1)


def test_the_edge_of_a_dark_place_is_no_rule():
    """A rule is darker than what is above and below it."""
    line = np.arange(0, 640, 4)
    for above, below, rule in ((0, 0, True), (90, 90, False), (100, 0, False), (100, 90, False)):
        level = np.full((200, 640), above, np.uint8)
        level[101:] = below
        level[99:102] = 100
        level[99:102, ::16] = 130 if not rule else 100  # darker here and there
        stands_out = cv2.subtract(level, rules._beside(level, 6))
        first, last = rules._longest(stands_out[100, line] > 30, level[100, line] > 30)
        assert last - first == len(line) if rule else last - first <= 1, (above, below)


def test_a_short_line_is_no_rule():
    """A rule covers a good third of the picture's side."""
    for length, stays in ((380, True), (620, False)):
        picture = np.full((720, 1280), 230, np.uint8)
        cv2.line(picture, (300, 400), (300 + length, 400), 120, 2)
        before, after, _ = removed(picture)
        assert (after.sum() > 0.5 * before.sum()) == stays, length


@pytest.mark.parametrize(("high", "thick", "stays"), [(0, 4, False), (0, 16, True), (60, 10, True), (150, 10, False)])
def test_a_thick_bar_is_no_rule(high, thick, stays):
    """No rule is thicker than a ninetieth of the picture's side, 8 pixels here, or than a tenth of a digit's height."""
    picture = np.full((720, 1280), 230, np.uint8)
    if high:
        pen.write(picture, "2468", (300, 160), high, 6, 60, np.random.default_rng(2))
    cv2.line(picture, (0, 400), (1280, 400), 60, thick)
    before, after, _ = (part[380:420] for part in removed(picture))
    assert (after.sum() > 0.5 * before.sum()) == stays


def table(columns, rows, depth=110, thick=2, shape=(720, 1280)):
    """The lines of an empty table, by where they are."""
    picture = np.full(shape, 230, np.uint8)
    for y in rows:
        cv2.line(picture, (columns[0], y), (columns[-1], y), 230 - depth, thick)
    for x in columns:
        cv2.line(picture, (x, rows[0]), (x, rows[-1]), 230 - depth, thick)
    return picture


def grid(cells, depth, high=18):
    """A table that takes a fifth of the frame's width, its rows alike; and which pixels are its lines, not its digits.

    cells: the digits in each cell of a row; they stand close to its lines, but not all down one line.
    """
    picture, lines = np.full((720, 1280), 230, np.uint8), np.zeros((720, 1280), np.uint8)
    for i in range(6):
        cv2.line(lines, (60, 40 + 30 * i), (310, 44 + 30 * i), 255, 1, cv2.LINE_AA)
        cv2.line(lines, (60 + 50 * i, 40), (58 + 50 * i, 190), 255, 1, cv2.LINE_AA)
    picture = cv2.subtract(picture, cv2.convertScaleAbs(lines, alpha=depth / 255))
    for i in range(5):
        rng = np.random.default_rng(i)
        by = pen.hand(rng)
        for j, digits in enumerate(cells):
            pen.write(picture, digits, (66 + 50 * j, 47 + 30 * i), high, 2, 130, rng, by)
    return picture, (lines > 0) & (picture > 180)


@pytest.mark.parametrize("depth", [60, 100])
def test_the_lines_of_a_small_table_are_taken_out_and_its_digits_stay(depth):
    """They are far shorter than the picture, and faint ones have gaps in the mask."""
    picture, lines = grid(["31", "41", "59", "2"], depth)
    _, after, told = removed(cv2.GaussianBlur(picture, (3, 3), 0))
    alone, *_ = removed(cv2.GaussianBlur(grid(["31", "41", "59", "2"], 0)[0], (3, 3), 0))
    away = lines & (cv2.dilate(alone, np.ones((7, 7), np.uint8)) == 0)
    assert (after[away] > 0).mean() < 0.03
    assert (cv2.dilate(told, None)[away] > 0).mean() > 0.9
    assert (after[alone > 0] > 0).mean() > 0.85


def test_the_outline_of_a_sheet_is_no_table():
    """Lines go around it, none goes through its middle."""
    lines = np.zeros((360, 640), np.uint8)
    box = 100, 60, 400, 240
    assert not rules._is_outline(box, lines), "no line was found there: a table may be"
    cv2.rectangle(lines, (100, 75), (499, 285), 255, 3)
    assert rules._is_outline(box, lines)
    cv2.line(lines, (100, 180), (499, 180), 255, 3)
    assert not rules._is_outline(box, lines)


def test_a_long_stroke_is_no_line_of_a_table():
    """It is three times as high as the digits beside it at least."""
    picture = np.full((720, 1280), 230, np.uint8)
    pen.write(picture, "31415926", (100, 100), 40, 4, 60, np.random.default_rng(1))
    cv2.line(picture, (100, 200), (190, 200), 60, 3, cv2.LINE_AA)
    before, after, _ = removed(picture)
    assert (after == before).all()


def test_a_stroke_that_is_long_beside_a_picture_cut_close_is_no_rule():
    """Three digits' heights are more than its own height."""
    picture = np.full((170, 662), 255, np.uint8)
    for x in (60, 400):
        cv2.line(picture, (x, 30), (x, 140), 0, 4)
    cv2.ellipse(picture, (560, 85), (30, 55), 0, 0, 360, 0, 4)
    before, after, lines = removed(picture)
    assert (after == before).all() and not lines.any()


def test_uprights_of_a_table_are_taken_out_when_its_level_lines_cut_them():
    """Each piece that is left of them is no longer than three digits."""
    picture = table(range(60, 661, 100), range(40, 241, 50))
    for i in range(4):
        rng = np.random.default_rng(i)
        for j in range(6):
            pen.write(picture, str(rng.integers(10, 99)), (80 + 100 * j, 50 + 50 * i), 32, 3, 60, rng, pen.hand(rng))
    _, after, lines = removed(picture)
    assert (after[44:236, [60, 160, 260, 360, 460, 560, 660]] > 0).mean() < 0.05
    assert (lines[50:230, [60, 160, 260, 360, 460, 560, 660]] > 0).mean() > 0.95


@pytest.mark.parametrize("tone", [105, 60])
@pytest.mark.parametrize("over", [2, 3])
def test_a_stroke_that_lies_on_a_rule_stays(tone, over):
    """The foot of a 2: it is wider than the rule by a pixel or two, or as wide and darker."""
    picture = np.full((720, 1280), 230, np.uint8)
    cv2.line(picture, (0, 400), (1280, 400), 105, 3)
    plain = picture.copy()
    for start, end in (((600, 340), (600, 399)), ((600, 400 - over), (650, 400 - over))):
        cv2.line(picture, start, end, tone, 5)
    _, after, _ = removed(picture)
    assert (after[400 - over, 605:648] > 0).all() and (after[345:390, 600] > 0).all()
    assert not after[:, :580].any() and not after[:, 670:].any() and not removed(plain)[1].any()


def test_a_darker_stroke_that_covers_a_rule_stays():
    picture = np.full((720, 1280), 230, np.uint8)
    cv2.line(picture, (0, 400), (1280, 400), 150, 4)
    cv2.line(picture, (600, 400), (650, 400), 40, 4)
    _, after, _ = removed(picture)
    assert (after[400, 605:645] > 0).all() and not after[:, :580].any()


@pytest.mark.parametrize("step", [40, 45])
def test_faint_lines_one_pixel_thick_are_told_on_odd_rows_as_on_even_ones(step):
    """At half the size every pixel counts."""
    for first in (60, 61):
        before, after, lines = removed(lined(depth=24, thick=1, step=step, first=first))
        begins = np.arange(first - 720, 720, step)
        assert all(lines[max(0, y - 2) : y + 3, 640].any() for y in begins if 10 < y < 710), first
        assert (after > 0).sum() < 0.05 * max(1, (before > 0).sum())


def test_a_line_that_bends_a_little_is_followed():
    x = np.arange(0, 1281, 4)
    picture = np.full((720, 1280), 230, np.uint8)
    for y in (200, 400):
        cv2.polylines(picture, [np.stack([x, np.rint(y + 3 * np.sin(x / 300))], 1).astype(np.int32)], False, 110, 2)
    before, after, lines = removed(picture)
    assert (lines[before > 0] > 0).mean() > 0.9 and (after > 0).sum() < 0.05 * (before > 0).sum()


def framed(radius, wide=500, high=220, thick=4, gap=0):
    """A frame drawn around a number, its corners round; and where the number is."""
    picture = np.full((720, 1280), 230, np.uint8)
    left, top, right, bottom = 300, 200, 300 + wide, 200 + high
    for start, end in (
        ((left + radius, top), (right - radius - gap, top)),
        ((left + radius, bottom), (right - radius, bottom)),
        ((left, top + radius), (left, bottom - radius)),
        ((right, top + radius), (right, bottom - radius)),
    ):
        cv2.line(picture, start, end, 70, thick, cv2.LINE_AA)
    for x, y, turn in (
        (left + radius, top + radius, 180),
        (right - radius, top + radius, 270),
        (right - radius, bottom - radius, 0),
        (left + radius, bottom - radius, 90),
    ):
        cv2.ellipse(picture, (x, y), (radius, radius), turn, 0, 90, 70, thick, cv2.LINE_AA)
    pen.write(picture, "4293", (left + 60, top + 70), 60, 5, 60, np.random.default_rng(1))
    inside = slice(top + 55, bottom - 60), slice(left + 45, right - 45)
    return picture, inside


@pytest.mark.parametrize("radius", [10, 25, 50])
@pytest.mark.parametrize("gap", [0, 30])
def test_of_a_frame_nothing_is_left_not_even_its_corners(radius, gap):
    """They would be a 7 and a 1."""
    picture, inside = framed(radius, gap=gap)
    before, after, _ = removed(picture)
    assert (after[inside] == before[inside]).all() and after[inside].any()
    after[inside] = 0
    assert (after > 0).sum() < 0.02 * (before > 0).sum()


def test_a_digit_below_the_end_of_a_line_stays():
    """As in a sum: what the line runs into goes with it, what is beside its end does not."""
    picture = np.full((720, 1280), 230, np.uint8)
    for y in (200, 480):
        pen.write(picture, "3175", (400, y), 80, 6, 60, np.random.default_rng(1))
    cv2.line(picture, (100, 470), (690, 470), 60, 4, cv2.LINE_AA)
    before, after, lines = removed(picture)
    assert lines.any() and (after[478:570] == before[478:570]).all() and not after[450:470].any()


def test_where_rules_cross_nothing_is_left():
    for picture in (lined(squares=True), grid(["", "", "", ""], 100)[0]):
        before, after, _ = removed(picture)
        after = after[130:-130, 90:-90] if picture[0].min() < 200 else after
        assert before.any() and cv2.connectedComponents(after)[0] - 1 <= 2


def test_how_high_digits_are_is_told_by_what_covers_most():
    """Dust is no digit, however much there is; a frame with digits in it is none, nor is a line."""
    digits = [(100 + 60 * i, 100, 30, 50, 600.0) for i in range(4)]
    dust = [(10 * i, 300, 6, 6, 30.0) for i in range(60)]
    frame = (80, 80, 300, 90, 27000.0)
    level, uprights = [(100, 200, 280, 8, 2200.0)] * 2, [(600, 20, 8, 300, 2400.0)] * 2
    for boxes in (digits, digits + dust, [*digits, *dust, frame], digits + level, digits + uprights):
        assert rules._height(boxes, (360, 640)) == 100
    assert rules._height([], (360, 640)) == rules._height([(0, 0, 3, 3, 9.0)], (360, 640)) == 0


def test_large_digits_among_much_dust_are_no_rules():
    picture = np.full((720, 1280), 230, np.uint8)
    rng = np.random.default_rng(3)
    for x, y in rng.integers((20, 20), (1260, 700), (150, 2)).tolist():
        cv2.circle(picture, (x, y), 5, 90, -1, cv2.LINE_AA)
    cv2.polylines(picture, [np.int32([(200, 200), (150, 400), (330, 400)])], False, 60, 4, cv2.LINE_AA)
    cv2.line(picture, (300, 250), (300, 480), 60, 4, cv2.LINE_AA)  # a 4
    before, after, _ = removed(picture)
    assert (after[190:570, 140:340] == before[190:570, 140:340]).all()


def test_a_page_of_small_digits_has_no_rules():
    picture = np.full((720, 1280), 230, np.uint8)
    for row in range(14):
        rng = np.random.default_rng(row)
        number = "".join(map(str, rng.integers(0, 10, 24)))
        pen.write(picture, number, (60, 30 + 46 * row), 34, 3, 60, rng)
    before, after, lines = removed(picture)
    assert not lines.any() and (after == before).all()


def test_a_rule_goes_to_its_end_although_digits_stand_close_there():
    """They hide where it is darker than what is beside it."""
    picture = np.full((720, 1280), 230, np.uint8)
    cv2.line(picture, (600, 100), (600, 600), 110, 2)
    for y in (100, 540):
        for x in (588, 612):
            cv2.line(picture, (x, y), (x, y + 60), 60, 6)
    pen.write(picture, "31415", (700, 300), 60, 5, 60, np.random.default_rng(1))
    _, after, lines = removed(picture)
    assert np.flatnonzero(lines.any(1))[[0, -1]] == pytest.approx((100, 600), abs=6)
    assert (after[105:155, [588, 612]] > 0).all() and not after[:, 598:602].any()


def test_a_digit_that_touches_the_frame_of_a_table_where_a_line_ends_stays():
    """A line that ends on another has no free end."""
    picture = table(range(200, 901, 100), range(100, 501, 100), depth=120, thick=3)
    pen.write(picture, "31415", (240, 320), 60, 5, 60, np.random.default_rng(1))
    cv2.line(picture, (204, 160), (204, 240), 60, 5)  # a 1
    _, after, _ = removed(picture)
    assert (after[165:235, 205] > 0).all()


@pytest.mark.parametrize(("dashes", "is_rule"), [(0.95, True), (0.8, False)])
def test_a_rule_is_dark_in_nine_tenths_of_its_length_pixel_by_pixel(dashes, is_rule):
    mask = np.zeros((40, 800), np.uint8)
    mask[19:22] = 255
    for x in range(0, 800, 40):
        mask[:, x : x + round(40 * (1 - dashes))] = 0
    bare = mask.copy()
    ends = rules._take_out(bare, mask, np.float32([8, 792]), np.float32([20, 20]), 4)
    assert bool(ends) == is_rule and (bare == mask).all() != is_rule


def test_a_rule_is_taken_out_once():
    """What was found from border to border is not looked for again around a table."""
    calls, take = [], rules._take_out
    picture = lined(depth=110, squares=True)
    pen.write(picture, "31415", (200, 200), 30, 3, 60, np.random.default_rng(1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "_take_out", lambda *line: calls.append(line) or take(*line))
        removed(picture)
    assert 0 < len(calls) <= 16 + 29 + 8


def test_beyond_its_ends_a_line_goes_straight_on():
    """Where nothing is, nothing tells where it is."""
    level = np.zeros((200, 1280), np.uint8)
    cv2.line(level, (0, 100), (480, 100), 120, 2)
    level = cv2.GaussianBlur(level, (3, 3), 0)
    columns = np.arange(0, 640, 4)
    x, y = rules._ridge(level, 49.75 + 1.25 - 2.5 * columns / 240, columns)
    there = x < 470
    assert abs(y[there] - 100).max() < 0.6 and abs(y[~there] - 100).max() < 4


def test_around_a_point_beyond_the_picture_there_is_nothing():
    picture = np.ones((20, 30), np.uint8)
    assert rules._around(picture, (5, 6), 2).shape == (5, 5) and rules._around(picture, (0, 0), 2).shape == (3, 3)
    assert not any(rules._around(picture, point, 2).size for point in ((-9, 5), (5, -9), (50, 5), (5, 50)))


@pytest.mark.parametrize("touching", [False, True])
def test_a_small_table_is_one_although_all_its_digits_touch_its_lines(touching):
    """Its cells tell how high digits are."""
    picture = table(range(60, 311, 50), range(40, 191, 30), shape=(1080, 1920))
    for x in range(60, 301, 50):
        for y in range(40, 181, 30):
            cv2.line(picture, (x + 12, y + 6), (x + 12, y + (30 if touching else 24)), 60, 4)
    _, after, lines = removed(picture)
    away = np.s_[45:185, 85:305:50]  # of the strokes
    assert all(lines[y - 2 : y + 3, 100].any() for y in range(40, 191, 30)) and not after[away].any()
    assert (after[50:60, 72:300:50] > 0).all()


def test_what_is_thicker_than_a_line_stays_where_a_rule_runs_into_it():
    """A shadow, a thumb: it tells that what is beside it is no digit, either."""
    picture = np.full((720, 1280), 230, np.uint8)
    pen.write(picture, "31415", (300, 300), 60, 5, 60, np.random.default_rng(1))
    cv2.line(picture, (200, 500), (900, 500), 110, 3)
    cv2.circle(picture, (925, 500), 26, 60, -1)
    _, after, lines = removed(picture)
    assert lines.any() and (after[480:520, 910:940] == 255).all() and not after[490:510, 220:880].any()
