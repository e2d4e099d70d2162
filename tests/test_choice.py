"""Of candidates that share ink, which are taken; and how far a digit is believed, by its ink and its neighbours."""

import math

import numpy as np
import pytest

from model.vision import choice
from model.vision.candidates import Candidate
from model.vision.rows import Digit

CROP = np.zeros((28, 28), np.float32)


def candidate(*pieces, area=100, seams=0, clarity=1000.0, on_edge=0.0):
    return Candidate((0, 0, 30, 40), np.zeros((40, 30), np.uint8), pieces, area, seams, clarity, on_edge)


def chosen(*found):
    """The pieces of what is chosen, of candidates with their confidence."""
    candidates = [each for each, _ in found]
    indices = choice.choose(candidates, np.array([confidence for _, confidence in found], np.float32))
    assert len(set(indices)) == len(indices)
    return sorted(candidates[i].pieces for i in indices)


# -- Which candidates

def test_nothing_is_chosen_of_nothing():
    assert choice.choose([], np.zeros(0, np.float32)) == []


def test_two_digits_that_touch_are_taken_apart_where_each_is_a_digit():
    both = candidate(0, 1, area=200)
    left, right = candidate(0, seams=1), candidate(1, seams=1)
    assert chosen((both, 0.5), (left, 0.95), (right, 0.95)) == [(0,), (1,)]
    assert chosen((both, 0.95), (left, 0.95), (right, 0.95)) == [(0, 1)], "each seam costs"


def test_what_a_seam_costs():
    """Of the same ink, one candidate as it is and two parts: 0.12 of confidence makes up for a seam."""
    whole, parts = candidate(0, 1, area=200), [candidate(0, seams=1), candidate(1, seams=1)]
    for seams_make_up, taken in ((0.11, [(0, 1)]), (0.13, [(0,), (1,)])):
        found = [(whole, 0.8), *((part, 0.8 + seams_make_up) for part in parts)]
        assert chosen(*found) == taken
    twice = [candidate(0, seams=2), candidate(1, seams=2)]
    assert chosen((whole, 0.75), *((part, 0.98) for part in twice)) == [(0, 1)]
    assert chosen((whole, 0.75), *((part, 1.0) for part in twice)) == [(0,), (1,)]


def test_more_ink_counts_for_more():
    assert chosen((candidate(0, 1, area=200), 0.6), (candidate(1, area=100), 0.9)) == [(0, 1)]
    assert chosen((candidate(0, 1, area=120), 0.6), (candidate(1, area=100), 0.9)) == [(1,)]


def test_the_best_choice_is_not_the_one_that_begins_with_the_best_candidate():
    """Taken first, the candidate in the middle shuts out two that are worth more together."""
    middle = candidate(1, 2, area=110)
    sides = candidate(0, 1), candidate(2, 3)
    assert chosen((middle, 0.9), *((side, 0.9) for side in sides)) == [(0, 1), (2, 3)]


def chain(pieces, best):
    """Pieces in a line: each on its own, and each with the next. `best` is the most confident of these pairs."""
    alone = [(candidate(i, seams=1), 0.5) for i in range(pieces)]
    pairs = [(candidate(i, i + 1, area=200, seams=1), 0.99 if i == best else 0.2) for i in range(pieces - 1)]
    return alone + pairs


@pytest.mark.parametrize("pieces", [12, 13, 40])
def test_long_clusters_are_chosen_from_too(pieces):
    """Every piece is explained once, by the confident pair and by single pieces."""
    taken = chosen(*chain(pieces, best=4))
    assert taken == sorted([(i,) for i in range(pieces) if i not in (4, 5)] + [(4, 5)])


def test_up_to_twelve_pieces_the_choice_is_the_best_one_and_beyond_it_is_quick():
    """The best choice of a cluster is two pairs; quick is to begin with the most confident one, between them."""

    def cluster(pieces):
        line = [(candidate(i, i + 1, area=200), 0.01) for i in range(pieces - 1)]
        pairs = {0: 0.9, 1: 0.95, 2: 0.9}
        return [(pair, pairs.get(i, p)) for i, (pair, p) in enumerate(line)]

    assert {(0, 1), (2, 3)} <= set(chosen(*cluster(12))) and (1, 2) not in chosen(*cluster(12))
    assert (1, 2) in chosen(*cluster(13))


def test_clusters_are_chosen_from_each_for_itself():
    line = [(candidate(i, seams=1), 0.9) for i in range(3)]
    assert chosen(*line, (candidate(10, 11), 0.7), (candidate(11), 0.2)) == [(0,), (1,), (2,), (10, 11)]


@pytest.mark.parametrize("pieces", [2, 20])
def test_what_is_worth_less_than_nothing_is_left_out(pieces):
    """A part with two seams that looks like no digit takes away from the others' worth."""
    worthless = [(candidate(i, seams=2), 0.1) for i in range(pieces)]
    linked = (candidate(*range(pieces), area=1, seams=2), 0.0)
    assert chosen(*worthless, linked) == []
    worth = (candidate(0, seams=2), 0.3)
    assert chosen(worth, *worthless[1:], linked) == [(0,)]


@pytest.mark.parametrize("pieces", [3, 30])
def test_no_two_that_share_ink_are_chosen(pieces):
    rng = np.random.default_rng(1)
    found = [(candidate(0, pieces - 1, area=2), 0.5)]  # so that all hang together
    for i in range(pieces):
        for j in range(i + 1, min(pieces, i + 3) + 1):
            found.append((candidate(*range(i, j), area=100 * (j - i)), float(rng.random())))
    pieces_taken = [piece for taken in chosen(*found) for piece in taken]
    assert len(pieces_taken) == len(set(pieces_taken)) > pieces / 2


def test_a_quick_choice_is_by_worth_from_the_top_down():
    found = [(candidate(i, i + 1, area=200), 0.2 + 0.02 * i) for i in range(20)]
    assert chosen(*found) == [(i, i + 1) for i in range(1, 20, 2)]


# -- How far they are believed

def row(*digits, top=100, height=40, step=40):
    """Digits (digit, confidence) side by side."""
    return [Digit(digit, p, (i * step, top, 24, height), CROP) for i, (digit, p) in enumerate(digits)]


def believed(digits, **of_ink):
    found = choice.believe(digits, [candidate(i, **of_ink) for i in range(len(digits))])
    assert [digit._replace(confidence=0.0) for digit in found] == [digit._replace(confidence=0.0) for digit in digits]
    return [digit.confidence for digit in found]


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


@pytest.mark.parametrize("seams", [1, -1])
def test_a_one_alone_that_is_part_of_a_stroke_has_to_be_clearer_still(seams):
    assert believed(row((1, 0.8)), clarity=48, seams=seams) == pytest.approx([0.8 * (1 - 1 / math.e)])
    assert believed(row((7, 0.8)), clarity=8, seams=seams) == pytest.approx([0.8 * (1 - 1 / math.e)])


def test_a_one_beside_a_sure_digit_is_not_alone():
    assert believed(row((1, 0.9), (7, 0.9)), clarity=8)[0] == pytest.approx(0.9 * (1 - 1 / math.e))
    assert believed(row((1, 0.9), (7, 0.8)), clarity=24)[0] == pytest.approx(0.9 * (1 - 1 / math.e)), "7 is not sure"
    assert believed(row((1, 0.9), (1, 0.9)), clarity=24)[0] == pytest.approx(0.9 * (1 - 1 / math.e)), "only 1s"


@pytest.mark.parametrize(("on_edge", "share"), [(0.0, 1), (0.55, 1), (0.65, 0.35), (1.0, 0)])
def test_a_one_where_a_surface_ends_is_its_edge(on_edge, share):
    assert believed(row((1, 0.9), (7, 0.9)), on_edge=on_edge) == pytest.approx([0.9 * share, 0.9])


def dashes(grey, length=40):
    """A candidate: a stroke of full ink, and beyond its ends one that is so dark."""
    ground = np.zeros((length + 6, 12), np.uint8)
    ground[:3] = ground[-3:] = grey
    return Candidate((0, 0, 6, length), np.full((length, 6), 255, np.uint8), (0,), 240, 0, 1e3, ground=ground)


@pytest.mark.parametrize(("grey", "share"), [(0, 1), (70, 1), (102, 0.6), (255, 0)])
def test_a_one_that_goes_on_is_none(grey, share):
    """Nor is another digit, unless it has company. Up to 0.3 of its ink is blur."""
    ones = choice.believe(row((1, 0.9), (7, 0.9)), [dashes(grey), candidate(1)])
    assert ones[0].confidence == pytest.approx(0.9 * share)
    for digits, left in ((row((7, 0.9)), share), (row((7, 0.9), (7, 0.9)), 1)):
        found = choice.believe(digits, [dashes(grey), candidate(1)][: len(digits)])
        assert found[0].confidence == pytest.approx(0.9 * left)


def test_a_digit_among_three_sure_ones_is_doubted_less():
    sure = [(2, 0.9)] * 3
    assert believed(row((3, 0.55), *sure))[0] == pytest.approx(0.55**0.6)
    assert 0.69 < 0.55**0.6 < 0.7
    assert believed(row((3, 0.55), *sure[:2]))[0] == pytest.approx(0.55), "two are no company"
    assert believed(row((3, 0.55), *[(2, 0.8)] * 3))[0] == pytest.approx(0.55), "who is not sure is no company"
    assert believed(row((1, 0.55), *sure))[0] == pytest.approx(0.55**0.6), "a 1 among others"
    assert believed(row((1, 0.55), *[(1, 0.9)] * 3))[0] == pytest.approx(0.55), "a 1 among 1s"


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
        ({"across": -85}, False),
        ({"across": 235}, True),
        ({"across": 245}, False),
    ],
)
def test_who_is_company(move, company):
    """Digits of like height, at most two heights above or below, and five beside."""
    digits = row((3, 0.55), (2, 0.9), (2, 0.9), (2, 0.9))
    x, y, width, height = digits[0].box
    higher = move.get("height", height)
    box = x + move.get("across", 0), y + move.get("down", 0) - (higher - height) // 2, width, higher
    digits[0] = digits[0]._replace(box=box)
    assert believed(digits)[0] == pytest.approx(0.55**0.6 if company else 0.55)


def test_no_digit_has_others_inside():
    around = Digit(0, 0.9, (0, 0, 200, 300), CROP)
    inside = [Digit(7, 0.9, (60, 60 + 80 * i, 40, 60), CROP) for i in range(2)]
    assert believed([around, *inside]) == pytest.approx([0.3, 0.9, 0.9])
    doubted = [digit._replace(confidence=0.8) for digit in inside]
    assert believed([around, *doubted])[0] == pytest.approx(0.9), "what is inside is not sure"


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
    assert believed(digits)[0] == pytest.approx(0.45 if encloses else 0.9)
