"""Readings of frame after frame: which digits stay, come and go, and under which id."""

import numpy as np

from model.vision import tracking
from model.vision.reading import Reading
from model.vision.rows import Digit


def seen(*digits, doubtful=()):
    """A reading of (digit, confidence, x, y), each 40 high."""
    crop = np.zeros((28, 28), np.float32)
    digits, doubtful = (
        [Digit(digit, confidence, (x, y, 30, 40), crop) for digit, confidence, x, y in group]
        for group in (digits, doubtful)
    )
    return Reading([digits] if digits else [], doubtful, np.zeros((1, 1), np.uint8))


ROW = [(d, 0.9, 50 * i, 100) for i, d in enumerate([3, 1, 1, 1, 1, 5])]


def shifted(dx, dy, row=ROW):
    return [(d, c, x + dx, y + dy) for d, c, x, y in row]


def test_like_digits_in_a_row_keep_their_ids_while_the_sheet_moves_fast():
    tracker = tracking.Tracker(0.6)
    ids = []
    for i in range(12):
        shown = tracker.update(seen(*shifted(22 * i, -7 * i)), i / 30)
        ids.append([d.id for d in sorted(shown.digits, key=lambda d: d.box[0])])
    assert ids[0] == [] and all(i == ids[1] for i in ids[1:]) and len(set(ids[1])) == len(ROW)


def test_a_single_bad_frame_does_not_flicker():
    tracker = tracking.Tracker(0.6)
    texts = []
    for i in range(20):
        row = [(7, 0.95, 50, 100) if (i == 10 and n == 1) else digit for n, digit in enumerate(ROW)]
        row = row[1:] if i == 14 else row  # the 3 is missed once
        doubtful = [(3, 0.4, 0, 100)] if i == 17 else []
        row = row[1:] if i == 17 else row
        texts.append(tracker.update(seen(*row, doubtful=doubtful), i / 30).text)
    assert texts[2:] == [["311115"]] * 18


def test_it_goes_when_it_was_missing_for_a_moment():
    tracker = tracking.Tracker(0.6)
    for i in range(10):
        tracker.update(seen(*ROW), i / 30)
    present = [bool(tracker.update(seen(), i / 30).digits) for i in range(10, 40)]
    assert present[0] and not present[-1]


def test_another_sheet_takes_the_place_of_the_first_at_once():
    tracker = tracking.Tracker(0.6)
    for i in range(10):
        tracker.update(seen(*ROW), i / 30)
    other = [(d, 0.9, x + 8, y + 3) for d, _, x, y in shifted(0, 0)][:3]
    other = [(8, 0.9, x, y) for _, _, x, y in other]
    for i in range(10, 30):
        shown = tracker.update(seen(*other), i / 30)
    assert shown.text == ["888"]
