"""Which crops the classifier is shown, and what a reading makes of its answers; the classifier is played here."""

import cv2
import numpy as np
import pytest

from model import pen
from model.vision import candidates, choice, reading
from model.vision.candidates import Candidate


def answers(*digits):
    """Probabilities (n, 10) for digits (digit, confidence)."""
    p = np.zeros((len(digits), 10), np.float32)
    for row, (digit, confidence) in zip(p, digits, strict=True):
        row[:] = (1 - confidence) / 9
        row[digit] = confidence
    return p


class Classifier:
    """Answers the same to every crop, or what `answer` says of each; and remembers how many it was shown at once."""

    def __init__(self, answer=lambda crop: (7, 0.95)):
        self.answer, self.shown = answer, []

    def __call__(self, crops):
        assert crops.ndim == 3 and crops.shape[1:] == (28, 28) and crops.dtype == np.float32
        self.shown.append(len(crops))
        return answers(*map(self.answer, crops))


def page(*texts, height=50, pitch=100, step=70, angle=0.0):
    """Digits of texts on paper, each for itself."""
    picture = np.full((720, 1280), 230, np.uint8)
    rng = np.random.default_rng(1)
    for i, text in enumerate(texts):
        for j, digit in enumerate(text):
            pen.draw(picture, pen.paths(int(digit), rng), (100 + step * j, 80 + pitch * i), height, 5, 40)
    turn = cv2.getRotationMatrix2D((640, 360), -angle, 1)
    return cv2.warpAffine(picture, turn, (1280, 720), borderMode=cv2.BORDER_REPLICATE)


def candidate(box, *pieces, of=None, seams=0, area=100, ink=0):
    return Candidate(box, np.full((4, 4), ink, np.uint8), pieces, of or pieces, area, seams, 1000.0)


# -- Which are looked at

def test_an_empty_picture_asks_nothing():
    classifier = Classifier()
    read = reading.read(np.full((720, 1280), 230, np.uint8), classifier)
    assert (read.rows, read.doubtful, read.text, read.digits, classifier.shown) == ([], [], [], [], [])
    assert read.mask.shape == (720, 1280)


def test_where_every_component_is_surely_a_digit_no_part_of_it_is_looked_at():
    picture = page("24680", "13579")
    found, *_ = candidates.find(picture)
    parts = sum(candidate.seams > 0 for candidate in found)
    sure, unsure, enough = Classifier(), Classifier(lambda crop: (7, 0.75)), Classifier(lambda crop: (7, 0.85))
    for classifier in (sure, unsure, enough):
        reading.read(picture, classifier)
    assert parts and sure.shown == [len(found) - parts]
    assert unsure.shown == [len(found) - parts, parts]
    assert enough.shown == [len(found) - parts], "they stand apart"


def test_how_sure_a_component_has_to_be():
    """So sure that no parts, with a seam each, can be worth more: 1 - 0.12."""
    box = (0, 0, 40, 40)
    found = [candidate(box, 0, 1), candidate(box, 0, seams=1), candidate(box, 1, seams=1)]
    for confidence, shown in ((0.87, [1, 2]), (0.89, [1])):
        classifier = Classifier(lambda crop, confidence=confidence: (7, confidence))
        probabilities = reading.classify_all(found, classifier)
        assert classifier.shown == shown
        assert (probabilities[1:] > 0).any() == (len(shown) > 1)
        assert probabilities[0, 7] == pytest.approx(confidence)


def test_what_shares_ink_with_an_unsure_component_is_looked_at():
    """A bridge between a sure one and an unsure one may win."""
    box = (0, 0, 40, 40)
    found = [candidate(box, 0, ink=9), candidate(box, 1), candidate(box, 0, 1, seams=1)]
    sure = iter([(7, 0.99), (7, 0.3), (7, 0.6)])
    classifier = Classifier(lambda crop: next(sure))
    assert reading.classify_all(found, classifier).max(1) == pytest.approx([0.99, 0.3, 0.6])


def test_two_strokes_that_are_surely_one_digit_are_looked_at_at_once():
    box = (0, 0, 40, 40)
    found = [candidate(box, 0, 1, seams=-1), candidate(box, 0), candidate(box, 1)]
    classifier = Classifier()
    reading.classify_all(found, classifier)
    assert classifier.shown == [3]


def test_answers_go_to_the_candidates_that_were_asked_about():
    box = (0, 0, 40, 40)
    inks = [np.zeros((20, 20), np.uint8) for _ in range(4)]
    for i, ink in enumerate(inks):
        ink[:, : 4 * i + 4] = 255
    found = [
        Candidate(box, ink, pieces, pieces, 100, seams, 100.0)
        for ink, pieces, seams in zip(inks, [(0,), (1,), (0, 1), (2,)], [1, 1, 0, 0], strict=True)
    ]
    wide = Classifier(lambda crop: (int((crop > 0.5).any(0).sum()) % 10, 0.5))
    digits = reading.classify_all(found, wide).argmax(1)
    assert digits.tolist() == [int((c.crop > 0.5).any(0).sum()) % 10 for c in found]
    assert len(set(digits.tolist())) == 4


def test_of_very_many_parts_the_largest_are_looked_at():
    """So that a picture of hatching costs no more than a page of digits."""
    box = (0, 0, 40, 40)
    found = [candidate(box, i, seams=1, area=i) for i in range(400)]
    classifier = Classifier()
    probabilities = reading.classify_all(found, classifier)
    assert classifier.shown == [256] == [reading.MAX_CUTS]
    assert np.flatnonzero(probabilities.max(1)).tolist() == list(range(400 - 256, 400))


def test_a_page_of_print_costs_no_more_than_the_limits():
    picture = np.full((720, 1280), 235, np.uint8)
    words = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "runs", "away"]
    for i in range(14):
        line = " ".join(words[(3 * i + j) % len(words)] for j in range(9))
        font = cv2.FONT_HERSHEY_SCRIPT_SIMPLEX if i % 2 else cv2.FONT_HERSHEY_COMPLEX
        cv2.putText(picture, line, (40, 60 + 46 * i), font, 1.1, 40, 2, cv2.LINE_AA)
    found, *_ = candidates.find(picture)
    whole = sum(candidate.seams <= 0 for candidate in found)
    doubtful = Classifier(lambda crop: (1, 0.4))
    read = reading.read(picture, doubtful)
    assert read.text == []
    assert doubtful.shown[0] == whole and sum(doubtful.shown) <= whole + reading.MAX_CUTS
    assert len(found) <= candidates.MAX_CANDIDATES


# -- What becomes of the answers

def test_sure_digits_are_read_and_others_doubted():
    picture = page("3045")
    sure = reading.read(picture, Classifier())
    assert sure.text == ["7777"] and sure.doubtful == []
    assert all(0.9 < digit.confidence <= 1 for digit in sure.digits)
    unsure = reading.read(picture, Classifier(lambda crop: (7, 0.5)))
    assert unsure.text == [] and len(unsure.doubtful) >= 4
    low = reading.read(picture, Classifier(lambda crop: (7, 0.6)), min_confidence=0.5)
    assert low.text and low.doubtful == []


def test_a_reading_carries_the_crops_that_were_asked_about():
    seen = []
    read = reading.read(page("30"), Classifier(lambda crop: seen.append(crop) or (7, 0.95)))
    for digit in read.digits:
        assert any((digit.crop == crop).all() for crop in seen)


@pytest.mark.parametrize(("angle", "steep"), [(4, False), (-4, False), (9, True), (-9, True)])
def test_digits_of_steep_rows_are_looked_at_upright_as_well(angle, steep):
    picture, shown = page("304856923", "823794650", angle=angle), []
    reading.read(picture, Classifier(lambda crop: shown.append(crop.tobytes()) or (7, 0.95)))
    as_they_are = {candidate.crop.tobytes() for candidate in candidates.find(picture)[0]}
    turned = [crop for crop in shown if crop not in as_they_are]
    assert len(turned) in ((17, 18) if steep else (0,))


@pytest.mark.parametrize(("upright", "taken"), [(0.99, True), (0.94, True), (0.90, False)])
def test_upright_crops_are_taken_unless_they_look_worse(upright, taken):
    """A digit that is as sure when it is upright is taken so: 0.03 of confidence may be lost."""
    calls = []

    def classify(crops):
        calls.append(len(crops))
        return answers(*[(7, 0.95) if len(calls) == 1 else (3, upright)] * len(crops))

    read = reading.read(page("304856923", "823794650", angle=10), classify)
    assert read.text == [("3" if taken else "7") * 9] * 2


def test_the_limit_itself_is_believed():
    picture = page("3045")
    least = min(digit.confidence for digit in reading.read(picture, Classifier()).digits)
    assert reading.read(picture, Classifier(), min_confidence=least).doubtful == []
    assert len(reading.read(picture, Classifier(), min_confidence=least + 1e-9).doubtful) >= 1


def test_parts_cannot_win_over_a_sure_component():
    """What classify_all leaves out, choose would not take."""
    whole, part = candidate((0, 0, 40, 40), 0, 1, area=200), candidate((0, 0, 20, 40), 0, of=(0, 1), seams=1)
    other = candidate((20, 0, 20, 40), 1, of=(0, 1), seams=1)
    best = np.array([1 - choice.DIVISION_COST + 0.001, 1, 1])
    assert choice.choose([whole, part, other], best) == {0: 1.0}


def test_a_part_is_believed_no_further_than_all_that_it_is_cut_from():
    """A plus: its upright is a 1, its arms are nothing."""
    picture = np.full((720, 1280), 230, np.uint8)
    cv2.line(picture, (600, 330), (600, 390), 40, 6)
    cv2.line(picture, (570, 360), (630, 360), 40, 6)
    found, mask, places = candidates.find(picture)
    assert max(candidate.seams for candidate in found) > 0

    def classify(crops):
        upright = (crops > 0.5).any(1).sum(1) < 8
        return answers(*[(1, 0.95 if narrow else 0.1) for narrow in upright])

    read = reading.read_found(picture, found, mask, places, classify)
    assert read.text == [] and max(digit.confidence for digit in read.doubtful) < 0.5


@pytest.mark.parametrize("angle", [0, 20, -20])
def test_a_line_between_two_columns_parts_their_numbers_however_the_sheet_is_turned(angle):
    picture = page("24680", "35792")
    cv2.line(picture, (223, 20), (223, 300), 160, 2)
    turn = cv2.getRotationMatrix2D((300, 150), -angle, 1)
    picture = cv2.warpAffine(picture, turn, (1280, 720), borderMode=cv2.BORDER_REPLICATE)
    assert reading.read(picture, Classifier()).text == ["77 777", "77 777"]
