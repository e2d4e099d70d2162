"""What is drawn: boxes, digits and text on frames of any shape, for canvases of any size."""

import numpy as np
import pytest
from test_tracking import seen

from model.live import overlay, view
from model.vision import tracking
from model.vision.reading import Reading
from model.vision.rows import Digit

HELP = [("q, Esc", "quit"), ("mouse", "drag: read only in there")]

@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3, 2), (240, 320), (720, 1280)])
@pytest.mark.parametrize("size", [(64, 64), (640, 480), (333, 1001)])
def test_any_frame_is_drawn_on_any_canvas(shape, size):
    picture = np.full((*shape, 3), 200, np.uint8)
    reading = tracking.number(seen((3, 0.99, 0, 0), (5, 0.7, 300, 4000), doubtful=[(1, 0.3, -20, 10)]))
    for looks in ({}, {"mirror": True, "crops": True, "mask": True, "region": (0, 0, shape[1], shape[0])}):
        canvas = view.draw(picture, reading, size, **looks)
        overlay.overlay(canvas, fps=30, recording=61, note="a note", message="long " * 30, help=HELP if looks else ())
        assert canvas.shape == (size[1], size[0], 3) and canvas.dtype == np.uint8


def test_text_is_not_mirrored_with_the_picture():
    picture = np.full((360, 640, 3), 200, np.uint8)
    reading = tracking.number(seen((3, 0.99, 305, 100)))
    plain, mirrored = (view.draw(picture, reading, (640, 360), mirror=mirror) for mirror in (False, True))
    assert np.array_equal(plain[300:], mirrored[300:])  # the row at the bottom
    assert not np.array_equal(plain[300:], plain[300:, ::-1])


# --- where things are


def test_a_frame_lies_in_the_middle_as_large_as_fits():
    picture = np.zeros((100, 200, 3), np.uint8)
    place = view.fit(picture, (500, 300))
    assert place == (2.5, 0, 25, None)
    assert place.box((10, 20, 30, 40)) == (25, 75, 75, 100)
    assert place.point(25, 75) == (10, 20)
    mirrored = view.fit(picture, (500, 250 * 3), mirror=True)
    assert mirrored == (2.5, 0, 250, 200)
    assert mirrored.box((10, 20, 30, 40)) == (400, 300, 75, 100)
    assert mirrored.point(475, 300) == (10, 20)
    assert view.fit(picture, (600, 200)) == (2, 100, 0, None)
    assert place.box((0, 0, 0.1, 0.1))[2:] == (1, 1)


@pytest.mark.parametrize(
    ("picture", "canvas"),
    [((480, 640), (640, 480)), ((720, 1280), (1280, 720)), ((479, 641), (642, 480)), ((240, 320), (640, 480)),
     ((1, 1), (320, 240)), ((10, 1000), (1000, 240)), ((15, 20), (640, 480)), ((5, 10), (320, 240))],
)  # fmt: skip
def test_a_file_is_drawn_in_its_own_size_but_large_enough_for_text(picture, canvas):
    assert view.natural_size(np.zeros((*picture, 3), np.uint8)) == canvas


def test_the_frame_is_scaled_and_placed():
    picture = np.full((100, 200, 3), 90, np.uint8)
    picture[:50, :100] = 200
    empty = seen()
    canvas = view.draw(picture, empty, (500, 300))
    assert (canvas[:25] == 0).all() and (canvas[275:] == 0).all()
    assert (canvas[27:147, 2:247] == 200).all() and (canvas[153:273] == 90).all() and (canvas[27:273, 253:] == 90).all()
    mirrored = view.draw(picture, empty, (500, 300), mirror=True)
    assert np.array_equal(mirrored, canvas[:, ::-1])
    assert np.array_equal(view.draw(picture, empty, (200, 100)), picture)


def test_around_a_region_it_is_dim():
    picture = np.full((240, 320, 3), 200, np.uint8)
    canvas = view.draw(picture, seen(), (320, 240), region=(100, 60, 80, 50))
    assert (canvas[62:108, 102:178] == 200).all()
    outside = np.ones((240, 320), bool)
    outside[59:111, 99:181] = False
    assert (canvas[outside] == 80).all()
    assert (canvas[60, 100:180] == 255).all() and (canvas[60:110, 100] == 255).all()


def test_the_mask_lies_where_it_was_read():
    picture = np.full((240, 320, 3), 200, np.uint8)
    mask = np.zeros((25, 40), np.uint8)
    mask[:, :20] = 255
    reading = Reading([], [], mask)
    whole = view.draw(picture, reading, (320, 240), mask=True)
    assert (whole[:, :160] == 255).all() and (whole[:, 160:] == 0).all()
    part = view.draw(picture, reading, (320, 240), mask=True, region=(100, 60, 80, 50))
    assert (part[62:108, 102:139] == 255).all() and (part[62:108, 141:178] == 0).all() and (part[112:] == 0).all()
    assert np.array_equal(view.draw(picture, seen()._replace(mask=mask[:0]), (320, 240), mask=True), picture)


# --- what is drawn of a digit


def changed(canvas, ground=200):
    """The box around all that was drawn on an even ground: left, top, right, bottom."""
    ys, xs = np.nonzero((canvas != ground).any(axis=2))
    return xs.min(), ys.min(), xs.max() + 1, ys.max() + 1


PAPER = np.full((480, 640, 3), 200, np.uint8)


def test_a_sure_digit_is_framed_in_blue_and_an_unsure_one_in_orange():
    for confidence, colour in ((1.0, (178, 98, 0)), (0.5, (0, 140, 230)), (0.3, (0, 140, 230)), (0.75, (89, 119, 115))):
        canvas = view.draw(PAPER, seen((3, confidence, 300, 200)), (640, 480), rows=False)
        assert (canvas[220, 298] == colour).all()  # its frame leaves a gap of a fifth of a line of text
        left, top, right, bottom = changed(canvas)
        assert 294 <= left <= 298 and 332 <= right <= 336
        assert 170 < top < 190 and 250 < bottom < 265  # the digit above, the percentage below
        assert (canvas[205:235, 305:325] == 200).all()  # the ink stays free
        assert (canvas[top + 1, left + 1] == colour).all()


def test_a_doubtful_digit_is_faint_and_grey():
    canvas = view.draw(PAPER, seen(doubtful=[(3, 0.3, 300, 200)]), (640, 480), rows=False)
    left, top, right, bottom = changed(canvas)
    assert 295 <= left <= 299 and 170 < top < 190 and 331 <= right <= 335 and 241 <= bottom <= 245
    tag = canvas[top:196, left : left + 12]
    assert np.ptp(tag.astype(int), axis=2).max() == 0 and tag.min() >= 80 - 1  # 40 % of the paper show through black
    many = seen(doubtful=[(3, 0.3, 3 * i, 200) for i in range(view.DOUBTFUL_MARKS)] + [(3, 0.3, 580, 400)] * 2)
    assert changed(view.draw(PAPER, many, (640, 480), rows=False))[3] < 300


def test_a_mark_outside_the_picture_is_left_out():
    far = seen(doubtful=[(3, 0.3, 3000, 200)])
    assert np.array_equal(view.draw(PAPER, far, (640, 480)), PAPER)


def test_crops_lie_beside_their_boxes_where_there_is_room():
    reading = seen((3, 1.0, 300, 200))
    plain = view.draw(PAPER, reading, (640, 480), rows=False)

    def crop_at(reading):
        canvas = view.draw(PAPER, reading, (640, 480), crops=True, rows=False)
        ys, xs = np.nonzero((canvas == 0).all(axis=2))
        return xs.min(), ys.min(), xs.max() + 1, ys.max() + 1

    assert not (plain == 0).all(axis=2).any()
    assert crop_at(reading) == (337, 201, 363, 227)  # 28 pixels, one of them a frame; to the right, a gap of 6
    assert crop_at(seen((3, 1.0, 300, 200), (3, 1.0, 335, 200)))[0] == 267  # the first to the left, the right is taken
    assert crop_at(seen((3, 1.0, 605, 200))) == (572, 201, 598, 227)
    narrow = np.full((480, 50, 3), 200, np.uint8)
    canvas = view.draw(narrow, seen((3, 1.0, 10, 200)), (50, 480), crops=True, rows=False)
    ys, _ = np.nonzero((canvas == 0).all(axis=2))
    assert 258 < ys.min() < 262  # below


@pytest.mark.parametrize(
    ("spot", "free"),
    [((0, 0, 28, 28), True), ((-1, 0, 28, 28), False), ((0, -1, 28, 28), False), ((612, 452, 28, 28), True),
     ((613, 452, 28, 28), False), ((612, 453, 28, 28), False), ((72, 100, 28, 28), True), ((73, 100, 28, 28), False),
     ((130, 100, 28, 28), True), ((129, 100, 28, 28), False), ((100, 72, 28, 28), True), ((100, 73, 28, 28), False),
     ((100, 140, 28, 28), True), ((100, 139, 28, 28), False)],
)  # fmt: skip
def test_a_spot_is_free_inside_the_canvas_and_beside_what_is_there(spot, free):
    assert view._free(PAPER, spot, [(400, 300, 9, 9), (100, 100, 30, 40)]) == free


def test_crops_are_of_their_digits_size_and_do_not_cover_each_other():
    for height, side in ((40, 28), (70, 42), (400, 52)):
        digit = Digit(3, 1.0, (300, 40, 30, height), np.zeros((28, 28)))
        canvas = view.draw(PAPER, Reading([[digit]], [], np.zeros((1, 1))), (640, 480), crops=True, rows=False)
        xs = np.nonzero((canvas == 0).all(axis=2))[1]
        assert (xs.min(), xs.max() + 1) == (337, 335 + side)
    pair = seen((3, 1.0, 300, 200), (3, 1.0, 300, 245))  # both would lie at the right, one over the other
    pair = pair._replace(rows=[[d._replace(box=(*d.box[:3], 20)) for d in pair.rows[0]]])
    canvas = view.draw(PAPER, pair, (640, 480), crops=True, rows=False)
    assert (canvas == 0).all(axis=2).sum() == 2 * 26 * 26
    close = seen((3, 1.0, 300, 200), (3, 1.0, 300, 220))
    canvas = view.draw(PAPER, close, (640, 480), crops=True, rows=False)
    assert (canvas == 0).all(axis=2).sum() == 2 * 26 * 26


def test_rows_stand_large_at_the_bottom():
    def rows(*texts, size=(640, 480)):
        digits = [[Digit(int(c), 0.9, (2000, 2000, 9, 9), np.zeros((28, 28))) for c in text] for text in texts]
        paper = np.full((size[1], size[0], 3), 200, np.uint8)
        canvas = view.draw(paper, Reading(digits, [], np.zeros((1, 1), np.uint8)), size)
        return changed(canvas[:, : size[0] - 40])

    left, top, right, bottom = rows("12345")
    assert (bottom, bottom - top) == (474, 51) and abs(left + right - 640) <= 3
    assert 474 - rows("1234567890" * 4)[1] < 40  # smaller where it would be too wide
    several = rows("12345", "67890", "12345")
    assert 51 <= 474 - several[1] <= 0.2 * 480 + 20 and several[2] - several[0] > right - left
    assert rows(*["1234567890"] * 30)[1] >= 0.5 * 480


def test_a_stale_picture_is_pale_and_without_colour():
    canvas = np.zeros((2, 2, 3), np.uint8)
    canvas[0] = 10, 200, 90
    pale = view.grey(canvas)
    assert np.ptp(pale, axis=2).max() == 0 and pale[1, 0, 0] == 60 and 120 <= pale[0, 0, 0] <= 136


def test_a_lesson_marks_the_chosen_digit_and_what_it_was_taught():
    canvas = PAPER.copy()
    view.mark_lesson(canvas, (300, 200, 30, 40), chosen=False, taught=None)
    assert np.array_equal(canvas, PAPER)
    view.mark_lesson(canvas, (300, 200, 30, 40), chosen=True, taught=None)
    assert (canvas[220, 294] == (60, 220, 255)).all() and (canvas[205:235, 306:324] == 200).all()
    left, top, right, bottom = changed(canvas)
    assert 288 <= left <= 293 and 188 <= top <= 193 and 337 <= right <= 342 and 247 <= bottom <= 252
    large = np.full((1080, 1920, 3), 200, np.uint8)
    view.mark_lesson(large, (300, 200, 30, 40), chosen=True, taught=None)
    assert changed(large)[0] < 300 - 15 - 3  # a line of text is 31 high there
    canvas = PAPER.copy()
    view.mark_lesson(canvas, (300, 200, 30, 40), chosen=False, taught=8)
    left, top, right, bottom = changed(canvas)
    assert abs(left + right - 630) <= 2 and abs(top + bottom - 440) <= 2 and (canvas[top, left] == (60, 220, 255)).all()


# --- text over the picture


@pytest.mark.parametrize(
    ("size", "unit"), [((640, 480), 13), ((1280, 720), 21), ((1000, 4000), 20), ((9000, 9000), 60), ((9, 9), 13)]
)
def test_text_grows_with_the_canvas(size, unit):
    assert overlay.unit_of(size) == unit


@pytest.fixture
def written(monkeypatch):
    """What `overlay.write` is asked for: [(text, x, y, size, anchor), …]."""
    calls = []
    real = overlay.write

    def write(canvas, text, x, y, size, anchor, **options):
        calls.append((text, x, y, size, anchor))
        return real(canvas, text, x, y, size, anchor, **options)

    monkeypatch.setattr(overlay, "write", write)
    return calls


def test_the_hint_is_cut_where_it_would_not_fit(written):
    hint = "h help   q quit   space pause   t mask"
    for width, fps, expected in (
        (1280, None, hint), (200, None, "h help   q quit   space pause"), (200, 30, "h help   q quit"), (10, None, ""),
    ):  # fmt: skip
        canvas = np.full((100, width, 3), 200, np.uint8)
        overlay.overlay(canvas, fps=fps, hint=hint)
        assert written[-2][0] == expected
        if expected and fps is None:
            assert changed(canvas)[2] <= width - 3


def test_what_stands_where(written):
    canvas = np.full((480, 640, 3), 200, np.uint8)
    overlay.overlay(canvas, fps=29.7, recording=61.4, note="a note", message="a message", hint="h help")
    assert written == [
        ("h help", 6, 6, 11, (0, 0)),
        ("REC 01:01   30 fps", 634, 6, 11, (1, 0)),
        ("a note", 320, 240, 21, (0.5, 0.5)),
        ("a message", 6, 28, 13, (0, 0)),
    ]
    written.clear()
    overlay.overlay(canvas, recording=0, note="a note", message="long " * 40, help=HELP)
    assert [text for text, *_ in written] == ["", "REC 00:00   ", "long " * 40]  # no note under the help
    assert written[-1][3] == 9
    written.clear()
    canvas[:] = 200
    overlay.overlay(canvas, recording=3661.4, message="long " * 22)
    assert written[1][0] == "REC 61:01   " and 9 < written[2][3] < 13
    assert changed(canvas)[2] > 600 and (canvas[:20, 560:] == (80, 170, 255)).all(axis=2).any()  # as long as fits
    canvas[:] = 200
    overlay.overlay(canvas, fps=30)
    assert (canvas[:20, 560:] == 255).all(axis=2).any()


def test_the_help_is_a_panel_in_the_middle():
    canvas = np.full((480, 640, 3), 200, np.uint8)
    overlay.overlay(canvas, help=HELP)
    left, top, right, bottom = changed(canvas)
    assert abs(left + right - 640) <= 1 and abs(top + bottom - 480) <= 1
    assert (canvas[top, left] == round(200 * 0.15 + 24 * 0.85)).all()
    light = (canvas == 255).all(axis=2)  # what the keys do
    assert light.any() and left + 5 * 12 < np.nonzero(light)[1].min() < right
    small = np.full((60, 120, 3), 200, np.uint8)
    overlay.overlay(small, help=HELP * 6)
    assert changed(small) == (0, 0, 120, 60)


@pytest.mark.parametrize("anchor", [(0, 0), (1, 0), (0.5, 1), (0.5, 0.5)])
def test_text_is_anchored(anchor):
    canvas = np.full((200, 300, 3), 200, np.uint8)
    height = overlay.write(canvas, "3", 150, 100, 20, anchor)
    left, top, right, bottom = changed(canvas)
    assert height == bottom - top == 26 and 20 < right - left < 32
    assert abs(left + anchor[0] * (right - left) - 150) <= 1 and abs(top + anchor[1] * 26 - 100) <= 1
    ink = np.nonzero((canvas == 255).all(axis=2))
    assert top + 4 < ink[0].min() < ink[0].max() < bottom - 3 and left + 4 < ink[1].min() < ink[1].max() < right - 4
    assert overlay.write(canvas, "", 0, 0, 20, anchor) == 0


def test_a_tags_text_is_black_on_light_and_white_on_dark():
    for colour, darkest, lightest in (((178, 98, 0), 0, 255), ((150, 150, 150), 0, 150), ((0, 140, 230), 0, 230)):
        tag = overlay.make_tag("3", 20, colour, overlay.BOLD)
        assert tag.shape[0] == 22 and 15 < tag.shape[1] < 30
        assert (tag[0, 0] == colour).all() and tag.min() == darkest and tag.max() == lightest


def test_patches_are_moved_inside():
    patch = np.full((4, 6, 3), 9, np.uint8)
    for x, y, left, top in ((3, 2, 3, 2), (-5, -5, 0, 0), (50, 50, 14, 6), (14, 6, 14, 6)):
        canvas = np.full((10, 20, 3), 200, np.uint8)
        overlay.paste(canvas, patch, x, y)
        assert changed(canvas) == (left, top, left + 6, top + 4) and (canvas[top, left] == 9).all()
    canvas = np.full((10, 20, 3), 200, np.uint8)
    overlay.paste(canvas, np.full((40, 60, 3), 100, np.uint8), 3, 3, opacity=0.6)
    assert (canvas == 140).all()


def test_the_part_of_a_canvas_in_a_box():
    canvas = np.arange(200).reshape(10, 20)
    assert np.array_equal(overlay.inside(canvas, (2, 3, 4, 5)), canvas[3:8, 2:6])
    assert np.array_equal(overlay.inside(canvas, (-2, -3, 4, 5)), canvas[:2, :2])
    assert overlay.inside(canvas, (-4, 0, 4, 5)) is None and overlay.inside(canvas, (0, -5, 4, 5)) is None
    assert overlay.inside(canvas, (20, 0, 4, 5)) is None
