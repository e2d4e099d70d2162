"""Readings of frame after frame: which digits stay, come and go, and under which id."""

import numpy as np
import pytest

from model.vision import rows, tracking
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


def test_a_space_stays_where_most_frames_see_it():
    """A comma that is lost for a frame parts its numbers yet; one that is seen for a frame does not."""
    tracker, texts = tracking.Tracker(0.6), []
    for i in range(20):
        reading = seen(*ROW)
        at = [3] if i not in (9, 10, 14) else [3, 5] if i == 14 else []
        row = [digit._replace(apart=n in at) for n, digit in enumerate(reading.rows[0])]
        texts.append(tracker.update(reading._replace(rows=[row]), i / 30).text)
    assert texts[2:] == [["311 115"]] * 18


@pytest.mark.parametrize("first", [True, False])
def test_a_space_that_every_other_frame_sees_does_not_come_and_go(first):
    tracker, texts = tracking.Tracker(0.6), set()
    for i in range(60):
        apart = first if i < 10 else i % 2 == 0
        reading = seen(*ROW)
        row = [digit._replace(apart=apart and n == 3) for n, digit in enumerate(reading.rows[0])]
        texts.update(tracker.update(reading._replace(rows=[row]), i / 30).text)
    assert texts == {"311 115" if first else "311115"}


def test_frames_that_doubt_a_digit_do_not_join_it_to_the_one_before():
    tracker = tracking.Tracker(0.6)
    parted = seen(*ROW)
    parted = parted._replace(rows=[[digit._replace(apart=n == 5) for n, digit in enumerate(parted.rows[0])]])
    doubted = seen(*ROW[:5], doubtful=ROW[5:])
    for i, reading in enumerate([parted] * 5 + [doubted] * 3):
        shown = tracker.update(reading, i / 30)
        assert i == 0 or shown.text == ["31111 5"]


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


def boxed(*digits, doubtful=()):
    """A reading in rows of (digit, confidence, (x, y, width, height))."""
    crop = np.zeros((28, 28), np.float32)
    rows = [[Digit(*digit, crop) for digit in row] for row in digits]
    return Reading(rows, [Digit(*digit, crop) for digit in doubtful], np.zeros((1, 1), np.uint8))


def feed(tracker, reading, times, start=0, fps=10):
    """The same reading so many times; what is shown in the end."""
    for i in range(start, start + times):
        shown = tracker.update(reading, i / fps)
    return shown


def test_a_single_pictures_digits_are_numbered_as_they_are_read():
    here = (0, 0, 30, 40)
    reading = boxed([(5, 0.9, here), (6, 0.9, here)], [(7, 0.9, here)], doubtful=[(8, 0.1, here), (9, 0.1, here)])
    numbered = tracking.number(reading)
    assert [[(d.digit, d.id) for d in row] for row in numbered.rows] == [[(5, 0), (6, 1)], [(7, 2)]]
    assert [(d.digit, d.id) for d in numbered.doubtful] == [(8, 3), (9, 4)]
    assert numbered.mask is reading.mask


def test_a_box_that_changes_goes_half_the_way_each_frame():
    tracker = tracking.Tracker(0.6)
    feed(tracker, boxed([(3, 0.9, (100, 100, 30, 40)), (1, 0.9, (160, 100, 30, 40))]), 3)
    wider = boxed([(3, 0.9, (100, 100, 30, 40)), (1, 0.9, (152, 100, 46, 40))])  # its middle stays
    assert [d.box for d in tracker.update(wider, 0.3).digits] == [(100, 100, 30, 40), (156, 100, 38, 40)]
    assert tracker.update(wider, 0.4).digits[1].box == (154, 100, 42, 40)


def test_boxes_go_along_with_the_sheet_at_once_and_stay_in_the_picture():
    tracker = tracking.Tracker(0.6)
    feed(tracker, seen(*ROW), 3)
    shown = tracker.update(seen(*shifted(17, -9)), 0.3)
    assert [d.box for d in shown.digits] == [(x + 17, y - 9, 30, 40) for _, _, x, y in ROW]
    shown = tracker.update(seen(*shifted(-3, -30)), 0.4)
    assert shown.digits[0].box == (0, 70, 30, 40)


def test_a_label_is_the_vote_of_the_last_frames_weighed_by_confidence():
    here = (100, 100, 30, 40)
    tracker = tracking.Tracker(0.1)
    feed(tracker, boxed([(3, 0.8, here)]), 20)
    digits = [tracker.update(boxed([(8, 0.8, here)]), i / 10).digits[0] for i in range(20, 30)]
    fade = np.exp(-0.1 / tracking.MEMORY_SECONDS)
    gone = fade ** np.arange(1, 11) - fade ** np.arange(21, 31)  # what is left of twenty frames, of n frames' sum
    share = gone / (1 - fade ** np.arange(21, 31))
    assert [d.digit for d in digits] == [3 if left > 0.5 else 8 for left in share] and 3 <= sum(share > 0.5) <= 6
    assert np.allclose([d.confidence for d in digits], 0.8 * np.maximum(share, 1 - share))
    surer = tracking.Tracker(0.1)
    feed(surer, boxed([(3, 0.5, here)]), 20)
    labels = [surer.update(boxed([(8, 1.0, here)]), i / 10).digits[0].digit for i in range(20, 24)]
    assert labels == [3, 3, 8, 8]  # twice as sure: after a third of the weight


def test_a_vote_fades_with_time_not_with_frames():
    here = (100, 100, 30, 40)
    changes = []
    for fps in (10, 20):
        tracker = tracking.Tracker(0.1)
        feed(tracker, boxed([(3, 0.8, here)]), 4 * fps, fps=fps)
        labels = [feed(tracker, boxed([(8, 0.8, here)]), 1, 4 * fps + i, fps).digits[0].digit for i in range(fps)]
        changes.append(labels.index(8) / fps)
    assert abs(changes[0] - changes[1]) <= 0.1


def test_a_digit_must_be_surer_to_come_than_to_stay():
    here = (100, 100, 30, 40)
    tracker = tracking.Tracker(0.6)  # odds of 1.5; it goes under 0.9, which is 0.47

    def believed(confidence, start):
        return bool(feed(tracker, boxed([(3, confidence, here)]), 60, start).digits)

    assert not believed(0.59, 0)
    assert believed(0.61, 60), "as in a single picture"
    assert believed(0.48, 120)
    assert not believed(0.47, 180)
    assert not believed(0.59, 240)


def test_what_most_frames_do_not_find_has_to_be_surer():
    found, lost = boxed([(1, 0.8, (100, 100, 30, 40))]), boxed()

    def shown(*readings):
        tracker = tracking.Tracker(0.65)
        return [tracker.update(readings[i % len(readings)], i / 30).text for i in range(60)]

    assert shown(found)[-1] == ["1"]
    assert shown(found, found, *[lost] * 5)[-10:] == [[]] * 10
    sure = boxed([(1, 0.99, (100, 100, 30, 40))])
    assert shown(sure, sure, *[lost] * 5)[-10:] == [["1"]] * 10


def test_a_limit_of_none_and_of_all():
    here = (100, 100, 30, 40)
    assert feed(tracking.Tracker(0.0), boxed([(3, 0.01, here)]), 3).text == ["3"]
    assert feed(tracking.Tracker(1.0), boxed([(3, 0.99, here)]), 3).text == []
    assert feed(tracking.Tracker(1.0), boxed([(3, 1.0, here)]), 3).text == ["3"]


def test_a_digit_that_becomes_another_one_is_there_all_the_while():
    here = (100, 100, 30, 40)
    tracker = tracking.Tracker(0.6)
    feed(tracker, boxed([(3, 0.9, here)]), 20)
    texts = [tracker.update(boxed([(8, 0.9, here)]), i / 10).text for i in range(20, 40)]
    assert texts == sorted(texts) and {text for (text,) in texts} == {"3", "8"}


def test_what_the_frames_doubt_is_doubted():
    here = (100, 100, 30, 40)
    tracker = tracking.Tracker(0.6)
    feed(tracker, boxed([(3, 0.9, here)]), 2)
    shown = feed(tracker, boxed(doubtful=[(3, 0.3, here)]), 20, 2)
    assert shown.text == [] and [d.id for d in shown.doubtful] == [0]


def test_it_shows_from_the_second_time_and_is_forgotten_when_the_second_does_not_follow():
    tracker = tracking.Tracker(0.6)
    assert feed(tracker, seen(*ROW), 1).text == []
    feed(tracker, seen(), 1, 1)
    assert tracker.tracks == []
    assert feed(tracker, seen(*ROW), 1, 2).text == []
    assert sorted(d.id for d in feed(tracker, seen(*ROW), 1, 3).digits) == list(range(6))


def test_a_missing_digit_stays_for_half_a_second_and_in_slow_videos_for_one_frame():
    tracker = tracking.Tracker(0.6)
    feed(tracker, seen(*ROW), 5)  # last seen at 0.4 s
    kept = [bool(tracker.update(seen(), i / 10).digits) for i in range(5, 12)]
    assert kept == [True, True, True, True, True, False, False]
    slow = tracking.Tracker(0.6)
    feed(slow, seen(*ROW), 3, fps=1)
    assert [bool(slow.update(seen(), i).digits) for i in (3, 4)] == [True, False]
    edge = tracking.Tracker(0.6)
    feed(edge, seen(*ROW), 2)
    late = (0.2, tracking.GRACE_SECONDS, tracking.GRACE_SECONDS + 0.01)
    assert [bool(edge.update(seen(), 0.1 + seconds).digits) for seconds in late] == [True, True, False]


def test_another_digit_in_its_place_ends_a_missing_one_at_once():
    small, large, aside = (100, 100, 40, 40), (100, 100, 40, 81), (118, 100, 40, 81)
    others = [(3, 0.9, (200 + 100 * i, 100, 40, 40)) for i in range(3)]  # which say that the sheet lies still
    for box, stays in ((large, False), (aside, True)):  # too large to be the same; overlap of 0.49 and of 0.22
        tracker = tracking.Tracker(0.6)
        feed(tracker, boxed([(7, 0.9, small), *others]), 4)
        shown = tracker.update(boxed([(8, 0.9, box), *others]), 0.4)
        assert (7 in [d.digit for d in shown.digits]) == stays
        assert len(tracker.tracks) == 4 + stays


def test_a_digit_of_twice_the_size_may_be_the_same_but_no_larger_one():
    for height, ids in ((80, [0]), (81, [])):
        tracker = tracking.Tracker(0.6)
        feed(tracker, boxed([(3, 0.9, (100, 100, 40, 40))]), 4)
        shown = tracker.update(boxed([(3, 0.9, (100, 100, 40, height))]), 0.4)
        assert [d.id for d in shown.digits] == ids


def test_the_surest_two_hundred_are_followed():
    grid = [(3, 0.759 + i / 1000, (40 * (i % 20), 60 * (i // 20), 20, 30)) for i in range(240)]
    tracker = tracking.Tracker(0.6)
    shown = feed(tracker, boxed(grid), 3)
    assert len(tracker.tracks) == len(shown.digits) == 200
    assert min(d.confidence for d in shown.digits) > 0.798


def placed(*rows, pitch=60, down=0):
    """A reading of rows of digits in words: "31 4" has a place without a digit. down: of each digit, in pixels."""
    digits = [
        [(int(c), 0.9, (pitch * i, 100 * y + down * i, 30, 40)) for i, c in enumerate(row) if c != " "]
        for y, row in enumerate(rows)
    ]
    return boxed(*digits)


def test_rows_that_part_for_a_moment_stay_as_they_were():
    tracker = tracking.Tracker(0.6)
    calm, bent = placed("314159", "271828"), placed("314159", "271828")
    jumps = {0: -20, 60: 14}  # of the first two in each row: too far from each other for one row
    steep = [[digit._replace(box=(x, y + jumps.get(x, 0), w, h)) for digit in row for x, y, w, h in [digit.box]]
             for row in bent.rows]  # fmt: skip
    bent = bent._replace(rows=steep)
    assert len(rows.order(bent.digits)) > 2  # on its own this frame parts
    assert feed(tracker, calm, 10).text == ["314159", "271828"]
    for i in range(10, 13):
        assert tracker.update(bent, i / 10).text == ["314159", "271828"]
    tracker.update(calm, 1.3)
    for i in range(14, 17):
        assert tracker.update(bent, i / 10).text == ["314159", "271828"]
    feed(tracker, bent, 10, 17)
    assert tracker.update(bent, 2.7).text != ["314159", "271828"]  # it stays so


def test_newcomers_stand_beside_their_neighbours_while_rows_stay():
    tracker = tracking.Tracker(0.6)
    tracker._arrange([[1, 2, 3], [4, 5]], 0.0)
    tracker._arrange([[9], [1, 2], [3, 7], [8, 4], [5, 6]], 0.1)  # parted: not taken over
    assert tracker.rows == [[9], [1, 2, 3, 7], [8, 4, 5, 6]]
    tracker._arrange([[1, 2], [3], [4, 5]], 0.2)
    assert tracker.rows == [[1, 2, 3], [4, 5]]
    tracker._arrange([[1, 0, 2, 3], [4, 5], [6]], 0.3)  # agrees with what was there
    assert tracker.rows == [[1, 0, 2, 3], [4, 5], [6]]
    tracker._arrange([[7], [8]], 0.4)
    assert tracker.rows == [[7], [8]]


def test_rows_of_a_sheet_that_lies_sideways_are_read_along_its_rows():
    upright = placed("314", "271")
    for turn, place in ((1, lambda x, y, w, h: (y, 500 - x - w, h, w)), (3, lambda x, y, w, h: (500 - y - h, x, h, w))):
        lying = [[digit._replace(box=place(*digit.box)) for digit in row] for row in upright.rows]
        tracker = tracking.Tracker(0.6)
        assert feed(tracker, upright._replace(rows=lying, turn=turn), 5).text == ["314", "271"]


def test_a_track_takes_the_nearest_digit_and_rather_its_own_kind():
    still = [(digit, 0.9, (x, 0, 30, 40)) for digit, x in ((3, 0), (4, 100), (5, 200), (7, 400))]

    def successor(*others):
        """Which of these boxes the 7 becomes; None for none."""
        tracker = tracking.Tracker(0.6)
        feed(tracker, boxed(still), 3)
        track = next(t for t in tracker.tracks if t.label == 7)
        before = track.votes.copy()
        tracker.update(boxed([*still[:3], *others]), 0.3)
        gain = track.votes - before * np.exp(-0.1 / tracking.MEMORY_SECONDS)
        return None if track.missed else (int(gain.argmax()), round(float(gain.max()), 4))

    assert successor((7, 0.8, (410, 0, 30, 40)), (7, 0.7, (395, 0, 30, 40))) == (7, 0.7)
    assert successor((8, 0.8, (400, 0, 30, 40)), (7, 0.7, (405, 0, 30, 40))) == (7, 0.7)  # 0.125 against 0.15
    assert successor((8, 0.8, (400, 0, 30, 40)), (7, 0.7, (407, 0, 30, 40))) == (8, 0.8)
    assert successor((7, 0.8, (429, 0, 30, 40))) == (7, 0.8)
    assert successor((7, 0.8, (431, 0, 30, 40))) is None  # 0.775 of a digit
    assert successor((8, 0.8, (425, 0, 30, 40))) is None
    assert successor((8, 0.8, (400, 23, 30, 40))) == (8, 0.8)


def test_the_common_move():
    rng = np.random.default_rng(1)
    places = rng.uniform(0, 20, (12, 2))
    alike = np.full((12, 12), 0.3) + 0.7 * np.eye(12)

    def common(moved, weights=alike, last=(0.0, 0.0)):
        return tracking._common_move(moved[None] - places[:, None], weights, np.array(last))

    for move in ([0, 0], [2.31, -1.17], [-0.9, 1.4]):
        assert np.allclose(common(places + move), move, atol=1e-9)
    for move in ([-4.2, 3.3], [5.4, 0.1]):
        assert np.allclose(common(places + move, last=move), move, atol=1e-9)
        assert np.array_equal(common(places + move), [0, 0])  # from one frame to the next
    move = np.array([1, 2])
    jitter = rng.normal(0, 0.05, places.shape)
    assert np.allclose(common(places + jitter + move), move, atol=0.05)
    mixed = places + move
    mixed[7:] = rng.uniform(0, 20, (5, 2))
    assert np.allclose(common(mixed), move, atol=0.01)  # the median of those that agree
    assert np.array_equal(common(places + 40), [0, 0])  # farther than a digit can go in a frame
    # A row of like digits, one digit apart, fits itself at every step: the last move decides.
    row = np.stack([np.arange(10.0), np.zeros(10)], axis=1)
    moves = (row + np.array([0.5, 0]))[None] - row[:, None]
    assert np.allclose(tracking._common_move(moves, np.ones((10, 10)), np.array([0.5, 0])), [0.5, 0])
    assert np.allclose(tracking._common_move(moves, np.ones((10, 10)), np.array([1.6, 0])), [1.5, 0])


def test_overlap():
    a = np.array([0.0, 0, 10, 10])
    others = {(0, 0, 10, 10): 1, (5, 0, 10, 10): 1 / 3, (0, 8, 10, 2): 0.2, (10, 0, 5, 5): 0, (20, 20, 5, 5): 0}
    for b, overlap in others.items():
        assert tracking._overlap(a, np.array(b, float)) == tracking._overlap(np.array(b, float), a) == overlap
