"""Picture to ink: flatten the light, threshold, take ruled lines out. OpenCV only."""

import cv2
import numpy as np

from . import surfaces
from .surfaces import Surface

STROKE_SHARE = 0.15  # of the shorter side: dark things wider than this are background, not strokes
HALF_INK = 0.4  # of the darkest ink close by, as far as its blur reaches: less is paper or its halo
DIRT = 0.25  # of the darkest ink nearby, as far as a digit reaches: less is dirt
GAPS, GOES_ON = 0.1, 0.3  # a rule is, in all but a tenth of its length, a third as dark as where it is darkest
RULE_COVER = 0.35  # of the picture's side that a line covers with ink, to be a ruled one
LONG = 3  # heights of a digit: no stroke is as long, a rule of a table is
AROUND = 12  # pixels of the ground that are looked at around ink at least
LEVELS = np.array([0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 254])  # of darkness, in half octaves
LEAST_HEIGHT = 9  # pixels: what is lower does not tell how high the digits are


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
        excess = cv2.subtract(lightest, darkest) * (mean - middle)
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
        least = min(255.0, 8 + 5 * spread)
        over = np.full(darkest.shape, least, np.uint8)
        for width, share in ((close, HALF_INK), (near, DIRT)):
            ink_there = cv2.dilate(darkest, np.ones((width, width), np.uint8))
            over = cv2.max(over, cv2.convertScaleAbs(ink_there, alpha=share))
        np.copyto(limit[where], cv2.add(grain, over), where=inside)
        if i:  # between the surfaces there is no grain to tell marks from
            np.copyto(grains[where], cv2.add(grain, least), where=inside)
    mask = cv2.compare(ink, cv2.resize(limit, ink.shape[::-1]), cv2.CMP_GT)
    half = np.ascontiguousarray(ink[::2, ::2])
    marks = cv2.compare(half, cv2.resize(grains, half.shape[::-1]), cv2.CMP_GT)
    return mask, cv2.bitwise_or(marks, mask[::2, ::2])


def remove_rules(mask: np.ndarray, marks: np.ndarray, ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mask without ruled lines, and their middle lines: (h, w) uint8 both, 255 where ink or a line is.

    marks: as threshold has them; a line that is fainter than the digits goes on in them where the mask has gaps. Lines
    are looked for from border to border, then around long connected components: a table, a frame, not the outline of a
    sheet. What crosses or stands on a rule stays where it is thicker or darker than the rule (staff removal by run
    length, as in reading music scores).
    """
    boxes = _boxes(marks)
    # What goes from top to bottom or is long both ways, a frame, a table, does not tell how high digits are, nor a dot.
    rows, columns = marks.shape
    heights = [
        2 * h
        for _, _, w, h in boxes
        if 2 * h >= LEAST_HEIGHT and h < rows and (h < RULE_COVER * rows or w < RULE_COVER * columns)
    ]
    high = float(np.median(heights)) if heights else 0.0
    long = LONG * high
    # A rule is at most a tenth as thick as digits are high; one from border to border a ninetieth of the side as well.
    thick = max(3, int(high / 10))  # pixels
    mask, lines = _remove_rules(mask, marks, ink, long, max(thick, min(mask.shape) // 90))
    if not heights:
        return mask, lines
    large = [box for box in boxes if 2 * max(box[2:]) > long and not _is_outline(box, lines[::2, ::2])]
    places = np.zeros((marks.shape[0] // 4 + 1, marks.shape[1] // 4 + 1), np.uint8)
    for x, y, w, h in large:
        places[y // 4 : (y + h) // 4 + 1, x // 4 : (x + w) // 4 + 1] = 255
    for outline in cv2.findContours(cv2.dilate(places, None), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        x, y, w, h = (4 * side for side in cv2.boundingRect(outline))
        if min(w, h) < high:  # in pixels of the half size: lower than two digits, one line or stroke
            continue
        half, whole = (slice(y, y + h), slice(x, x + w)), (slice(2 * y, 2 * (y + h)), slice(2 * x, 2 * (x + w)))
        bare, more = _remove_rules(mask[whole], marks[half], ink[whole], long, thick)
        if cv2.countNonZero(more):
            mask = mask.copy()
            mask[whole], lines[whole] = bare, cv2.bitwise_or(lines[whole], more)
    return mask, lines


def _is_outline(box: tuple[int, int, int, int], lines: np.ndarray) -> bool:
    """Whether lines go through a box, but not through its middle half: a sheet's edges do, a table's lines do not."""
    x, y, w, h = box
    around, middle = lines[y : y + h, x : x + w], lines[y + h // 4 : y + h - h // 4, x + w // 4 : x + w - w // 4]
    return bool(around.any() and not middle.any())


def _boxes(marks: np.ndarray) -> list[tuple[int, int, int, int]]:
    """The boxes of connected components."""
    outlines, tree = cv2.findContours(marks, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    outer = np.flatnonzero(tree[0, :, 3] < 0).tolist() if outlines else []
    return [cv2.boundingRect(outlines[i]) for i in outer]


def _remove_rules(
    mask: np.ndarray, marks: np.ndarray, ink: np.ndarray, least: float, thick: int
) -> tuple[np.ndarray, np.ndarray]:
    """Without level and upright rules. least: pixels that one is long at least; thick: that one is thick at most."""
    lines = np.zeros_like(mask)
    if _has_long_lines(marks):
        mask, lines = _remove_level_rules(mask, marks, ink, max(RULE_COVER, least / mask.shape[1]), thick)
    if _has_long_lines(cv2.transpose(marks)):
        turn, back = cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE
        turned = [cv2.rotate(picture, turn) for picture in (mask, marks, ink)]
        turned, upright = _remove_level_rules(*turned, max(RULE_COVER, least / mask.shape[0]), thick)
        mask, lines = cv2.rotate(turned, back), cv2.bitwise_or(lines, cv2.rotate(upright, back))
    return mask, lines


def _has_long_lines(marks: np.ndarray) -> bool:
    """Whether something long and level may be in it: seldom, and quickly told from strips that are filled across."""
    thick = cv2.dilate(marks, np.ones((5, 1), np.uint8))
    strips = cv2.resize(thick, (20, marks.shape[0]), interpolation=cv2.INTER_AREA)
    return (strips.max(0) > 180).mean() >= RULE_COVER


def _remove_level_rules(
    mask: np.ndarray, marks: np.ndarray, ink: np.ndarray, cover: float, thick: int
) -> tuple[np.ndarray, np.ndarray]:
    """cover: share of the width that a rule covers at least."""
    lines = np.zeros_like(mask)
    thin = cv2.subtract(marks, cv2.morphologyEx(marks, cv2.MORPH_OPEN, np.ones((thick // 2 + 1, 1), np.uint8)))
    level = np.zeros_like(thin)  # every fourth column tells as much, in less time
    level[:, ::4] = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((1, 7), np.uint8))[:, ::4]
    votes = max(1, int(0.1 * cover * marks.shape[1]))
    found = cv2.HoughLines(level, 1, np.pi / 480, votes, min_theta=np.pi / 2 - 0.33, max_theta=np.pi / 2 + 0.33)
    if found is None:
        return mask, lines
    rho, theta = found.reshape(-1, 2)[:300].astype(float).T
    begin, slope = rho / np.sin(theta), -1 / np.tan(theta)
    # From border to border, past the digits: a rule covers a good part of that, a stroke or a row of strokes does not.
    columns = np.linspace(0, marks.shape[1] - 1, marks.shape[1] // 4 + 1).astype(int)
    rows = np.rint(begin[:, None] + slope[:, None] * columns).astype(int)
    inside = (rows >= 0) & (rows < marks.shape[0])
    on = np.clip(rows, 0, marks.shape[0] - 1)
    near = cv2.dilate(thin, np.ones((3, 1), np.uint8))
    covered = ((near[on, columns] > 0) & inside).mean(1)
    strong = np.flatnonzero(covered > cover)
    if not len(strong):
        return mask, lines
    level = cv2.resize(ink, marks.shape[::-1], interpolation=cv2.INTER_AREA)
    beside = _beside(level, thick // 2 + 2)
    level = cv2.dilate(level, np.ones((3, 1), np.uint8))  # a ridge may be a pixel off
    stands_out = cv2.subtract(level, beside)
    seen = np.zeros_like(level)
    for i in strong:  # the strongest first, and not its near doubles
        if cv2.mean(seen[on[i], columns], near[on[i], columns])[0] > 128:
            continue
        ridge = _ridge(ink, begin[i] + slope[i] * columns, columns)
        y = (ridge[:, 1] // 2).clip(0, len(level) - 1)
        cv2.polylines(seen, [np.stack([columns, y], 1)], False, 255, 3)
        first, last = _longest(stands_out[y, columns], level[y, columns], near[y, columns] > 0)
        if last - first > cover * len(columns):  # it may end between two points
            cv2.polylines(lines, [ridge[max(0, first - 1) : last + 1]], False, 255)
    if not cv2.countNonZero(lines):
        return mask, lines
    band = cv2.dilate(lines, np.ones((2 * (thick // 2) + 3, 1), np.uint8))
    thin = cv2.subtract(mask, cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((thick + 1, 1), np.uint8)))
    rule = cv2.bitwise_and(thin, band, band)
    levels = ink[::4, ::4][rule[::4, ::4] > 0]
    lines = cv2.dilate(lines, np.ones((5, 1), np.uint8))
    if not len(levels):
        return mask, lines
    darkest = int(min(255, 1.5 * np.median(levels)))
    faint = cv2.compare(ink, darkest, cv2.CMP_LE)
    return cv2.subtract(mask, cv2.bitwise_and(rule, faint, faint), faint), lines


def _ridge(ink: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Where the ink near a line is darkest, past the digits that cross it: points (n, 2) int32.

    rows, columns: (n,) where the line is at half the size.
    """
    off = np.arange(-3, 4)[:, None]  # pixels; the line is known to one or two
    x, y = np.minimum(2 * columns, ink.shape[1] - 1), np.rint(2 * rows + 0.5).astype(int)
    levels = ink[np.clip(y + off, 0, ink.shape[0] - 1), x].astype(int)
    darkest = (levels - abs(off)).argmax(0).astype(np.uint8)
    y += cv2.medianBlur(darkest[None], 15)[0].astype(int) - 3  # points, 8 pixels apart: wider than a digit's stroke
    return np.stack([x, y], 1).astype(np.int32)


def _beside(ink: np.ndarray, off: int) -> np.ndarray:
    """How dark it is so many pixels above or below each pixel, where it is darker: (h, w) uint8."""
    around = cv2.copyMakeBorder(ink, off, off, 0, 0, cv2.BORDER_REPLICATE)
    return cv2.max(around[: len(ink)], around[2 * off :])


def _longest(stands_out: np.ndarray, level: np.ndarray, mask: np.ndarray) -> tuple[int, int]:
    """From where to where a line goes on, dark between its darkest places too, as a rule is; a column of 1s is not.

    stands_out, level: (n,) by how much it is darker than what lies beside it, and how dark it is. mask: (n,) where ink
    is. Where the line stands out speaks for it. Where ink beside hides it speaks half as much against it, where it is
    bare nine times as much. The stretch is the one of the largest sum (Bentley 1984).
    """
    if not mask.any():
        return 0, 0
    limit = GOES_ON * np.median(level[mask])
    good = np.where(stands_out > limit, GAPS, np.where(level > limit, -GAPS / 2, GAPS - 1))
    total = np.concatenate([[0.0], np.cumsum(good)])
    last = int((total - np.minimum.accumulate(total)).argmax())
    return int(total[: last + 1].argmin()), last


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
    return np.where(count[-1] > 0, (upper - lower) / 1.35, 255)


def _quantile(count: np.ndarray, share: float) -> np.ndarray:
    """How dark that share of the ground is at most: (n,). count: (len(LEVELS), n), how much has each level at most."""
    want = share * count[-1]
    above = np.argmax(count >= want, 0)
    below = np.maximum(above - 1, 0)
    few, many = (np.take_along_axis(count, at[None], 0)[0] for at in (below, above))
    return LEVELS[below] + (LEVELS[above] - LEVELS[below]) * (want - few) / np.maximum(many - few, 1)
