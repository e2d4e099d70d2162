"""Sheets that lie sideways or upside down: which turn is found, when, and what is left alone."""

import cv2
import numpy as np
import pytest
import sheets
from test_reading import classify  # noqa: F401 - a fixture: the shipped network

from model.vision import reading, turn

LIMIT = reading.MIN_CONFIDENCE
ROWS = ["24726", "53589", "27352"]


def lying(picture, quarters):
    """The picture as it looks when its sheet lies turned clockwise by so many quarters."""
    return np.ascontiguousarray(np.rot90(picture, -quarters))


def upright(quarters):
    """The turn in which that is read."""
    return -quarters % 4


@pytest.mark.parametrize("background", [None, "desk", "hand"])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_sheet_is_read_as_it_lies(classify, quarters, background):  # noqa: F811
    page = sheets.sheet(5, ROWS, pen="marker", background=background, gradient=0.3)
    picture = lying(page.picture, quarters)
    seen = turn.Turner(still=True).read(picture, classify, LIMIT)
    assert seen.turn == upright(quarters) and seen.text == ROWS
    given = turn.Turner(upright(quarters), still=True).read(picture, classify, LIMIT)
    assert given.text == ROWS and [d.box for d in given.digits] == [d.box for d in seen.digits]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_boxes_mask_and_surfaces_are_those_of_the_picture_as_it_came(classify, quarters):  # noqa: F811
    picture = sheets.sheet(5, ROWS, pen="marker", background="desk").picture
    straight = turn.Turner(0).read(picture, classify, LIMIT)
    seen = turn.Turner(upright(quarters)).read(lying(picture, quarters), classify, LIMIT)
    size = picture.shape[1::-1]
    assert [d.box for d in seen.digits] == [turn.turned_box(d.box, quarters, size) for d in straight.digits]
    assert np.array_equal(seen.mask, lying(straight.mask, quarters))
    assert np.array_equal(seen.places, lying(straight.places, quarters))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_pictures_of_a_folder_stand_for_themselves(classify, quarters):  # noqa: F811
    page = sheets.sheet(5, ROWS, pen="marker").picture
    turner = turn.Turner(still=True)
    turns = [turner.read(lying(page, q), classify, LIMIT).turn for q in (quarters, 0, quarters, 0)]
    assert turns == [upright(quarters), 0] * 2


def video(page, quarters, seconds, start=0.0, fps=4):
    """Frames of a sheet that sways, with their times."""
    for i in range(round(seconds * fps)):
        at = start + i / fps
        sway = np.float32([[1, 0, 9 * np.sin(3 * at)], [0, 1, 6 * np.sin(2 * at)]])
        moved = cv2.warpAffine(page, sway, page.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        yield lying(moved, quarters), at


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_in_a_video_the_turn_is_found_within_two_seconds_and_stays(classify, quarters):  # noqa: F811
    page = sheets.sheet(5, ROWS, pen="marker", background="desk").picture
    turner, turns, texts = turn.Turner(), [], []
    for picture, seconds in video(page, quarters, 5):
        seen = turner.read(picture, classify, LIMIT, seconds)
        turns.append(seen.turn)
        texts.append(seen.text)
    assert turns == sorted(turns, key=bool) and set(turns) == {0, upright(quarters)}  # one change
    assert turns.index(upright(quarters)) <= 8 and all(text == ROWS for text in texts[8:])
    for picture, seconds in video(page, 0, 3, start=5):  # someone puts it right
        seen = turner.read(picture, classify, LIMIT, seconds)
    assert seen.turn == 0 and seen.text == ROWS


def test_an_upright_video_is_never_turned_not_even_by_a_moment(classify):  # noqa: F811
    page = sheets.sheet(5, ROWS, pen="marker", background="desk").picture
    turner = turn.Turner()
    for n, (picture, seconds) in enumerate(video(page, 0, 4)):
        shown = lying(picture, 2) if n in (4, 5, 6) else picture
        assert turner.read(shown, classify, LIMIT, seconds).turn == 0


@pytest.mark.parametrize("digit", "0123456789")
def test_a_single_digit_turns_nothing(classify, digit):  # noqa: F811
    """A 6 upside down is a 9; a 7 on its side is no proof either."""
    page = sheets.sheet(int(digit), [digit], height=160, pen="marker")
    turner = turn.Turner(still=True)
    assert [turner.read(lying(page.picture, q), classify, LIMIT).turn for q in range(4)] == [0] * 4


@pytest.mark.parametrize("kind", sheets.BLANKS)
def test_where_there_is_no_digit_nothing_is_turned(classify, kind):  # noqa: F811
    picture = sheets.blank(kind, 7).picture
    assert turn.Turner(still=True).read(picture, classify, LIMIT).turn == 0
    turner = turn.Turner()
    assert [turner.read(picture, classify, LIMIT, seconds).turn for seconds in (0, 0.6, 1.2, 1.8)] == [0] * 4


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (60, 1), (8, 900), (40, 30)])
@pytest.mark.parametrize("given", [None, 0, 1, 2, 3])
def test_pictures_too_small_for_a_digit_are_read_in_every_turn(classify, shape, given):  # noqa: F811
    for channels in ((), (3,)):
        seen = turn.Turner(given, still=True).read(np.full((*shape, *channels), 200, np.uint8), classify, LIMIT)
        assert seen.digits == [] and seen.mask.shape == shape and seen.turn == (given or 0)


def test_turned_by_hand_it_stays_so_until_the_fourth_time(classify):  # noqa: F811
    page = sheets.sheet(5, ROWS, pen="marker").picture
    turner = turn.Turner()
    for by_hand in (1, 2, 3):
        turner.by_another_quarter()
        turns = [turner.read(page, classify, LIMIT, seconds).turn for seconds in np.arange(0, 3, 0.5)]
        assert turns == [by_hand] * len(turns)
    turner.by_another_quarter()
    for seconds in np.arange(3, 6, 0.5):
        seen = turner.read(lying(page, 1), classify, LIMIT, seconds)
    assert seen.turn == 3 and seen.text == ROWS  # found out again


def test_a_turn_that_was_given_is_never_found_out(classify):  # noqa: F811
    page = sheets.sheet(5, ROWS, pen="marker").picture
    turner = turn.Turner(0)
    for seconds in np.arange(0, 3, 0.5):
        assert turner.read(lying(page, 2), classify, LIMIT, seconds).turn == 0
    for _ in range(4):
        turner.by_another_quarter()
    for seconds in np.arange(3, 6, 0.5):
        assert turner.read(lying(page, 2), classify, LIMIT, seconds).turn == 0
