"""An ink mask to pieces: connected components, cuts where digits may touch, groups that may be one digit; and crops."""

import cv2
import numpy as np
import pytest

from model import crop
from model.vision import candidates, ink, segment
from model.vision.segment import Piece

MASK = (720, 1280)


def mask(*boxes, shape=MASK):
    """Ink that fills boxes (x, y, width, height)."""
    picture = np.zeros(shape, np.uint8)
    for x, y, w, h in boxes:
        picture[y : y + h, x : x + w] = 255
    return picture


def boxes(picture):
    return [part.box for part in segment.components(picture)]


# -- Connected components

def test_components_are_told_by_their_boxes_the_largest_first():
    one, two = (100, 50, 30, 60), (300, 400, 8, 40)
    assert boxes(mask(two, one)) == [one, two]
    assert boxes(mask()) == []


def test_at_every_border_of_the_picture():
    corners = [(0, 0, 30, 60), (1260, 0, 20, 60), (0, 680, 20, 40), (1270, 700, 10, 20)]
    assert boxes(mask(*corners)) == corners


def test_dots_and_hairs_are_left_out():
    assert boxes(mask((50, 50, 3, 3), (80, 50, 40, 1), (150, 50, 1, 40))) == []
    assert sorted(boxes(mask((50, 50, 4, 2), (80, 50, 2, 4)))) == [(50, 50, 4, 2), (80, 50, 2, 4)]


@pytest.mark.parametrize(("shape", "bridged"), [((320, 640), 0), ((720, 1280), 2), ((1080, 1920), 2)])
def test_a_pens_skip_is_bridged(shape, bridged):
    """A gap of a 1,000th of the picture's side to each end."""
    for gap in range(6):
        parts = boxes(mask((100, 100, 6, 20), (100, 120 + gap, 6, 20), shape=shape))
        apart = [(100, 100, 6, 20), (100, 120 + gap, 6, 20)]
        assert sorted(parts) == ([(100, 100, 6, 40 + gap)] if gap <= bridged else apart)


def test_the_outline_comes_first_then_its_holes():
    ring = mask((100, 100, 60, 80))
    ring[120:140, 120:140] = ring[150:170, 120:140] = 0
    (part,) = segment.components(ring)
    outer, *inner = (cv2.boundingRect(outline) for outline in part.outlines)
    assert len(inner) == 2 and outer[3] >= 80 and all(hole[3] < 30 for hole in inner)


def test_of_very_many_components_the_largest_are_looked_at():
    squares = [(10 + 20 * (i % 60), 10 + 20 * (i // 60), 6 + i // 100, 6) for i in range(600)]
    found = boxes(mask(*squares))
    assert len(found) == 320
    assert min(w for _, _, w, _ in found) == 8, "the last 280 to 299 are 8 wide"


def test_where_boxes_cover_one_another_over_and_over_the_smaller_ones_are_looked_at():
    """Boxes may cover twice the picture. Of hatching they cover it a hundred times."""
    sides = [700 - 12 * i for i in range(40)]
    picture = np.zeros(MASK, np.uint8)
    for i, side in enumerate(sides):
        at = 6 * i
        cv2.rectangle(picture, (at, at), (at + side - 1, at + side - 1), 255, 2)
    picture[600:640, 1000:1030] = 255  # a digit beside them
    found = boxes(picture)
    area = sum(w * h for _, _, w, h in found)
    assert (1000, 600, 30, 40) in found
    assert 1.5 * picture.size < area <= 2 * picture.size
    assert max(w for _, _, w, _ in found) < 600 and len(found) > 10


# -- Cuts

def pieces(picture):
    found = segment.cut(picture, segment.components(picture))
    for (x, y, w, h), part, _ in found:
        assert part.shape == (h, w) and part.dtype == np.uint8 and part.max() == 1
        assert (picture[y : y + h, x : x + w][part > 0] == 255).all()
    return found


def zeros(*middles, high=60, thick=8, bar=0):
    """Rings side by side, with a bar between neighbours."""
    picture = np.zeros(MASK, np.uint8)
    for x, y in middles:
        cv2.ellipse(picture, (x, y), (high // 3, high // 2 - thick // 2), 0, 0, 360, 255, thick)
    if bar:
        cv2.line(picture, middles[0], middles[-1], 255, bar)
        for x, y in middles:
            cv2.ellipse(picture, (x, y), (high // 3 - thick // 2, high // 2 - thick), 0, 0, 360, 0, -1)
    return picture


def test_what_is_narrow_is_one_piece():
    (piece,) = pieces(zeros((300, 300)))
    x, y, w, h = piece.box
    assert (piece.component, np.count_nonzero(piece.part)) == (0, np.count_nonzero(zeros((300, 300))))
    assert abs(x + w / 2 - 300) < 2 and abs(y + h / 2 - 300) < 2


@pytest.mark.parametrize("bar", [6, 12])
def test_two_that_touch_are_cut_where_they_touch(bar):
    picture = zeros((300, 300), (360, 300), bar=bar)
    found = pieces(picture)
    assert {piece.component for piece in found} == {0} and len(found) >= 2
    assert sum(np.count_nonzero(piece.part) for piece in found) == np.count_nonzero(picture), "no ink is lost"
    assert any(abs(piece.box[0] + piece.box[2] - 330) <= 6 for piece in found), [piece.box for piece in found]


@pytest.mark.parametrize(("strokes", "cut"), [(2, True), (4, False)])
def test_a_cut_may_cross_two_strokes(strokes, cut):
    """Two bars upright, joined by bars across."""
    across = ((270, 270 + 52 * i // (strokes - 1), 64, 8) for i in range(strokes))
    picture = mask((270, 270, 8, 60), (326, 270, 8, 60), *across)
    assert (len(pieces(picture)) > 1) == cut


def test_pieces_are_as_wide_as_a_fifth_of_their_height_at_least():
    found = pieces(zeros((300, 300), (360, 300), (420, 300), bar=6))
    assert 3 <= len(found) <= 2 + 2 * 3 + 1
    assert min(piece.box[2] for piece in found) >= 0.2 * 60
    assert [piece.box[0] for piece in found] == sorted(piece.box[0] for piece in found)


def test_neither_a_block_nor_a_long_line_is_cut():
    assert [piece.box for piece in pieces(mask((300, 300, 100, 60)))] == [(300, 300, 100, 60)], "filled: a block"
    line = np.zeros(MASK, np.uint8)
    cv2.polylines(line, [np.int32([[100 + 20 * i, 300 + 30 * (i % 2)] for i in range(12)])], False, 255, 4)
    (piece,) = pieces(line)
    assert piece.box[2] > 4 * piece.box[3]


def test_a_scribble_is_no_piece():
    """Its holes are more than those of 8s in a row."""
    scribble = np.zeros(MASK, np.uint8)
    for i in range(5):
        for j in range(3):
            cv2.rectangle(scribble, (300 + 20 * i, 300 + 20 * j), (320 + 20 * i, 320 + 20 * j), 255, 2)
    assert pieces(scribble) == []
    two = np.zeros(MASK, np.uint8)
    for i in range(2):
        for j in range(2):
            cv2.ellipse(two, (300 + 56 * i, 300 + 32 * j), (20, 16), 0, 0, 360, 255, 4)
    cv2.line(two, (318, 300), (338, 300), 255, 4)
    assert len(pieces(two)) >= 2


def test_specks_in_ink_are_no_holes():
    ring = np.ones((100, 100), np.uint8)
    ring[10:30, 10:30] = ring[60:90, 60:90] = 0
    ring[50, 20:70:4] = 0
    assert segment._holes(ring) == 2


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_what_runs_out_of_the_picture_is_no_digit(side):
    """More than half of its longer side on the border."""
    turns = ["right", "top", "left", "bottom"].index(side)
    for along, kept in ((45, True), (55, False)):
        picture = np.zeros((300, 300), np.uint8)
        picture[100:200, 230:240] = 255
        picture[140 : 140 + along, 230:] = 255
        assert bool(pieces(np.ascontiguousarray(np.rot90(picture, turns)))) == kept


# -- Groups

def block(x, y, w, h, component, ink=1.0):
    part = np.zeros((h, w), np.uint8)
    part[: max(1, round(h * ink))] = 1
    part[-1] = part[:, 0] = 1
    return Piece((x, y, w, h), part, component)


def groups(*found):
    return {pieces: seams for pieces, _, seams in segment.group(list(found))}


def test_nothing_gives_no_groups():
    assert groups() == {}


def test_a_component_as_it_is_has_no_seam():
    assert groups(block(0, 0, 30, 60, 0), block(300, 0, 30, 60, 1)) == {(0,): 0, (1,): 0}


def test_runs_between_cuts_and_their_seams():
    three = [block(30 * i, 0, 30, 60, 0) for i in range(3)]
    assert groups(*three) == {(0,): 1, (0, 1): 1, (0, 1, 2): 0, (1,): 2, (1, 2): 1, (2,): 1}
    assert {of for _, of, _ in segment.group(three)} == {(0, 1, 2)}
    assert (0, 1, 2) not in groups(*[block(50 * i, 0, 50, 60, 0) for i in range(3)]), "150 by 60"


def test_what_is_wide_or_low_is_no_digit():
    assert groups(block(0, 0, 120, 60, 0)) == {(0,): 0}
    assert groups(block(0, 0, 121, 60, 0)) == {}
    assert groups(block(0, 0, 8, 9, 0)) == {(0,): 0}
    assert groups(block(0, 0, 8, 8, 0)) == {}


def test_the_surest_come_first():
    """So that a limit on their number cuts off the least likely."""
    found = segment.group([block(30 * i, 0, 30, 60, 0) for i in range(3)] + [block(300, 0, 30, 60, 1)])
    assert [seams for _, _, seams in found] == sorted(seams for _, _, seams in found)


def test_the_bar_over_a_5_belongs_to_it():
    body, bar = block(100, 110, 40, 60, 0), block(105, 96, 40, 10, 1)
    assert groups(body, bar)[(0, 1)] == -1
    assert (0, 1) in groups(body, block(105, 87, 40, 10, 1)), "up to a fifth of both"
    assert (0, 1) not in groups(body, block(105, 80, 40, 10, 1)), "too far above"
    assert (0, 1) not in groups(body, block(160, 96, 40, 10, 1)), "not above it"


def test_the_two_halves_of_a_4():
    """The second stroke stands beside the first, entwined with it or close."""
    left, right = block(100, 100, 30, 40, 0), block(125, 100, 8, 70, 1)
    assert groups(left, right)[(0, 1)] == -1
    assert groups(left, block(132, 100, 8, 70, 1))[(0, 1)] == -1
    assert (0, 1) not in groups(left, block(145, 100, 8, 70, 1)), "two digits"
    assert (0, 1) not in groups(block(100, 100, 30, 68, 0), block(132, 100, 8, 70, 1)), "of like height: two digits"
    assert groups(block(100, 100, 30, 58, 0), block(132, 100, 8, 70, 1))[(0, 1)] == -1


def test_two_digits_one_above_the_other_are_two():
    assert (0, 1) not in groups(block(100, 100, 30, 40, 0), block(100, 150, 30, 40, 1))
    assert groups(block(100, 100, 30, 40, 0), block(100, 142, 30, 40, 1))[(0, 1)] == -1


def test_strokes_that_overlap_by_less_than_half_sideways_are_not_above_one_another():
    upper = block(100, 100, 30, 40, 0)
    assert (0, 1) not in groups(upper, block(117, 141, 30, 40, 1))
    assert (0, 1) in groups(upper, block(112, 141, 30, 40, 1))


def test_dirt_is_no_stroke():
    """Of less than 15 % of its neighbour's ink."""
    body = block(100, 110, 30, 60, 0)
    assert (0, 1) not in groups(body, block(105, 98, 20, 12, 1))
    assert (0, 1) in groups(body, block(105, 98, 24, 12, 1))


def test_what_has_other_digits_inside_is_no_digit():
    """The outline of a sheet, with a digit close to it, and more of them within; dirt does not count."""
    outline = np.zeros((200, 150), np.uint8)
    outline[:4] = outline[:, :4] = 1
    corner, digit = Piece((100, 100, 150, 200), outline, 0), block(108, 110, 20, 60, 1)
    assert (0, 1) in groups(corner, digit)
    assert (0, 1) not in groups(corner, digit, block(180, 210, 20, 60, 2))
    assert (0, 1) in groups(corner, digit, block(180, 210, 8, 8, 2))


def test_boxes_that_meet_are_not_enough_ink_must_be_near():
    """A wide arch and what stands under it: their boxes overlap, their ink is up to a fifth of their height apart."""
    arch = np.zeros((60, 60), np.uint8)
    arch[:6] = arch[:, :6] = arch[:, -6:] = 1
    near, far = (block(123, 100 + y, 14, 30, 1) for y in (17, 21))
    around = Piece((100, 100, 60, 60), arch, 0)
    assert (0, 1) in groups(around, near)
    assert (0, 1) not in groups(around, far)


def arcs(*spans, around=(130, 140), high=60):
    """A 0 in arcs (degrees from, to), each a component."""
    found = []
    for i, (begin, end) in enumerate(spans):
        picture = np.zeros(MASK, np.uint8)
        cv2.ellipse(picture, around, (high // 3, high // 2), 0, begin, end, 1, 6)
        x, y, w, h = cv2.boundingRect(picture)
        found.append(Piece((x, y, w, h), picture[y : y + h, x : x + w], i))
    return found


def test_a_0_in_three_arcs_is_one_digit():
    found = groups(*arcs((0, 100), (120, 220), (240, 340)))
    assert found[(0, 1, 2)] == -2
    assert {pieces for pieces, seams in found.items() if seams == 0} == {(0,), (1,), (2,)}


def test_more_than_four_strokes_are_not_tried():
    found = groups(*(block(100, 100 + 32 * i, 30, 30, i) for i in range(5)))
    assert max(map(len, found)) == 4 and min(found.values()) == -3


def test_digits_below_one_another_are_no_strokes_of_a_tall_one():
    """The third is low against the first two together, as the bar over a 5 is, but not against the one that it is near.

    The first two touch but for a pixel or two.
    """
    column = [block(100, y, 10, 60, i) for i, y in enumerate((100, 163, 235, 307))]
    assert {pieces for pieces, seams in groups(*column).items() if seams < 0} == {(0, 1)}


def test_in_texture_no_more_than_two_strokes_are_joined():
    """Of three blocks each, one above the other: two pairs."""
    column = lambda n: [block(100 * i, 32 * j, 30, 30, 3 * i + j) for i in range(n) for j in range(3)]  # noqa: E731
    assert max(map(len, groups(*column(79)))) == 3
    assert max(map(len, groups(*column(80)))) == 2


def test_strokes_that_hang_together_over_others_only_are_no_digit_without_these():
    upper, middle, lower = (block(100, 100 + 32 * i, 30, 30, i) for i in range(3))
    found = groups(upper, middle, lower)
    assert {(0, 1), (1, 2), (0, 1, 2)} <= set(found) and (0, 2) not in found


def test_paint_and_union():
    found = [block(10, 20, 5, 10, 0), block(12, 25, 8, 10, 0)]
    box = segment.union([piece.box for piece in found])
    assert box == (10, 20, 10, 15) and segment.union([found[0].box]) == found[0].box
    painted = segment.paint(found, (0, 1), box)
    assert painted.shape == (15, 10) and painted.max() == 1
    assert np.count_nonzero(painted) == 5 * 10 + 8 * 10 - 3 * 5
    assert painted[:10, :5].all() and painted[5:, 2:].all() and not painted[:5, 5:].any()


# -- Candidates

def paper(*strokes, shape=MASK, back=230, stroke=40, grain=0.0, thick=6):
    """Lines (points, …) on paper, (h, w) uint8."""
    picture = np.full(shape, back, np.uint8)
    for points in strokes:
        cv2.polylines(picture, [np.int32(points)], False, stroke, thick, cv2.LINE_AA)
    if grain:
        picture = picture + np.random.default_rng(0).normal(0, grain, shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


SEVEN = [(600, 300), (650, 300), (620, 380)]


def test_a_candidate_says_where_its_ink_is_and_how_clear():
    (seven,), mask, _ = candidates.find(paper(SEVEN))
    x, y, w, h = seven.box
    assert np.allclose((x, y, x + w, y + h), (597, 297, 653, 383), atol=2)
    assert (seven.pieces, seven.component, seven.seams) == ((0,), (0,), 0)
    assert mask.shape == MASK and seven.area == np.count_nonzero(mask)
    assert seven.ink.shape == (h, w) and seven.ink.max() == 255 and seven.ink[-5, 2] == 0
    assert seven.clarity > 100
    assert seven.crop.shape == (28, 28) and seven.crop.max() == pytest.approx(1)


def test_ink_is_as_dark_in_every_candidate_however_faint_it_is_on_the_paper():
    dark, faint = (candidates.find(paper(SEVEN, stroke=stroke))[0][0] for stroke in (40, 160))
    assert np.allclose(dark.box, faint.box, atol=1)
    assert np.abs(dark.crop - faint.crop).mean() < 0.02
    assert faint.clarity < dark.clarity


def test_what_hardly_stands_out_of_rough_paper_is_no_candidate():
    strokes = [[(100 + 90 * i, 300), (100 + 90 * i, 380)] for i in range(10)]
    assert len(candidates.find(paper(*strokes, stroke=130))[0]) == 10
    rough = paper(*strokes, stroke=190).astype(np.float32)
    blotches = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 1, MASK).astype(np.float32), (0, 0), 4)
    rough = (rough + 30 * blotches / blotches.std()).clip(0, 255).astype(np.uint8)
    assert len(candidates.find(rough)[0]) < 60
    assert all(found.clarity >= 8 for found in candidates.find(rough)[0])


@pytest.mark.parametrize(("strength", "clear"), [(170, False), (190, True)])
def test_components_less_clear_than_three_quarters_of_that_are_left_out_at_once(strength, clear):
    """6 times the unevenness and one, which is 30.6 here; 184."""
    level, mask = np.zeros((400, 400), np.uint8), np.zeros((400, 400), np.uint8)
    level[:, 200:] = 40
    level[150:250, 195:205], mask[150:250, 195:205] = strength, 255
    found = candidates._clear(segment.components(mask), mask, level, ink.ground(level, mask)[1])
    assert len(found) == clear


@pytest.mark.parametrize("height", [14, 20, 30])
def test_the_digits_of_a_table_are_candidates_though_its_lines_are_near(height):
    """Its lines are too faint to be ink, and dark enough to make the paper uneven."""
    picture = paper()
    for i in range(6):
        cv2.line(picture, (60, 40 + 2 * height * i), (60 + 20 * height, 40 + 2 * height * i), 165, 2)
        cv2.line(picture, (60 + 4 * height * i, 40), (60 + 4 * height * i, 40 + 10 * height), 165, 2)
    for i in range(25):
        x, y = 60 + height + 4 * height * (i % 5), 40 + height // 2 + 2 * height * (i // 5)
        seven = [(x, y), (x + height // 2, y), (x + height // 4, y + height)]
        cv2.polylines(picture, [np.int32(seven)], False, 40, 2, cv2.LINE_AA)
    found = [c for c in candidates.find(picture)[0] if c.seams == 0 and abs(c.box[3] - height) < 5]
    assert len(found) == 25
    assert min(candidate.clarity for candidate in found) > 24


def rim_of(picture, x=600):
    return next(c.rim for c in candidates.find(picture)[0] if c.seams == 0 and c.box[0] <= x <= c.box[0] + c.box[2])


@pytest.mark.parametrize("blur", [0.6, 2, 6, 12])
@pytest.mark.parametrize("thick", [4, 10, 40])
def test_ink_ends_in_paper(thick, blur):
    """However thick the stroke and how blurred."""
    stroke = paper([(600, 300), (600, 420)], thick=thick)
    assert rim_of(cv2.GaussianBlur(stroke, (0, 0), min(blur, thick / 3))) < 0.3


@pytest.mark.parametrize(("faint", "goes_on"), [(220, False), (165, True)])
def test_what_goes_on_beyond_its_ends_has_a_dark_rim(faint, goes_on):
    """A rule that is faint beside one piece of it, and too near to it to be ink itself."""
    picture = paper([(600, 316), (600, 374)], thick=10, stroke=faint)
    cv2.line(picture, (600, 325), (600, 365), 40, 10)
    assert (rim_of(picture) > 0.3) == goes_on


def test_other_ink_is_no_rim():
    """Digits that stand close, or on a rule."""
    close = paper(*[[(600 + 10 * i, 300), (600 + 10 * i, 340)] for i in range(4)], thick=4)
    assert rim_of(close, 610) < 0.2
    picture = paper([(600, 300), (600, 380)], thick=6)
    cv2.line(picture, (0, 384), (1280, 384), 120, 2)
    assert rim_of(picture) < 0.2


@pytest.mark.parametrize(("x", "least", "most"), [(500, 0, 0), (690, 0.1, 0.5), (704, 1, 1)])
def test_a_candidate_says_how_much_of_its_ink_lies_where_a_surface_ends(x, least, most):
    picture = np.full(MASK, 235, np.uint8)
    picture[:, 700:] = 170
    cv2.line(picture, (x, 300), (x, 380), 30, 6)
    stroke = min(candidates.find(picture)[0], key=lambda candidate: candidate.box)
    assert stroke.box[0] == pytest.approx(x - 3, abs=2) and least <= stroke.on_edge <= most


def test_what_is_left_of_a_ruled_line_lies_where_it_was_and_a_digit_on_one_does_not():
    """A lump in an upright line, as high as a 1, against a 1 on paper and a 7 across another line."""
    picture = paper([(400, 300), (400, 350)], [(600, 300), (600, 350)], thick=8)
    cv2.polylines(picture, [np.int32([(780, 300), (830, 300), (800, 380)])], False, 40, 6)
    for x in (400, 800):
        cv2.line(picture, (x, 0), (x, 719), 90, 3)
    high = sorted((each for each in candidates.find(picture)[0] if each.box[3] > 40), key=lambda each: each.box)
    lump, one, *parts_of_seven = high
    assert (lump.box[0], one.box[0]) == pytest.approx((396, 596), abs=2)
    assert lump.on_rule > candidates.ON_EDGE and one.on_rule == 0
    assert parts_of_seven and all(part.on_rule < 0.3 for part in parts_of_seven)


def test_a_candidate_knows_the_surface_that_it_lies_on():
    picture = np.full(MASK, 60, np.uint8)
    for x in (100, 700):
        picture[100:600, x : x + 480] = 225
        for left in (x + 120, x + 300):
            cv2.line(picture, (left, 300), (left, 380), 40, 6, cv2.LINE_AA)
    found = sorted((c for c in candidates.find(picture)[0] if 70 < c.box[3] < 100), key=lambda c: c.box)
    a, b, c, d = (candidate.surface for candidate in found)
    assert a == b != c == d and 0 not in (a, c)


def test_a_closed_stroke_lies_on_what_is_around_it_not_on_what_it_encloses():
    picture = np.full((360, 640), 225, np.uint8)
    cv2.ellipse(picture, (528, 180), (100, 120), 0, 0, 360, 40, 20)
    cv2.line(picture, (213, 90), (213, 270), 40, 20)
    found, _, places = candidates.find(picture)
    inside, around = places[180 // 2, 528 // 2], places[180 // 2, 320 // 2]
    assert inside != around, "what it encloses is a surface"
    assert [candidate.surface for candidate in found if candidate.seams == 0] == [around, around]


@pytest.mark.parametrize("thick", [6, 50])
def test_strokes_thin_and_wide_are_no_edges_of_surfaces(thick):
    (bar,), *_ = candidates.find(paper([(600, 250), (600, 450)], thick=thick))
    assert bar.on_edge == 0


def sheet_with_a_shadow(right=1003):
    picture = np.full(MASK, 150, np.uint8)
    picture[97:603, 297:right] = 90
    picture[100:600, 300:1000] = 235
    return picture


@pytest.mark.parametrize("right", [1003, 1012])
def test_the_outline_of_a_sheet_is_no_candidate(right):
    assert candidates.find(sheet_with_a_shadow(right))[0] == []


def test_the_outline_of_a_sheet_is_no_ink():
    assert not candidates.find(sheet_with_a_shadow())[1].any()


def test_a_digit_that_touches_the_edge_of_its_sheet_is_a_candidate():
    picture = sheet_with_a_shadow()
    for y in (300, 520):
        cv2.polylines(picture, [np.int32([(600, y), (660, y), (620, y + 80)])], False, 40, 6, cv2.LINE_AA)
    found = sorted(candidate.box for candidate in candidates.find(picture)[0] if candidate.seams == 0)
    assert np.allclose(found, [(597, 297, 66, 87), (597, 517, 66, 83)], atol=8)


@pytest.mark.parametrize("bend", [2, 6])
def test_a_digit_that_touches_the_thick_edge_of_a_squared_sheet_is_a_candidate(bend):
    """Its outline is no rule, and hangs together with those until they are taken out."""
    picture = np.full(MASK, 150, np.uint8)
    x = np.arange(1280)
    edge = np.int32(np.stack([x, 600 - bend * np.sin(x / 200)], 1))
    cv2.fillPoly(picture, [np.int32([(0, 0), (1279, 0), *edge[::-1]])], 235)
    for y in range(40, 500, 100):
        cv2.line(picture, (0, y), (1280, y), 90, 4)
    for x in range(60, 1280, 160):
        cv2.line(picture, (x, 0), (x, 600 - bend), 90, 4)
    cv2.polylines(picture, [edge], False, 60, 10)
    written = [(x, y) for x in range(120, 921, 160) for y in (260, 360, 460)] + [(440, 538), (600, 538)]
    for x, y in written:
        cv2.polylines(picture, [np.int32([(x, y), (x + 45, y), (x + 15, y + 60)])], False, 40, 6, cv2.LINE_AA)
    found, *_ = candidates.find(cv2.GaussianBlur(picture, (0, 0), 0.8))
    touching = [each.box for each in found if each.seams == 0 and each.box[1] > 510 and each.box[2] > 30]
    assert np.allclose(sorted(touching), [(437, 535, 51, 50), (597, 535, 51, 50)], atol=8)


def test_what_goes_along_an_outline_goes_with_it_and_what_only_crosses_one_stays():
    mask, edges = np.zeros(MASK, np.uint8), np.zeros((*MASK, 2), np.uint8)
    edges[95:107, 300:1000, 0] = edges[300:500, 1150:1170, 0] = 255
    for rows, columns in (((100, 104), (300, 1000)), ((104, 112), (500, 540)), ((104, 160), (700, 708)),
                          ((100, 500), (1158, 1164))):  # fmt: skip
        mask[slice(*rows), slice(*columns)] = 255  # an outline, its blur, a stroke from it, half of one on another
    marks = mask[::2, ::2].copy()
    kept = candidates._without_outlines(segment.components(mask), mask, marks, edges, near=14)
    assert sorted(part.box for part in kept) == [(700, 107, 8, 53), (1158, 100, 6, 400)]
    assert mask[100:500, 1158:1164].all() and mask[107:160, 700:708].all() and cv2.countNonZero(mask) == 2824
    assert not marks[48:52, 150:500].any() and marks[56:80, 350:354].all()


@pytest.mark.parametrize("side", [1920, 3840])
def test_boxes_are_in_pixels_of_the_source(side):
    picture = cv2.resize(paper(SEVEN), (side, side * 9 // 16), interpolation=cv2.INTER_LINEAR)
    (seven,), mask, _ = candidates.find(picture)
    scale = side / 1280
    assert max(mask.shape) == min(side, 1920)
    assert np.allclose(seven.box, np.multiply((597, 297, 56, 86), scale), atol=3 * scale)


def test_the_working_size():
    for shape, size, scale in (
        ((720, 1280), (720, 1280), 1),
        ((1080, 1920), (1080, 1920), 1),
        ((2160, 3840), (1080, 1920), 0.5),
        ((3840, 2160), (1920, 1080), 0.5),
        ((1, 19200), (1, 1920), 0.1),
    ):
        small, used = candidates.working_picture(np.zeros(shape, np.uint8))
        assert (small.shape, used) == (size, scale)


def test_the_working_picture_is_of_8_bits_and_one_or_three_channels():
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    colour = np.dstack([grey, grey.T, 255 - grey])
    work = lambda picture: candidates.working_picture(picture)[0]  # noqa: E731
    assert (work(grey) == grey).all()
    assert (work(grey[..., None]) == grey).all() and work(grey[..., None]).ndim == 2
    assert (work(np.dstack([grey, 0 * grey])) == grey).all(), "grey and alpha"
    assert (work(colour) == colour).all()
    assert (work(np.dstack([colour, grey])) == colour).all(), "alpha left out"
    assert (work(colour.astype(np.uint16) * 257) == colour).all()
    assert (work(grey.astype(np.float32) / 255) == grey).all()
    assert (work(np.float64([[np.nan, 2.0, -1.0, 1.0] * 4])) == [[0, 255, 0, 255] * 4]).all()
    assert work(colour[::2, ::-1]).flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("shape", [(8, 200), (200, 8)])
def test_in_a_picture_lower_than_any_digit_there_is_none(shape):
    found, mask, _ = candidates.find(np.random.default_rng(0).integers(0, 255, shape, np.uint8))
    assert found == [] and mask.shape == shape and mask.max() == 0


# -- Frames that would freeze it

def hatching():
    picture = np.full((900, 1600), 235, np.uint8)
    for x in range(-900, 1600, 16):
        cv2.line(picture, (x, 0), (x + 900, 900), 60, 1, cv2.LINE_AA)
    return picture


def waves():
    picture, rng = np.full(MASK, 235, np.uint8), np.random.default_rng(0)
    for i in range(320):
        x, y = rng.uniform(0, 1200), rng.uniform(20, 700)
        along = np.linspace(0, 60, 60)
        wave = np.stack([x + along, y + 8 * np.sin(along / 6 + i)], axis=1)
        cv2.polylines(picture, [np.int32(wave * 16)], False, 50, 3, cv2.LINE_AA, 4)
    return picture


def noise(shape, cell=1):
    small = np.random.default_rng(0).integers(0, 256, (shape[0] // cell, shape[1] // cell), np.uint8)
    return small.repeat(cell, 0).repeat(cell, 1)


FREEZING = {
    "hatching": hatching,
    "waves": waves,
    "noise": lambda: noise(MASK),
    "coarse noise": lambda: noise(MASK, 8),
    "noise in 4K": lambda: noise((2160, 3840), 6),
    "checkerboard": lambda: np.kron(np.indices((90, 160)).sum(0) % 2 * 255, np.ones((8, 8))).astype(np.uint8),
    "coarse checkerboard": lambda: np.kron(np.indices((30, 54)).sum(0) % 2 * 255, np.ones((24, 24))).astype(np.uint8),
}


@pytest.mark.parametrize("name", FREEZING)
def test_no_frame_gives_more_than_so_many_candidates(name):
    found, mask, _ = candidates.find(FREEZING[name]())
    parts = segment.components(mask)
    assert len(found) <= candidates.MAX_CANDIDATES
    assert len(parts) <= segment.MAX_COMPONENTS
    assert sum(part.box[2] * part.box[3] for part in parts) <= segment.MAX_COVER * mask.size


def test_what_is_cut_off_by_the_limit_is_the_least_likely():
    found, *_ = candidates.find(waves())
    assert len(found) > 900
    assert [candidate.seams for candidate in found] == sorted(candidate.seams for candidate in found)


# -- Crops

def test_a_crop_is_laid_out_as_mnist_is():
    """The longer side is 20 pixels, the centre of mass lies in the middle."""
    for shape in ((80, 20), (20, 80), (5, 10), (300, 200), (1, 1)):
        laid = crop.normalise(np.full(shape, 200, np.uint8))
        assert laid.shape == (28, 28) and laid.dtype == np.float32 and laid.max() == pytest.approx(1)
        rows, columns = np.nonzero(laid > 0.5)
        tall, wide = rows.max() - rows.min() + 1, columns.max() - columns.min() + 1
        assert max(tall, wide) == 20 and abs(min(tall, wide) - 20 * min(shape) / max(shape)) < 1.5
        assert laid.sum(1) @ np.arange(28) / laid.sum() == pytest.approx(13.5, abs=0.1)
        assert laid.sum(0) @ np.arange(28) / laid.sum() == pytest.approx(13.5, abs=0.1)


def test_a_crop_is_centred_on_its_mass_not_on_its_box():
    corner = np.zeros((80, 80), np.uint8)
    corner[:, :8] = corner[:40, :40] = 255
    laid = crop.normalise(corner)
    assert laid.sum(1) @ np.arange(28) / laid.sum() == pytest.approx(13.5, abs=0.3)
    assert laid.sum(0) @ np.arange(28) / laid.sum() == pytest.approx(13.5, abs=0.3)


def test_the_crop_of_no_ink_is_empty():
    assert crop.normalise(np.zeros((10, 10), np.uint8)).max() == 0
    assert crop.deskew(np.zeros((10, 10), np.uint8), 0.3).max() == 0


@pytest.mark.parametrize("slope", [-0.5, -0.2, 0.2, 0.5])
def test_a_digit_of_a_steep_row_is_turned_upright(slope):
    upright = np.zeros((120, 120), np.uint8)
    cv2.polylines(upright, [np.int32([(40, 20), (80, 20), (55, 100)])], False, 255, 10, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((60, 60), -np.rad2deg(np.arctan(slope)), 1)  # clockwise: its row falls
    turned = cv2.warpAffine(upright, turn, (120, 120))
    assert np.abs(crop.deskew(turned, slope) - crop.deskew(upright, 0.0)).mean() < 0.02
    assert np.abs(crop.deskew(turned, -slope) - crop.deskew(upright, 0.0)).mean() > 0.08


def test_ink_that_fills_its_box_loses_nothing_when_it_is_turned():
    box = np.full((80, 30), 255, np.uint8)
    laid = crop.deskew(box, 0.5)
    assert laid.max() == 1 and not laid[0].any() and not laid[:, 0].any()
    rows, columns = np.nonzero(laid > 0.5)
    turned = 80 * np.cos(np.arctan(0.5)) + 30 * np.sin(np.arctan(0.5))
    assert (laid > 0.5).sum() == pytest.approx(80 * 30 * (20 / turned) ** 2, rel=0.15)
    assert rows.max() - rows.min() == pytest.approx(19, abs=1) and columns.max() > columns.min()
