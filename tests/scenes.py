"""Made scenes with every digit's place known: sheets, words, tables and signs before all kinds of backgrounds.

    scene = scenes.scene(np.random.default_rng(1), digits)   # digits: {label: (n, 28, 28) uint8}
    scene.picture                                            # (h, w, 3) uint8 BGR
    scene.truth                                              # [(digit, x, y, height), …]: middles, in pixels

Unlike sheets.py, whose effects come one at a time, here everything varies at once, as it does in the world.
"""

from typing import NamedTuple

import cv2
import numpy as np
import sheets
from PIL import Image, ImageDraw

from model import pen
from model.training import augment

Digits = dict[int, np.ndarray]  # by label: (n, 28, 28) uint8, 255 ink


class Scene(NamedTuple):
    picture: np.ndarray
    truth: list[tuple[int, float, float, float]]


class Page:
    """A sheet that is written on: its ink, 0 to 1, and where which digit stands."""

    def __init__(self, size: tuple[int, int], digits: Digits, rng: np.random.Generator) -> None:
        """size: width, height."""
        self.ink = np.zeros(size[::-1], np.uint8)
        self.digits, self.rng = digits, rng
        self.truth: list[tuple[int, float, float, float]] = []
        self.by = pen.hand(rng)
        self.drawn = rng.random() < 0.35  # with our own pen, else as MNIST's writers did
        self.angle, self.slant = rng.normal(0, 0.12), rng.normal(0, 0.2)
        self.shape, self.haste = rng.normal(0, 0.15, (2, 1)), rng.uniform(0.3, 2)
        self.width = float(np.exp(rng.uniform(np.log(0.035), np.log(0.14))))  # of the pen, in heights

    def digit(self, label: int, x: float, y: float, height: float) -> float:
        """Write one; returns its width."""
        if self.drawn:
            strokes = pen.paths(label, self.rng, self.by)
            pen.draw(self.ink, strokes, (x, y), height, max(1.2, self.width * height), 255.0)
            width = height * max(stroke[:, 0].max() for stroke in strokes)
        else:
            glyph = self.digits[label][self.rng.integers(len(self.digits[label]))]
            glyph = self.another(glyph)
            left, top, w, h = cv2.boundingRect(glyph)
            glyph = glyph[top : top + h, left : left + w]
            width = max(2, round(height * w / h))
            how = cv2.INTER_CUBIC if height > h else cv2.INTER_AREA
            large = cv2.resize(glyph, (round(width), round(height)), interpolation=how)
            part = self.ink[round(y) : round(y) + len(large), round(x) : round(x) + large.shape[1]]
            np.maximum(part, large[: part.shape[0], : part.shape[1]], out=part)
        self.truth.append((label, x + width / 2, y + height / 2, height))
        return width

    def another(self, glyph: np.ndarray) -> np.ndarray:
        """The digit in this hand: nobody's is in MNIST, and the network must not be surer here than in the world."""
        rng, n = self.rng, 1
        bend, shift = np.full(n, self.haste), np.zeros((2, n))
        scale = np.exp(rng.normal(0, 0.06, (2, n)) + self.shape)
        angle, slant = rng.normal(self.angle, 0.06, n), rng.normal(self.slant, 0.05, n)
        return augment.warp(glyph[None], 44, angle, slant, scale, bend, shift, rng)[0]

    def text(self, words: str, x: float, y: float, size: int, path: str) -> float:
        """Print or write letters; y is their top. Returns their width."""
        face = sheets.font(path, size)
        picture = Image.fromarray(self.ink)
        ImageDraw.Draw(picture).text((x, y), words, font=face, fill=255)
        self.ink[:] = np.asarray(picture)
        return face.getlength(words)

    def sign(self, x: float, y: float, height: float, kind: float) -> float:
        """An operator, a point, a comma, a bracket or a scribble: which one, from 0 to 1. Returns its width."""
        rng, thick = self.rng, max(1, round(self.width * height))
        lines = [
            [[(0, 0.5), (0.5, 0.5)]], [[(0, 0.5), (0.5, 0.5)], [(0.25, 0.25), (0.25, 0.75)]],
            [[(0, 0.38), (0.5, 0.38)], [(0, 0.6), (0.5, 0.6)]], [[(0, 0.3), (0.4, 0.7)], [(0.4, 0.3), (0, 0.7)]],
            [[(0, 1.0), (0.35, -0.05)]], [[(0.1, 1), (0.12, 1.02)]], [[(0.12, 0.95), (0.05, 1.12)]],
            [[(0.2, 0), (0.05, 0.3), (0.05, 0.7), (0.2, 1)]], [[(0, 0), (0.15, 0.3), (0.15, 0.7), (0, 1)]],
            [[(0.1, 0.3), (0.1, 0.33)], [(0.1, 0.85), (0.1, 0.88)]],
            [list(map(tuple, rng.uniform(0, 0.7, (int(rng.integers(3, 8)), 2))))],
        ]  # fmt: skip
        for line in lines[int(kind * len(lines))]:
            points = np.array(line) * height + (x, y) + rng.normal(0, 0.02 * height, (len(line), 2))
            cv2.polylines(self.ink, [np.int32(points * 16)], False, 255, thick, cv2.LINE_AA, 4)
        return 0.5 * height


def write(page: Page, rng: np.random.Generator) -> None:
    """Rows of numbers, signs and words, as letters, forms, sums or tables have them."""
    high, wide = page.ink.shape
    most = min(high / 1.6, wide / 2.2, 260)
    height = float(np.exp(rng.uniform(np.log(14), np.log(max(15, most)))))
    words = rng.choice([0, 0, 0, 0.25, 0.6, 0.8, 1])  # the share of words
    signs, spaced = rng.choice([0, 0, 0.2, 0.5]), rng.uniform(0.15, 0.9)
    kinds = rng.random(int(rng.integers(1, 5)))  # a sheet of sums has the same few signs all over
    size = int(height * rng.uniform(0.4, 1.5)) if words else 12
    path = str(rng.choice(sheets.fonts()))
    top, pitch = rng.uniform(0.1, 0.6) * height, rng.uniform(1.25, 2.2) * height
    if words:
        pitch = max(pitch, 1.3 * size)
    grid = rng.random() < 0.15
    while top + 1.1 * height < high:
        x = rng.uniform(0.2, 1.5) * height
        while x + height < wide and rng.random() > 0.04:
            if rng.random() < words:
                text = sheets.word(rng)
                if x + sheets.font(path, size).getlength(text) > wide:
                    break
                x += page.text(text, x, top + rng.uniform(0.4, 0.6) * (height - size), size, path) + 0.35 * size
            elif rng.random() < signs:
                x += page.sign(x, top, height, rng.choice(kinds)) + 0.3 * height
            else:
                for _ in range(int(rng.integers(1, 7))):
                    if x + 1.1 * height > wide:
                        break
                    tall = height * rng.uniform(0.9, 1.1)
                    x += page.digit(int(rng.integers(10)), x, max(0, top + rng.normal(0, 0.04) * height), tall)
                    x += rng.uniform(0.6, 1.4) * 0.28 * height
                x += spaced * height
        if grid:
            y = round(top - 0.2 * height)
            cv2.line(page.ink, (0, y), (wide, y), 140, 1 + int(height / 30))
        top += pitch
    if grid:
        for at in np.arange(rng.uniform(0, 3) * height, wide, rng.uniform(1.5, 4) * height):
            cv2.line(page.ink, (round(at), 0), (round(at), high), 140, 1 + int(height / 30))


def write_large(page: Page, rng: np.random.Generator) -> None:
    """One row or a few of large digits, often the same ones again, and nothing else."""
    high, wide = page.ink.shape
    rows, across = int(rng.integers(1, 5)), int(rng.integers(1, 9))
    height = rng.uniform(0.35, 0.85) * min(high / (1.2 * rows), wide / across)
    few = rng.choice(10, int(rng.integers(1, 4))) if rng.random() < 0.4 else np.arange(10)
    left, top = rng.uniform(0.1, 0.9, 2) * (wide - across * height, high - 1.15 * rows * height)
    pitch = rng.uniform(0.8, 1.0) * height
    for i in range(rows):
        x = left
        for _ in range(across):
            if x < wide - 0.9 * height and rng.random() < 0.95:
                label, tall = int(rng.choice(few)), height * rng.uniform(0.85, 1.0)
                width = page.digit(label, x, max(0, top + 1.15 * i * height), tall)
                x += width + 0.28 * height if rng.random() < 0.5 else pitch
            else:
                x += pitch


def paper(size: tuple[int, int], digits: Digits, rng: np.random.Generator) -> tuple[np.ndarray, list]:
    """A written sheet, (h, w, 3) float32, and its digits' places."""
    page = Page(size, digits, rng)
    kind = rng.random()
    if kind < 0.3:
        write_large(page, rng)
    elif kind < 0.97:
        write(page, rng)
    slate = rng.random() < 0.12
    tone = rng.uniform(25, 60, 3) if slate else rng.uniform(150, 250) * rng.uniform(0.9, 1, 3)
    sheet = np.empty((*page.ink.shape, 3), np.float32)
    sheet[:] = tone
    sheet += rng.uniform(0, 3) * sheets._smooth_noise(rng, page.ink.shape, 1.5)[..., None]
    squared, step = rng.random(), rng.uniform(14, 70)
    for axis in (0, 1) if squared < 0.15 else (0,) if squared < 0.35 else ():
        at = np.arange(step, sheet.shape[axis] - 1, step).astype(int)
        dark = rng.uniform(0.6, 0.97)
        if axis == 0:
            sheet[at] *= dark
        else:
            sheet[:, at] *= dark
    ink = np.array([(30, 30, 30), (140, 60, 30), (40, 40, 170), (90, 90, 90), (50, 110, 50)][rng.integers(5)], float)
    ink = rng.uniform(200, 255, 3) if slate else np.minimum(ink * rng.uniform(0.6, 1.4), 0.75 * tone)
    cover = page.ink[..., None] / np.float32(255) * rng.uniform(0.55, 1)
    return sheet + cover * (ink - sheet), page.truth


def behind(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A background without digits, (h, w, 3) float32."""
    kind = int(rng.integers(len(sheets.BLANKS) + 4))
    if kind < len(sheets.BLANKS):
        picture = np.asarray(list(sheets.BLANKS.values())[kind](rng), np.float32)
        picture = np.roll(picture, int(rng.integers(640)), 1)
        picture = picture[:, ::-1] if rng.random() < 0.5 else picture
    elif kind == len(sheets.BLANKS):  # one tone
        picture = np.full((720, 1280, 3), rng.uniform(20, 240), np.float32)
    else:
        picture = sheets.bricks(rng, leaves=kind % 2 == 0)
    return cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)


def scene(rng: np.random.Generator, digits: Digits) -> Scene:
    """Something to read, or nothing, as a camera sees it."""
    width, height = [(640, 480), (1280, 720), (1280, 720), (1920, 1080)][rng.integers(4)]
    if rng.random() < 0.4:  # the paper fills the frame
        picture, truth = paper((width, height), digits, rng)
        corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
        wobble = corners + rng.normal(0, 0.015 * height, (4, 2)).astype(np.float32)
        view = cv2.getPerspectiveTransform(corners, np.float32(wobble))
        picture = cv2.warpPerspective(picture, view, (width, height), borderMode=cv2.BORDER_REPLICATE)
        places = [(view, truth)]
    else:
        picture, places = behind((width, height), rng), []
        for _ in range(1 if rng.random() < 0.8 else 2):
            tall = height * rng.uniform(0.35, 0.95)
            wide = min(0.95 * width, tall * rng.uniform(0.7, 1.8))
            sheet, truth = paper((int(wide), int(tall)), digits, rng)
            angle, size = np.deg2rad(rng.normal(0, 8)), np.array([wide, tall])
            turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            corners = np.float32([[0, 0], [wide, 0], [wide, tall], [0, tall]])
            middle = np.array([width, height]) * rng.uniform(0.35, 0.65, 2)
            seen = (corners - size / 2) @ turn + middle + rng.normal(0, 0.01 * tall, (4, 2))
            view = cv2.getPerspectiveTransform(corners, np.float32(seen))
            cover = cv2.warpPerspective(np.ones((int(tall), int(wide)), np.float32), view, (width, height))
            shade = np.roll(cv2.GaussianBlur(cover, (0, 0), 10), (6, 7), (0, 1))[..., None]
            picture *= 1 - rng.uniform(0, 0.5) * shade
            sheet = cv2.warpPerspective(sheet, view, (width, height))
            picture = picture * (1 - cover[..., None]) + sheet * cover[..., None]
            places = [(old, [t for t in known if not _covered(cover, old, t)]) for old, known in places]
            places.append((view, truth))
    light = sheets._light(rng, rng.uniform(0, 0.6), rng.choice([0, 0, 0.6]) * rng.random(), rng.uniform(0, 0.5))
    picture *= cv2.resize(light, (width, height))[..., None]
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.6))
    picture += rng.uniform(0.5, 7) * sheets._noise(rng, (height, width))[..., None]
    picture = picture.clip(0, 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 96))]
    picture = cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR)
    return Scene(picture, [_seen(view, digit) for view, truth in places for digit in truth])


def _seen(view: np.ndarray, digit: tuple[int, float, float, float]) -> tuple[int, float, float, float]:
    """Where a digit of a sheet is in the picture."""
    label, x, y, height = digit
    ends = cv2.perspectiveTransform(np.float32([[[x, y], [x, y - height / 2], [x, y + height / 2]]]), view)[0]
    return label, float(ends[0, 0]), float(ends[0, 1]), float(np.linalg.norm(ends[1] - ends[2]))


def _covered(cover: np.ndarray, view: np.ndarray, digit: tuple[int, float, float, float]) -> bool:
    _, x, y, _ = _seen(view, digit)
    h, w = cover.shape
    return 0 <= int(y) < h and 0 <= int(x) < w and cover[int(y), int(x)] > 0
