"""Sheets of paper with known digits, drawn as a camera would see them, and pictures without any digit.

    page = sheets.sheet(seed=1, rows=["24.12.2026", "1122 7"], pen="pencil", shadow=0.5, tilt=0.3)
    page.picture                        # (720, 1280, 3) uint8 BGR
    page.rows                           # ["24 12 2026", "1122 7"]

Effects have a strength: 0 is none, 1 about the most at which a person still reads every digit with ease.
Everything is drawn here and follows from the seed.
"""

import string
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from model import pen as pens

WIDTH, HEIGHT = 1280, 720
MARGIN = 240  # paper drawn beyond the frame on all sides, so that it still fills the frame when tilted
PENS = {  # colour in BGR, width in heights of a digit, opacity, grain
    "ballpoint": ((120, 50, 25), 0.06, 0.9, 0.1),
    "pencil": ((75, 72, 70), 0.06, 0.75, 0.3),
    "felt": ((45, 35, 190), 0.09, 0.95, 0.0),
    "marker": ((38, 35, 35), 0.14, 1.0, 0.0),
    "green": ((70, 120, 40), 0.07, 0.9, 0.1),
    "hairline": ((60, 55, 50), 0.035, 0.85, 0.1),
}
CELL = 0.6  # how much wider a cell is than its characters, in heights of a digit
# Signs that stand between digits: strokes as in pens.STYLES, on the same 1 high box, and their width in heights.
SIGNS = {
    "+": ([[(0, 55), (45, 53)], [(23, 32), (22, 78)]], 0.45),
    "-": ([[(0, 55), (42, 54)]], 0.45),
    "×": ([[(0, 35), (38, 75)], [(38, 34), (0, 76)]], 0.45),  # noqa: RUF001
    "÷": ([[(0, 55), (44, 54)], [(21, 33), (23, 35)], [(21, 75), (23, 77)]], 0.45),
    "=": ([[(0, 46), (44, 44)], [(1, 64), (45, 63)]], 0.45),
    "/": ([[(40, 0), (0, 110)]], 0.4),
    "(": ([[(20, -5), (6, 18), (0, 50), (6, 82), (20, 105)]], 0.2),
    ")": ([[(0, -5), (14, 18), (20, 50), (14, 82), (0, 105)]], 0.2),
    ",": ([[(8, 94), (8, 101), (3, 112)]], 0.08),
    ".": ([[(4, 96), (6, 99)]], 0.06),
    ":": ([[(4, 45), (6, 48)], [(4, 90), (6, 93)]], 0.06),
}
OFTEN = "etaoinsrhldcumfpgwybvkxjqz"  # English letters, the most frequent first


class Sheet(NamedTuple):
    picture: np.ndarray  # (h, w, 3) uint8 BGR
    rows: list[str]  # the digits on it, row by row, as a person reads them, numbers apart by a space


@lru_cache
def fonts() -> list[str]:
    """The text fonts that matplotlib brings."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return sorted(str(path) for path in folder.glob("*.ttf") if path.name.startswith(("DejaVuS", "STIXGen", "cmtt")))


@lru_cache(maxsize=256)
def font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


def word(rng: np.random.Generator) -> str:
    """Letters as they come in words; now and then any."""
    length = int(rng.integers(1, 10))
    share = 1 / np.arange(3, 29)
    letters = "".join(rng.choice(list(OFTEN), length, p=share / share.sum()))
    if rng.random() < 0.15:
        letters = "".join(rng.choice(list(string.ascii_letters), length))
    return letters.capitalize() if rng.random() < 0.3 else letters.upper() if rng.random() < 0.1 else letters


def sheet(
    seed: int,
    rows: list[str] | None = None,
    *,
    size: tuple[int, int] = (WIDTH, HEIGHT),  # of the picture
    height: float = 60,  # of a digit, in pixels
    pitch: float | None = None,  # from row to row, in heights
    pen: str = "ballpoint",
    digits: dict[int, np.ndarray] | None = None,  # (n, 28, 28) uint8 MNIST digits by label, instead of strokes
    styles: dict[int, int] | None = None,  # the digit's style in pens.STYLES; else as the hand likes
    columns: int = 1,  # blocks that a row is broken into, far apart
    even: bool = False,  # upright, each character in as much room, so that those below one another line up
    cell: int = 0,  # characters in a printed cell (1: a sudoku); they are even, and each cell has its number
    words: float = 0,  # printed all around the rows, so many heights of a digit large
    white_on_black: bool = False,
    # What is seen around the sheet: a name of BACKGROUNDS or a picture (h, w, 3); None: paper alone.
    background: str | np.ndarray | None = None,
    out: float = 0,  # the sheet sticks out of the picture, its digits do not
    tight: float = 0,  # signs close to their digits, and cells
    narrow: float = 0,  # spaces
    faint: float = 0,
    thin: float = 0,
    broken: float = 0,
    touching: float = 0,
    rules: float = 0,  # the digits stand on them
    squares: float = 0,
    tilt: float = 0,  # < 0 falls
    curve: float = 0,
    perspective: float = 0,
    gradient: float = 0,
    shadow: float = 0,
    vignette: float = 0,
    blur: float = 0,
    noise: float = 0,
    jpeg: float = 0,
) -> Sheet:
    """A sheet with these rows of digits (three rows of eight random ones if None) under these effects.

    A row may have spaces and SIGNS in it.
    """
    rng = np.random.default_rng(seed)
    rows = rows or ["".join(map(str, rng.integers(0, 10, 8))) for _ in range(3)]
    colour, width, opacity, grain = PENS[pen]
    paper_colour = np.array([38.0, 40, 38]) if white_on_black else np.array([228.0, 233, 236]) - rng.uniform(0, 25)
    colour = (225, 228, 228) if white_on_black else colour
    w, h = size[0] + 2 * MARGIN, size[1] + 2 * MARGIN
    fibres = _smooth_noise(rng, (h, w), 1.5)
    paper = cv2.convertScaleAbs(paper_colour.astype(np.float32) + 2 * fibres[..., None])

    pitch = height * pitch if pitch else max(1.75 * height, min(2.4 * height, (size[1] - 60) / len(rows)))
    top = h / 2 - pitch * len(rows) / 2 + (pitch - height) / 2
    baselines = [top + pitch * i + height for i in range(len(rows))]
    _rule(paper, rng, rules, squares, baselines[0] + 0.02 * height, pitch, height)

    cover = opacity * (1 - 0.65 * faint) * (1 - grain * (0.4 + 0.9 * _smooth_noise(rng, (h, w), 0.8)))
    if broken:
        cover = np.where(_smooth_noise(rng, (h, w), 0.05 * height) > 2.6 - 1.5 * broken, 0, cover)
    cover = cover.clip(0, 1)
    by = pens.hand(rng)
    if styles:
        by = by._replace(styles=tuple(styles.get(d, by.styles[d]) for d in range(10)))
    if even or cell:
        by = by._replace(slant=0.0, width=1.0)
    written, begins = [], []
    for row, baseline in zip(rows, baselines, strict=True):
        items, text = _items(row, rng, by, digits, columns, even or cell, touching, tight, narrow)
        if cell:
            text = " ".join(row[at : at + cell] for at in range(0, len(row), cell))
        written.append(" ".join(text.split()))
        length = len(row) / cell * (cell + CELL) if cell else sum(advance for _, advance in items)
        shift = rng.uniform(-0.3, 0.3) * height * (len(row) > 1)
        x = w / 2 - height * length / 2 + (0 if even or cell else shift)
        begins.append(x)
        for i, (glyph, advance) in enumerate(items):
            if cell:  # in its middle, or over its left line
                x = begins[-1] + height * (i // cell * (cell + CELL) + i % cell + CELL / 2 - 0.42 * tight)
            across = (x - w / 2) / (height * length / 2)  # -1 to 1
            y = baseline - height + 1.4 * curve * height * (across**2 - 0.33) + rng.normal(0, 0.03) * height
            if isinstance(glyph, np.ndarray):
                _paste(paper, glyph, (x, y), height, colour, cover)
            elif glyph:
                thick = max(1.0, width * height * (1 - 0.6 * thin))
                pens.draw(paper, glyph, (x, y), height, thick, colour, cover)
            x += height * advance
    if cell:
        lines = baselines[0] + (0.22 - 0.32 * tight) * height + pitch * np.arange(-1, len(rows))
        _print_cells(paper, begins[0] + height * (cell + CELL) * np.arange(len(rows[0]) // cell + 1), lines, height)
    if words:
        _print_words(paper, np.random.default_rng([seed, 1]), round(words * height), begins, baselines, height)

    picture = _seen(paper, rng, background, tilt, perspective, out)
    picture = picture.astype(np.float32) * _light(rng, gradient, shadow, vignette, size)[..., None]
    picture = cv2.GaussianBlur(picture, (0, 0), 0.5 + 0.06 * blur * height)
    grains = _noise(rng, size[::-1])[..., None] + 0.5 * _noise(rng, (*size[::-1], 3))
    picture = cv2.convertScaleAbs(np.maximum(picture + np.float32(1.2 + 14 * noise) * grains, 0))
    if jpeg:
        quality = [cv2.IMWRITE_JPEG_QUALITY, round(80 - 65 * jpeg)]
        picture = cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR)
    return Sheet(picture, written)


def _years(rng, count):
    """Numbers that begin alike."""
    begin = str(rng.choice(["19", "199", "20", "1", "41", "7"]))
    return [begin + "".join(map(str, rng.integers(0, 10, 4 - len(begin)))) for _ in range(count)]


def _ones(rng, count):
    """1s below one another, and a few other digits."""
    return ["".join(map(str, rng.choice([1, 1, 1, 1, 4, 7, 0], 5))) for _ in range(count)]


def _numbers(rng, many, room, gap="", most=4):
    """A row of numbers, each in as much room."""
    return gap.join(f"{rng.integers(10 ** rng.integers(1, most + 1)):<{room}}" for _ in range(many))


def _sudoku(rng, side=9):
    return ["".join(str(rng.integers(1, 10)) if rng.random() < 0.5 else " " for _ in range(side)) for _ in range(side)]


def _sum(rng):
    """Numbers and signs in turn."""
    signs = rng.choice([*SIGNS], 4)
    return "".join(f"{rng.integers(10, 100)}{sign}" for sign in signs) + str(rng.integers(10))


def _filled(rng, form):
    """A date, a time, a price: 0s become digits."""
    return "".join(str(rng.integers(10)) if letter == "0" else letter for letter in form)


def _forms(*forms):
    """Effect: rows of these, whose signs stand closer and closer to their digits."""
    return lambda s, rng: {
        "rows": [" ".join(_filled(rng, rng.choice(forms)) for _ in range(2)) for _ in range(5)],
        "height": 48,
        "tight": s,
    }


def _small(size):
    """Effect: six rows of digits, 12 pixels high at the strongest."""
    return lambda s, rng: {
        "rows": ["".join(map(str, rng.integers(0, 10, 10))) for _ in range(6)],
        "height": 24 - 12 * s,
        "size": size,
    }


def _column(rows):
    """Effect: a column of numbers as high as the picture, of more and closer rows."""

    def arguments(s, rng):
        count, pitch = round(4 + 4 * s), 1.55 - 0.3 * s
        return {"rows": rows(rng, count), "even": True, "pitch": pitch, "height": 640 / (count * pitch)}

    return arguments


# Every effect of the benchmark by its strength, as arguments of `sheet`.
EFFECTS = {
    "none": lambda s, rng: {},
    "light gradient": lambda s, rng: {"gradient": s},
    "shadow edge": lambda s, rng: {"shadow": s},
    "vignette": lambda s, rng: {"vignette": s},
    "ruled lines": lambda s, rng: {"rules": s},
    "squared paper": lambda s, rng: {"squares": s},
    "faint pencil": lambda s, rng: {"pen": "pencil", "faint": s},
    "thin pen": lambda s, rng: {"pen": "hairline", "thin": s},
    "broken strokes": lambda s, rng: {"broken": s, "pen": "felt"},
    "touching pairs": lambda s, rng: {"touching": s},
    "tilt": lambda s, rng: {"tilt": s},
    "curved rows": lambda s, rng: {"curve": s},
    "perspective": lambda s, rng: {"perspective": s, "background": "desk"},
    "blur": lambda s, rng: {"blur": s},
    "noise": lambda s, rng: {"noise": s},
    "JPEG": lambda s, rng: {"jpeg": s},
    "small, 640x480": _small((640, 480)),
    "small, 1280x720": _small((1280, 720)),
    "small, 1920x1080": _small((1920, 1080)),
    "large digits": lambda s, rng: {
        "height": 60 + 480 * s,
        "rows": [["4726"], ["385"], ["96"], ["7"]][int(3.99 * s)],
    },
    "years in a column": _column(_years),
    "1s in a column": _column(_ones),
    "table": lambda s, rng: {"rows": [_numbers(rng, 4, 4) for _ in range(5)], "cell": 4, "height": 44, "tight": s},
    "sudoku": lambda s, rng: {"rows": _sudoku(rng), "cell": 1, "height": 42, "pitch": 1.6, "tight": s},
    "forms": lambda s, rng: {"words": 0.3 + 0.7 * s, "height": 50, "pitch": 3},
    "signs": lambda s, rng: {"rows": [_sum(rng) for _ in range(4)], "height": 50, "tight": s},
    "spaces": lambda s, rng: {"rows": [_numbers(rng, 4, 0, " ") for _ in range(4)], "height": 50, "narrow": s},
    "dates": _forms("00.00.0000", "00/00/00", "00:00", "0000-00-00"),
    "prices": _forms("0,00", "00.00", "000,00", "0.000,00"),
    "several columns": lambda s, rng: {
        "rows": [_numbers(rng, 3, 4, " " * round(6 - 5 * s)) for _ in range(5)],
        "even": True,
        "height": 40,
    },
    "white on black": lambda s, rng: {"white_on_black": True, "gradient": s},
    "on a desk": lambda s, rng: {"background": "desk", "gradient": s},
    "held by a hand": lambda s, rng: {"background": "hand", "gradient": s},
    "in a room": lambda s, rng: {"background": "room", "gradient": s},
    "before bricks": lambda s, rng: {"background": "bricks", "gradient": s},
    "among leaves": lambda s, rng: {"background": "leaves", "gradient": s},
    "a slate on a desk": lambda s, rng: {"white_on_black": True, "background": "desk", "gradient": s},
    "out of the picture": lambda s, rng: {"background": "room", "out": s},
    "everything a bit": lambda s, rng: dict.fromkeys(
        ("gradient", "shadow", "rules", "faint", "tilt", "curve", "perspective", "blur", "noise", "jpeg"), 0.5 * s
    ),
}


def effect(name: str, strength: float, seed: int, digits: dict[int, np.ndarray] | None = None) -> Sheet:
    """A sheet under an effect of EFFECTS; the strength is 0 to 1."""
    return sheet(seed, digits=digits, **EFFECTS[name](strength, np.random.default_rng([seed, 2])))


def _items(row, rng, by, digits, columns, even, touching, tight, narrow):
    """What stands in a row: (strokes, MNIST digit or None for a space; how far it moves on, in heights); its text."""
    items, text = [], ""
    block = -(-len(row) // columns)
    for i, character in enumerate(row):
        gap = 0.3 * rng.uniform(0.8, 1.2)
        if touching and i % 2 == 0:  # pairs: a neighbour's ink reaches this one's
            gap = 0.1 - 0.17 * touching
        if character in SIGNS or row[i + 1 : i + 2] in SIGNS:
            gap *= 1 - 0.5 * tight
        if i and i % block == 0:
            items.append((None, 1.3))
            text += " "
        if character == " ":
            glyph, advance = None, rng.uniform(0.8, 1.6) * (1 - 0.5 * narrow)
        elif character in SIGNS:
            lines, wide = SIGNS[character]
            glyph, advance = _strokes(lines), wide + gap
        elif digits is not None:
            glyph = digits[int(character)][rng.integers(len(digits[int(character)]))]
            ys, xs = np.nonzero(glyph > 40)
            glyph = glyph[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
            advance = glyph.shape[1] / glyph.shape[0] + gap
        else:
            glyph = pens.paths(int(character), rng, by)
            advance = max(stroke[:, 0].max() for stroke in glyph) + gap
        items.append((glyph, 1.0 if even else advance))
        text += character if character.isdigit() else " "
    return items, text


def _strokes(lines):
    return [np.array([(x, y, 100) for x, y in line]) / 100 for line in lines]


def _paste(paper, glyph, origin, height, colour, cover):
    """Lay an MNIST digit's ink on the paper, made as sharp as a pen's."""
    x, y = map(round, origin)
    size = (max(1, round(height * glyph.shape[1] / glyph.shape[0])), round(height))
    ink = cv2.resize(glyph, size, interpolation=cv2.INTER_CUBIC if height > 28 else cv2.INTER_AREA).astype(np.float32)
    ink = ((ink / 255 - 0.3) / 0.4).clip(0, 1) * cover[y : y + size[1], x : x + size[0]]
    under = paper[y : y + size[1], x : x + size[0]]
    under[:] = np.round(under + ink[..., None] * (np.array(colour) - under))


def _rule(paper, rng, rules, squares, first, pitch, height):
    """Ruled lines that the digits stand on, or squares of half a digit to a digit."""
    h, w = paper.shape[:2]
    ink = np.array(rng.choice([[150, 120, 90], [110, 100, 150], [110, 110, 110]]))
    layer = np.zeros((h, w), np.float32)
    thick = max(1, round(0.03 * height))
    if rules:
        for y in np.arange(first - 20 * pitch, h, pitch):
            cv2.line(layer, (0, round(y * 16)), (w * 16, round(y * 16)), rules, thick, cv2.LINE_AA, shift=4)
    if squares:
        step = rng.uniform(0.6, 1.0) * height
        for at in np.arange(first - 99 * step, max(w, h), step):
            cv2.line(layer, (0, round(at)), (w, round(at)), 0.8 * squares, thick, cv2.LINE_AA)
            cv2.line(layer, (round(at), 0), (round(at), h), 0.8 * squares, thick, cv2.LINE_AA)
    if rules or squares:
        paper[:] = paper + layer[..., None] * (ink - paper)


def _print_cells(paper, xs, ys, height):
    """The lines of a table."""
    xs, ys = np.rint(xs).astype(int).tolist(), np.rint(ys).astype(int).tolist()
    for start, end in [((x, ys[0]), (x, ys[-1])) for x in xs] + [((xs[0], y), (xs[-1], y)) for y in ys]:
        cv2.line(paper, start, end, (105, 105, 105), max(1, round(height / 25)))


def _print_words(paper, rng, letter, begins, baselines, height):
    """Lines of words all over the sheet, beside a row only before it; letter: their height in pixels."""
    face = font(str(rng.choice(fonts())), letter)
    picture = Image.fromarray(paper)
    pen = ImageDraw.Draw(picture)
    h, w = paper.shape[:2]
    for y in np.arange(MARGIN + 20, h - MARGIN - 1.5 * letter, 1.6 * letter):
        near = y - 0.3 * height, y + 1.3 * (letter + height)  # of a row on this line, where its digits stand
        beside = (x for x, low in zip(begins, baselines, strict=True) if near[0] < low < near[1])
        x, end = MARGIN + 40, min(beside, default=w - MARGIN) - 0.8 * height
        while x + face.getlength(text := word(rng)) < end:
            pen.text((x, y), text, font=face, fill=(45, 45, 45))
            x += face.getlength(text + " ")
    paper[:] = np.asarray(picture)


def _seen(paper, rng, background, tilt, perspective, out):
    """The part of the paper in the frame, turned and seen from the side; float32."""
    h, w = (side - 2 * MARGIN for side in paper.shape[:2])
    if background is not None:
        paper = paper[MARGIN - 10 : MARGIN + h + 10, MARGIN - 40 : MARGIN + w + 40]
    ph, pw = paper.shape[:2]
    corners = np.float32([[0, 0], [pw, 0], [pw, ph], [0, ph]])
    angle = -np.deg2rad(18 * tilt)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    flat = (corners - [pw / 2, ph / 2]) @ turn * (1 - 0.15 * abs(tilt) if background is None else 0.8)
    side = rng.uniform(0, 2 * np.pi)
    depth = 1 + 0.35 * perspective * (flat @ [np.cos(side), np.sin(side)])[:, None] / (w / 2)
    away = out * rng.choice([-1, 1], 2) * [0.3 * w, 0.2 * h] if out else 0
    view = cv2.getPerspectiveTransform(corners, np.float32(flat / depth + [w / 2, h / 2] + away))
    seen = cv2.warpPerspective(paper, view, (w, h), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    if background is None:
        return seen
    inside = cv2.warpPerspective(np.ones((ph, pw), np.float32), view, (w, h))
    behind = BACKGROUNDS[background](rng) if isinstance(background, str) else background
    behind = cv2.resize(np.asarray(behind, np.float32), (w, h))
    shade = np.roll(cv2.GaussianBlur(inside, (0, 0), 12), (6, 8), (0, 1))
    picture = inside[..., None] * seen + (1 - inside[..., None]) * behind * (1 - 0.35 * shade[..., None])
    if isinstance(background, str) and background == "hand":
        skin = np.zeros((h, w), np.uint8)
        x = int(rng.uniform(0.25, 0.75) * w)
        for finger in range(4):
            at = (x + 52 * finger, h - 10 - int(18 * np.sin(1 + finger)))
            cv2.ellipse(skin, at, (25, 62), float(rng.uniform(-8, 8)), 0, 360, 255, -1)
        cover = cv2.GaussianBlur(skin.astype(np.float32) / 255, (0, 0), 1.5)[..., None]
        shading = cv2.GaussianBlur(skin.astype(np.float32) / 255, (0, 0), 10)[..., None]
        picture = picture * (1 - cover) + cover * (np.array([120, 150, 205]) * (0.45 + 0.55 * shading))
    return picture.astype(np.float32)


def _desk(rng):
    """Wood."""
    grain = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 40, sigmaY=1)
    fine = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 12, sigmaY=0.7)
    wood = grain / grain.std() + 0.4 * fine / fine.std()
    picture = np.array([70, 105, 150]) * (1 + 0.12 * wood[..., None]) * rng.uniform(0.5, 1.1)
    return picture.astype(np.float32).clip(0, 255)


def _room(rng):
    """A room a little out of focus: wall, furniture, books, a window's frame."""
    room = np.full((HEIGHT, WIDTH, 3), rng.uniform(110, 190, 3).tolist(), np.float32)
    for _ in range(14):
        x, y = rng.integers(-100, WIDTH), rng.integers(-100, HEIGHT)
        w, h = rng.integers(20, 400), rng.integers(10, 300)
        cv2.rectangle(room, (x, y), (x + w, y + h), rng.uniform(20, 220, 3).tolist(), -1 if rng.random() < 0.7 else 6)
    for x in range(int(rng.integers(0, 700)), WIDTH, 34):
        high = int(rng.integers(90, 160))
        cv2.rectangle(room, (x, 200 - high), (x + int(rng.integers(14, 32)), 200), rng.uniform(30, 200, 3).tolist(), -1)
    return cv2.GaussianBlur(room, (0, 0), rng.uniform(1, 4))


def bricks(rng: np.random.Generator, leaves: bool = False) -> np.ndarray:
    """Bricks, boards, blinds, or leaves: things side by side, (HEIGHT, WIDTH, 3) float32."""
    picture = np.full((HEIGHT, WIDTH, 3), rng.uniform(20, 240), np.float32)
    wide, high = rng.uniform(20, 200), rng.uniform(15, 120)
    for i, y in enumerate(np.arange(-high, HEIGHT, high)):
        for x in np.arange(-wide * (1 + i % 2 / 2), WIDTH, wide):
            corner = np.array([x, y]) + rng.uniform(0, 0.15, 2) * (wide, high)
            end = corner + np.array([wide, high]) * rng.uniform(0.6, 0.97)
            colour = (rng.uniform(20, 240) + rng.uniform(-20, 20, 3)).tolist()
            if leaves:
                middle, half = ((corner + end) / 2).astype(int).tolist(), ((end - corner) / 2).astype(int).tolist()
                cv2.ellipse(picture, middle, half, float(rng.uniform(0, 180)), 0, 360, colour, -1)
            else:
                cv2.rectangle(picture, corner.astype(int).tolist(), end.astype(int).tolist(), colour, -1)
    return picture


BACKGROUNDS = {  # what a sheet lies on or is held before: rng -> (HEIGHT, WIDTH, 3), 0 to 255
    "desk": _desk,
    "hand": _desk,
    "room": _room,
    "bricks": bricks,
    "leaves": lambda rng: bricks(rng, leaves=True),
}


def _light(rng, gradient, shadow, vignette, size=(WIDTH, HEIGHT)):
    """How much light falls where, (height, width) float32, 1 and less."""
    across, down = (np.linspace(-end, end, n, dtype=np.float32) for end, n in zip((1, 0.6), size, strict=True))
    x, y = np.meshgrid(across, down)
    angle = float(rng.uniform(0, 2 * np.pi))
    light = 1 - 0.7 * gradient * (0.5 + 0.5 * (x * np.cos(angle) + y * np.sin(angle)) / 1.16)
    if shadow:
        angle, soft = rng.uniform(0, 2 * np.pi), rng.uniform(0.008, 0.05)
        across = x * np.cos(angle) + y * np.sin(angle) + 0.05 * np.sin(9 * (y * np.cos(angle) - x * np.sin(angle)))
        light *= 1 - 0.6 * shadow / (1 + np.exp(-across / soft))
    return (light * (1 - 0.75 * vignette * (x * x + y * y) / 1.36)).astype(np.float32)


def _smooth_noise(rng, shape, sigma):
    """Blotches of about `sigma` pixels, mean 0, deviation 1."""
    noise = cv2.GaussianBlur(_noise(rng, shape), (0, 0), max(0.3, sigma))
    return noise / noise.std()


def _noise(rng, shape):
    """White noise, float32: the same tile four times, which nobody sees and which is four times as fast."""
    tile = rng.standard_normal((-(-shape[0] // 2), -(-shape[1] // 2), *shape[2:]), np.float32)
    return np.tile(tile, (2, 2, 1)[: len(shape)])[: shape[0], : shape[1]]


def _blank_gradient(rng):
    return np.full((HEIGHT, WIDTH, 3), rng.uniform(60, 240, 3)) * _light(rng, 1, 0, 0.5)[..., None]


def _blank_paper(rng):
    return sheet(int(rng.integers(1 << 30)), [""], rules=0.7, shadow=0.7).picture


def _blank_squares(rng):
    return sheet(int(rng.integers(1 << 30)), [""], squares=0.7, gradient=0.5, tilt=0.2).picture


def _blank_sheet(rng):
    return sheet(int(rng.integers(1 << 30)), [""], background="hand", tilt=0.2, perspective=0.4).picture


def _blank_grass(rng):
    """Thousands of blades."""
    picture = np.full((HEIGHT, WIDTH, 3), (30, 70, 40), np.uint8)
    for x, y in rng.uniform(0, 1, (3000, 2)) * [WIDTH, HEIGHT + 40]:
        lean, high = rng.normal(0, 14), rng.uniform(20, 70)
        colour = np.array([40, 150, 80]) * rng.uniform(0.4, 1.4)
        blade = np.int32([[x, y], [x + lean / 3, y - high / 2], [x + lean, y - high]])
        cv2.polylines(picture, [blade], False, colour.tolist(), int(rng.integers(1, 4)), cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), 0.8)


def _blank_leather(rng):
    """Blotches of three sizes, such as plaster, cloth, leather, gravel."""
    texture = sum(_smooth_noise(rng, (HEIGHT, WIDTH), sigma) / (i + 1) for i, sigma in enumerate((12, 5, 2)))
    return 120 + 25 * texture[..., None] * rng.uniform(0.5, 1, 3)


def _blank_face(rng):
    """A cartoon of a person before a wall."""
    picture = _room(rng).clip(0, 255).astype(np.uint8)
    x, y = WIDTH // 2 + int(rng.integers(-150, 150)), 330
    cv2.ellipse(picture, (x, HEIGHT + 60), (330, 250), 0, 0, 360, rng.uniform(40, 160, 3).tolist(), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (x, y - 40), (165, 210), 0, 0, 360, (30, 45, 60), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (x, y), (140, 190), 0, 0, 360, (135, 165, 215), -1, cv2.LINE_AA)
    for side in (-1, 1):
        eye = (x + 55 * side, y - 30)
        cv2.ellipse(picture, eye, (26, 13), 0, 0, 360, (235, 235, 235), -1, cv2.LINE_AA)
        cv2.circle(picture, eye, 11, (60, 70, 50), -1, cv2.LINE_AA)
        cv2.ellipse(picture, (eye[0], eye[1] - 26), (34, 10), 0, 180, 360, (40, 50, 60), 7, cv2.LINE_AA)
    cv2.ellipse(picture, (x, y + 30), (14, 30), 0, 20, 160, (95, 120, 170), 4, cv2.LINE_AA)
    cv2.ellipse(picture, (x, y + 95), (48, 16), 0, 0, 180, (80, 80, 160), 9, cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), 1.5)


def _blank_scribbles(rng):
    """Zigzags, loops and hatching on paper."""
    picture = sheet(int(rng.integers(1 << 30)), [""]).picture
    for i in range(5):
        t = np.linspace(0, rng.uniform(30, 60), 700)
        x, y = 160 + 230 * i, rng.uniform(150, 560)
        line = np.stack([x + 2 * t + 40 * np.sin(t), y + rng.uniform(20, 50) * np.sin(1.3 * t + i)], axis=1)
        line += 3 * np.cumsum(rng.normal(0, 0.3, line.shape), axis=0)
        cv2.polylines(picture, [np.int32(line * 16)], False, (90, 40, 40), 4, cv2.LINE_AA, shift=4)
    return picture


BLANKS = {  # pictures without a digit: rng -> picture
    "gradient": _blank_gradient,
    "ruled paper": _blank_paper,
    "squared paper": _blank_squares,
    "empty sheet in a hand": _blank_sheet,
    "grass": _blank_grass,
    "leather": _blank_leather,
    "wood": _desk,
    "room": _room,
    "face": _blank_face,
    "scribbles": _blank_scribbles,
}


def blank(kind: str, seed: int) -> Sheet:
    """A picture of one of the kinds in BLANKS, without any digit."""
    rng = np.random.default_rng(seed)
    picture = np.asarray(BLANKS[kind](rng), np.float32)
    return Sheet((picture + rng.normal(0, 2, picture.shape)).clip(0, 255).astype(np.uint8), [])
