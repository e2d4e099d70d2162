"""A digit's ink to the 28x28 crop that the network reads, laid out as MNIST is. OpenCV and imutils."""

import math

import cv2
import imutils
import numpy as np

# Shares of full ink, as crops have them: PAPER is taken off, and the rest times CONTRAST is full from 0.92 on. So a
# stroke is black inside and keeps its soft edges.
PAPER, CONTRAST = 0.12, 1.25


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


def deskew(ink: np.ndarray, slope: float) -> np.ndarray:
    """Ink (h, w) uint8 of a digit in a row that falls by `slope`, turned upright and laid out as by normalise."""
    turned = imutils.rotate_bound(ink, -math.degrees(math.atan(slope)))
    x, y, w, h = cv2.boundingRect(cv2.compare(turned, 32, cv2.CMP_GT))
    return normalise(turned[y : y + h, x : x + w]) if w and h else np.zeros((28, 28), np.float32)
