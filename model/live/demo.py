"""A camera for those who have none: a sheet of handwritten digits, held before the lens. All drawn here, no photograph.

    for frame in demo.frames(): ...     # (720, 1280, 3) uint8 BGR, endless, the same every time; 30 a second look real
"""

from collections.abc import Iterator

import cv2
import numpy as np

from ..pen import write

ROWS = ("0123456789", "3141592653", "1 4 9 16 25", "2 3 5 7 11 13")  # what stands on the sheet
PENS = (  # colour in BGR, width in pixels, opacity, grain (0 smooth ink to 1 rough pencil)
    ((120, 50, 25), 4.2, 0.9, 0.1),  # ballpoint
    ((40, 35, 35), 8.0, 1.0, 0.0),  # marker
    ((70, 68, 66), 4.5, 0.85, 0.4),  # pencil
    ((45, 35, 190), 6.0, 0.95, 0.0),  # felt-tip
)
WIDTH, HEIGHT = 1280, 720
SHEET = (880, 620)  # width, height
LOOP_SECONDS = 15
SKIN = (125, 155, 205)


def frames() -> Iterator[np.ndarray]:
    """Endless frames, (720, 1280, 3) uint8 BGR, 30 a second; the sheet moves in a loop, only the noise is new."""
    rng = np.random.default_rng(7)
    sheet, room = _sheet(rng), _room(rng)
    # Sensor noise: a window on one large picture of it, placed anew for each frame. It only brightens, so 0 to 12.
    noise = rng.standard_normal((HEIGHT + 64, WIDTH + 64, 3), np.float32)
    noise = (6 + 2.2 * noise).clip(0, 12).astype(np.uint8)
    frame = 0
    while True:
        picture = room.copy()
        pose = _pose(frame / 30)
        cv2.warpPerspective(sheet, pose, (WIDTH, HEIGHT), dst=picture, borderMode=cv2.BORDER_TRANSPARENT)
        x, y = rng.integers(64, size=2)
        yield cv2.add(picture, noise[y : y + HEIGHT, x : x + WIDTH])
        frame += 1


def _pose(seconds: float) -> np.ndarray:
    """Where the hands hold the sheet: the (3, 3) perspective from sheet to picture."""
    x, y, tilt, turn, roll, near = (
        reach * np.sin(2 * np.pi * times * seconds / LOOP_SECONDS + start)
        for reach, times, start in (
            (22, 2, 0), (14, 3, 1), (0.10, 2, 2), (0.16, 2, 3), (0.035, 3, 4), (0.04, 1, 5),
        )
    )  # fmt: skip
    w, h = SHEET
    corners = np.float32([[0, 0], [w, 0], [w, h], [0, h]])
    flat = (corners - [w / 2, h / 2]) @ [[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]]
    depth = 1 + near + (flat[:, :1] * np.sin(turn) + flat[:, 1:] * np.sin(tilt)) / 1400
    seen = flat * [np.cos(turn), np.cos(tilt)] / depth + [WIDTH / 2 + x, HEIGHT / 2 - 10 + y]
    return cv2.getPerspectiveTransform(corners, seen.astype(np.float32))


def _sheet(rng: np.random.Generator) -> np.ndarray:
    """The sheet of paper with its digits, thumbs at its lower edge, light falling from the left."""
    w, h = SHEET
    fibres = cv2.GaussianBlur(rng.standard_normal((h, w), np.float32), (0, 0), 1.2)
    sheet = (np.float32([226, 233, 236]) + 4 * fibres[..., None]).clip(0, 255).astype(np.uint8)
    pressed = cv2.GaussianBlur(rng.standard_normal((h, w), np.float32), (0, 0), 0.7)
    for i, (row, (colour, pen, opacity, grain)) in enumerate(zip(ROWS, PENS, strict=True)):
        grey = np.clip(opacity * (1 - grain * (0.4 + pressed)), 0, 1)
        write(sheet, row, (50 + rng.integers(20), 46 + 134 * i), 72, pen, colour, rng, gap=0.42, opacity=grey)
    for x in (170, w - 170):  # as flat as this no thumb looks like a digit
        _blob(sheet, (x, h + 6), (52, 40), 0, SKIN)
    light = np.linspace(1.03, 0.86, w)[:, None] * np.linspace(1.02, 0.93, h)[:, None, None]
    sheet = (sheet * light).clip(0, 255).astype(np.uint8)
    # A rim in the room's shade makes the edge soft when the sheet is laid into the picture.
    return cv2.rectangle(sheet, (0, 0), (w - 1, h - 1), (112, 122, 130), 2)


def _room(rng: np.random.Generator) -> np.ndarray:
    """What is behind the sheet, out of focus: walls, a shelf, arms, and the sheet's shadow."""
    room = np.full((HEIGHT, WIDTH, 3), (138, 150, 158), np.uint8)
    room[:, 930:] = (120, 134, 146)  # another wall
    cv2.rectangle(room, (0, 150), (330, 168), (70, 92, 120), -1)  # a shelf with books
    x = 6
    while x < 300:
        wide, high = int(rng.integers(16, 40)), int(rng.integers(80, 130))
        cv2.rectangle(room, (x, 150 - high), (x + wide, 149), rng.integers(50, 170, 3).tolist(), -1)
        x += wide + 3
    room = cv2.GaussianBlur(room, (0, 0), 9)
    for x, lean in ((370, 14), (900, -14)):
        _blob(room, (x - 2 * lean, HEIGHT + 40), (84, 150), lean, SKIN)
    shade = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.rectangle(shade, (215, 60), (1115, 700), 0.28, -1)
    light = np.linspace(1.05, 0.8, WIDTH)[:, None] * (1 - cv2.GaussianBlur(shade, (0, 0), 24))[..., None]
    return (cv2.GaussianBlur(room, (0, 0), 3) * light).clip(0, 255).astype(np.uint8)


def _blob(picture: np.ndarray, middle: tuple, radii: tuple, lean: float, colour: tuple) -> None:
    """A rounded shape with a soft, darker rim: a thumb, a nail, an arm."""
    for shrink in range(8):
        shade = 0.82 + 0.18 * shrink / 7
        size = tuple(int(radius * (1 - 0.05 * shrink)) for radius in radii)
        cv2.ellipse(picture, tuple(map(int, middle)), size, lean, 0, 360, [shade * c for c in colour], -1, cv2.LINE_AA)
