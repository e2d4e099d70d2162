"""Labelled pictures: how their labels are read, how they are scored, and what bench_reading.py --photos says."""

import json

import cv2
import numpy as np
import pytest
import scoring
import sheets
from conftest import SHIPPED
from scoring import Label

from model.console import UserError


def label(rows, layout="lines", source="a", **others):
    return Label("x.png", rows, layout, source, **others)


@pytest.mark.parametrize(
    ("text", "rows", "layout", "wrong"),
    [
        (["12", "345"], ["12345"], "lines", 0),  # rows and spaces do not count
        (["1 2 345"], ["12", "345"], "lines", 0),
        (["1234"], ["12345"], "lines", 1),
        (["54321"], ["12345"], "lines", 4),
        (["54321"], ["12345"], "scattered", 0),
        (["5432", "77"], ["12345"], "scattered", 2),  # one is missing, two are too many
        (["8"], ["8"], "single", 0),
        ([], ["8"], "single", 1),
        (["17"], [], "none", 2),
    ],
)
def test_what_is_wrong_in_a_picture(text, rows, layout, wrong):
    assert scoring.wrong(text, label(rows, layout)) == wrong


def test_digits_missed_and_invented():
    assert scoring.amiss("1123", "1234") == (1, 1)
    assert scoring.amiss("", "12") == (2, 0)


def test_a_number_counts_where_it_stands_by_itself_and_as_often_as_it_is_written():
    assert scoring.numbers_right(["24 12", "12"], ["24", "12", "12"]) == 3
    assert scoring.numbers_right(["2412", "12"], ["24", "12", "12"]) == 1
    assert scoring.numbers_right(["12 12"], ["12"]) == 1


def test_the_score_of_a_folder():
    labels = [
        label(["1234"], numbers=["12", "34"]),
        label(["56"], source="b"),
        label(["7"], "single", "b"),
        label([], "none"),
    ]
    score = scoring.score(labels, [["12 30"], ["99999"], ["7"], ["11"]])
    assert score.pictures == 3 and score.digits == 7
    assert score.pooled == pytest.approx(3 / 7)  # of the five wrong in the second picture, its two digits count
    assert score.macro == pytest.approx((1 / 4 + 2 / 3) / 2)
    assert score.perfect == pytest.approx(1 / 3)
    assert score.invented == 2 and score.numbers == 0.5


def test_a_folder_with_nothing_to_read():
    score = scoring.score([label([], "none")], [[]])
    assert (score.pictures, score.digits, score.pooled, score.invented) == (0, 0, 0, 0)
    assert np.isnan(score.numbers)


GOOD = {"file": "a.png", "rows": ["12"], "layout": "lines", "source": "me"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.png").touch()
    return tmp_path


def test_labels_may_tell_more_than_is_needed(folder):
    record = GOOD | {"set": "x", "numbers": ["1", "2"], "note": "blue"}
    (folder / "labels.json").write_text(json.dumps([GOOD, record]), encoding="utf-8-sig")
    assert scoring.load_labels(folder) == [
        Label("a.png", ["12"], "lines", "me"),
        Label("a.png", ["12"], "lines", "me", "x", ["1", "2"]),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "", "[", "[]", "{}", "17", '["a.png"]', "[" * 100_000, "\xff",
        *(json.dumps([{name: value for name, value in GOOD.items() if name != left_out}]) for left_out in GOOD),
        *(json.dumps([GOOD | wrong]) for wrong in [
            {"file": "b.png"}, {"file": 3}, {"file": ""}, {"source": None}, {"set": 3}, {"layout": "circle"},
            {"layout": ["lines"]}, {"layout": "none"}, {"rows": []}, {"rows": "12"}, {"rows": [12]}, {"rows": ["1a"]},
            {"rows": ["1 2"]}, {"numbers": "12"}, {"numbers": [12]},
        ]),
    ],
)  # fmt: skip
def test_labels_that_are_none(folder, text):
    (folder / "labels.json").write_text(text, encoding="latin-1")
    with pytest.raises(UserError) as told:
        scoring.load_labels(folder)
    assert "labels.json" in str(told.value) and len(str(told.value)) < 300


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A folder of three drawn sheets, one of them upside down, and an empty one."""
    folder = tmp_path_factory.mktemp("photos")
    pages = {
        "upright.png": sheets.sheet(1, ["3141", "5926"], styles={1: 14}).picture,
        "turned.png": cv2.rotate(sheets.sheet(34, ["31415926", "2718"]).picture, cv2.ROTATE_180),
        "spaces.png": sheets.sheet(35, ["24 12 35"], height=50).picture,
        "blank.png": sheets.blank("leather", 1).picture,
    }
    for name, picture in pages.items():
        cv2.imwrite(str(folder / name), picture)
    labels = [
        {"file": "upright.png", "rows": ["3141", "5925"], "layout": "lines", "source": "ann", "set": "one"},
        {"file": "turned.png", "rows": ["31415926", "2718"], "layout": "lines", "source": "ben", "set": "two"},
        {"file": "spaces.png", "rows": ["241235"], "layout": "lines", "source": "ben", "numbers": ["24", "12", "3"]},
        {"file": "blank.png", "rows": [], "layout": "none", "source": "ben", "set": "two"},
    ]
    (folder / "labels.json").write_text(json.dumps(labels))
    return folder


def test_pictures_of_ones_own_are_scored(script, drawn):
    """The label of the first says 5 where a 6 is written, that of the third has one number wrong."""
    told = script("tests/bench_reading.py", "--photos", drawn, "--model", SHIPPED)
    assert (told.returncode, told.stderr) == (0, "")
    lines = [line.split() for line in told.stdout.splitlines()]
    assert ["8", "12.5", "ann"] in lines
    assert not [line for line in lines if line[-1:] == ["ben"]], "nothing is wrong there"
    assert ["one", "1", "8", "12.50", "12.50", "0.00", "0", "-"] in lines
    assert ["two", "1", "12", "0.00", "0.00", "100.00", "0", "-"] in lines
    assert ["in", "all", "3", "26", "3.85", "6.25", "66.67", "0", "66.7"] in lines
    assert "upright.png: read 3141, 5926; written 3141, 5925" in told.stdout


@pytest.mark.parametrize("name", ["missing", "empty", "damaged"])
def test_a_folder_that_cannot_be_scored(script, tmp_path, name):
    folder = tmp_path / name
    if name != "missing":
        folder.mkdir()
    if name == "damaged":
        (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        (folder / "labels.json").write_text(json.dumps([GOOD]))
    told = script("tests/bench_reading.py", "--photos", folder, "--model", SHIPPED)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("bench_reading.py: error: ") and told.stderr.count("\n") == 1
    assert name in told.stderr
