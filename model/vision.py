"""Picture to digit candidates: threshold, contours, 28x28 crops with their boxes. OpenCV only, no Keras."""

from typing import NamedTuple

import cv2
import numpy as np

Box = tuple[int, int, int, int]  # x, y, width, height in pixels of the source picture, as OpenCV has it


class Candidate(NamedTuple):
    """Ink that may be one digit."""

    box: Box
    crop: np.ndarray  # (28, 28) float32, 0 (paper) to 1 (ink), laid out as MNIST is


def threshold(frame: np.ndarray) -> np.ndarray:
    """Ink mask of a picture: (h, w) uint8, 255 where there is ink."""
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) if frame.ndim == 3 else frame
    paper = cv2.medianBlur(cv2.dilate(grey, np.ones((7, 7))), 21)
    ink = cv2.absdiff(paper, grey)
    return cv2.threshold(ink, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]


def normalise(ink: np.ndarray) -> np.ndarray:
    """Lay ink out as MNIST does (LeCun et al. 1998): longer side 20 pixels, centre of mass in the middle of 28x28.

    ink: (h, w) float32, 0 paper to 1 ink. Returns (28, 28) float32, 0 to 1.
    """
    height, width = ink.shape
    scale = 20 / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
    moments = cv2.moments(small)
    mass = max(moments["m00"], 1e-6)
    shift = np.float32([[1, 0, 13.5 - moments["m10"] / mass], [0, 1, 13.5 - moments["m01"] / mass]])
    crop = cv2.warpAffine(small, shift, (28, 28))
    return np.clip(crop / max(float(crop.max()), 1e-6), 0, 1)


def find(frame: np.ndarray) -> tuple[list[Candidate], np.ndarray]:
    """Digit candidates of a BGR or grey picture, and its ink mask."""
    mask = threshold(frame)
    candidates = []
    for contour in cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        x, y, w, h = box = cv2.boundingRect(contour)
        if h >= 12 and w <= 2 * h:
            candidates.append(Candidate(box, normalise(mask[y : y + h, x : x + w].astype(np.float32) / 255)))
    return candidates, mask
