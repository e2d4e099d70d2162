"""Ruled lines out of the ink: of paper, tables, frames. OpenCV only."""

import cv2
import numpy as np

from .ink import BETWEEN_QUARTILES, FAINTEST

GAPS, GOES_ON = 0.1, 0.3  # a rule is, in all but a tenth of its length, a third as dark as where it is darkest
RULE_COVER = 0.35  # of the picture's side that a line covers with ink, to be a ruled one
LONG = 3  # heights of a digit: no stroke is as long, a rule of a table is
LEAST_HEIGHT = 9  # pixels: what is lower does not tell how high the digits are
INSIDE = 3  # components or holes: what has more than so many inside is no digit

Box = tuple[int, int, int, int, float]  # x, y, width, height in pixels, and the area that its outline encloses
Point = tuple[int, int]  # x, y in pixels


def remove(mask: np.ndarray, marks: np.ndarray, ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mask without ruled lines, and their middle lines: (h, w) uint8 both, 255 where ink or a line is.

    mask, marks: as ink.threshold has them; a line that is fainter than the digits goes on in marks where the mask has
    gaps. ink: as ink.flatten has it. Lines are looked for from border to border, then around long connected components:
    a table, a frame, not the outline of a sheet. What crosses or stands on a rule stays, where it is thicker or darker
    than the rule is elsewhere. What a rule runs into at its free end goes with it, if it is as thin: a frame's corner.
    """
    boxes, single, cells = _boxes(marks)
    high = _height(single, marks.shape) or _height(cells, marks.shape)
    # A rule is at most a tenth as thick as digits are high; one from border to border a ninetieth of the side as well.
    most = max(3, int(high / 10), min(mask.shape) // 90)  # pixels
    thick = max(3, int(high / 10)) if high else most
    mask, lines, ends = _both_ways(mask, marks, ink, LONG * high, most)
    known = cv2.bitwise_or(*lines)[::2, ::2]
    if any(ends):
        marks = cv2.subtract(marks, cv2.dilate(known, None))
    for x, y, w, h in _large(boxes, known, high) if high else []:
        half, whole = (slice(y, y + h), slice(x, x + w)), (slice(2 * y, 2 * (y + h)), slice(2 * x, 2 * (x + w)))
        bare, more, ended = _both_ways(mask[whole], marks[half], ink[whole], LONG * high, thick)
        if any(ended):
            mask = mask.copy()
            mask[whole] = bare
            for i in range(2):
                lines[i][whole] = cv2.bitwise_or(lines[i][whole], more[i])
                ends[i] += [(2 * x + across, 2 * y + down) for across, down in ended[i]]
    if not any(ends):
        return mask, lines[0]
    if all(ends):
        mask = _without_crossings(mask, *lines, thick)
    for own, crossing in zip(ends, reversed(lines), strict=True):
        for end in own:
            if not _around(crossing, end, 2 * thick).any():
                _take_away(mask, end, thick)
    return cv2.compare(mask, 0, cv2.CMP_GT), cv2.bitwise_or(*lines)


def _reach(thick: int) -> int:
    """How far to each side of a rule's middle to look, in pixels: half of it, its blur and what stands on it."""
    return thick // 2 + 3


def _without_crossings(mask: np.ndarray, level: np.ndarray, upright: np.ndarray, thick: int) -> np.ndarray:
    """Without what is left where two rules cross: each takes the other for a stroke."""
    reach = _reach(thick)
    grow = np.ones((2 * reach - 1, 2 * reach - 1), np.uint8)
    crossing = cv2.bitwise_and(cv2.dilate(level, grow), cv2.dilate(upright, grow))
    strokes, step = cv2.subtract(mask, crossing), np.ones((5, 5), np.uint8)
    for _ in range(reach):  # a stroke goes on through it, as far as it is wide
        strokes = cv2.bitwise_and(cv2.dilate(strokes, step), mask)
    return strokes


def _take_away(mask: np.ndarray, end: Point, thick: int) -> None:
    """Take what the free end of a rule runs into out of the mask, in place and as a whole, if it is a thin line."""
    near = thick // 2 + 1
    for down, across in np.argwhere(_around(mask, end, near)).tolist():
        at = max(0, end[0] - near) + across, max(0, end[1] - near) + down
        if mask[at[::-1]] == 255:  # else it went with another
            area, _, _, (x, y, w, h) = cv2.floodFill(mask, None, at, 128)
            part = mask[y : y + h, x : x + w]
            part[part == 128] = 0 if area <= thick * (w + h) else 254  # 254: seen, and ink all the same


def _around(picture: np.ndarray, point: Point, reach: int) -> np.ndarray:
    """The part of a picture that is no further from a point, in pixels across and down."""
    x, y = point
    return picture[max(0, y - reach) : max(0, y + reach + 1), max(0, x - reach) : max(0, x + reach + 1)]


def _boxes(marks: np.ndarray) -> tuple[list[Box], list[Box], list[Box]]:
    """The boxes of connected components; of those that may be single digits; and of the holes in the others.

    A table whose digits all touch its lines is one component. Its cells are about as high as they are.
    """
    outlines, tree = cv2.findContours(marks, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    parents = tree[0, :, 3] if outlines else np.zeros(0, int)
    holes = np.bincount(parents[parents >= 0], minlength=len(parents))
    outer = parents < 0
    cells = ~outer & (holes[parents] > INSIDE)
    boxed = {
        int(i): (*cv2.boundingRect(outlines[i]), cv2.contourArea(outlines[i])) for i in np.flatnonzero(outer | cells)
    }
    return tuple([boxed[i] for i in np.flatnonzero(of).tolist()] for of in (outer, outer & (holes <= INSIDE), cells))


def _height(boxes: list[Box], shape: tuple[int, int]) -> float:
    """How high digits are in pixels, of boxes at half the size; 0.0 where nothing may be one.

    The median by area, for dust is no digit, however much there is. Nor is what goes from top to bottom, is long both
    ways or has others inside: a frame, a table.
    """
    rows, columns = shape
    fit = [
        (*box, area)
        for *box, area in boxes
        if 2 * box[3] >= LEAST_HEIGHT
        and box[3] < rows
        and (box[3] < RULE_COVER * rows or box[2] < RULE_COVER * columns)
    ]
    if not fit:
        return 0.0
    x, y, w, h = np.array(fit)[:, :4].astype(int).T
    middles = np.zeros(shape, np.uint8)
    middles[y + h // 2, x + w // 2] = 1
    count = cv2.integral(middles)
    inside = count[y + h, x + w] - count[y, x + w] - count[y + h, x] + count[y, x] - 1
    area = np.minimum(np.array(fit)[:, 4], np.minimum(w, h) ** 2)  # of a line, hardly any
    weight = np.where(inside <= INSIDE, area, 0)
    order = np.argsort(h)
    total = np.cumsum(weight[order])
    return 2.0 * h[order][np.searchsorted(total, total[-1] / 2)] if total[-1] else 0.0


def _large(boxes: list[Box], lines: np.ndarray, high: float) -> list[tuple[int, int, int, int]]:
    """Where to look for shorter rules: around long components, x, y, width, height; boxes and lines at half the size.

    lines: those found already.
    """
    places = np.zeros((lines.shape[0] // 4 + 1, lines.shape[1] // 4 + 1), np.uint8)
    for x, y, w, h, _ in boxes:
        if 2 * max(w, h) > LONG * high and not _is_outline((x, y, w, h), lines):
            places[y // 4 : (y + h) // 4 + 1, x // 4 : (x + w) // 4 + 1] = 255
    outlines = cv2.findContours(cv2.dilate(places, None), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    large = [tuple(4 * side for side in cv2.boundingRect(outline)) for outline in outlines]
    return [box for box in large if min(box[2:]) >= high]  # lower than two digits: one line or stroke


def _is_outline(box: tuple[int, int, int, int], lines: np.ndarray) -> bool:
    """Whether lines go through a box, but not through its middle half: a sheet's edges do, a table's lines do not."""
    x, y, w, h = box
    around, middle = lines[y : y + h, x : x + w], lines[y + h // 4 : y + h - h // 4, x + w // 4 : x + w - w // 4]
    return bool(around.any() and not middle.any())


def _both_ways(
    mask: np.ndarray, marks: np.ndarray, ink: np.ndarray, least: float, thick: int
) -> tuple[np.ndarray, list[np.ndarray], list[list[Point]]]:
    """Without level and upright rules; the middle lines of each; and the ends of each.

    least: pixels that one is long at least; thick: that one is thick at most.
    """
    level, upright = np.zeros_like(mask), np.zeros_like(mask)
    ends, others = [], []
    if _has_long_lines(marks):
        mask, level, ends = _level(mask, marks, ink, max(RULE_COVER, least / mask.shape[1]), thick)
    if _has_long_lines(cv2.transpose(marks)):
        turn, back = cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE
        turned = [cv2.rotate(picture, turn) for picture in (mask, marks, ink)]
        turned, upright, others = _level(*turned, max(RULE_COVER, least / mask.shape[0]), thick)
        mask, upright = cv2.rotate(turned, back), cv2.rotate(upright, back)
        others = [(y, len(mask) - 1 - x) for x, y in others]
    return mask, [level, upright], [ends, others]


def _has_long_lines(marks: np.ndarray) -> bool:
    """Whether something long and level may be in it: seldom, and quickly told from strips that are filled across."""
    thick = cv2.dilate(marks, np.ones((5, 1), np.uint8))
    strips = cv2.resize(thick, (20, marks.shape[0]), interpolation=cv2.INTER_AREA)
    return (strips.max(0) > 180).mean() >= RULE_COVER


def _level(
    mask: np.ndarray, marks: np.ndarray, ink: np.ndarray, cover: float, thick: int
) -> tuple[np.ndarray, np.ndarray, list[Point]]:
    """Without level rules; and where their middle lines are, and their ends. cover: of the width, at least.

    They are looked for at half the size, where one is half as thick and, for its blur, up to two pixels thicker.
    """
    lines = np.zeros_like(mask)
    thin = cv2.subtract(marks, cv2.morphologyEx(marks, cv2.MORPH_OPEN, np.ones((thick // 2 + 3, 1), np.uint8)))
    level = np.zeros_like(thin)  # every fourth column tells as much, in less time
    level[:, ::4] = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((1, 7), np.uint8))[:, ::4]
    votes = max(1, int(0.1 * cover * marks.shape[1]))
    found = cv2.HoughLines(level, 1, np.pi / 480, votes, min_theta=np.pi / 2 - 0.33, max_theta=np.pi / 2 + 0.33)
    if found is None:
        return mask, lines, []
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
        return mask, lines, []
    level = cv2.resize(ink, marks.shape[::-1], interpolation=cv2.INTER_AREA)
    beside = _beside(level, thick // 2 + 2)
    level = cv2.dilate(level, np.ones((3, 1), np.uint8))  # a ridge may be a pixel off
    stands_out = cv2.subtract(level, beside)
    seen, bare, ends = np.zeros_like(level), mask.copy(), []
    for i in strong:  # the strongest first, and not its near doubles
        if cv2.mean(seen[on[i], columns], near[on[i], columns])[0] > 128:
            continue
        x, y = _ridge(ink, begin[i] + slope[i] * columns, columns)
        row = np.rint(y / 2).astype(int).clip(0, len(level) - 1)
        cv2.polylines(seen, [np.stack([columns, row], 1)], False, 255, 3)
        inked = near[row, columns] > 0
        limit = GOES_ON * np.median(level[row, columns][inked]) if inked.any() else 255
        dark = level[row, columns] > limit
        first, last = _longest(stands_out[row, columns] > limit, dark)
        if last - first > cover * len(columns):
            # On to where it is bare: in a table digits hide the ends of lines. It may end between two points.
            bare_at = np.flatnonzero(~dark)
            first = max(bare_at[bare_at < first], default=-1) + 1
            last = min(bare_at[bare_at >= last], default=len(dark))
            there = slice(max(0, first - 1), last + 1)
            ended = _take_out(bare, ink, x[there], y[there], thick)
            if ended:
                ends += ended
                between = np.rint(np.stack([x[there], y[there]], 1)).astype(int)[1:-1]
                cv2.polylines(lines, [np.array([ended[0], *between, ended[1]])], False, 255)
    return bare, cv2.dilate(lines, np.ones((5, 1), np.uint8)), ends


def _take_out(mask: np.ndarray, ink: np.ndarray, x: np.ndarray, y: np.ndarray, thick: int) -> list[Point]:
    """Take a rule out of the mask, in place, and tell its two ends; none if it is no rule, which changes nothing.

    It stays where it is thicker or darker than usual: a stroke is there. What is usual is told by its cross section,
    the median along it at each distance from its middle (staff removal as in reading music scores, by darkness rather
    than by run length alone: a stroke that lies on a rule is seen by the pixel that it is wider).
    x, y: (n,) points of its middle line, x ascending. thick: pixels that it is thick at most.
    """
    columns = np.arange(int(x[0]), int(x[-1]) + 1, dtype=np.float32)
    middle = np.interp(columns, x, y).astype(np.float32)
    reach = _reach(thick)
    levels, connected = _along(ink, columns, middle, reach, cv2.INTER_LINEAR), _connected(mask, columns, middle, reach)
    few = np.sort(levels[:, :: 1 + len(columns) // 128], 1)  # tell as much
    lower, usual, upper = (few[:, int(share * few.shape[1]), None] for share in (0.25, 0.5, 0.75))
    spread = (upper - lower) / BETWEEN_QUARTILES
    least = GOES_ON * usual.max()
    dark, thin = levels[reach - 1 : reach + 2].max(0) >= least, connected.sum(0) <= thick
    if dark.mean() < 1 - GAPS or thin.mean() < 0.5:
        return []
    most = np.minimum(255, usual + 3 * spread + FAINTEST).astype(np.uint8)  # as a mark is told from grain
    off, at = np.nonzero(connected & ~(connected & (levels > most)).any(0))
    rows = np.rint(middle[at]).astype(int) + off - reach
    mask[np.clip(rows, 0, len(mask) - 1), at + int(x[0])] = 0
    return [(int(columns[i]), round(float(middle[i]))) for i in np.flatnonzero(dark)[[0, -1]]]


def _connected(mask: np.ndarray, x: np.ndarray, y: np.ndarray, reach: int) -> np.ndarray:
    """Which pixels above, on and below a line are ink without a gap from its middle on: as _along has them, bool."""
    inked = _along(mask, x, y, reach, cv2.INTER_NEAREST).view(bool)
    above = np.logical_and.accumulate(inked[reach::-1])[::-1]
    return np.concatenate([above, np.logical_and.accumulate(inked[reach:])[1:]])


def _along(picture: np.ndarray, x: np.ndarray, y: np.ndarray, reach: int, how: int) -> np.ndarray:
    """The pixels above, on and below a line, x and y (n,) float32, as far as it reaches: (2 * reach + 1, n) uint8.

    how: as cv2.remap has it.
    """
    rows = y + np.arange(-reach, reach + 1, dtype=np.float32)[:, None]
    return cv2.remap(picture, np.broadcast_to(x, rows.shape), rows, how, borderMode=cv2.BORDER_REPLICATE)


def _ridge(ink: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle of the ink along a line, past the digits that cross it: x and y (n,) float32.

    rows, columns: (n,) where the line is at half the size, to one or two pixels. Points are 8 pixels apart, wider than
    a digit's stroke.
    """
    x, y = np.minimum(2 * columns, ink.shape[1] - 1).astype(np.float32), (2 * rows + 0.5).astype(np.float32)
    reach = 3
    levels = _along(ink, x, y, reach, cv2.INTER_NEAREST)
    most = levels.max(0)
    usual = int(np.sort(most)[int(len(most) * (1 - RULE_COVER / 2))])
    inked = most >= GOES_ON * usual
    at = (y + _darkest(levels, usual) - reach)[inked]
    from_middle = x[inked] - x[inked].mean()  # a straight line, least squares: beyond its ends it goes straight on
    slope = from_middle @ at / max(1.0, from_middle @ from_middle)
    y = (at.mean() + slope * (x - x[inked].mean())).astype(np.float32)
    darkest = _darkest(_along(ink, x, y, reach, cv2.INTER_NEAREST), usual)
    y = np.rint(y) + cv2.medianBlur(darkest.astype(np.uint8)[None], 15)[0] - np.float32(reach)
    off = np.arange(-2, 3, dtype=np.float32)[:, None]  # to a part of a pixel, and where it bends
    weight = _along(ink, x, y, 2, cv2.INTER_NEAREST).astype(np.float32) ** 2
    fiftieths = 50 * (weight * off).sum(0) / np.maximum(weight.sum(0), 1) + 128
    return x, y + (cv2.medianBlur(np.rint(fiftieths).astype(np.uint8)[None], 7)[0] - np.float32(128)) / 50


def _darkest(levels: np.ndarray, usual: int) -> np.ndarray:
    """Which row of levels (2 * reach + 1, n) uint8 is darkest, (n,): the middle one rather than others.

    What is darker than usual, a stroke, does not count for more.
    """
    reach = len(levels) // 2
    return (np.minimum(levels, usual).astype(np.int16) - abs(np.arange(-reach, reach + 1))[:, None]).argmax(0)


def _beside(ink: np.ndarray, off: int) -> np.ndarray:
    """How dark it is so many pixels above or below each pixel, where it is darker: (h, w) uint8."""
    around = cv2.copyMakeBorder(ink, off, off, 0, 0, cv2.BORDER_REPLICATE)
    return cv2.max(around[: len(ink)], around[2 * off :])


def _longest(stands_out: np.ndarray, dark: np.ndarray) -> tuple[int, int]:
    """From where to where a line goes on, dark between its darkest places too, as a rule is; a column of 1s is not.

    dark, stands_out: (n,) bool, whether it is as dark as a rule is, and whether it is darker than what lies beside it
    by as much. Where the line stands out speaks for it. Where ink beside hides it speaks half as much against it, where
    it is bare nine times as much. The stretch is the one of the largest sum (Bentley 1984).
    """
    good = np.where(stands_out, GAPS, np.where(dark, -GAPS / 2, GAPS - 1))
    total = np.concatenate([[0.0], np.cumsum(good)])
    last = int((total - np.minimum.accumulate(total)).argmax())
    return int(total[: last + 1].argmin()), last
