"""Picture to digit candidates: flatten the light, threshold, remove ruled lines, crop. OpenCV only, no Keras.

    candidates, mask = vision.find(cv2.imread("sheet.jpg"))
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

Box = tuple[int, int, int, int]  # x, y, width, height in pixels of the source picture, as OpenCV has it

WORKING_SIDE = 1600  # pixels: the longer side is brought down to this before anything else
STROKE_SHARE = 0.15  # of the shorter side: dark things wider than this are background, not strokes
HALF_INK = 0.4  # of the darkest ink nearby: less is paper, halo or dirt
MIN_SIDE = 9  # working pixels: smaller things are dots and noise
RULE_COVER = 0.35  # of the picture's side that a line covers with ink, to be a ruled one
SLANTS = (0.0, 0.3, -0.2)  # of the lines along which touching digits are cut, across by down
CUT_COST = 1.5  # stroke widths of ink that a cut may cross
BEYOND = 0.25  # of its longer side that a digit may touch the picture's border with
MAX_PIECES = 400  # a picture with more is texture; the largest are looked at
MIN_CLARITY = 6  # see Candidate


class Candidate(NamedTuple):
    """Ink that may be one digit: a connected stroke, several of them, or a part of one between two cuts."""

    box: Box
    crop: np.ndarray  # (28, 28) float32, 0 (paper) to 1 (ink), laid out as MNIST is
    ink: np.ndarray  # (height, width) uint8, 0 to 255: the ink in the box, at the working size
    pieces: tuple[int, ...]  # which pieces of ink it is made of; candidates that share one exclude each other
    area: int  # of its ink, in working pixels
    seams: int  # cuts it ends at and gaps between strokes it spans: 0 for one connected stroke as it is
    clarity: float  # how far its ink stands out of the unevenness of the paper around it; small in texture


def ink_of(frame: np.ndarray) -> np.ndarray:
    """How much darker than the paper around it each pixel is: (h, w) uint8, 0 paper to 255 black.

    frame: (h, w) or (h, w, 3) uint8. The paper is the grey closing of the picture (Serra 1982): it fills strokes and
    keeps the edges of shadows where they are. White on black is turned round first.
    """
    grey = frame
    if frame.ndim == 3:  # the channel that the ink absorbs most, the light's colour taken out first
        means = np.maximum(cv2.mean(frame)[:3], 1)
        channels = [cv2.convertScaleAbs(c, alpha=means.max() / m) for c, m in zip(cv2.split(frame), means, strict=True)]
        grey = cv2.addWeighted(cv2.min(cv2.min(*channels[:2]), channels[2]), 0.5, cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), 0.5, 0)
    grey = cv2.GaussianBlur(grey, (3, 3), 0)
    reach = max(15, int(STROKE_SHARE * min(grey.shape))) | 1
    if is_white_on_black(grey, reach):
        grey = cv2.bitwise_not(grey)
    # At half the size, which is four times as fast; padded, so that no vignette is taken for ink at the border.
    pad = reach // 2
    half = cv2.copyMakeBorder(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), *[pad] * 4, cv2.BORDER_REPLICATE)
    half = cv2.morphologyEx(half, cv2.MORPH_CLOSE, np.ones((pad | 1, pad | 1), np.uint8))[pad:-pad, pad:-pad]
    paper = cv2.resize(cv2.erode(half, None), grey.shape[::-1])
    return cv2.divide(cv2.subtract(paper, grey), cv2.max(paper, 24), scale=255)


def is_white_on_black(grey: np.ndarray, reach: int) -> bool:
    """Whether the strokes are brighter than their surroundings: strokes cover less of their neighbourhood than paper."""
    small = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    window = np.ones((reach // 4 | 1,) * 2, np.uint8)
    lightest, darkest = cv2.dilate(small, window).astype(np.float32), cv2.erode(small, window).astype(np.float32)
    mean = cv2.blur(small, window.shape).astype(np.float32)
    contrast = lightest - darkest
    return float((contrast * (mean - (lightest + darkest) / 2)).sum()) < 0


def threshold(ink: np.ndarray) -> np.ndarray:
    """Ink mask (h, w) uint8, 255 where ink is: above the paper's own grain, and above a share of the darkest ink nearby."""
    reach = max(15, int(STROKE_SHARE * min(ink.shape))) | 1
    sample = ink[::4, ::4]
    usual = float(np.median(sample))
    grain = cv2.blur(cv2.min(ink, 2 * usual + 8), (reach, reach))  # the closing lies on the lightest specks of the paper
    ink = cv2.subtract(ink, grain)
    spread = 1.5 * float(np.median(np.abs(sample - usual)))
    near = max(15, min(ink.shape) // 16) | 1
    darkest = cv2.dilate(ink, np.ones((near, near), np.uint8))
    limit = cv2.max(cv2.convertScaleAbs(darkest, alpha=HALF_INK), 8 + 5 * spread)
    mask = cv2.compare(ink, limit, cv2.CMP_GT)
    return mask


def remove_rules(mask: np.ndarray, ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mask without ruled lines, and their middle lines: (h, w) uint8 both, 255 where ink or a line is.

    What crosses or stands on a rule stays where it is thicker or darker than the rule (staff removal by run length, as
    in reading music scores).
    """
    turn, back = cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE
    mask, level = _remove_level_rules(mask, ink)
    mask, upright = _remove_level_rules(cv2.rotate(mask, turn), cv2.rotate(ink, turn))
    return cv2.rotate(mask, back), cv2.bitwise_or(level, cv2.rotate(upright, back))


def _remove_level_rules(mask: np.ndarray, ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lines = np.zeros_like(mask)
    side = mask.shape[1]
    half = cv2.resize(mask, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_NEAREST)
    strips = cv2.resize(cv2.dilate(half, np.ones((5, 1), np.uint8)), (16, half.shape[0]), interpolation=cv2.INTER_AREA)
    if (strips.max(0) > 180).mean() < RULE_COVER:  # nothing long and level: the usual case, and the quick one
        return mask, lines
    thick = max(3, min(mask.shape) // 90)  # pixels: no rule is thicker
    thin = cv2.subtract(half, cv2.morphologyEx(half, cv2.MORPH_OPEN, np.ones((thick // 2 + 1, 1), np.uint8)))
    segments = cv2.HoughLinesP(thin, 1, np.pi / 720, side // 20, minLineLength=side // 16, maxLineGap=side // 120)
    if segments is None:
        return mask, lines
    x1, y1, x2, y2 = segments.reshape(-1, 4)[:200].T
    level = np.abs(y2 - y1) < 0.35 * np.abs(x2 - x1)
    slope = (y2 - y1)[level] / (x2 - x1)[level]
    begin = y1[level] - slope * x1[level]
    # From border to border, past the digits: a rule covers a good part of that, a stroke or a row of strokes does not.
    columns = np.arange(half.shape[1])
    rows = np.rint(begin[:, None] + slope[:, None] * columns).astype(int)
    inside = (rows >= 0) & (rows < half.shape[0])
    near = cv2.dilate(thin, np.ones((3, 1), np.uint8))
    covered = ((near[np.clip(rows, 0, half.shape[0] - 1), columns] > 0) & inside).mean(1)
    for y, rise in zip(begin[covered > RULE_COVER], slope[covered > RULE_COVER], strict=True):
        cv2.line(lines, (0, round(2 * y)), (side, round(2 * y + rise * side)), 255, 3)
    band = cv2.dilate(lines, np.ones((2 * thick - 1, 1), np.uint8))
    thin = cv2.subtract(mask, cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((thick + 1, 1), np.uint8)))
    rule = cv2.bitwise_and(thin, band)
    levels = ink[rule > 0]
    if not len(levels):
        return mask, lines
    darkest = int(min(255, 1.5 * np.median(levels)))
    return cv2.subtract(mask, cv2.bitwise_and(rule, cv2.compare(ink, darkest, cv2.CMP_LE))), lines


def normalise(ink: np.ndarray) -> np.ndarray:
    """Lay ink out as MNIST does (LeCun et al. 1998): longer side 20 pixels, centre of mass in the middle of 28x28.

    ink: (h, w) uint8 or float32, 0 where there is none. Returns (28, 28) float32, 0 to 1, the darkest spot 1.
    """
    height, width = ink.shape
    scale = 20 / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    moments = cv2.moments(small)
    mass = max(moments["m00"], 1e-6)
    shift = np.float32([[1, 0, 13.5 - moments["m10"] / mass], [0, 1, 13.5 - moments["m01"] / mass]])
    crop = cv2.warpAffine(small, shift, (28, 28))
    return crop * np.float32(1 / max(1e-6, crop.max()))


class Piece(NamedTuple):
    """A connected piece of ink, or the part of one between two cuts."""

    box: Box  # working pixels
    part: np.ndarray  # (height, width) bool: its ink in the box
    stroke: int  # the connected piece that it belongs to


def turn(ink: np.ndarray, slope: float) -> np.ndarray:
    """Ink (h, w) uint8 of a digit in a row that falls by `slope`, turned upright and laid out as by normalise."""
    height, width = ink.shape
    cosine, sine = 1 / math.hypot(1, slope), slope / math.hypot(1, slope)
    size = math.ceil(math.hypot(height, width)) + 2
    matrix = np.float32([[cosine, sine, 0], [-sine, cosine, 0]])
    matrix[:, 2] = size / 2 - matrix[:, :2] @ (width / 2, height / 2)
    turned = cv2.warpAffine(ink, matrix, (size, size))
    x, y, w, h = cv2.boundingRect(cv2.compare(turned, 32, cv2.CMP_GT))
    return normalise(turned[y : y + h, x : x + w]) if w and h else np.zeros((28, 28), np.float32)


def find(frame: np.ndarray) -> tuple[list[Candidate], np.ndarray]:
    """Digit candidates of a picture, and its ink mask (at the working size).

    frame: (h, w), (h, w, 3) BGR or (h, w, 4) BGRA, of any dtype that OpenCV reads.
    """
    small, scale = working_picture(frame)
    if min(small.shape[:2]) < MIN_SIDE:
        return [], np.zeros(small.shape[:2], np.uint8)
    ink = ink_of(small)
    everything = threshold(ink)
    mask, rules = remove_rules(everything, ink)
    pieces = pieces_of(mask)
    unevenness = unevenness_around(ink, cv2.bitwise_or(everything, rules))
    candidates = []
    for members, seams in groups_of(pieces):
        x, y, w, h = box = union([pieces[m].box for m in members])
        part = _paint(pieces, members, box)
        level = ink[y : y + h, x : x + w]
        mean, deviation = cv2.meanStdDev(level, mask=part)
        strength = max(1.0, float(mean[0, 0] + 0.7 * deviation[0, 0]))
        clarity = strength / (1 + unevenness(box))
        if clarity < MIN_CLARITY:
            continue
        # Grey levels kept: full ink is 1, paper 0, and the half-tones at the stroke's edge stay.
        soft = cv2.convertScaleAbs(cv2.subtract(level, 0.12 * strength), alpha=1.25 * 255 / strength)
        soft[cv2.dilate(part, None) == 0] = 0
        source = tuple(round(v / scale) for v in box)
        candidates.append(Candidate(source, normalise(soft), soft, members, int(np.count_nonzero(part)), seams, clarity))
    return candidates, mask


def working_picture(frame: np.ndarray) -> tuple[np.ndarray, float]:
    """The picture as 8-bit grey or BGR with its longer side at most WORKING_SIDE, and the scale that it took."""
    if frame.dtype != np.uint8:
        top = np.iinfo(frame.dtype).max if np.issubdtype(frame.dtype, np.integer) else 1
        frame = np.clip(np.nan_to_num(frame.astype(np.float32)) * (255 / top), 0, 255).astype(np.uint8)
    if frame.ndim == 3:
        frame = frame[:, :, 0] if frame.shape[2] < 3 else frame[:, :, :3]
    height, width = frame.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(frame), scale


def unevenness_around(ink: np.ndarray, mask: np.ndarray) -> Callable[[Box], float]:
    """A function from a box to the standard deviation of the paper in and around it, ink and its halo left out."""
    halo = max(5, min(ink.shape) // 100) | 1
    paper = cv2.compare(cv2.dilate(mask, np.ones((halo, halo), np.uint8)), 0, cv2.CMP_EQ)[::2, ::2]  # half the size will do
    sums, squares = cv2.integral2(cv2.bitwise_and(ink[::2, ::2], paper), sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
    counts = cv2.integral(cv2.bitwise_and(paper, 1), sdepth=cv2.CV_64F)
    height, width = paper.shape

    def unevenness(box: Box) -> float:
        x, y, w, h = (v / 2 for v in box)
        reach = max(2, max(w, h) / 4)
        left, top = int(max(0, x - reach)), int(max(0, y - reach))
        right, bottom = min(width, math.ceil(x + w + reach)), min(height, math.ceil(y + h + reach))
        count, total, square = (
            t[bottom, right] - t[top, right] - t[bottom, left] + t[top, left] for t in (counts, sums, squares)
        )
        if count < 0.1 * (right - left) * (bottom - top):
            return 255.0  # hardly any paper left: texture
        return math.sqrt(max(0.0, square / count - (total / count) ** 2))

    return unevenness


def pieces_of(mask: np.ndarray) -> list[Piece]:
    """Connected pieces of ink, the wide ones cut where they are thin."""
    height, width = mask.shape
    gap = round(min(mask.shape) / 700)  # bridges a pen that skipped, no more: neighbours stay apart
    pad = gap + 1
    padded = cv2.copyMakeBorder(mask, pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(padded, np.ones((2 * gap + 1, 2 * gap + 1), np.uint8)))
    labels = labels[pad:-pad, pad:-pad]
    stats[:, :2] += gap - pad
    stats[:, 2:4] -= 2 * gap
    pieces = []
    order = np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:MAX_PIECES] + 1
    for label in order.tolist():
        x, y, w, h, _ = stats[label].tolist()
        if max(w, h) < 4:
            continue
        part = (labels[y : y + h, x : x + w] == label) & (mask[y : y + h, x : x + w] > 0)
        beyond = part[0].sum() * (y == 0) + part[-1].sum() * (y + h == height)
        beyond += part[:, 0].sum() * (x == 0) + part[:, -1].sum() * (x + w == width)
        if beyond > BEYOND * max(w, h):  # runs out of the picture: a desk, a hand, the sheet's edge
            continue
        if 0.8 * h < w < 4 * h and h >= MIN_SIDE and np.count_nonzero(part) < 0.6 * w * h:
            if _holes(part) <= 2 + 2 * w / h:  # an 8 has two; more is a scribble
                pieces += _cut(x, y, part, label)
        else:
            pieces.append(Piece((x, y, w, h), part, label))
    return pieces


def _holes(part: np.ndarray) -> int:
    """How many holes ink (h, w) bool encloses, specks left out."""
    contours, tree = cv2.findContours(part.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    inner = [contour for contour, (*_, parent) in zip(contours, tree[0], strict=True) if parent >= 0]
    return sum(cv2.contourArea(contour) > 0.003 * part.size for contour in inner)


def _cut(x: int, y: int, part: np.ndarray, stroke: int) -> list[Piece]:
    """Cut a wide piece along upright or slanted lines that cross little ink: the valleys of its projection."""
    h, w = part.shape
    thickness = 2 * float(cv2.distanceTransform(np.pad(part, 1).astype(np.uint8), cv2.DIST_L2, 3).max())
    apart = max(3, int(0.22 * h))
    rows, columns = np.nonzero(part)
    best: tuple[float, list[int], np.ndarray] | None = None
    for slant in SLANTS:
        at = np.rint(columns + slant * (rows - h / 2) + abs(slant) * h / 2).astype(int)
        span = int(w + abs(slant) * h) + 2
        profile = cv2.blur(np.bincount(at, minlength=span).astype(np.float32)[None], (max(3, h // 12) | 1, 1))[0]
        cuts, cost = [], 0.0
        first, last = int(at.min()), int(at.max())
        for column in (np.argsort(profile[first : last + 1], kind="stable") + first).tolist():
            if profile[column] > CUT_COST * thickness or len(cuts) > 1 + 2 * w / h:
                break
            if min(abs(column - c) for c in [first, *cuts, last]) >= apart:
                cuts.append(column)
        cost = profile[cuts[0]] if cuts else np.inf
        if best is None or cost < best[0] - 0.2 * thickness:
            best = cost, sorted(cuts), at
    _, cuts, at = best
    which = np.searchsorted(cuts, at, side="right")
    pieces = []
    for i in range(len(cuts) + 1):
        r, c = rows[which == i], columns[which == i]
        if len(r):
            top, left = r.min(), c.min()
            piece = np.zeros((r.max() - top + 1, c.max() - left + 1), bool)
            piece[r - top, c - left] = True
            pieces.append(Piece((x + int(left), y + int(top), piece.shape[1], piece.shape[0]), piece, stroke))
    return pieces


def groups_of(pieces: list[Piece]) -> list[tuple[tuple[int, ...], int]]:
    """Which pieces may be one digit together, with their seams: runs between cuts, and strokes that lie close."""
    strokes: dict[int, list[int]] = {}
    for i, piece in enumerate(pieces):
        strokes.setdefault(piece.stroke, []).append(i)
    whole = list(map(tuple, strokes.values()))
    groups = {}
    for members in whole:
        count = len(members)
        height = union([pieces[m].box for m in members])[3]
        for i in range(count):
            for j in range(i + 1, count + 1):
                low = union([pieces[m].box for m in members[i:j]])[3] < 0.75 * height  # neighbours are of like height
                groups[members[i:j]] = (i > 0) + (j < count) + low
    box = [union([pieces[m].box for m in members]) for members in whole]
    area = [sum(np.count_nonzero(pieces[m].part) for m in members) for members in whole]
    for i, j in _near(np.array(box).reshape(-1, 4)):
        if (
            min(area[i], area[j]) > 0.06 * max(area[i], area[j])
            and _may_belong_together(box[i], box[j])
            and _touch_when_grown(pieces, whole[i], whole[j])
        ):
            groups[tuple(sorted(whole[i] + whole[j]))] = -1 if _unlike_neighbours(box[i], box[j]) else 1
    fit = [(members, seams) for members, seams in groups.items() if _digit_like(union([pieces[m].box for m in members]))]
    return sorted(fit, key=lambda group: group[1])


def _near(boxes: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of boxes (n, 4) that overlap once each is grown by a fifth of its height."""
    x, y, w, h = boxes.T
    grow = 0.2 * h
    left, top, right, bottom = x - grow, y - grow, x + w + grow, y + h + grow
    near = (left[:, None] < right) & (left < right[:, None]) & (top[:, None] < bottom) & (top < bottom[:, None])
    return np.argwhere(np.triu(near, 1)).tolist()


def _touch_when_grown(pieces: list[Piece], a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Whether ink of a lies within 15 % of their common height of ink of b: boxes alone do not tell, of bent strokes."""
    box = union([pieces[m].box for m in a + b])
    grow = 2 * int(0.15 * box[3]) + 3
    near = cv2.dilate(_paint(pieces, a, box), np.ones((grow, grow), np.uint8))
    return bool((near & _paint(pieces, b, box)).any())


def _paint(pieces: list[Piece], members: tuple[int, ...], box: Box) -> np.ndarray:
    """The ink of some pieces in a box around them: (height, width) uint8, 0 or 1."""
    x, y, w, h = box
    part = np.zeros((h, w), np.uint8)
    for m in members:
        px, py, pw, ph = pieces[m].box
        part[py - y : py - y + ph, px - x : px - x + pw] |= pieces[m].part
    return part


def _unlike_neighbours(a: Box, b: Box) -> bool:
    """Whether two close strokes are unlike two digits: of different height, or reaching into each other."""
    columns = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    rows = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    entwined = columns > 0.15 * min(a[2], b[2]) and rows > 0.25 * min(a[3], b[3])
    return entwined or min(a[3], b[3]) < 0.75 * max(a[3], b[3])


def _may_belong_together(a: Box, b: Box) -> bool:
    """Whether two strokes lie as those of one digit do: the bar over a 5, the two halves of a 4."""
    _, _, w, h = union([a, b])
    beside, above = w - a[2] - b[2], h - a[3] - b[3]  # gaps; negative where they overlap
    if beside < -0.5 * min(a[2], b[2]):  # one over the other; two digits over each other are of like height
        return above < (0.15 if min(a[3], b[3]) < 0.4 * h else 0.05) * h
    return beside < 0.06 * h and above < -0.5 * min(a[3], b[3]) and min(a[3], b[3]) < 0.92 * h


def union(boxes: list[Box]) -> Box:
    x, y = min(b[0] for b in boxes), min(b[1] for b in boxes)
    return x, y, max(b[0] + b[2] for b in boxes) - x, max(b[1] + b[3] for b in boxes) - y


def _digit_like(box: Box) -> bool:
    return box[3] >= MIN_SIDE and box[2] <= 1.4 * box[3]
