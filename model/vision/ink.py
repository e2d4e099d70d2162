"""Picture to ink: flatten the light, threshold, take ruled lines out. OpenCV only."""

import cv2
import numpy as np

STROKE_SHARE = 0.15  # of the shorter side: dark things wider than this are background, not strokes
HALF_INK = 0.4  # of the darkest ink nearby: less is paper, halo or dirt
RULE_COVER = 0.35  # of the picture's side that a line covers with ink, to be a ruled one


def flatten(frame: np.ndarray) -> np.ndarray:
    """How much darker than the paper around it each pixel is: (h, w) uint8, 0 paper to 255 black.

    frame: (h, w) or (h, w, 3) uint8. The paper is the grey closing of the picture (Serra 1982): it fills strokes and
    keeps the edges of shadows where they are. White on black is turned round first.
    """
    grey = frame
    if frame.ndim == 3:  # the channel that the ink absorbs most, the light's colour taken out first
        means = np.maximum(cv2.mean(frame)[:3], 1)
        channels = [cv2.convertScaleAbs(c, alpha=means.max() / m) for c, m in zip(cv2.split(frame), means, strict=True)]
        darkest = cv2.min(cv2.min(*channels[:2]), channels[2])
        grey = cv2.addWeighted(darkest, 0.5, cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), 0.5, 0)
    grey = cv2.GaussianBlur(grey, (3, 3), 0)
    # At half the size, which is four times as fast; padded, so that no vignette is taken for ink at the border.
    half, pad = _halve(grey), widest_stroke(grey) // 2
    if is_white_on_black(half, pad):
        grey, half = cv2.bitwise_not(grey), cv2.bitwise_not(half)
    half = cv2.copyMakeBorder(half, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    half = cv2.morphologyEx(half, cv2.MORPH_CLOSE, np.ones((pad | 1, pad | 1), np.uint8))[pad:-pad, pad:-pad]
    paper = cv2.resize(cv2.erode(half, None), grey.shape[::-1])
    return cv2.divide(cv2.subtract(paper, grey), cv2.max(paper, 24), scale=255)


def widest_stroke(picture: np.ndarray) -> int:
    """Up to what width dark things are taken for strokes: pixels, an odd number."""
    return max(15, int(STROKE_SHARE * min(picture.shape))) | 1


def _halve(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def is_white_on_black(grey: np.ndarray, reach: int) -> bool:
    """Whether the strokes are brighter than their surroundings: of any neighbourhood, they cover the lesser part."""
    small = _halve(grey)
    window = np.ones((reach // 2 | 1,) * 2, np.uint8)
    lightest, darkest = (edge(small, window)[::2, ::2].astype(np.float32) for edge in (cv2.dilate, cv2.erode))
    mean = cv2.blur(small, window.shape)[::2, ::2].astype(np.float32)
    contrast = lightest - darkest
    return float((contrast * (mean - (lightest + darkest) / 2)).sum()) < 0


def threshold(ink: np.ndarray) -> np.ndarray:
    """Ink mask (h, w) uint8, 255 where ink is: above the paper's grain, and above a share of the darkest ink nearby."""
    sample = ink[::12, ::12]
    usual = float(np.median(sample))
    spread = 1.5 * float(np.median(np.abs(sample - usual)))
    # The limit changes slowly: half the size will do.
    half, reach = _halve(ink), widest_stroke(ink) // 2 | 1
    grain = cv2.blur(cv2.min(half, 2 * usual + 8), (reach, reach))  # the closing lies on the paper's lightest specks
    near = max(15, min(ink.shape) // 16) // 2 | 1
    darkest = cv2.dilate(ink, np.ones((2, 2), np.uint8))
    darkest = cv2.resize(darkest, half.shape[::-1], interpolation=cv2.INTER_NEAREST)
    darkest = cv2.dilate(cv2.subtract(darkest, grain), np.ones((near, near), np.uint8))
    limit = cv2.add(grain, cv2.max(cv2.convertScaleAbs(darkest, alpha=HALF_INK), 8 + 5 * spread))
    return cv2.compare(ink, cv2.resize(limit, ink.shape[::-1]), cv2.CMP_GT)


def remove_rules(mask: np.ndarray, ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mask without ruled lines, and their middle lines: (h, w) uint8 both, 255 where ink or a line is.

    What crosses or stands on a rule stays where it is thicker or darker than the rule (staff removal by run length, as
    in reading music scores).
    """
    lines = np.zeros_like(mask)
    half = _halve_mask(mask)
    if _has_long_lines(half):
        mask, lines = _remove_level_rules(mask, half, ink)
    if _has_long_lines(half.T):
        turn, back = cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE
        turned = cv2.rotate(mask, turn)
        turned, upright = _remove_level_rules(turned, _halve_mask(turned), cv2.rotate(ink, turn))
        mask, lines = cv2.rotate(turned, back), cv2.bitwise_or(lines, cv2.rotate(upright, back))
    return mask, lines


def _halve_mask(mask: np.ndarray) -> np.ndarray:
    return cv2.resize(mask, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_NEAREST)


def _has_long_lines(mask: np.ndarray) -> bool:
    """Whether something long and level may be in it: seldom, and quickly told from strips that are filled across."""
    thick = cv2.dilate(mask, np.ones((5, 1), np.uint8))
    strips = cv2.resize(thick, (20, mask.shape[0]), interpolation=cv2.INTER_AREA)
    return (strips.max(0) > 180).mean() >= RULE_COVER


def _remove_level_rules(mask: np.ndarray, half: np.ndarray, ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lines = np.zeros_like(mask)
    thick = max(3, min(mask.shape) // 90)  # pixels: no rule is thicker
    thin = cv2.subtract(half, cv2.morphologyEx(half, cv2.MORPH_OPEN, np.ones((thick // 2 + 1, 1), np.uint8)))
    level = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((1, 7), np.uint8))
    level[:, ::2] = 0  # every other column tells as much, in half the time
    votes = int(0.2 * RULE_COVER * half.shape[1])
    found = cv2.HoughLines(level, 1, np.pi / 480, votes, min_theta=np.pi / 2 - 0.33, max_theta=np.pi / 2 + 0.33)
    if found is None:
        return mask, lines
    rho, theta = found.reshape(-1, 2)[:300].astype(float).T
    begin, slope = rho / np.sin(theta), -1 / np.tan(theta)
    # From border to border, past the digits: a rule covers a good part of that, a stroke or a row of strokes does not.
    columns = np.linspace(0, half.shape[1] - 1, half.shape[1] // 4 + 1).astype(int)
    rows = np.rint(begin[:, None] + slope[:, None] * columns).astype(int)
    inside = (rows >= 0) & (rows < half.shape[0])
    near = cv2.dilate(thin, np.ones((3, 1), np.uint8))
    covered = ((near[np.clip(rows, 0, half.shape[0] - 1), columns] > 0) & inside).mean(1)
    drawn: list[tuple[int, int]] = []
    for left, right in rows[covered > RULE_COVER][:, [0, -1]].tolist():  # the strongest first, and not its near doubles
        if all(abs(left - y[0]) + abs(right - y[1]) > thick for y in drawn):
            drawn.append((left, right))
            cv2.line(lines, (0, 2 * left), (mask.shape[1], 2 * right), 255, 3)
    band = cv2.dilate(lines, np.ones((2 * thick - 1, 1), np.uint8))
    thin = cv2.subtract(mask, cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((thick + 1, 1), np.uint8)))
    rule = cv2.bitwise_and(thin, band)
    levels = ink[::4, ::4][rule[::4, ::4] > 0]
    if not len(levels):
        return mask, lines
    darkest = int(min(255, 1.5 * np.median(levels)))
    return cv2.subtract(mask, cv2.bitwise_and(rule, cv2.compare(ink, darkest, cv2.CMP_LE))), lines


def paper(ink: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What unevenness asks of the paper, which is what lies outside of a mask of ink: integrals, at half the size.

    Of how many pixels are paper, of how dark they are, and of that squared: (h, w) int32, int32 and float64.
    """
    halo = max(3, min(ink.shape) // 200) | 1
    bare = cv2.compare(cv2.dilate(mask[::2, ::2], np.ones((halo, halo), np.uint8)), 0, cv2.CMP_EQ)
    sums, squares = cv2.integral2(cv2.bitwise_and(ink[::2, ::2], bare), sdepth=cv2.CV_32S, sqdepth=cv2.CV_64F)
    return cv2.integral(cv2.bitwise_and(bare, 1), sdepth=cv2.CV_32S), sums, squares


def unevenness(paper: tuple[np.ndarray, np.ndarray, np.ndarray], boxes: np.ndarray) -> np.ndarray:
    """The standard deviation of the paper in and around each of some boxes.

    boxes: (n, 4) x, y, width, height. Returns (n,) float64, 255 where hardly any paper is.
    """
    height, width = (side - 1 for side in paper[0].shape)
    x, y, w, h = boxes.reshape(-1, 4).T / 2
    reach = np.maximum(2, np.maximum(w, h) / 4)
    left, top = np.maximum(0, x - reach).astype(int), np.maximum(0, y - reach).astype(int)
    right = np.minimum(width, np.ceil(x + w + reach)).astype(int)
    bottom = np.minimum(height, np.ceil(y + h + reach)).astype(int)
    count, total, square = (t[bottom, right] - t[top, right] - t[bottom, left] + t[top, left] for t in paper)
    some = np.maximum(count, 1)
    deviation = np.sqrt(np.maximum(0, square / some - (total / some) ** 2))
    return np.where(count < 0.2 * (right - left) * (bottom - top), 255.0, deviation)
