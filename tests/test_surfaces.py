"""Sheets, boards and walls in a picture: where they are, which are dark, and where ink stands out on each."""

import cv2
import numpy as np
import pytest

from model import pen
from model.vision import ink, surfaces

WIDEST = 55  # pixels: what 1280x720 gives at half its size


def table(*sheets, back=60, paper=225, stroke=40, text="472", at=(30, 40), grain=0.0):
    """A picture at half of 1280x720: sheets (x, y, w, h) of paper with a row of digits each, on something even."""
    picture = np.full((360, 640), back, np.uint8)
    for i, (x, y, w, h) in enumerate(sheets):
        picture[y : y + h, x : x + w] = paper
        pen.write(picture, text, (x + at[0], y + at[1]), 50, 5, stroke, np.random.default_rng(i))
    if grain:
        picture = picture + np.random.default_rng(9).normal(0, grain, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def found(picture, widest=WIDEST):
    """The surfaces but for the rest, each as a mask over the whole grid."""
    (rest, *others), _ = surfaces.find(picture, widest)
    shape = rest.inside.shape
    masks = []
    for where, inside in [rest, *others]:
        mask = np.zeros(shape, bool)
        assert inside.shape == mask[where].shape and inside.dtype == bool
        mask[where] = inside
        masks.append(mask)
    assert (masks[0] == ~np.any([np.zeros(shape, bool), *masks[1:]], axis=0)).all(), "the first is what is left over"
    for i, mask in enumerate(masks):
        assert i == 0 or (mask & ~np.any([np.zeros(shape, bool), *masks[i + 1 :]], axis=0)).any(), "all of it is hidden"
    return masks[1:]


def box(mask, scale=2):
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    return x * scale, y * scale, w * scale, h * scale


def owner(picture, x, y):
    """What a place in the picture belongs to in the end: the last surface that it is in."""
    masks = [mask for mask in found(picture) if mask[y // 2, x // 2]]
    return masks[-1] if masks else None


def test_an_even_picture_is_one_surface():
    for mask in found(np.full((360, 640), 128, np.uint8)):
        assert mask.all()


LEFT, RIGHT = (60, 60, 240, 240), (340, 60, 240, 240)


@pytest.mark.parametrize(("back", "paper", "stroke"), [(60, 225, 40), (60, 110, 20), (200, 40, 230), (140, 230, 60)])
def test_two_sheets_on_a_table(back, paper, stroke):
    picture = table(LEFT, RIGHT, back=back, paper=paper, stroke=stroke)
    for x, y, w, h in (LEFT, RIGHT):
        mask = owner(picture, x + w // 2, y + h // 2)
        assert np.allclose(box(mask), (x, y, w, h), atol=6)
        inner = mask[y // 2 + 4 : (y + h) // 2 - 4, x // 2 + 4 : (x + w) // 2 - 4]
        assert inner.all(), "what is written on a sheet belongs to it"
    assert owner(picture, 20, 20) is not owner(picture, 180, 180)


def test_a_sheet_is_whole_although_digits_touch_its_edge():
    picture = table(LEFT, at=(-8, 90))
    pen.write(picture, "8", (270, 240), 50, 5, 40, np.random.default_rng(1))  # across its lower right
    mask = owner(picture, 180, 90)
    assert np.allclose(box(mask), LEFT, atol=8)
    assert mask[34:146, 36:146].mean() > 0.96


def test_sheets_are_found_in_grain_too():
    picture = table(LEFT, RIGHT, grain=5)
    for x, y, w, h in (LEFT, RIGHT):
        assert np.allclose(box(owner(picture, x + w // 2, y + h // 2)), (x, y, w, h), atol=8)


def test_a_small_sheet_on_a_larger_one_comes_after_it():
    picture = table((40, 30, 560, 300), paper=230)
    cv2.rectangle(picture, (300, 120), (500, 290), 120, -1)
    assert np.allclose(box(owner(picture, 400, 200)), (300, 120, 200, 170), atol=8)
    assert np.allclose(box(owner(picture, 150, 250)), (40, 30, 560, 300), atol=8)


def test_shading_on_a_sheet_divides_it_nowhere():
    shade = np.linspace(120, 240, 640)[None].repeat(360, 0).astype(np.uint8)
    assert all(mask.all() for mask in found(shade))


@pytest.mark.parametrize("width", [40, 80])
def test_what_is_narrower_than_the_widest_stroke_is_none(width):
    picture = np.full((360, 640), 220, np.uint8)
    cv2.rectangle(picture, (300, 80), (300 + width - 1, 280), 40, -1)
    own = [mask for mask in found(picture) if not mask[5, 5] and mask[90, 150 + width // 4]]
    assert bool(own) == (width > WIDEST)


@pytest.mark.parametrize("slant", [0, 45])
def test_a_straight_stroke_is_no_surface(slant):
    picture = np.full((360, 640), 225, np.uint8)
    dx = int(120 * np.tan(np.deg2rad(slant)))
    cv2.line(picture, (320 - dx, 60), (320 + dx, 300), 40, 45)
    assert all(mask[5, 5] for mask in found(picture))


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("thick", [8, 14, 20])
def test_the_strokes_of_a_digit_as_high_as_the_picture_are_no_surface(digit, thick):
    """Not where they join, nor where they close in on paper."""
    picture = np.full((360, 640), 225, np.uint8)
    strokes = pen.paths(digit, np.random.default_rng(3))
    pen.draw(picture, strokes, (200, 30), 260, thick, 40)
    small = cv2.resize(picture, (320, 180), interpolation=cv2.INTER_AREA)
    for mask in found(picture):
        assert mask[5, 5] or small[mask].mean() > 130, "a surface of ink"


@pytest.mark.parametrize(("paper", "stroke"), [(225, 40), (40, 225), (150, 110)])
@pytest.mark.parametrize("thick", [22, 30, 40])
def test_paper_within_a_loop_of_ink_is_no_surface(thick, paper, stroke):
    """The strokes of a large fat 0 or 8 lie on the sheet that its inside belongs to."""
    picture = np.full((360, 640), paper, np.uint8)
    cv2.ellipse(picture, (220, 180), (90, 120), 0, 0, 360, stroke, thick)
    cv2.line(picture, (500, 40), (500, 320), stroke, thick)
    assert all(mask[5, 5] for mask in found(picture))
    assert len(set(turned(picture).flat)) == 1, "it is dark on bright, or all of it is bright on dark"


def test_a_sheet_with_a_frame_drawn_round_it_is_a_surface():
    picture = table(LEFT, back=110)
    x, y, w, h = LEFT
    cv2.rectangle(picture, (x, y), (x + w, y + h), 30, 10)
    assert np.allclose(box(owner(picture, 180, 90)), LEFT, atol=24)


def test_a_sheet_on_grass_is_a_surface_though_grass_is_as_bright_here_and_there():
    """With its dark places gone, the grass is as bright as the sheet, all over."""
    grass = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 1, (360, 640)), (0, 0), 4)
    picture = (120 + 45 * grass / grass.std()).clip(0, 190).astype(np.uint8)
    x, y, w, h = LEFT
    picture[y : y + h, x : x + w] = 180
    pen.write(picture, "472", (x + 30, y + 40), 50, 5, 40, np.random.default_rng(0))
    assert np.allclose(box(owner(picture, 180, 90)), LEFT, atol=16)


def test_a_sheet_on_bricks_is_a_surface_though_bricks_are_no_wider_than_strokes():
    """Bricks are dark strokes on a wall of mortar, or mortar is bright strokes on bricks. The sheet is neither."""
    picture = np.full((360, 640), 190, np.uint8)
    for i, y in enumerate(range(0, 360, 24)):
        for x in range(-30 * (i % 2), 640, 60):
            cv2.rectangle(picture, (x, y), (x + 53, y + 17), 70, -1)
    x, y, w, h = LEFT
    picture[y : y + h, x : x + w] = 200
    pen.write(picture, "472", (x + 30, y + 40), 50, 5, 40, np.random.default_rng(0))
    assert np.allclose(box(owner(picture, 180, 90)), LEFT, atol=16)
    grid = turned(picture)
    assert not grid[LEFT[1] // 2 + 10 : (LEFT[1] + h) // 2 - 10, x // 2 + 10 : (x + w) // 2 - 10].any()


@pytest.mark.parametrize("size", [(360, 640), (540, 960), (100, 60), (60, 900), (9, 9), (1, 40)])
def test_pictures_of_every_size(size):
    """The grid's longer side is 320 pixels, or the picture's where that is less."""
    height, width = size
    (rest, *_), edges = surfaces.find(np.full(size, 90, np.uint8), 15)
    shape = rest.inside.shape
    assert all(edge.shape == shape for both in edges.values() for edge in both)
    assert max(shape) == min(320, max(size))
    assert abs(shape[0] / shape[1] - height / width) < 0.02 * max(1, height / width)


# -- Edges

def edges_of(picture, thin=False):
    """Where surfaces end, on the grid: what is left once all strokes are gone, or thin ones alone."""
    _, _, edges = ink.flatten(cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST))
    edge = edges[:, :, int(thin)]
    assert edge.shape == (720, 1280) and edge.dtype == np.uint8 and set(np.unique(edge)) <= {0, 255}
    return edge[2::4, 2::4]


@pytest.mark.parametrize("thin", [False, True])
@pytest.mark.parametrize(("back", "paper", "stroke"), [(60, 225, 40), (120, 40, 225)])
def test_edges_are_those_of_surfaces_not_of_strokes(thin, back, paper, stroke):
    edges = edges_of(table(LEFT, back=back, paper=paper, stroke=stroke), thin)
    x, y, w, h = (v // 2 for v in LEFT)
    assert all(edges[y + h - 20, at] == 255 for at in (x, x + w)) and edges[y + h, x + w // 2] == 255
    assert edges[y + 4 : y + h - 4, x + 4 : x + w - 4].max() == 0 and edges[:, x + w + 4 :].max() == 0
    assert edges_of(table((0, 0, 640, 360), paper=paper, stroke=stroke), thin).max() == 0


def test_a_wide_stroke_is_an_edge_to_who_asks_for_thin_ones():
    picture = table((0, 0, 640, 360), text="")
    cv2.line(picture, (300, 60), (300, 300), 40, 30)
    assert edges_of(picture).max() == 0
    assert edges_of(picture, thin=True).max() == 255


def test_an_edge_is_four_pixels_of_the_grid_wide():
    picture = np.full((360, 640), 60, np.uint8)
    picture[:, 300:] = 200
    picture[200:, 300:] = 60
    for thin in (False, True):
        assert 3 <= np.count_nonzero(edges_of(picture, thin)[30]) <= 5
        assert 3 <= np.count_nonzero(edges_of(picture, thin)[:, 250]) <= 5


def test_soft_shading_is_no_edge():
    """Up to 20 grey levels across three pixels of the grid."""
    for rise, edge in ((8, False), (14, True)):
        ramp = np.clip(100 + rise * (np.arange(320) - 160), 80, 100 + rise * 10).astype(np.uint8)
        assert (edges_of(ramp.repeat(2)[None].repeat(360, 0)).max() > 0) == edge


# -- Dark and light

def turned(picture):
    return ink.white_on_black(picture, WIDEST, surfaces.find(picture, WIDEST)[0])


def test_a_slate_is_turned_round_and_the_sheet_beside_it_is_not():
    picture = table(LEFT, back=120)
    picture[60:300, 340:580] = 45
    pen.write(picture, "472", (370, 100), 50, 5, 225, np.random.default_rng(0))
    grid = turned(picture)
    assert set(np.unique(grid)) == {0, 255}
    assert grid[40:140, 40:140].max() == 0 and grid[40:140, 180:280].min() == 255


def test_paper_is_not_turned_round_nor_is_what_is_empty():
    assert turned(table((0, 0, 640, 360))).max() == 0
    assert turned(np.full((360, 640), 40, np.uint8)).max() == 0
    assert turned(table((0, 0, 640, 360), paper=40, stroke=225)).min() == 255


def test_what_is_bare_is_not_turned_round_for_its_shading():
    """Turned round, bright paper is nearly black, and a grey level on it is worth ten."""
    brighter_at_the_sides = 200 + 20 * (np.linspace(-1, 1, 640) ** 2)
    assert turned(np.uint8(np.rint(brighter_at_the_sides))[None].repeat(360, 0)).max() == 0


def flattened(picture):
    return ink.flatten(cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR))


def test_how_dark_ink_is_does_not_depend_on_the_light_nor_on_which_of_both_is_dark():
    bright, dim = (flattened(table((0, 0, 640, 360), paper=p, stroke=p // 4))[0] for p in (240, 120))
    slate = flattened(table((0, 0, 640, 360), paper=15, stroke=195))[0]
    assert bright.shape == (720, 1280) and bright.dtype == np.uint8
    for level in (bright, dim, slate):
        assert np.median(level) <= 2
        assert 175 < level.max() < 205  # a quarter of the light comes back: 0.75 of 255 is 191
    assert np.abs(bright.astype(int) - dim).max() < 12


def test_coloured_ink_is_as_dark_as_its_darkest_channel_makes_it():
    colours = {"red": (40, 40, 220), "blue": (220, 60, 40), "green": (40, 200, 40)}
    for colour in colours.values():
        picture = np.full((720, 1280, 3), 230, np.uint8)
        cv2.line(picture, (600, 200), (600, 500), colour, 10)
        level, *_ = ink.flatten(picture)
        assert level[350, 600] > 95, colour
        assert level[350, 700] == 0


def test_the_lights_colour_is_no_ink():
    yellow = np.full((720, 1280, 3), (120, 210, 235), np.uint8)
    assert ink.flatten(yellow)[0].max() <= 1


def test_a_strip_between_surfaces_is_turned_as_they_are():
    # Two halves of a sheet on something dark with white strokes all over, and a shadow's edge between them.
    grid = np.full((180, 320), 225, np.uint8)
    grid[:20] = grid[160:] = grid[:, :40] = grid[:, 280:] = 40
    grid[::8, :40] = grid[::8, 280:] = 230
    free = np.ones((180, 320), bool)
    halves = [(slice(20, 160), slice(40, 158)), (slice(20, 160), slice(162, 280))]
    for half in halves:
        free[half] = False
    whole = surfaces.Surface((slice(None), slice(None)), free)
    seen = [whole, *(surfaces.Surface(half, np.ones((140, 118), bool)) for half in halves)]
    turned = ink.white_on_black(cv2.resize(grid, (640, 360)), WIDEST, seen)
    assert turned[:15].all()
    assert not turned[25:155, 45:275].any()


def test_a_shadows_edge_is_no_ink():
    picture = np.full((720, 1280), 230, np.uint8)
    picture[:, 640:] = 110
    level, found, _ = ink.flatten(picture)
    mask, _ = ink.threshold(level, found)
    assert mask[:, :630].max() == 0 and mask[:, 650:].max() == 0


def test_how_wide_strokes_may_be():
    """15 % of the shorter side, an odd number."""
    sizes = {(720, 1280): 109, (1280, 720): 109, (1080, 1920): 163, (40, 50): 15, (9, 9): 15}
    assert {size: ink.widest_stroke(np.zeros(size, np.uint8)) for size in sizes} == sizes


@pytest.mark.parametrize(("width", "is_ink"), [(40, True), (90, True), (125, False), (250, False)])
def test_what_is_wider_than_any_stroke_is_no_ink(width, is_ink):
    """109 pixels at 1280x720."""
    picture = np.full((720, 1280), 230, np.uint8)
    picture[:, 600 : 600 + width] = 60
    level, *_ = ink.flatten(picture)
    assert (level[360, 600 + width // 2] > 150) == is_ink


# -- Where ink is

def mask_of(picture):
    level, found, _ = flattened(picture)
    return ink.threshold(level, found)[0]


def truth(picture, paper):
    return cv2.resize((np.abs(picture.astype(int) - paper) > 92).astype(np.uint8), None, fx=2, fy=2) > 0


@pytest.mark.parametrize("grain", [0, 3, 8])
@pytest.mark.parametrize(("paper", "stroke"), [(225, 40), (45, 225)])
def test_strokes_are_ink_and_paper_is_not(grain, paper, stroke):
    picture = table((0, 0, 640, 360), paper=paper, stroke=stroke, grain=grain)
    mask = mask_of(picture)
    want = truth(table((0, 0, 640, 360), paper=paper, stroke=stroke), paper)
    assert set(np.unique(mask)) <= {0, 255} and mask.shape == (720, 1280)
    assert (mask[want] > 0).mean() > 0.97
    far = cv2.dilate(want.astype(np.uint8), np.ones((13, 13), np.uint8)) == 0
    assert (mask[far] > 0).mean() < 0.001


def test_an_empty_sheet_has_no_ink():
    for grain in (0, 2, 8):
        assert (mask_of(table((0, 0, 640, 360), text="", grain=grain)) > 0).mean() < 0.0005


def test_faint_writing_beside_a_blot_is_still_ink_and_dirt_beside_a_stroke_is_none():
    picture = table((0, 0, 640, 360), text="")
    cv2.line(picture, (300, 50), (300, 300), 40, 6)  # 185 darker than the paper
    for x, depth in ((312, 38), (450, 38), (318, 110)):
        cv2.line(picture, (x, 150), (x, 200), 225 - depth, 5)
    mask = mask_of(picture)
    assert mask[350, 600] and mask[350, 636] and mask[350, 900]
    assert not mask[350, 624], "a fifth as dark as the stroke beside it"


@pytest.mark.parametrize(("share", "whole"), [(0.35, True), (0.2, False)])
def test_a_stroke_is_whole_where_the_pen_pressed_less(share, whole):
    """Down to a quarter as dark as where it pressed most, on a ball at each end; a halo beside that is no ink."""
    picture = table((0, 0, 640, 360), text="")
    cv2.line(picture, (300, 150), (300, 210), 225 - round(185 * share), 5)
    for y in (150, 210):
        cv2.circle(picture, (300, y), 4, 40, -1)
    mask = mask_of(picture)
    assert (mask[330:390, 600] > 0).all() == whole
    cv2.circle(picture, (300, 150), 9, 225 - round(185 * 0.35), -1)
    cv2.circle(picture, (300, 150), 4, 40, -1)
    assert not mask_of(picture)[300, 588:591].any()


def test_rough_paper_needs_darker_ink_than_smooth_paper_in_the_same_picture():
    picture = table(text="").astype(np.float32)
    picture[60:300, 40:300] = 225
    picture[60:300, 340:600] = 225 + 14 * np.random.default_rng(1).standard_normal((240, 260))
    picture = picture.clip(0, 255).astype(np.uint8)
    for x in (160, 470):
        cv2.line(picture, (x, 120), (x, 240), 198, 4)
    mask = mask_of(picture)
    assert (mask[260:460, 320] > 0).mean() > 0.95
    rough = mask[140:580, 700:1180]
    assert (rough > 0).mean() < 0.02


def test_what_is_dark_beside_a_sheet_does_not_raise_its_threshold():
    picture = table((200, 60, 300, 240), back=225, paper=225, text="")
    picture[:, :190] = 20  # black beside white
    cv2.line(picture, (206, 120), (206, 240), 160, 4)
    assert (mask_of(picture)[260:460, 412] > 0).mean() > 0.9


# -- How uneven the ground is


def uneven(level, mask, *boxes):
    return ink.unevenness(ink.ground(level, mask)[1], np.array(boxes, float))


def test_what_ink_lies_on_is_all_but_the_ink():
    level, mask = np.full((40, 60), 7, np.uint8), np.zeros((40, 60), np.uint8)
    level[20, 30] = mask[20, 30] = 255
    bare, levels = ink.ground(level, mask)
    assert bare[20, 30] == bare[18, 28] == 0 and np.count_nonzero(bare == 7) == level.size - 25, "nor its soft edge"
    at_most = {limit: int(count[-1, -1]) for limit, count in zip(ink.LEVELS.tolist(), levels, strict=True)}
    assert at_most[6] == 0 and at_most[8] == at_most[254] == 10 * 15 - 2, "at a quarter of the size"


def test_even_paper_is_even_whatever_stands_on_it():
    level, mask = np.zeros((200, 300), np.uint8), np.zeros((200, 300), np.uint8)
    level[80:120, 100:110] = mask[80:120, 100:110] = 255
    assert uneven(level, mask, (100, 80, 10, 40)).tolist() == [0]


@pytest.mark.parametrize("deviation", [2, 8, 25])
def test_how_uneven_noise_is(deviation):
    level = np.random.default_rng(0).normal(3 * deviation, deviation, (400, 400)).clip(0, 255).astype(np.uint8)
    assert uneven(level, 0 * level, (150, 150, 100, 100)) == pytest.approx([deviation], rel=0.3)


def test_texture_is_uneven_and_a_faint_line_nearby_is_not():
    """What takes up a quarter of the ground or more."""
    level, mask = np.zeros((400, 400), np.uint8), np.zeros((400, 400), np.uint8)
    for high, is_texture in ((20, False), (50, True)):  # of 148 rows
        level[136 : 136 + high] = 90
        assert (uneven(level, mask, (150, 160, 100, 100))[0] > 40) == is_texture
        assert is_texture or uneven(level, mask, (150, 160, 100, 100))[0] < 1


def test_what_is_asked_is_the_box_and_a_quarter_around_it():
    level, mask = np.zeros((400, 400), np.uint8), np.zeros((400, 400), np.uint8)
    level[:, 200:] = 200
    inside, over = uneven(level, mask, (100, 160, 80, 40), (140, 160, 80, 40))
    assert inside == 0 and over > 100, "20 of it are looked at beyond 80"
    inside, over = uneven(level, mask, (200 - 20, 160, 8, 8), (200 - 8, 160, 8, 8))
    assert inside == 0 and over > 100, "and 12 at least"


def test_where_nothing_is_bare_nothing_can_be_told():
    level, mask = np.zeros((200, 200), np.uint8), np.full((200, 200), 255, np.uint8)
    assert uneven(level, mask, (50, 50, 40, 40)).tolist() == [255]
    mask[:, 100:] = 0
    assert uneven(level, mask, (20, 50, 40, 40), (120, 50, 40, 40), (60, 50, 60, 40)).tolist() == [255, 0, 0]


def test_boxes_at_the_pictures_border():
    level, mask = np.zeros((100, 100), np.uint8), np.zeros((100, 100), np.uint8)
    corners = [(0, 0, 20, 20), (80, 0, 20, 20), (0, 80, 20, 20), (80, 80, 20, 20), (0, 0, 100, 100)]
    assert uneven(level, mask, *corners).tolist() == [0] * 5
    assert uneven(level, mask).shape == (0,)
