"""Picture to ink: flatten the light, threshold, tell what ink lies on. OpenCV only."""

import cv2
import numpy as np

from . import surfaces
from .surfaces import Surface

STROKE_SHARE = 0.15  # of the shorter side: dark things wider than this are background, not strokes
HALF_INK = 0.4  # of the darkest ink close by, as far as its blur reaches: less is paper or its halo
DIRT = 0.25  # of the darkest ink nearby, as far as a digit reaches: less is dirt
AROUND = 12  # pixels of the ground that are looked at around ink at least
FAINTEST = 8  # of 255: what is no darker than paper or a rule by that is no mark on it
BETWEEN_QUARTILES = 1.35  # standard deviations of normal noise from the lower to the upper one
LEVELS = np.array([0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 254])  # of darkness, in half octaves


def flatten(frame: np.ndarray) -> tuple[np.ndarray, list[Surface], np.ndarray]:
    """How much darker than the paper around it each pixel is: (h, w) uint8, 0 paper to 255 black.

    Also the surfaces, and where they end: (h, w, 2) uint8, 255 or 0, with wide and with thin strokes removed.
    frame: (h, w) or (h, w, 3) uint8. The paper is the grey closing of the picture (Serra 1982): it fills strokes and
    keeps the edges of shadows where they are. Surfaces with white on black are turned round first.
    """
    grey = frame
    if frame.ndim == 3:  # the channel that the ink absorbs most, the light's colour taken out first
        means = np.maximum(cv2.mean(frame)[:3], 1)
        channels = cv2.split(frame)  # from here on in place: a new frame costs as much as what is done in it
        for channel, mean in zip(channels, means, strict=True):
            if mean < means.max():
                cv2.convertScaleAbs(channel, channel, means.max() / mean)
            darkest = cv2.min(channels[0], channel, channels[0])
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        cv2.addWeighted(darkest, 0.5, grey, 0.5, 0, grey)
    grey = cv2.GaussianBlur(grey, (3, 3), 0)
    # At half the size, which is four times as fast; padded, so that no vignette is taken for ink at the border.
    half, pad = _halve(grey), widest_stroke(grey) // 2
    found, edges = surfaces.find(half, pad)
    turned = white_on_black(half, pad, found)
    ends = cv2.merge(edges[cv2.MORPH_CLOSE])
    if turned.any():
        cv2.copyTo(cv2.merge(edges[cv2.MORPH_OPEN]), turned, ends)
        half, grey = (cv2.bitwise_xor(picture, _spread(turned, picture.shape)) for picture in (half, grey))
    half = surfaces.morphed(half, cv2.MORPH_CLOSE, pad | 1, cv2.BORDER_REPLICATE)
    paper = cv2.resize(cv2.erode(half, None), grey.shape[::-1])
    grey = cv2.subtract(paper, grey)
    return cv2.divide(grey, cv2.max(paper, 24, paper), grey, 255), found, _spread(ends, grey.shape)


def widest_stroke(picture: np.ndarray) -> int:
    """Up to what width dark things are taken for strokes: pixels, an odd number."""
    return max(15, int(STROKE_SHARE * min(picture.shape))) | 1


def white(frame: np.ndarray) -> float:
    """The largest value that a picture's dtype has; 1 where it has fractions."""
    return float(np.iinfo(frame.dtype).max) if np.issubdtype(frame.dtype, np.integer) else 1.0


def _halve(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _spread(grid: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Values of the surfaces' grid at the size of a picture."""
    return cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_NEAREST)


def white_on_black(half: np.ndarray, reach: int, found: list[Surface]) -> np.ndarray:
    """Which surfaces' strokes are brighter than they are: of any neighbourhood, strokes cover the lesser part.

    Returns a grid (h, w) uint8, 255 or 0. reach: of a neighbourhood, in pixels of the picture.
    """
    shape = found[0].inside.shape
    small = cv2.resize(half, shape[::-1], interpolation=cv2.INTER_AREA)
    side = int(reach / 2 * shape[1] / half.shape[1]) | 1
    window = np.ones((side, side), np.uint8)
    turned = np.zeros(shape, np.uint8)
    for where, inside in found:
        tones, mask = small[where][::2, ::2], 255 * inside[::2, ::2].view(np.uint8)  # tell as much
        within, share = (cv2.boxFilter(part, cv2.CV_32F, window.shape) for part in (tones & mask, mask))
        lightest, darkest = cv2.dilate(tones & mask, window), cv2.erode(tones | ~mask, window)
        mean = 255 * within / np.maximum(share, 1)
        middle = cv2.addWeighted(lightest, 0.5, darkest, 0.5, 0, dtype=cv2.CV_32F)
        contrast = cv2.subtract(cv2.subtract(lightest, darkest), FAINTEST)  # what is bare has none, and says nothing
        excess = contrast * (mean - middle)
        np.copyto(turned[where], 255 if cv2.mean(excess, mask)[0] < 0 else 0, where=inside)
    # A thin strip that is left between surfaces, such as a shadow's edge, is as they are, not as the rest.
    rest, thin = 255 * found[0].inside.view(np.uint8), np.ones((surfaces.THIN_STROKE,) * 2, np.uint8)
    strip = cv2.subtract(rest, cv2.morphologyEx(rest, cv2.MORPH_OPEN, thin))
    around = cv2.morphologyEx(cv2.subtract(turned, strip), cv2.MORPH_CLOSE, thin)
    cv2.copyTo(around, strip, turned)
    return turned


def threshold(ink: np.ndarray, found: list[Surface]) -> tuple[np.ndarray, np.ndarray]:
    """Where ink is, (h, w) uint8, 255 or 0; and at half that size where any mark is, printed lines among them.

    A mark is above its surface's grain. Ink is above a share of the darkest ink close by as well, and above a lesser
    one of the darkest nearby: a stroke may be darker where the pen pressed.
    """
    shape = found[0].inside.shape
    pixel = max(1, round(ink.shape[1] / shape[1]))  # of the grid, in pixels of the picture
    mean, sample = cv2.resize(ink, shape[::-1], interpolation=cv2.INTER_AREA), _spread(ink, shape)
    peaks = _spread(cv2.dilate(ink, np.ones((pixel, pixel), np.uint8)), shape)
    side = min(ink.shape)
    reach, near, close = (max(3, round(width / pixel)) | 1 for width in (widest_stroke(ink), side / 16, side / 48))
    limit, grains = np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)
    for i, (where, inside) in enumerate(found):
        levels = sample[where][::3, ::3][inside[::3, ::3]]  # tell as much
        if not len(levels):
            continue
        middle = float(np.median(levels))
        spread = 1.5 * float(np.median(np.abs(levels - middle)))
        bare = np.where(inside, cv2.min(mean[where], min(255.0, 2 * middle + 8)), np.uint8(middle))
        grain = cv2.blur(bare, (reach, reach))  # the closing lies on the paper's lightest specks
        darkest = np.where(inside, cv2.subtract(peaks[where], grain), np.uint8(0))
        least = min(255.0, FAINTEST + 5 * spread)
        over = np.full(darkest.shape, least, np.uint8)
        for width, share in ((close, HALF_INK), (near, DIRT)):
            ink_there = cv2.dilate(darkest, np.ones((width, width), np.uint8))
            over = cv2.max(over, cv2.convertScaleAbs(ink_there, alpha=share))
        np.copyto(limit[where], cv2.add(grain, over), where=inside)
        if i:  # between the surfaces there is no grain to tell marks from
            np.copyto(grains[where], cv2.add(grain, least), where=inside)
    mask = cv2.compare(ink, cv2.resize(limit, ink.shape[::-1]), cv2.CMP_GT)
    half = cv2.resize(ink, mask[::2, ::2].shape[::-1], interpolation=cv2.INTER_AREA)
    marks = cv2.compare(half, cv2.resize(grains, half.shape[::-1]), cv2.CMP_GT)
    return mask, cv2.bitwise_or(marks, mask[::2, ::2])


def ground(ink: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What ink lies on: how dark all that a mask leaves free is, (h, w) uint8, 0 elsewhere; and how much is how dark.

    The latter at a quarter of the size, as integrals of where it is as dark as each of the LEVELS at most:
    (len(LEVELS), rows + 1, columns + 1) int32.
    """
    bare = cv2.compare(cv2.dilate(mask, np.ones((5, 5), np.uint8)), 0, cv2.CMP_EQ)
    dark = cv2.bitwise_or(ink[::4, ::4], cv2.bitwise_not(bare[::4, ::4]))
    count = np.empty((len(LEVELS), dark.shape[0] + 1, dark.shape[1] + 1), np.int32)
    for part, level in zip(count, LEVELS.tolist(), strict=True):
        cv2.integral(cv2.threshold(dark, level, 1, cv2.THRESH_BINARY_INV)[1], part, cv2.CV_32S)
    return cv2.bitwise_and(ink, bare), count


def unevenness(levels: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """How uneven the ground in and around each of some boxes is: of normal noise, the standard deviation.

    It is told from the quartiles: texture is uneven all over, while a faint rule, a neighbour's halo or a sheet's edge
    takes up less than a quarter.
    levels: as ground has them. boxes: (n, 4) x, y, width, height. Returns (n,) float64, 255 where nothing is bare.
    """
    _, height, width = levels.shape
    x, y, w, h = boxes.reshape(-1, 4).T / 4
    reach = np.maximum(AROUND, boxes.reshape(-1, 4)[:, 2:].max(1, initial=0) / 4) / 4
    left, top = np.maximum(0, x - reach).astype(int), np.maximum(0, y - reach).astype(int)
    right = np.minimum(width - 1, np.ceil(x + w + reach)).astype(int)
    bottom = np.minimum(height - 1, np.ceil(y + h + reach)).astype(int)
    count = levels[:, bottom, right] - levels[:, top, right] - levels[:, bottom, left] + levels[:, top, left]
    lower, upper = (_quantile(count, share) for share in (0.25, 0.75))
    return np.where(count[-1] > 0, (upper - lower) / BETWEEN_QUARTILES, 255)


def _quantile(count: np.ndarray, share: float) -> np.ndarray:
    """How dark that share of the ground is at most: (n,). count: (len(LEVELS), n), how much has each level at most."""
    want = share * count[-1]
    above = np.argmax(count >= want, 0)
    below = np.maximum(above - 1, 0)
    few, many = (np.take_along_axis(count, at[None], 0)[0] for at in (below, above))
    return LEVELS[below] + (LEVELS[above] - LEVELS[below]) * (want - few) / np.maximum(many - few, 1)
