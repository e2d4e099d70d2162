"""What is drawn: boxes, digits and text on frames of any shape, for canvases of any size."""

import numpy as np
import pytest
import sheets
from bench_marks import covered, moves, pages
from test_reading import classify  # noqa: F401 - a fixture: the shipped network
from test_tracking import seen

from model.live import labels, overlay, view
from model.vision import reading, tracking
from model.vision import turn as turns
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
    one = tracking.number(seen((3, 0.99, 305, 100)))
    size = view.natural_size(picture)
    plain, mirrored = (view.draw(picture, one, size, mirror=mirror) for mirror in (False, True))
    assert np.array_equal(plain[300:], mirrored[300:])  # the row below
    assert not np.array_equal(plain[300:], plain[300:, ::-1])


# --- where things are


def test_a_frame_lies_in_the_middle_as_large_as_fits():
    picture = np.zeros((100, 200, 3), np.uint8)
    place = view.fit(picture, (500, 300), rows=False)
    assert place[:4] == (2.5, 0, 25, None)
    assert place.box((10, 20, 30, 40)) == (25, 75, 75, 100)
    assert place.point(25, 75) == (10, 20)
    mirrored = view.fit(picture, (500, 250 * 3), mirror=True, rows=False)
    assert mirrored[:4] == (2.5, 0, 250, 200)
    assert mirrored.box((10, 20, 30, 40)) == (400, 300, 75, 100)
    assert mirrored.point(475, 300) == (10, 20)
    assert view.fit(picture, (600, 200), rows=False)[:4] == (2, 100, 0, None)
    assert place.box((0, 0, 0.1, 0.1))[2:] == (1, 1)


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (400, 900), (1000, 200)])
@pytest.mark.parametrize("shape", [(720, 1280), (1000, 500), (50, 900)])
@pytest.mark.parametrize("crops", [False, True])
def test_picture_numbers_crops_and_bar_have_places_of_their_own(shape, size, crops):
    picture = np.zeros((*shape, 3), np.uint8)
    place = view.fit(picture, size, bar=True, crops=crops)
    covered = np.zeros((size[1], size[0]), int)
    covered[: overlay.bar_height(size[0])] += 1
    for x, y, w, h in (place.box((0, 0, *shape[::-1])), place.strip, place.panel):
        assert x >= 0 and y >= 0 and x + w <= size[0] + 1 and y + h <= size[1] + 1
        covered[y : y + h, x : x + w] += 1
    assert covered.max() == 1
    assert place.strip[3] >= (size[1] - 40) // 8
    assert (place.panel[2] * place.panel[3] > 0.2 * size[0] * size[1]) == crops


@pytest.mark.parametrize(
    ("picture", "canvas"),
    [((480, 640), (640, 550)), ((720, 1280), (1280, 824)), ((479, 641), (642, 548)), ((240, 320), (640, 550)),
     ((1, 1), (320, 276)), ((10, 1000), (1000, 276)), ((15, 20), (640, 550)), ((5, 10), (320, 276))],
)  # fmt: skip
def test_a_file_is_drawn_in_its_own_size_with_a_strip_for_the_numbers(picture, canvas):
    paper = np.zeros((*picture, 3), np.uint8)
    assert view.natural_size(paper) == canvas
    if picture in ((720, 1280), (480, 640)):
        assert view.fit(paper, canvas)[:3] == (1, 0, 0)
        assert view.natural_size(paper, rows=False) == picture[::-1]


@pytest.mark.parametrize(
    ("shape", "size"),
    [((480, 640), (640, 567)), ((240, 320), (640, 567)), ((2160, 3840), (1280, 848)), ((10, 1000), (1000, 295)),
     ((1000, 10), (320, 1161)), ((720, 960), (960, 842))],
)  # fmt: skip
def test_a_window_suits_its_picture(shape, size):
    picture = np.zeros((*shape, 3), np.uint8)
    assert view.window_size(picture) == size
    if shape == (720, 960):
        assert view.fit(picture, size, bar=True).scale == 1


def test_the_size_does_not_depend_on_what_is_read():
    picture = np.full((480, 640, 3), 200, np.uint8)
    many = Reading([[Digit(1, 1.0, (9 * i, 20 * j, 8, 12), np.zeros((28, 28))) for i in range(60)] for j in range(20)],
                   [], np.zeros((1, 1), np.uint8))  # fmt: skip
    for looks in ({}, {"crops": True}, {"rows": False}):
        empty, full = (view.draw(picture, one, view.natural_size(picture), **looks) for one in (seen(), many))
        assert empty.shape == full.shape == (550, 640, 3)


def test_the_frame_is_scaled_and_placed():
    picture = np.full((100, 200, 3), 90, np.uint8)
    picture[:50, :100] = 200
    empty = seen()
    canvas = view.draw(picture, empty, (500, 300), rows=False)
    assert (canvas[:25] == overlay.GROUND).all() and (canvas[275:] == overlay.GROUND).all()
    assert (canvas[27:147, 2:247] == 200).all() and (canvas[153:273] == 90).all() and (canvas[27:273, 253:] == 90).all()
    mirrored = view.draw(picture, empty, (500, 300), mirror=True, rows=False)
    assert np.array_equal(mirrored, canvas[:, ::-1])
    assert np.array_equal(view.draw(picture, empty, (200, 100), rows=False), picture)


def test_around_a_region_it_is_dim():
    picture = np.full((240, 320, 3), 200, np.uint8)
    canvas = view.draw(picture, seen(), (320, 240), region=(100, 60, 80, 50), rows=False)
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
    looks = {"mask": True, "rows": False}
    whole = view.draw(picture, reading, (320, 240), **looks)
    assert (whole[:, :160] == 150).all() and (whole[:, 160:] == 60).all()
    part = view.draw(picture, reading, (320, 240), **looks, region=(100, 60, 80, 50))
    assert (part[62:108, 102:139] == 150).all() and (part[62:108, 141:178] == 60).all() and (part[112:] < 90).all()
    assert np.array_equal(view.draw(picture, seen()._replace(mask=mask[:0]), (320, 240), **looks), picture)


def test_with_the_mask_the_sheet_is_white_its_ink_black_and_all_else_dim():
    """Surfaces from the left: none, a wall, the sheet. The sheet is the one with a digit on it."""
    picture = np.full((240, 300, 3), 200, np.uint8)
    places, mask = np.repeat(np.uint8([[0, 1, 2]]), 8, 0), np.zeros((48, 60), np.uint8)
    mask[40:44] = 255
    for turned in (False, True):
        reading = seen((3, 0.99, 250, 60))._replace(mask=mask, places=places)
        if turned:
            picture, reading = np.ascontiguousarray(picture.swapaxes(0, 1)), _swapped(reading)
        shown = view.mask_picture(picture, reading, None)
        shown = shown.swapaxes(0, 1) if turned else shown
        edges = 101, 199
        assert (shown[:190, :98] == 60).all() and (shown[5:190, 103:197] == 120).all()
        assert (shown[5:190, 203:295] == 255).all() and (shown[202:218, 203:295] == 0).all()
        assert (shown[202:218, 5:97] == 150).all() and (shown[202:218, 103:197] == 150).all()
        assert all(60 < shown[100, x, 0] <= 150 for x in edges)
    doubtful = seen(doubtful=[(3, 0.5, 250, 60)])._replace(mask=mask, places=places)
    assert not (view.mask_picture(np.full((240, 300, 3), 200, np.uint8), doubtful, None) == 255).any()


def _swapped(reading):
    rows = [[digit._replace(box=(y, x, h, w)) for digit in row for x, y, w, h in [digit.box]] for row in reading.rows]
    mask, places = (np.ascontiguousarray(part.T) for part in (reading.mask, reading.places))
    return reading._replace(rows=rows, mask=mask, places=places)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_the_sheet_of_a_turned_picture_lies_where_it_is(classify, turn):  # noqa: F811
    """With the shipped network: a sheet on a desk, read as it is or turned."""
    page = sheets.sheet(3, background="desk")
    picture = turns.turned(page.picture, -turn)
    reading = turns.Turner(turn).read(picture, classify, 0.65)
    shown = turns.turned(view.mask_picture(picture, reading, None), turn)
    assert len(reading.digits) > 20
    white = (shown == 255).all(2)
    assert white[120:600, 180:1100].mean() > 0.9 and white[:40].mean() < 0.02 and white[:, :60].mean() < 0.02


# --- what is drawn of a digit


def changed(canvas, ground=200):
    """The box around all that was drawn on an even ground: left, top, right, bottom."""
    ys, xs = np.nonzero((canvas != ground).any(axis=2))
    return xs.min(), ys.min(), xs.max() + 1, ys.max() + 1


PAPER = np.full((480, 640, 3), 200, np.uint8)


@pytest.mark.parametrize(
    ("confidence", "colour"),
    [(1.0, labels.SURE), (0.9, labels.SURE), (0.89, labels.NEARLY_SURE), (0.8, labels.NEARLY_SURE),
     (0.79, labels.UNSURE), (0.75, labels.UNSURE), (0.3, labels.UNSURE)],
)  # fmt: skip
def test_a_digits_colour_says_how_sure_it_is(confidence, colour):
    canvas = view.draw(PAPER, seen((3, confidence, 300, 200)), (640, 480), rows=False)
    assert (canvas[220, 298] == colour).all()  # its frame leaves a gap of a fifth of a line of text
    left, top, _, bottom = changed(canvas)
    assert 294 <= left <= 298 and 170 < top < 190 and 242 <= bottom <= 245  # the label is above it
    assert (canvas[205:235, 305:325] == 200).all()  # the ink stays free
    assert (canvas[top + 1, left + 1] == colour).all()


def test_a_doubtful_digit_is_faint_and_grey():
    canvas = view.draw(PAPER, seen(doubtful=[(3, 0.3, 300, 200)]), (640, 480), rows=False)
    left, top, right, bottom = changed(canvas)
    assert 295 <= left <= 299 and 170 < top < 190 and 331 <= right <= 335 and 241 <= bottom <= 245
    assert np.ptp(canvas.astype(int), axis=2).max() == 0
    assert (canvas[220, 298] == round(0.6 * 150 + 0.4 * 200)).all()  # the picture shows through its frame
    crowd = [(3, 0.3, 3 * i, 200) for i in range(view.DOUBTFUL_MARKS)] + [(3, 0.3, 580, 400)] * 2
    assert changed(view.draw(PAPER, seen(doubtful=crowd), (640, 480), rows=False))[3] < 300


def test_what_is_hardly_a_digit_is_not_marked():
    edge = seen(doubtful=[(1, 0.2, 300, 200)])
    assert np.array_equal(view.draw(PAPER, edge, (640, 480), rows=False), PAPER)


def test_a_mark_outside_the_picture_is_left_out():
    far = seen((3, 1.0, 300, 3000), doubtful=[(3, 0.3, 3000, 200)])
    assert np.array_equal(view.draw(PAPER, far, (640, 480), rows=False), PAPER)


# --- labels


def label_of(reading, i=0, **looks):
    """The box of the first digit's label on PAPER: what its digit and its label change, less its frame."""
    found = []
    real = labels.place

    def place(*arguments):
        found.extend(real(*arguments))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labels, "place", place)
        view.draw(PAPER, reading, (640, 480), rows=False, **looks)
    tag, x, y = found[i]
    return x, y, x + tag.shape[1], y + tag.shape[0]


def test_a_label_gives_way_to_ink():
    reading = seen((3, 1.0, 300, 200))
    x, y, _, bottom = label_of(reading)
    assert (x, bottom) == (297, 197)  # above its frame, at the left
    mask = np.zeros((480, 640), np.uint8)
    mask[y:bottom, x : x + 9] = 255
    aside = label_of(reading._replace(mask=mask))
    assert aside[0] >= x + 9 and aside[3] == 197
    mask[y:bottom] = 255
    beside = label_of(reading._replace(mask=mask))
    assert beside[1] >= 197 and not mask[beside[1] : beside[3], beside[0] : beside[2]].any()
    # Where the frame is mirrored, so is its ink; and where a part of it was read, the mask is of that part.
    mask[:] = 0
    mask[y:bottom, 640 - x - 9 : 640 - x] = 255
    assert label_of(seen((3, 1.0, 310, 200))._replace(mask=mask), mirror=True)[0] >= x + 9
    part = np.full((20, 9), 255, np.uint8)
    assert label_of(reading._replace(mask=part), region=(x, y, 9, 20))[0] >= x + 9


def test_labels_do_not_cover_each_other_nor_other_boxes():
    crowd = seen(*((d, 1.0, 100 + 36 * d, 200 + 6 * (d % 3)) for d in range(10)))
    ground = np.zeros((480, 640), int)
    for x, y, w, h in (digit.box for digit in crowd.digits):
        ground[y : y + h, x : x + w] += 1
    for i in range(10):
        x, y, right, bottom = label_of(crowd, i)
        ground[y:bottom, x:right] += 1
    assert ground.max() == 1 and ground.sum() > 10 * 40 * 30 + 10 * 80


def test_where_it_is_dense_labels_are_smaller_and_at_last_none():
    roomy = seen((3, 1.0, 300, 200))
    size = label_of(roomy)[3] - label_of(roomy)[1]
    mask = np.zeros((480, 640), np.uint8)
    mask[:183], mask[:, :294], mask[:, 336:], mask[246:] = 255, 255, 255, 255
    _, y, _, bottom = label_of(roomy._replace(mask=mask))
    assert bottom - y < size and y >= 183 and bottom <= 197
    mask[:] = 255
    buried = roomy._replace(mask=mask)
    canvas = view.draw(PAPER, buried, (640, 480), rows=False)
    assert changed(canvas)[1] > 190  # the frame alone
    assert changed(view.draw(PAPER, buried, (640, 480), rows=False, pointer=(310, 220)))[1] < 185  # told when asked


def test_the_percentage_is_told_of_unsure_digits_and_of_all_where_all_have_room():
    large = [Digit(3, c, (200 * i + 30, 200, 60, 90), np.zeros((28, 28)), i) for i, c in enumerate((1.0, 0.7, 0.99))]

    def count(digits, **looks):
        found = []
        real = labels.place
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(labels, "place", lambda *args: found.extend(real(*args)) or [])
            view.draw(PAPER, Reading([digits], [], np.zeros((1, 1), np.uint8)), (640, 480), rows=False, **looks)
        return len(found)

    assert count(large) == 6
    near = [large[0]._replace(box=(30, 200, 20, 90)), *large[1:], large[0]._replace(box=(60, 180, 60, 90), id=3)]
    assert count(near) == 4 + 1  # of the unsure one
    assert count(near, pointer=(40, 250)) == 4 + 2
    assert count([digit._replace(box=(*digit.box[:2], 15, 20)) for digit in large]) == 3  # too small to say so much


def test_a_label_stays_where_it_is_while_that_is_free():
    mask = np.zeros((480, 640), np.uint8)
    reading = tracking.number(seen((3, 1.0, 300, 200)))
    spots = {}
    first = label_of(reading._replace(mask=mask), spots=spots)
    mask[first[1] : first[3], first[0] : first[0] + 9] = 255
    moved = label_of(reading._replace(mask=mask), spots=spots)
    assert moved != first
    mask[:] = 0
    assert label_of(reading._replace(mask=mask), spots=spots) == moved
    assert label_of(reading._replace(mask=mask)) == first
    mask[moved[1], moved[0] : moved[2]] = 30  # noise
    assert label_of(reading._replace(mask=mask), spots=spots) == moved
    assert list(spots) == [0]
    view.draw(PAPER, seen(), (640, 480), spots=spots)
    assert spots == {}  # of digits that are gone nothing is kept


@pytest.mark.parametrize("title", ["24 digits", "24 digits, close", "24 digits, tilted"])
def test_labels_cover_hardly_any_ink(title, classify):  # noqa: F811
    page = pages()[title]
    read = tracking.number(reading.read(page, classify))
    assert len(read.digits) == 24
    assert covered(page, read, (1280, 720)) <= 0.02


def test_labels_do_not_jump_while_a_sheet_trembles(classify):  # noqa: F811
    page = pages()["24 digits, close"]
    tracker = tracking.Tracker(reading.MIN_CONFIDENCE)
    film = []
    for i in range(12):
        frame = np.roll(page, (i % 3 - 1, i % 2), (0, 1))
        film.append((frame, tracker.update(reading.read(frame, classify), i / 30)))
    assert len(film[-1][1].digits) == 24 and moves(film[3:], (1280, 720)) == 0


# --- crops


def test_crops_lie_in_a_panel_in_reading_order():
    crops = [np.full((28, 28), 0.1 * i) for i in range(5)]
    digits = [Digit(i, 1.0, (100 * i, 200, 30, 40), crop) for i, crop in enumerate(crops)]
    one = Reading([digits[:2], digits[2:4]], [digits[4]._replace(confidence=0.4)], np.zeros((1, 1), np.uint8))
    place = view.fit(PAPER, (900, 480), crops=True)
    canvas = view.draw(PAPER, one, (900, 480), crops=True)
    cells = view._cells(place.panel, 5, place.unit)
    for i, (x, y, w, h) in enumerate(cells):
        shade = canvas[y + h - w // 2, x + w // 2]
        assert np.abs(shade - 25.5 * i).max() <= 1
        assert (canvas[y + h - 2, x + 1] == (labels.SURE if i < 4 else overlay.GREY)).all()
    assert cells == sorted(cells, key=lambda cell: (cell[1], cell[0]))
    assert min(x for x, *_ in cells) >= place.box((0, 0, 640, 480))[2]
    plain = view.draw(PAPER, one._replace(rows=[], doubtful=[]), (900, 480), crops=True)
    assert (plain[:, place.panel[0] :] == overlay.GROUND).all()


@pytest.mark.parametrize("count", [1, 24, 100, 400, 5000])
@pytest.mark.parametrize("panel", [(400, 20, 213, 290), (10, 300, 400, 470), (0, 0, 30, 30), (5, 5, 3, 900)])
def test_all_crops_fit_into_the_panel_as_long_as_they_can_be_seen(count, panel):
    cells = view._cells(panel, count, 13)
    x, y, w, h = panel
    assert all(x <= a and y <= b and a + c <= x + w and b + d <= y + h for a, b, c, d in cells)
    assert len({(a, b) for a, b, _, _ in cells}) == len(cells)
    if w * h > 60_000 and count <= 90:
        assert len(cells) == count and cells[0][2] >= view.CELL_PIXELS


def test_crops_that_have_no_room_are_counted():
    crowd = [Digit(1, 1.0, (5, 5, 9, 9), np.zeros((28, 28)))] * 2000
    canvas = view.draw(PAPER, Reading([crowd], [], np.zeros((1, 1), np.uint8)), (640, 480), crops=True)
    place = view.fit(PAPER, (640, 480), crops=True)
    x, y, _, _ = view._cells(place.panel, 2000, place.unit)[-1]
    assert (canvas[y, x] == overlay.CHIP).all()


def test_the_digit_under_the_mouse_is_marked_in_the_picture_and_in_the_panel():
    one = seen((3, 1.0, 100, 200), (5, 1.0, 200, 200))
    place = view.fit(PAPER, (900, 480), crops=True)
    cells = view._cells(place.panel, 2, place.unit)
    boxes = [place.box(digit.box) for digit in one.digits]

    def yellow(canvas, box):
        x, y, w, h = box
        return (canvas[max(0, y - 9) : y + h + 9, x - 9 : x + w + 9] == view.POINTED).all(axis=2).any()

    for i, spot in ((0, boxes[0]), (0, cells[0]), (1, boxes[1]), (1, cells[1])):
        pointer = spot[0] + spot[2] // 2, spot[1] + spot[3] // 2
        canvas = view.draw(PAPER, one, (900, 480), crops=True, pointer=pointer)
        assert yellow(canvas, boxes[i]) and not yellow(canvas, boxes[1 - i])
        assert (canvas[cells[i][1] + 2, cells[i][0] + 2] == view.POINTED).all()
        assert not (canvas[cells[1 - i][1] + 2, cells[1 - i][0] + 2] == view.POINTED).all()
    canvas = view.draw(PAPER, one, (900, 480), crops=True, pointer=(3, 3))
    assert not (canvas == view.POINTED).all(axis=2).any()


# --- the numbers


def test_rows_stand_in_a_strip_below_the_picture():
    def rows(*texts, size=(640, 550)):
        digits = [[Digit(int(c), 0.9, (20, 20, 9, 9), np.zeros((28, 28))) for c in text] for text in texts]
        one = Reading(digits, [], np.zeros((1, 1), np.uint8))
        canvas = view.draw(PAPER, one, size)
        top = view.fit(PAPER, size).strip[1]
        bare = view.draw(PAPER, one, size, rows=False)
        if top == 480:
            assert np.array_equal(canvas[:480], view.draw(PAPER, one, (640, 480), rows=False))
        assert not (bare[480:550] == 255).any()
        return changed(canvas[top:], overlay.GROUND)

    left, top, right, bottom = rows("12345")
    assert top >= 0 and bottom <= 70 and bottom - top > 35 and abs(left + right - 640) <= 3
    small = rows("1234567890" * 4)
    assert small[3] - small[1] < bottom - top and 500 < small[2] - small[0] <= 640  # smaller where it would be too wide
    assert rows("12345", "67890", "12345")[2] - left > right - left
    tall = rows("12345", size=(640, 1000))
    assert tall[1] < 40  # close to the picture where there is a lot of room


def test_no_row_is_cut_off_silently():
    rows = ("1234567890",) * 30
    size, lines = view._flow(rows, 600, 60, 40)
    assert sum(map(len, lines)) == 30 or lines[-1][-1] == f"+ {30 - sum(map(len, lines)) + 1} more"
    for count in (1, 4, 12, 30, 400):
        size, lines = view._flow(rows[:1] * count, 600, 60, 40)
        assert len(lines) * view._pitch(size) <= 60 and size >= labels.SMALLEST_TEXT
        shown = [text for line in lines for text in line]
        assert shown == list(rows[:1]) * count or shown[-1] == f"+ {count - len(shown) + 1} more"
        assert max(sum(view._chip_width(text, size) + size // 2 for text in line) for line in lines) <= 600 + size // 2
    size, lines = view._flow(("7" * 300,), 300, 900, 40)
    assert len(lines) > 1 and all(line[0].endswith("…") for line in lines[:-1])
    assert "".join(line[0] for line in lines).replace("…", "") == "7" * 300
    assert view._flow((), 300, 60, 40)[1] == []


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
    assert (canvas[220, 294] == view.POINTED).all() and (canvas[205:235, 306:324] == 200).all()
    left, top, right, bottom = changed(canvas)
    assert 288 <= left <= 293 and 188 <= top <= 193 and 337 <= right <= 342 and 247 <= bottom <= 252
    canvas = PAPER.copy()
    view.mark_lesson(canvas, (300, 200, 30, 40), chosen=False, taught=8)
    left, top, right, bottom = changed(canvas)
    assert 300 <= left < 330 <= right <= 342 and 170 <= top < bottom < 195  # above it
    assert (canvas[top, left] == view.POINTED).all()
    canvas = PAPER.copy()
    view.mark_lesson(canvas, (300, 5, 30, 40), chosen=False, taught=8)  # no room above: below, and never on the digit
    assert changed(canvas)[1] > 45
    view.mark_lesson(canvas, (300, 200, 30, 40), chosen=False, taught=None, boxed=False)
    assert changed(canvas)[3] > 240 and (canvas[202:238, 302:328] == 200).all()


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
        assert written[-1][0] == expected
        if expected and fps is None:
            assert changed(canvas)[2] <= width


def test_what_stands_where(written):
    canvas = np.full((480, 640, 3), 200, np.uint8)
    overlay.overlay(canvas, fps=29.7, recording=61.4, state="paused", note="a note", message="a message", hint="h help")
    texts = [text for text, *_ in written]
    assert texts == ["30 fps", "REC 01:01", "paused", "a message", "a note"]
    places = [x for _, x, *_ in written]
    assert 640 > places[0] > places[1] > places[2] > 300 and places[3] == 0
    assert all(y == 0 for _, _, y, *_ in written[:4]) and written[4][1:3] == (320, 450)
    top = changed(canvas)
    assert changed(canvas[:420])[3] <= overlay.bar_height(640)  # over the picture there is nothing
    written.clear()
    canvas[:] = 200
    overlay.overlay(canvas, recording=3661.4, state="paused", note="a note", message="long " * 40, help=HELP)
    texts = [text for text, *_ in written]
    assert texts[:2] == ["REC 61:01", "paused"] and "a note" not in texts  # no note under the help
    assert " ".join(texts[2:]) == ("long " * 40).strip() and len(texts) > 3  # in lines
    assert all(x + overlay.text_width(text, 12, overlay.PLAIN) < 520 for text, x, *_ in written[2:])
    assert (canvas[:20, 540:] == overlay.AMBER).all(axis=2).any()
    written.clear()
    overlay.overlay(canvas, state="a-very-long-name-of-a-picture.jpg" * 5 + "   3 of 6", hint="h help")
    assert written[0][0].startswith("…") and written[0][0].endswith("3 of 6") and written[0][1] > 200
    assert top[0] == 0


def test_the_help_is_a_panel_in_the_middle():
    canvas = np.full((480, 640, 3), 200, np.uint8)
    overlay.overlay(canvas, help=HELP)
    left, top, right, bottom = changed(canvas)
    assert abs(left + right - 640) <= 1 and abs(top + bottom - 480 - overlay.bar_height(640)) <= 1
    assert (canvas[top + 1, left + 1] == round(200 * 0.1 + 24 * 0.9)).all()
    light = (canvas == 255).all(axis=2)  # what the keys do
    assert light.any() and left + 5 * 12 < np.nonzero(light)[1].min() < right
    small = np.full((60, 120, 3), 200, np.uint8)
    overlay.overlay(small, help=HELP * 6)
    assert changed(small) == (0, overlay.bar_height(120), 120, 60)


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
        assert tag.shape[0] == 21 and 15 < tag.shape[1] < 30
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
