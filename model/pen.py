"""Digits as a pen draws them: control points by hand, varied by a random generator. NumPy and OpenCV only.

    hand = pen.hand(rng)                                  # somebody's handwriting
    pen.draw(canvas, pen.paths(7, rng, hand), origin=(40, 30), height=60, pen=3, colour=(90, 40, 30))
"""

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from .crop import normalise

# The ways in which people write each digit. A point is "x,y" in percent of the digit's height, y down; the
# pen moves smoothly through the points, turns sharply at "*", and is lifted at "|". Ways of the same structure
# (as many strokes, points and turns) are ends of a range: what is drawn lies between two of them.
STYLES: dict[int, list[str]] = {
    0: [
        "38,0 14,12 3,48 12,86 34,100 55,88 63,50 54,13 35,1",  # narrow
        "46,0 15,10 2,46 11,85 42,100 75,86 85,48 72,12 41,1",  # round
        "34,3 11,20 2,54 12,89 38,100 62,84 69,46 60,15 46,4",  # slightly open
        "52,9 27,2 7,28 5,70 27,98 55,92 67,58 60,20 37,1 20,9",  # overlapping at the top
        "50,6 24,6 5,38 10,84 38,99 63,80 66,40 50,8 38,6 33,15",  # the end curls in
        "40,4 14,14 3,50 12,86 36,100 58,86 64,48 52,14 34,2 58,-4",  # the end curls out
        "52,2 24,10 6,44 6,82 26,100 50,84 66,46 66,14 48,1",  # leaning
        "34,0 12,34 6,72 28,100 52,84 58,56 52,28 40,8 34,1",  # pointed
        "56,0 20,5 2,30 4,74 30,98 70,96 92,70 90,26 52,1",  # wide
        "50,0 14,3 4,20 3,80 12,97 52,98 62,82 62,18 46,1",  # square
        "56,14 36,0 12,14 3,50 14,88 38,100 60,82 66,50 62,24",  # open on the right
        "10,22 3,56 14,90 38,100 60,80 64,42 54,10 42,1 28,1 14,10",  # open on the left
        "38,0 14,12 3,48 12,86 34,100 55,88 63,50 54,13 35,1 | 56,12 10,90",  # slashed
        "46,0 15,10 2,46 11,85 42,100 75,86 85,48 72,12 41,1 | 74,12 14,88",
        "40,2 14,14 3,48 12,86 36,98 57,88 65,50 56,13 37,2 | 72,-5 -4,104",  # the slash goes beyond
    ],
    1: [
        "8,0 7,50 6,100",  # bare
        "10,0 9,50 7,100",
        "0,26 24,0* 24,50 23,100",  # flagged
        "2,15 17,0* 17,50 16,100",
        "0,44 32,0* 31,52 30,100",
        "4,24 27,0* 27,50 27,98 | 3,100 28,98 54,99",  # serifed, with a base
        "0,60 36,0* 36,50 36,100",  # a long upstroke
        "0,76 40,0* 41,50 41,100",
        "0,86 36,0* 38,50 40,100",
        "0,58 42,0* 35,50 28,100",  # the same, leaning
        "4,28 38,0* 28,50 16,100",
        "0,33 40,0* 41,50 41,100",  # a flat one
        "0,42 22,24 34,0* 33,50 32,100",  # a bent upstroke
        "0,66 26,38 40,0* 40,50 39,100",
        "0,20 14,12 22,0* 22,50 21,100",
        "0,40 23,3 29,2 32,10 32,56 32,100",  # a round top
        "0,56 28,3 34,2 37,10 37,56 37,100",
        "0,44 16,38 42,0* 41,50 40,100",  # the upstroke begins with a tick
        "5,14 17,3 20,30 18,100",  # the upstroke is hardly more than a hook
        "2,20 20,0* 20,50 20,98 | 4,100 20,99 38,98",
        "6,12 22,0* 22,50 22,96 | 0,98 22,98 46,98",
        "24,0 24,50 24,98 | 0,99 24,100 50,98",  # bare, with a base
        "0,52 32,0* 31,50 31,98 | 6,100 31,98 56,100",  # a long upstroke and a base
        "2,24 22,0* 22,50 22,98 | 10,99 22,99 36,98",
        "26,0 14,50 0,100",  # leaning
        "30,0 16,50 0,100",
        "3,0 8,50 2,100",  # bent
    ],
    2: [
        "4,22 13,5 34,0 55,8 59,28 44,57 21,81 2,99* 30,97 66,98",
        "5,28 13,7 35,0 54,11 53,34 36,64 4,98* 24,93 46,97 68,91",  # swan
        "4,24 16,4 40,0 57,14 53,40 33,72 12,95 2,91 8,80 24,85 46,98 70,91",  # loop at the foot
        "3,15 25,1 52,3 58,22 42,54 3,99* 34,95 64,97",
        "2,22 14,4 36,2 52,16 48,40 30,70 2,96* 20,86 44,98 72,86",
        "4,24 16,4 40,0 57,14 53,40 33,72 14,92 2,94 4,82 18,80 40,92 72,96",  # a flat loop
        "4,20 20,2 44,2 56,20 46,50 26,80 10,96 0,88 10,76 28,80 48,96 76,88",  # a wide loop
        "2,26 14,4 40,0 58,16 50,44 34,68 18,88 4,86 8,70 26,74 44,94 72,96",  # a high loop
        "4,8 30,6 58,4* 30,50 2,98* 32,97 66,98",  # like a Z
        "2,12 30,2 56,8* 34,50 4,96* 34,96 70,92",
        "12,26 4,18 10,6 34,0 55,8 59,28 44,57 2,99* 30,97 66,98",  # begins with a curl
        "0,16 10,3 28,0 44,8 46,26 36,54 18,80 2,98* 20,98 44,99",  # narrow
        "2,30 8,8 34,0 62,10 68,32 48,60 24,80 2,96* 36,96 78,95",  # wide
        "2,20 12,4 36,0 56,12 57,34 40,60 18,82 0,98* 34,91 70,100",  # a wavy foot
        "2,20 10,4 24,2 32,16 28,52 18,80 6,98* 32,97 60,97",  # upright, the head hardly more than a hook
        "0,12 12,2 26,6 30,24 28,56 24,82 18,97* 40,97 64,98",
        "4,22 14,4 36,0 56,12 54,36 34,66 4,97 | 2,98 34,97 68,98",  # two strokes
        "2,16 16,2 38,0 54,10 52,34 32,64 6,92 | 0,96 34,99 72,95",
    ],
    3: [
        "4,12 24,0 49,5 56,24 44,41 22,47* 48,53 62,73 50,94 24,100 2,90",
        "4,2 30,3 58,0* 26,40* 50,46 62,68 51,92 25,100 2,90",  # flat top
        "2,14 22,0 48,4 54,23 41,41 21,45 30,48 54,56 62,76 46,96 20,100 2,91",
        "5,8 28,0 50,8 48,30 23,43* 52,48 60,70 44,92 6,99",
        "0,16 18,1 44,4 52,22 40,42 16,48* 46,52 58,72 48,94 22,100 0,84",
        "2,18 22,0 52,6 60,28 46,48 24,54* 46,58 54,76 42,96 20,100 4,92",  # a small belly
        "8,12 24,0 42,4 46,18 36,34 18,40* 48,44 66,68 52,94 26,100 0,90",  # a large one
        "0,20 16,0 50,2 62,24 48,44 30,48* 50,52 64,74 52,98 20,102 -2,80",  # curled in at both ends
        "2,4 28,3 56,1* 28,38* 50,44 58,66 46,92 22,99 0,88",
        "0,6 30,4 62,2* 36,44* 60,54 64,78 44,98 20,98 0,84",
        "4,2 30,3 52,2* 16,48* 40,50 52,70 44,90 22,99 2,94",
        "2,12 24,0 50,6 50,28 34,47 18,51 16,42 28,42 52,54 62,74 46,96 2,92",  # a loop in the middle
        "0,16 20,0 48,2 56,24 40,44 22,50 14,44 26,40 50,50 60,72 44,96 0,94",
        "0,4 26,2 48,14 40,34 14,46* 44,50 56,72 40,90 0,100",
        "6,6 30,0 56,12 52,34 30,46* 58,54 62,76 44,96 8,102",
    ],
    4: [
        "17,0 11,32 3,61* 34,61 70,58 | 51,31 49,65 48,100",  # open, two strokes
        "13,4 9,32 5,56* 34,56 66,53 | 49,1 47,50 45,100",
        "4,3 3,28 12,46 32,47 52,36 | 54,2 52,50 46,100",  # open and round, like a y
        "14,3 9,30 4,55* 24,56 38,55 | 50,9 48,50 46,100",  # the strokes don't touch
        "49,0 24,33 0,68* 36,68 74,66 | 50,0 48,50 47,100",  # closed
        "47,100 50,50 53,0* 27,33 1,67* 36,66 73,65",  # closed, in one stroke
        "2,2 2,30 2,54* 28,54 52,54 | 48,2 48,50 48,100",  # open and square
        "4,0 4,26 4,50* 34,50 70,50 | 50,22 50,60 50,100",
        "30,0 16,28 0,58* 30,56 66,54 | 40,34 38,66 36,98",  # a short second stroke
        "20,0 12,26 2,54* 40,52 78,50 | 62,18 54,60 46,100",
        "46,0 22,32 0,62* 34,64 72,56 | 58,38 50,68 40,98",  # leaning
        "44,0 18,40 4,74* 36,77 70,70 | 54,46 49,74 44,100",  # a low bar
        "36,0 18,34 0,72* 26,72 54,70 | 37,0 36,50 35,100",  # closed and narrow
        "50,0 26,28 0,58* 24,60 54,60 | 52,0 51,50 50,100",  # nothing sticks out
        "2,6 4,34 16,48 34,46 50,30 | 56,0 46,50 34,100",
        "2,0 0,30 14,52 40,50 60,44 | 50,8 50,56 50,100",
        "30,100 42,50 54,0* 28,30 2,62* 36,60 72,56",
        "44,0 32,10 18,27 2,50* 26,50 54,44* 52,72 48,100",  # like lightning
        "36,0 14,22 4,46 24,50 50,40* 50,72 46,100",
        "4,0 4,28 12,46 32,46 48,34 54,2* 52,50 48,100",  # open, in one stroke
        "0,4 2,34 14,52 36,50 52,34 60,4* 50,52 38,100",
    ],
    5: [
        "13,2 9,43* 30,36 54,46 60,70 46,94 22,100 2,90 | 13,3 36,3 62,0",  # two strokes
        "14,12 10,44* 31,38 54,48 59,72 45,94 22,100 2,91 | 25,2 44,2 66,0",  # they don't touch
        "59,1 36,3 14,3* 8,43* 32,37 54,48 58,72 42,94 20,99 2,91",  # one stroke
        "60,1 38,1 20,4* 14,40 40,46 55,64 49,88 26,100 2,94",
        "8,4 6,42* 26,34 50,42 58,68 44,94 20,100 0,88 | 8,4 34,2 72,-4",
        "20,16 12,48* 30,42 52,52 58,74 42,96 20,100 2,90 | 28,5 46,4 74,2",
        "14,14 9,46* 28,38 52,46 58,70 44,94 20,100 0,92 | 8,2 36,0 66,0",  # a roof
        "12,0 10,40* 32,36 56,50 60,74 44,96 22,100 4,88 | 22,10 44,8 68,4",  # the flag sits lower
        "16,0 12,50* 30,46 46,54 50,72 40,92 20,100 4,94 | 16,1 30,1 48,-1",
        "66,4 36,4 10,4* 8,44* 34,38 56,48 60,70 44,94 20,100 0,88",
        "56,0 34,2 18,6* 6,50* 34,44 52,54 54,74 40,94 18,98 0,94",
        "60,2 38,2 12,2* 10,46* 42,44 58,54 58,80 48,96 24,98 2,96",  # square
        "54,8 34,0 12,8 8,28 26,44 50,56 54,78 36,98 4,92",  # like an S
        "56,2 30,4 16,16 14,36 36,44 54,60 50,86 28,100 2,92",
        "52,0 34,2 20,6* 14,44 34,48 46,62 42,84 24,98 4,98",
    ],
    6: [
        "52,2 27,17 8,46 4,76 20,98 43,98 57,80 50,61 30,57 7,72",  # curved back
        "44,0 20,40 5,72 14,96 37,100 54,84 46,65 27,62 7,76",  # straight back
        "36,0 13,30 2,66 10,94 34,100 52,86 50,64 32,54 12,63 4,76",
        "60,6 42,0 18,22 4,58 8,90 32,100 55,88 56,66 36,56 14,64 6,78",
        "40,0 22,36 8,66 6,86 22,100 42,96 52,80 44,66 26,64 8,80",
        "10,0 6,36 4,70 10,94 30,100 52,92 58,74 46,58 26,58 6,72",  # upright back
        "48,4 22,14 4,44 4,80 24,100 54,96 66,68 50,42 24,44 6,66",  # a large loop
        "56,0 30,18 10,48 6,80 20,98 38,98 46,86 38,74 24,76 12,88",  # a small one
        "50,2 26,16 8,46 4,78 22,99 46,97 57,78 46,60 30,62 20,74",  # an open one
        "54,2 28,14 8,46 4,76 20,98 44,98 58,78 46,58 22,60 -8,76",  # crosses the back
        "70,0 40,24 14,54 4,80 16,98 40,98 54,82 46,66 28,66 8,84",  # leaning
        "30,0 14,42 4,74 12,96 34,100 50,86 44,70 28,66 6,80",
        "20,0 10,42 3,72 12,96 36,100 54,84 48,62 28,58 5,72",
        "62,14 46,0 20,16 4,54 8,90 32,100 56,88 58,66 38,56 16,62 6,76",  # curled in at the top
    ],
    7: [
        "2,4 30,4 58,2* 38,46 22,100",
        "2,6 30,5 57,2 47,28 32,60 24,100",
        "2,4 30,4 58,1* 38,46 22,100 | 14,51 36,49 58,46",  # crossed
        "3,17 4,3* 32,4 58,1* 40,44 27,100",  # hooked
        "3,17 4,3* 32,4 60,1* 41,44 27,100 | 15,50 57,45",
        "0,13 14,3 34,8 58,0* 37,48 20,100",  # wavy top
        "0,4 34,4 66,3* 62,50 60,100",  # upright
        "0,3 30,3 60,2* 30,46 4,100",  # leaning
        "0,12 28,6 58,0* 38,46 22,100",  # the bar rises
        "0,2 30,5 58,8* 40,50 26,100",  # the bar falls
        "0,4 24,4 48,2* 32,46 18,100",  # a short bar
        "0,4 44,5 86,2* 62,46 40,100",  # a long bar
        "0,8 26,2 54,6 54,26 38,58 24,100",  # round
        "2,4 32,5 60,3* 38,30 26,62 24,100",  # a bent stem
        "0,5 30,2 58,4* 50,38 26,68 14,100",
        "0,4 34,4 66,3* 62,50 58,100 | 38,52 60,50 82,48",
        "0,3 30,3 60,2* 32,46 8,100 | 6,56 30,50 54,44",
        "0,4 24,4 48,2* 34,46 22,100 | 10,52 30,50 50,48",
        "0,14 28,8 58,0* 40,46 26,100 | 12,46 36,50 60,54",
        "0,24 2,3* 34,4 64,2* 46,46 34,100",
        "6,30 4,2* 34,5 62,3* 58,50 52,100",
        "0,24 2,3* 34,4 64,2* 50,46 40,100 | 22,54 68,48",
    ],
    8: [
        "52,14 34,0 12,10 14,31 34,47 56,66 53,90 31,100 8,90 8,68 30,49 50,31 53,12",  # one loop
        "46,7 22,1 10,18 22,38 46,56 58,78 42,98 16,97 5,78 20,56 42,38 53,18 42,5",
        "30,0 11,12 12,35 30,46 48,35 50,12 28,1 | 30,46 7,60 4,86 30,100 56,86 54,60 28,47",  # two circles
        "43,3 18,4 10,22 28,43 54,64 53,90 29,100 6,90 7,68 28,48 48,28 60,5",  # open at the top
        "40,10 24,0 8,12 14,32 34,48 56,68 52,92 30,100 6,88 10,68 34,46 52,24 58,0",  # goes beyond its beginning
        "56,20 42,2 18,4 10,24 30,44 54,62 54,88 30,100 6,88 8,66 28,50 46,42 56,34",  # open on the right
        "46,10 32,0 18,8 18,24 34,38 60,60 58,88 32,100 4,88 6,62 30,40 46,24 47,8",  # a small head
        "56,14 34,0 8,12 8,40 32,58 50,74 48,92 30,100 12,92 14,74 32,56 56,40 57,12",  # a large one
        "36,0 18,12 18,34 36,46 54,34 54,12 34,1 | 26,48 4,60 2,86 26,100 52,88 50,60 24,49",  # circles askew
        "30,0 8,12 10,40 30,52 50,40 52,12 28,1 | 30,42 6,58 4,86 30,100 56,86 54,58 28,43",  # circles that overlap
        "30,0 14,12 14,32 30,42 46,32 46,12 28,1 | 30,50 8,62 4,86 30,100 56,86 52,62 28,50",  # circles apart
        "30,48 52,30 48,8 30,0 12,8 8,24 30,50 54,68 50,92 30,100 8,92 6,68 22,52 34,44",  # begins in the middle
        "50,4 30,0 10,6 18,32 40,64 54,92 30,100 6,94 16,66 38,34 52,6",  # an hourglass
    ],
    9: [
        "52,15 30,0 8,10 4,34 22,50 44,40 53,12* 53,55 50,100",  # straight tail
        "53,18 36,0 10,8 4,34 22,50 46,38 54,12* 56,50 46,86 24,100 4,92",  # curved tail
        "50,20 32,0 8,12 6,38 26,48 46,30 52,8* 45,52 28,100",  # slanting tail
        "51,20 34,2 10,12 4,34 20,50 42,42 52,19 | 53,5 51,50 49,100",  # two strokes
        "60,14 34,0 6,12 2,44 26,60 52,44 60,12* 60,56 60,100",  # a large loop
        "44,12 28,0 14,8 12,26 26,36 40,28 46,8* 42,52 34,100",  # a small one
        "56,16 36,0 10,10 2,36 20,52 46,40 58,14* 38,56 10,100",  # leaning
        "46,10 26,1 6,14 4,36 22,50 46,38 57,5* 55,52 51,100",  # an open loop
        "50,14 32,0 10,8 4,30 20,46 42,36 52,10* 56,46 48,82 22,100 -6,88",
        "56,20 34,2 10,12 4,36 24,52 48,40 58,16* 54,52 38,84 14,98 0,98",
        "8,98 33,83 52,54 56,24 40,2 17,2 3,20 10,39 30,43 53,28",  # a 6 upside down
        "20,100 38,64 52,34 54,14 38,0 18,4 8,20 16,34 34,36 52,20",
        "50,100 54,64 56,30 50,6 30,0 8,8 2,26 14,42 34,42 54,28",
        "34,46 12,42 6,22 26,2 48,10 48,34 32,48 46,60 52,80 36,98 6,98",  # the loop first, then a belly
        "24,42 8,34 10,12 30,0 50,12 48,36 30,44 46,56 56,80 40,99 4,94",
        "50,20 34,2 10,10 4,32 22,50 44,44 52,26 | 56,0 54,50 52,100",
        "44,14 28,0 8,10 2,32 18,50 38,42 44,22 | 54,2 53,50 52,100",  # a ring and a bar beside it
        "46,18 30,2 10,12 6,32 22,46 40,38 47,20 | 52,8 42,54 26,100",
    ],
}


class Stroke(NamedTuple):
    """One movement of the pen, from where it is set down to where it is lifted."""

    points: np.ndarray  # (n, 2), in heights
    corners: tuple[int, ...]  # the points where it turns sharply, its ends included


def strokes(skeleton: str) -> list[Stroke]:
    """A skeleton as STYLES has them."""
    made = []
    for text in skeleton.split("|"):
        words = text.split()
        turns = (i for i, word in enumerate(words) if word.endswith("*"))
        points = np.array([word.rstrip("*").split(",") for word in words], float) / 100
        made.append(Stroke(points, (0, *turns, len(words) - 1)))
    return made


SKELETONS = {digit: [strokes(style) for style in styles] for digit, styles in STYLES.items()}


def alike(skeletons: list[list[Stroke]], style: int) -> list[int]:
    """The skeletons of the same structure as one of them, itself included."""

    def structure(skeleton: list[Stroke]) -> list[tuple[int, ...]]:
        return [stroke.corners for stroke in skeleton]

    return [i for i, other in enumerate(skeletons) if structure(other) == structure(skeletons[style])]


ALIKE = {digit: [alike(skeletons, i) for i in range(len(skeletons))] for digit, skeletons in SKELETONS.items()}


class Hand(NamedTuple):
    """What makes one person's handwriting theirs."""

    styles: tuple[int, ...]  # the style in STYLES that they prefer for each digit
    slant: float  # horizontal shift per height; > 0 leans right
    width: float  # horizontal scale
    haste: float  # 0 careful to 1 hurried: rounder corners, less even shapes


def hand(rng: np.random.Generator) -> Hand:
    """Somebody's handwriting."""
    styles = tuple(int(rng.integers(len(STYLES[digit]))) for digit in range(10))
    return Hand(styles, float(rng.normal(0.08, 0.14)), float(rng.uniform(0.85, 1.25)), float(rng.uniform(0.1, 1)))


def paths(digit: int, rng: np.random.Generator, by: Hand | None = None) -> list[np.ndarray]:
    """Draw a digit once: a list of pen strokes, (n, 3) float arrays of x, y and pressure along the way.

    The digit is about 1 high, top left at (0, 0), y down; its width is natural, 0.1 to 1. Pressure is about 1.
    With `by` it is in that person's hand (who now and then picks another style), else in somebody's.
    """
    by = by or hand(rng)
    style = by.styles[digit] if rng.random() < 0.9 else int(rng.integers(len(STYLES[digit])))
    return trace(between(digit, style, rng), rng, by)


def between(digit: int, style: int, rng: np.random.Generator) -> list[Stroke]:
    """A digit's skeleton in a style, up to half the way to another of the same structure."""
    other, part = rng.choice(ALIKE[digit][style]), rng.uniform(0, 0.5)
    ends = zip(SKELETONS[digit][style], SKELETONS[digit][other], strict=True)
    return [Stroke(one.points + part * (two.points - one.points), one.corners) for one, two in ends]


def trace(skeleton: list[Stroke], rng: np.random.Generator, by: Hand) -> list[np.ndarray]:
    """Draw a skeleton in a person's hand, as `paths` draws a digit."""
    uneven = 0.01 + 0.02 * by.haste
    # The whole shape leans, turns, stretches and bends a little, then each stroke shakes for itself.
    slant, turn = by.slant + rng.normal(0, 0.04), rng.normal(0, 0.04)
    width, height = by.width * rng.normal(1, 0.06), rng.normal(1, 0.04)
    bend = rng.normal(0, 2 * uneven, (2, 2))

    drawn = []
    for stroke in skeleton:
        points = stroke.points + rng.normal(0, uneven, stroke.points.shape)
        curve = np.concatenate([_smooth(points[i : j + 1]) for i, j in pairwise(stroke.corners)])
        xy = _round_corners(curve, 0.01 + 0.03 * by.haste)
        xy = xy + np.square(xy[:, ::-1] - 0.5) @ bend
        x, y = width * xy[:, 0], height * xy[:, 1]
        x, y = x + (slant - turn) * (0.5 - y), y + turn * (x - 0.3)
        along = np.linspace(0, 1, len(x))
        pressure = 1 + 0.12 * np.sin(2 * np.pi * (rng.uniform(0.5, 2) * along + rng.random()))
        pressure *= np.interp(along, [0, 0.06, 0.85, 1], [0.8, 1, 1, rng.uniform(0.5, 0.9)])
        drawn.append(np.stack([x, y, pressure], axis=1))
    left = min(path[:, 0].min() for path in drawn)
    top = min(path[:, 1].min() for path in drawn)
    return [path - [left, top, 0] for path in drawn]


def draw(
    canvas: np.ndarray,
    strokes: list[np.ndarray],
    origin: tuple[float, float],
    height: float,
    pen: float,
    colour: tuple[float, ...] | float,
    opacity: float | np.ndarray = 1.0,
) -> None:
    """Draw a digit's strokes on a canvas, (h, w) or (h, w, 3) uint8, anti-aliased.

    origin: top left of the digit, height: of a digit 1 high, pen: width of the line; all in pixels, fractions too.
    opacity: 0 to 1, one number or (h, w) like the canvas (the grain of a pencil).
    """
    fine = int(np.clip(round(320 / height), 1, 4))  # drawn larger by this, then shrunk: soft edges at any width
    low = np.floor(np.array(origin) - pen - 1).astype(int).clip(0)
    size = np.max([stroke[:, :2].max(axis=0) for stroke in strokes], axis=0)
    high = np.minimum(np.ceil(np.array(origin) + height * size + pen + 1).astype(int), canvas.shape[1::-1])
    if (low >= high).any():
        return
    w, h = high - low
    mask = np.zeros((h * fine, w * fine), np.uint8)
    for stroke in strokes:
        points = np.round((np.array(origin) + height * stroke[:, :2] - low) * fine * 16).astype(int).tolist()
        widths = np.maximum(1, np.round(pen * fine * stroke[:, 2])).astype(int).tolist()
        for (start, end), thick in zip(pairwise(points), widths[1:], strict=True):
            cv2.line(mask, start, end, 255, thick, cv2.LINE_AA, shift=4)
    where = slice(low[1], high[1]), slice(low[0], high[0])
    cover = cv2.resize(mask, (int(w), int(h)), interpolation=cv2.INTER_AREA) / 255
    cover = cover * (opacity[where] if isinstance(opacity, np.ndarray) else opacity)
    under = canvas[where]
    cover = cover[..., None] if under.ndim == 3 else cover
    under[:] = np.round(under + cover * (np.array(colour) - under))


def write(
    canvas: np.ndarray,
    text: str,
    origin: tuple[float, float],
    height: float,
    pen: float,
    colour: tuple[float, ...] | float,
    rng: np.random.Generator,
    by: Hand | None = None,
    gap: float = 0.3,
    opacity: float | np.ndarray = 1.0,
) -> float:
    """Write a row of digits on a canvas, as `draw` draws them; a space leaves a space. Returns the x where it ends.

    gap: between neighbours, in heights; below 0 they touch or overlap.
    """
    by = by or hand(rng)
    x, y = origin
    for character in text:
        if character == " ":
            x += 0.6 * height
            continue
        strokes = paths(int(character), rng, by)
        draw(canvas, strokes, (x, y + height * rng.normal(0, 0.03 * by.haste)), height, pen, colour, opacity)
        x += height * (max(stroke[:, 0].max() for stroke in strokes) + gap * rng.uniform(0.8, 1.2))
    return x


def _smooth(points: np.ndarray) -> np.ndarray:
    """A curve through (n, 2) points: cubic Hermite in centripetal time (Catmull and Rom 1974, Yuksel et al. 2011)."""
    time = np.concatenate([[0], np.cumsum(np.sqrt(np.linalg.norm(np.diff(points, axis=0), axis=1)) + 1e-6)])
    slope = np.gradient(points, time, axis=0)
    at = np.linspace(0, time[-1], 12 * len(points))
    i = np.clip(np.searchsorted(time, at, side="right") - 1, 0, len(points) - 2)
    step = (time[i + 1] - time[i])[:, None]
    u = (at - time[i])[:, None] / step
    return (
        (1 + 2 * u) * (1 - u) ** 2 * points[i]
        + u * (1 - u) ** 2 * step * slope[i]
        + u**2 * (3 - 2 * u) * points[i + 1]
        + u**2 * (u - 1) * step * slope[i + 1]
    )


def _round_corners(curve: np.ndarray, reach: float) -> np.ndarray:
    """The same curve, evenly spaced, with corners rounded within `reach`: a hand doesn't stop at them."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    step = 0.01
    even = np.arange(0, length[-1] + step, step)
    curve = np.stack([np.interp(even, length, axis) for axis in curve.T], axis=1)
    n = max(1, round(reach / step))
    window = np.hanning(2 * n + 3)[1:-1] / np.hanning(2 * n + 3)[1:-1].sum()
    # Reflected through its ends, the curve keeps them where they are.
    padded = np.concatenate([2 * curve[0] - curve[n:0:-1], curve, 2 * curve[-1] - curve[-2 : -n - 2 : -1]])
    return np.stack([np.convolve(axis, window, "valid") for axis in padded.T], axis=1)


def line(
    ink: np.ndarray, drawn: list[np.ndarray], origin: tuple[float, float], scale: tuple[float, float], pen: int
) -> None:
    """Draw strokes on ink (h, w) uint8, in an even width of `pen` pixels: many times as fast as `draw`.

    scale: pixels for a height of 1, across and down.
    """
    for stroke in drawn:
        points = np.concatenate([stroke[:-1:4, :2], stroke[-1:, :2]]) * scale + origin
        cv2.polylines(ink, [np.int32(points * 16)], False, 255, pen, cv2.LINE_AA, 4)  # sixteenths of a pixel


def crop(drawn: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """A digit's strokes in a thin to fat pen, laid out as MNIST is: (28, 28) uint8."""
    ink, width = np.zeros((100, 160), np.uint8), np.exp(rng.normal(0.05, 0.2))
    bare = max(stroke[:, 0].max() for stroke in drawn) < 0.3  # a 1: a fat pen would fill the others' holes
    line(ink, drawn, (18, 18), (60 * width, 60), int(rng.integers(2, 24 if bare else 13)))
    x, y, w, h = cv2.boundingRect(ink)
    return (normalise(ink[y : y + h, x : x + w].astype(np.float32) / 255) * 255).astype(np.uint8)


def draw_digits(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Digits in all styles: crops (n, 28, 28) uint8 and their labels (n,)."""
    labels = rng.integers(0, 10, n)
    return np.stack([crop(paths(int(label), rng), rng) for label in labels]), labels
