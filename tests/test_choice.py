"""Of candidates that share ink, which are taken; and how far a digit is believed, by its ink and its neighbours."""

import dataclasses
import math

import numpy as np
import pytest

from model.vision import choice
from model.vision.candidates import Candidate
from model.vision.rows import Digit

CROP = np.zeros((28, 28), np.float32)


def candidate(*pieces, of=None, area=100, seams=0, clarity=1000.0, on_edge=0.0, on_rule=0.0, surface=0, high=40):
    """Of the component of pieces `of`: a part if that has more pieces, of several components if seams is -1."""
    component = tuple(of or pieces)
    seams = seams or int(len(component) > len(pieces))
    ink = np.zeros((high, 30), np.uint8)
    return Candidate((0, 0, 30, high), ink, pieces, component, area, seams, clarity, on_edge, on_rule, 255, surface)


def taken(*found):
    """The pieces of what is chosen, of candidates with their confidence; and how far each is believed."""
    candidates = [each for each, _ in found]
    chosen = choice.choose(candidates, np.array([confidence for _, confidence in found], np.float32))
    return {candidates[i].pieces: believed for i, believed in chosen.items()}


def chosen(*found):
    return sorted(taken(*found))


# -- Which candidates

def test_nothing_is_chosen_of_nothing():
    assert choice.choose([], np.zeros(0, np.float32)) == {}


def halves(whole, left, right):
    """A component with the confidence in it and in its two parts; None for no candidate."""
    found = [(candidate(0, 1, area=200), whole), (candidate(0, of=(0, 1)), left), (candidate(1, of=(0, 1)), right)]
    return [each for each in found if each[1] is not None]


def test_two_digits_that_touch_are_taken_apart_where_each_is_a_digit():
    assert chosen(*halves(0.5, 0.95, 0.95)) == [(0,), (1,)]
    assert chosen(*halves(0.95, 0.95, 0.95)) == [(0, 1)]


def test_to_take_apart_costs_an_eighth_of_the_confidence():
    assert chosen(*halves(0.8, 0.8 / 0.87, 0.8 / 0.87)) == [(0,), (1,)]
    assert chosen(*halves(0.8, 0.8 / 0.89, 0.8 / 0.89)) == [(0, 1)]
    third = [(candidate(i, of=(0, 1, 2)), 0.8 / 0.87) for i in range(3)]
    assert len(chosen((candidate(0, 1, 2), 0.8), *third)) == 3, "however many parts"


def line_of(count, gap, confidence=1.0, high=40, y=0):
    """Digits (candidate, confidence) in a row, 20 pixels wide, `gap` heights apart."""
    found = [(candidate(100 + i, high=high), confidence) for i in range(count)]
    step = 20 + gap * high
    return [(dataclasses.replace(each, box=(round(i * step), y, 20, high)), p) for i, (each, p) in enumerate(found)]


def worth(*found):
    return choice.worth_of_parts([each for each, _ in found], np.array([p for _, p in found], np.float32))


@pytest.mark.parametrize(("gap", "left"), [(-0.2, 1), (0, 1), (0.5, math.exp(-0.5)), (1.5, math.exp(-1.5))])
def test_the_wider_apart_somebody_writes_the_more_it_takes_to_take_a_digit_apart(gap, left):
    assert worth(*line_of(4, gap)) == pytest.approx(0.88 * left)
    assert worth(*line_of(3, gap)) == pytest.approx(0.88 * left)
    assert worth(*line_of(2, gap)) == pytest.approx(0.88 * left**0.5), "a single gap tells half"
    assert worth(*line_of(1, gap)) == worth() == 0.88
    doubted = line_of(4, gap, confidence=0.7)
    assert worth(*doubted) == 0.88, "of what is hardly a digit nothing is known"


@pytest.mark.parametrize("others", [{"confidence": 0.7}, {"y": 30}, {"high": 20, "y": 10}])
def test_what_is_doubted_or_in_another_row_or_of_another_height_is_no_next_digit(others):
    wide, between = line_of(4, 1.5), line_of(4, 1.5, **others)
    between = [(dataclasses.replace(each, box=(25 + 80 * i, *each.box[1:])), p) for i, (each, p) in enumerate(between)]
    assert worth(*wide, *between[:3]) == pytest.approx(0.88 * math.exp(-1.5))


def test_what_may_be_two_digits_is_one_among_digits_that_stand_wide():
    two = halves(0.5, 0.95, 0.95)
    for gap, parts in ((0.2, [(0,), (1,)]), (0.8, [(0, 1)])):
        assert [pieces for pieces in chosen(*two, *line_of(4, gap)) if pieces[0] < 100] == parts


def test_every_part_counts_alike():
    """The geometric mean of the parts' confidence, however much ink is theirs."""
    assert chosen(*halves(0.5, 0.99, 0.4)) == [(0,), (1,)]
    assert chosen(*halves(0.5, 0.99, 0.3)) == [(0, 1)]


@pytest.mark.parametrize("stub", [None, 0.1])
def test_a_plus_is_no_1_with_something_left_over(stub):
    """Its upright is much like a 1, what sticks out of it is like nothing, whether or not it is a candidate."""
    plus = (0, 1, 2)
    found = [(candidate(*plus), 0.1), (candidate(1, of=plus), 0.93), (candidate(0, 1, of=plus), 0.68)]
    found += [(candidate(i, of=plus), stub) for i in (0, 2) if stub]
    assert taken(*found) == {plus: 1.0}
    digits = [(candidate(i, of=plus), 0.93) for i in (0, 2)]
    assert min(taken(*found[:3], *digits).values()) > 0.99


def test_how_far_parts_are_believed():
    """The odds of each are multiplied, those of what is left over are a ninth."""
    belief = taken(*halves(0.2, 0.9, 0.8))
    assert belief == {(0,): pytest.approx(36 / 37), (1,): pytest.approx(36 / 37)}
    assert taken(*halves(0.2, 0.91, None)) == {(0,): pytest.approx(91 / 172)}
    assert taken(*halves(0.2, 0.89, None)) == {(0, 1): 1.0}, "likelier none, so it stays whole"
    assert taken(*halves(0.9, 0.2, 0.2)) == {(0, 1): 1.0}, "as it is"


def test_what_is_too_wide_for_a_digit_is_taken_apart():
    assert chosen(*halves(None, 0.3, 0.2)) == [(0,), (1,)]
    assert chosen(*halves(None, 0.9, None)) == [(0,)]


@pytest.mark.parametrize("pieces", [5, 40])
def test_runs_of_many_pieces(pieces):
    """The most confident pair of neighbours is taken, and the rest one by one."""
    of = range(pieces)
    found = [(candidate(i, of=of), 0.7) for i in of] + [(candidate(i, i + 1, of=of), 0.2) for i in of[:-1]]
    found.append((candidate(2, 3, of=of), 0.99))
    assert chosen(*found) == [(0,), (1,), (2, 3)] + [(i,) for i in range(4, pieces)]


def both(joined, *alone, area=100):
    """Components that may be one digit, with the confidence in that and in each."""
    found = [(candidate(i, area=area if i else 100), p) for i, p in enumerate(alone) if p is not None]
    total = 100 + area * (len(alone) - 1)
    return [*found, (candidate(*range(len(alone)), area=total, seams=-1), joined)]


def test_strokes_are_one_digit_where_they_are_surer_together():
    assert chosen(*both(0.98, 0.7, 0.3)) == [(0, 1)]
    assert chosen(*both(0.94, 0.98, 0.98)) == [(0,), (1,)], "two digits side by side"
    assert taken(*both(0.98, 0.7, 0.3)) == {(0, 1): 1.0}


def test_together_and_alone_they_are_weighed_by_their_ink():
    """A bar over a 5 makes it surer; a speck beside a digit does not take it away."""
    assert chosen(*both(0.9, 0.99, 0.1, area=10)) == [(0, 1)]
    assert chosen(*both(0.7, 0.99, 0.1, area=10)) == [(0,), (1,)]


@pytest.mark.parametrize(("high", "one"), [(29, True), (31, False)])
def test_strokes_of_unlike_heights_are_taken_together(high, one):
    """The two of a 4 may look like a sure 6 and a sure 1. Two digits side by side are about as high."""
    four = [(candidate(0, high=high), 0.95), (candidate(1), 0.95), (candidate(0, 1, area=200, seams=-1), 0.9)]
    assert chosen(*four) == ([(0, 1)] if one else [(0,), (1,)])


@pytest.mark.parametrize(("share", "one"), [(0.87, False), (0.89, True)])
def test_to_take_unlike_strokes_apart_costs_an_eighth_of_the_confidence_too(share, one):
    found = [(candidate(0, high=20), 0.8 / share), (candidate(1), 0.8 / share)]
    found.append((candidate(0, 1, area=200, seams=-1), 0.8))
    assert chosen(*found) == ([(0, 1)] if one else [(0,), (1,)])


@pytest.mark.parametrize(("joined", "one"), [(0.5, False), (0.51, True)])
def test_what_is_hardly_a_digit_takes_none_away_however_much_ink_it_explains(joined, one):
    """Of a sure digit beside a large piece of junk most ink is explained by nothing."""
    assert chosen(*both(joined, 0.98, 0.1, area=10_000)) == ([(0, 1)] if one else [(0,), (1,)])


def test_a_bar_too_low_to_be_a_digit_is_no_digit():
    assert chosen(*both(0.9, 0.99, None, area=10)) == [(0, 1)]
    assert chosen(*both(0.7, 0.99, None, area=10)) == [(0,)]


@pytest.mark.parametrize(("height", "together"), [(29, True), (31, False)])
def test_strokes_of_unlike_heights_cost_to_take_apart(height, together):
    """The two halves of a 4, where 6 and 1 are as sure; digits side by side are three quarters as high at least."""
    (half, p), *others = both(0.94, 0.98, 0.98)
    found = [(dataclasses.replace(half, box=(0, 0, 30, height)), p), *others]
    assert chosen(*found) == ([(0, 1)] if together else [(0,), (1,)])


@pytest.mark.parametrize(("sure", "high", "one"), [(0.99, 39, False), (0.99, 41, True), (0.85, 39, True)])
def test_what_is_surely_a_digit_is_no_stroke_of_one_three_times_as_high(sure, high, one):
    """A 1 beside the edge of a sheet is not the end of a longer 1."""
    edge, digit = (candidate(0, area=300, high=120), 0.1), (candidate(1, area=100, high=high), sure)
    both = candidate(0, 1, area=400, seams=-1, high=120), 0.95
    assert chosen(edge, digit, both) == ([(0, 1)] if one else [(0,), (1,)])


def test_what_is_hardly_a_digit_joins_nothing():
    assert chosen(*both(0.49, 0.2, 0.2)) == [(0,), (1,)]
    assert chosen(*both(0.51, 0.2, 0.2)) == [(0, 1)]


def test_a_component_that_is_taken_apart_may_be_joined_all_the_same():
    found = [*halves(0.2, 0.6, 0.6), (candidate(2), 0.2)]
    assert chosen(*found, (candidate(0, 1, 2, area=300, seams=-1), 0.9)) == [(0, 1, 2)]
    assert chosen(*found, (candidate(0, 1, 2, area=300, seams=-1), 0.3)) == [(0,), (1,), (2,)]


def pairs(*confidence, count):
    """Components side by side, each unsure, and how sure each is with the next."""
    joined = zip(range(count - 1), confidence, strict=False)
    alone = [(candidate(i), 0.2) for i in range(count)]
    return alone + [(candidate(i, i + 1, area=200, seams=-1), p) for i, p in joined]


def test_the_best_choice_is_not_the_one_that_begins_with_the_best_pair():
    """Taken first, the pair in the middle shuts out two that are worth more together."""
    assert chosen(*pairs(0.9, 0.95, 0.9, count=4)) == [(0, 1), (2, 3)]


def test_up_to_twelve_components_the_choice_is_the_best_one_and_beyond_it_is_quick():
    """Quick is to begin with the best pair."""
    rest = [0.51] * 20
    assert {(0, 1), (2, 3)} <= set(chosen(*pairs(0.9, 0.95, 0.9, *rest, count=12)))
    assert (1, 2) in chosen(*pairs(0.9, 0.95, 0.9, *rest, count=13))


@pytest.mark.parametrize("count", [3, 30])
def test_no_ink_is_chosen_twice_and_all_is(count):
    rng = np.random.default_rng(1)
    found = [(candidate(i), float(rng.random())) for i in range(count)]
    for i in range(count):
        for j in range(i + 2, min(count, i + 3) + 1):
            found.append((candidate(*range(i, j), area=100 * (j - i), seams=-1), float(rng.random())))
    assert sorted(piece for pieces in chosen(*found) for piece in pieces) == list(range(count))


# -- How far they are believed

def row(*digits, top=100, height=40, step=40):
    """Digits (digit, confidence) side by side."""
    return [Digit(digit, p, (i * step, top, 24, height), CROP) for i, (digit, p) in enumerate(digits)]


def believed(digits, **of_ink):
    found = choice.believe(digits, [candidate(i, **of_ink) for i in range(len(digits))])
    assert [digit._replace(confidence=0.0) for digit in found] == [digit._replace(confidence=0.0) for digit in digits]
    return [digit.confidence for digit in found]


def among(confidence: float, *others: float) -> float:
    """Of a digit near others of its height, by Laplace's rule of succession."""
    odds = (sum(others) + 1) / (len(others) - sum(others) + 1)
    return confidence * odds / (confidence * odds + 1 - confidence)


def test_nothing_is_believed_of_nothing():
    assert choice.believe([], []) == []


def test_clear_ink_is_believed_as_it_is_and_what_hardly_stands_out_is_not():
    digit = row((7, 0.8))
    assert believed(digit) == pytest.approx([0.8])
    assert believed(digit, clarity=8) == pytest.approx([0.8 * (1 - 1 / math.e)])
    assert believed(digit, clarity=0) == [0]


def test_a_one_alone_has_to_be_clearer():
    assert believed(row((1, 0.8)), clarity=24) == pytest.approx([0.8 * (1 - 1 / math.e)])
    assert believed(row((1, 0.8)), clarity=24)[0] < believed(row((7, 0.8)), clarity=24)[0]


def test_a_one_beside_a_sure_digit_is_not_alone():
    assert believed(row((1, 0.9), (7, 0.9)), clarity=8)[0] == pytest.approx(among(0.9 * (1 - 1 / math.e), 0.9))
    assert believed(row((1, 0.9), (7, 0.8)), clarity=24)[0] == pytest.approx(0.9 * (1 - 1 / math.e)), "7 is not sure"
    assert believed(row((1, 0.9), (1, 0.9)), clarity=24)[0] == pytest.approx(0.9 * (1 - 1 / math.e)), "only 1s"


@pytest.mark.parametrize(("on_edge", "share"), [(0.0, 1), (0.55, 1), (0.65, 0.35), (1.0, 0)])
def test_a_one_where_a_surface_ends_is_its_edge_and_no_digit_there_gains_by_its_neighbours(on_edge, share):
    gains = among(0.9, 0.9) if share == 1 else 0.9
    assert believed(row((1, 0.9), (7, 0.9)), on_edge=on_edge)[0] == pytest.approx(gains * share)
    sevens = choice.believe(row((7, 0.9), (7, 0.9)), [candidate(0, on_edge=on_edge), candidate(1)])
    assert sevens[0].confidence == pytest.approx(gains)
    assert believed(row((7, 0.9)), on_edge=on_edge) == pytest.approx([0.9 * share]), "without company"


@pytest.mark.parametrize(("on_rule", "share"), [(0.0, 1), (0.55, 1), (0.65, 0.35), (1.0, 0)])
def test_a_one_where_a_rule_was_is_its_rest_but_other_digits_stand_on_rules(on_rule, share):
    one, seven = believed(row((1, 0.9), (7, 0.9)), on_rule=on_rule)
    assert one == pytest.approx((among(0.9, 0.9) if share == 1 else 0.9) * share)
    assert seven == pytest.approx(among(0.9, 0.9))


def dashes(grey, length=40, surface=0):
    """A candidate: a stroke of full ink, and beyond its ends one that is so dark."""
    ground = np.zeros((length + 6, 12), np.uint8)
    ground[:3] = ground[-3:] = grey
    ink = np.full((length, 6), 255, np.uint8)
    return Candidate((0, 0, 6, length), ink, (0,), (0,), 240, 0, 1e3, surface=surface, ground=ground)


@pytest.mark.parametrize(("grey", "share"), [(0, 1), (70, 1), (102, 0.6), (255, 0)])
def test_a_one_that_goes_on_is_none(grey, share):
    """Nor is another digit, unless it has company on its surface. Up to 0.3 of its ink is blur."""
    ones = choice.believe(row((1, 0.9), (7, 0.9)), [dashes(grey), candidate(1)])
    assert ones[0].confidence == pytest.approx(among(0.9, 0.9) * share)
    for digits, left in ((row((7, 0.9)), share), (row((7, 0.9), (7, 0.9)), 1)):
        found = choice.believe(digits, [dashes(grey), candidate(1)][: len(digits)])
        assert found[0].confidence == pytest.approx(among(0.9, *[0.9] * (len(digits) - 1)) * left)
    corner = choice.believe(row((7, 0.9), (7, 0.9)), [dashes(grey, surface=1), candidate(1)])
    assert corner[0].confidence == pytest.approx(0.9 * share)


def test_the_more_of_what_is_near_are_digits_the_likelier_is_one_more():
    for others in ([0.9], [0.9] * 3, [0.9, 0.9, 0.2], [0.8] * 4):
        digits = row((3, 0.4), *[(2, p) for p in others])
        assert believed(digits)[0] == pytest.approx(among(0.4, *others))
    assert among(0.4, *[0.9] * 3) > among(0.4, 0.9) > 0.5 > 0.4 > among(0.4, 0.1, 0.1)
    assert believed(row((1, 0.55), (2, 0.9)))[0] == pytest.approx(among(0.55, 0.9)), "a 1 among others"
    assert believed(row((1, 0.55), *[(1, 0.9)] * 3))[0] == pytest.approx(0.55), "a 1 among 1s"


def test_what_lies_on_another_surface_does_not_make_one_more_likely():
    digits = row((3, 0.4), (2, 0.9), (2, 0.9))
    found = choice.believe(digits, [candidate(0, surface=1), candidate(1, surface=1), candidate(2, surface=2)])
    assert [digit.confidence for digit in found] == pytest.approx([among(0.4, 0.9), among(0.9, 0.4), 0.9])
    found = choice.believe(row((7, 0.9), (7, 0.9)), [candidate(0, on_edge=1.0), candidate(1, surface=1)])
    assert found[0].confidence == pytest.approx(0.9), "but it is company: a shadow's edge lies between them"


@pytest.mark.parametrize(
    ("move", "company"),
    [
        ({"height": 26}, True),  # 26 of 40 is above 0.6
        ({"height": 22}, False),
        ({"height": 64}, True),
        ({"height": 70}, False),
        ({"down": 75}, True),  # twice the height is 80
        ({"down": 85}, False),
        ({"down": -75}, True),
        ({"down": -85}, False),
        ({"across": -75}, True),  # five heights are 200; the others are 40, 80 and 120 away as it is
        ({"across": -85}, False),  # from the last
        ({"across": 235}, True),
        ({"across": 245}, False),  # from the first
    ],
)
def test_who_is_company(move, company):
    """Digits of like height, at most two heights above or below, and five beside."""
    digits = row((3, 0.55), (2, 0.9), (2, 0.9), (2, 0.9))
    x, y, width, height = digits[0].box
    higher = move.get("height", height)
    box = x + move.get("across", 0), y + move.get("down", 0) - (higher - height) // 2, width, higher
    digits[0] = digits[0]._replace(box=box)
    unlike = "height" in move  # any of the three others
    fewer = 2 if "across" in move else 0
    near = among(0.55, *[0.9] * 3) if company else less_likely(0.55, 3) if unlike else among(0.55, *[0.9] * fewer)
    assert believed(digits)[0] == pytest.approx(near)


def less_likely(confidence: float, kept: int, ways: int = 1) -> float:
    """Of a digit that is like none of those that keep company, in height or in its surface, or in both ways."""
    return confidence / (confidence + (1 - confidence) * (1 + kept) ** ways)


def test_the_more_digits_keep_company_the_less_likely_is_one_of_another_height():
    lone = Digit(7, 0.9, (1000, 0, 200, 400), CROP)
    for kept in (0, 3, 8):
        others = row(*[(2, 0.9)] * kept)
        assert believed([lone, *others])[0] == pytest.approx(less_likely(0.9, kept))
    assert believed([lone._replace(box=(1000, 0, 20, 40)), *others])[0] == pytest.approx(0.9), "as high as they are"


def test_nor_is_one_on_a_surface_that_has_none_of_them():
    digits = [Digit(7, 0.9, (1000, 0, 20, 40), CROP), *row((2, 0.9), (3, 0.9))]
    for height, ways in ((40, 1), (400, 2)):
        digits[0] = digits[0]._replace(box=(1000, 0, 20, height))
        found = choice.believe(digits, [candidate(0, surface=1), candidate(1), candidate(2)])
        assert found[0].confidence == pytest.approx(less_likely(0.9, 2, ways))


def test_but_it_is_less_so_the_more_of_them_are_near():
    """A shadow's edge may lie between them; the background does not know where the rows are."""
    digits = row((7, 0.9), *[(2, 0.9)] * 8)  # four of the others are within five heights of it
    found = choice.believe(digits, [candidate(0, surface=1), *[candidate(i) for i in range(1, 9)]])
    assert found[0].confidence == pytest.approx(0.9 / (0.9 + 0.1 * 9 / 5))


def test_no_digit_has_others_inside():
    around = Digit(0, 0.9, (0, 0, 200, 300), CROP)
    inside = [Digit(7, 0.9, (60, 60 + 80 * i, 40, 60), CROP) for i in range(2)]
    assert believed([around, *inside]) == pytest.approx([less_likely(0.9, 2) / 3, *[among(0.9, 0.9)] * 2])
    doubted = [digit._replace(confidence=0.6) for digit in inside]
    assert believed([around, *doubted])[0] == pytest.approx(0.9), "what is inside is not sure"


def test_specks_inside_a_digit_do_not_speak_against_it():
    """The network is sure of them, but their ink is not clear."""
    specks = row((1, 0.9), (7, 0.9), height=60)
    digits = [Digit(0, 0.9, (-60, 0, 200, 300), CROP), *specks]
    found = choice.believe(digits, [candidate(0), candidate(1, clarity=4), candidate(2, clarity=4)])
    assert found[0].confidence == pytest.approx(less_likely(0.9, 2))
    found = choice.believe(digits, [candidate(0), candidate(1, clarity=4), candidate(2)])
    assert found[0].confidence == pytest.approx(less_likely(0.9, 2) / 2), "one of them is a digit"


@pytest.mark.parametrize(
    ("box", "encloses"),
    [
        ((60, 60, 40, 200), True),  # 200 of 300 is under 0.7
        ((60, 60, 40, 215), False),  # as high as itself: a neighbour that reaches in
        ((190, 60, 40, 60), False),  # its middle is right of it
        ((-30, 60, 40, 60), False),
        ((60, -40, 40, 60), False),
        ((60, 280, 40, 60), False),
        ((170, 60, 40, 60), True),
        ((-10, 60, 40, 60), True),
        ((60, -20, 40, 60), True),
        ((60, 260, 40, 60), True),
    ],
)
def test_what_lies_inside_a_digit(box, encloses):
    digits = [Digit(0, 0.9, (0, 0, 200, 300), CROP), Digit(7, 0.9, box, CROP)]
    alone = among(0.9, 0.9) if box[3] >= 200 else 0.9  # of like height
    assert believed(digits)[0] == pytest.approx(alone / 2 if encloses else alone)
