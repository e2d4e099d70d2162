"""What is kept: lines of JSON, drawn pictures, and videos that keep time."""

import json
import sys

import cv2
import numpy as np
import pytest
from test_cam import frames_in
from test_tracking import seen

from model.console import UserError
from model.live import recording, view
from model.live.frames import Frame, Source
from model.vision.tracking import number

READING = number(seen((3, 0.98768, 100, 80), (1, 0.75, 160, 80), doubtful=[(7, 0.2, 250, 80)]))


def frame(level=200, name="clip.mp4", index=0, seconds=0.0, size=(320, 240)):
    return Frame(np.full((size[1], size[0], 3), level, np.uint8), name, index, seconds)


def test_a_line_of_json():
    assert recording.record(frame(index=4, seconds=0.1333), READING) == {
        "source": "clip.mp4",
        "frame": 4,
        "seconds": 0.1333,
        "text": ["31"],
        "numbers": [{"text": "31", "ids": [0, 1], "box": [100, 80, 90, 40]}],
        "digits": [
            {"id": 0, "digit": 3, "confidence": 0.9877, "box": [100, 80, 30, 40]},
            {"id": 1, "digit": 1, "confidence": 0.75, "box": [160, 80, 30, 40]},
        ],
    }


def test_numbers_of_a_row_are_apart():
    """In `text` by a space; in `numbers` each has its digits' ids and the box around them."""
    reading = seen((2, 0.9, 100, 80), (4, 0.9, 140, 84), (1, 0.9, 250, 70))
    first, second, third = reading.rows[0]
    rows = [[first, second, third._replace(apart=True)], [first]]
    line = recording.record(frame(), number(reading._replace(rows=rows)))
    assert line["text"] == ["24 1", "2"]
    assert line["numbers"] == [
        {"text": "24", "ids": [0, 1], "box": [100, 80, 70, 44]},
        {"text": "1", "ids": [2], "box": [250, 70, 30, 40]},
        {"text": "2", "ids": [3], "box": [100, 80, 30, 40]},
    ]


def test_lines_go_to_a_file_at_once_or_to_stdout(tmp_path, capsys):
    path = tmp_path / "out.jsonl"
    with recording.json_lines(str(path)) as write:
        for index in range(3):
            write(frame(index=index), READING)
            assert [json.loads(line)["frame"] for line in path.read_text().splitlines()] == list(range(index + 1))
    with recording.json_lines("-") as write:
        write(frame(), READING)
    assert not sys.stdout.closed
    assert json.loads(capsys.readouterr().out)["text"] == ["31"]
    with recording.json_lines(None) as write:
        write(frame(), READING)
    assert capsys.readouterr().out == ""


def expected(level=200, size=(320, 240)):
    """What is drawn of such a frame."""
    picture = frame(level, size=size).picture
    return view.draw(picture, READING, view.natural_size(picture))


def test_a_picture_is_saved_as_it_is_drawn(tmp_path):
    source = Source("sheet.png", iter(()), still=True)
    with recording.saving(str(tmp_path / "out.png"), source) as write:
        write(frame(), READING)
    assert np.array_equal(cv2.imread(str(tmp_path / "out.png")), expected())
    with recording.saving(None, source) as write:
        write(frame(), READING)
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]


def test_a_place_that_cannot_be_written_is_told_at_the_start(tmp_path):
    source = Source("sheet.png", iter(()), still=True)
    lines, picture = tmp_path / "no" / "out.jsonl", tmp_path / "out.txt"
    told = f"^cannot write {lines}: No such file or directory: name another"
    with pytest.raises(UserError, match=told), recording.json_lines(str(lines)):
        pass
    with pytest.raises(UserError, match=f"^{picture}: pictures are saved"), recording.saving(str(picture), source):
        pass


def test_a_folders_pictures_are_saved_under_their_names(tmp_path):
    (tmp_path / "in").mkdir()
    source = Source(str(tmp_path / "in"), iter(()), still=True)
    for _ in range(2):  # a second time they are replaced
        with recording.saving(str(tmp_path / "out"), source) as write:
            write(frame(name=str(tmp_path / "in" / "a.png")), READING)
            write(frame(90, name=str(tmp_path / "in" / "b.bmp")), READING)
    assert np.array_equal(cv2.imread(str(tmp_path / "out" / "a.png")), expected())
    assert np.array_equal(cv2.imread(str(tmp_path / "out" / "b.bmp")), expected(90))
    assert len(list((tmp_path / "out").iterdir())) == 2
    with (
        pytest.raises(UserError, match=r"cannot save into .*: name a folder"),
        recording.saving(str(tmp_path / "no" / "where"), source),
    ):
        pass


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".avi", ".AVI"])
def test_a_video_has_every_frame_at_the_sources_rate(suffix, tmp_path):
    path = tmp_path / f"out{suffix}"
    with recording.saving(str(path), Source("clip.mp4", iter(()), fps=12.5)) as write:
        for index in range(7):
            write(frame(30 * index, index=index, seconds=5.0 * index), READING)
            assert not path.exists()  # before it is whole
    frames = frames_in(path)
    assert [round(f[5, 5].mean() / 30) for f in frames] == list(range(7))
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == 12.5
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def levels(path):
    """Of each of a video's frames, which of the levels 0, 50, 100, … it shows."""
    return [round(f[5, 5].mean() / 50) for f in frames_in(path)]


def test_of_a_camera_a_video_keeps_time(tmp_path):
    path = tmp_path / "out.mp4"
    with recording.saving(str(path), Source("0", iter(()), live=True, fps=10.0)) as write:
        for index, seconds in enumerate([7.0, 7.1, 7.12, 7.4, 7.5]):  # one too soon, then a gap
            write(frame(50 * index, index=index, seconds=seconds), READING)
    assert levels(path) == [0, 1, 3, 3, 3, 4]


def test_a_long_gap_is_shown_as_one_second(tmp_path):
    path = tmp_path / "out.mp4"
    with recording.recording(path, 10.0) as add:
        add(frame(0).picture, 3.0)
        add(frame(50).picture, 60.0)
    assert levels(path) == [0] + [1] * 10


def test_the_first_canvas_sets_the_size(tmp_path):
    path = tmp_path / "out.mp4"
    with recording.recording(path, 10.0) as add:
        add(frame(50).picture)
        add(frame(100, size=(200, 400)).picture)
        add(frame(150, size=(320, 242)).picture)
    assert [f.shape for f in frames_in(path)] == [(240, 320, 3)] * 3 and levels(path) == [1, 2, 3]


def test_what_cannot_be_written_is_told(tmp_path, monkeypatch):
    path = tmp_path / "out.mp4"
    with (
        pytest.raises(UserError, match=f"^cannot write a video to {path}: name another place or format$"),
        recording.recording(path, 10.0) as add,
    ):
        add(np.zeros((0, 0, 3), np.uint8))

    class Failing:
        """Keeps its failures to itself, as OpenCV's does."""

        isOpened, fourcc = (lambda self: False), cv2.VideoWriter.fourcc
        open = write = release = lambda self, *arguments: True

    monkeypatch.setattr(recording.cv2, "VideoWriter", Failing)
    with (
        pytest.raises(UserError, match=f"^cannot write {path}: free some space or name another place$"),
        recording.recording(path, 10.0) as add,
    ):
        add(frame().picture)
    assert list(tmp_path.iterdir()) == []


def test_what_was_recorded_until_an_error_is_kept(tmp_path):
    path = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt), recording.recording(path, 10.0) as add:
        add(frame(50).picture)
        add(frame(100).picture)
        raise KeyboardInterrupt
    assert levels(path) == [1, 2]


def test_without_a_frame_there_is_no_video(tmp_path):
    path = tmp_path / "out.mp4"
    path.write_text("another film")
    with pytest.raises(UserError, match=f"^there was nothing to record to {path}$"), recording.recording(path, 10.0):
        pass
    with pytest.raises(ValueError, match="the reason"), recording.recording(path, 10.0):
        raise ValueError("the reason")
    with (
        pytest.raises(UserError, match=r"videos are saved as \.mp4, \.mov, \.mkv, \.avi: name such a file"),
        recording.recording(tmp_path / "out.gif", 10.0),
    ):
        pass
    assert path.read_text() == "another film" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(("free", "fits"), [(20_000_000, True), (19_999_999, False)])
def test_a_recording_leaves_the_disk_some_space(free, fits, tmp_path, monkeypatch):
    asked = []

    def disk_usage(folder):
        asked.append(folder)
        return type("Usage", (), {"free": free if len(asked) > 1 else 10**9})

    monkeypatch.setattr(recording.shutil, "disk_usage", disk_usage)
    path = tmp_path / "out.mp4"
    try:
        with recording.recording(path, 10.0) as add:
            for _ in range(59):
                add(frame(50).picture)
        assert fits
    except UserError as error:
        assert not fits
        assert str(error) == f"cannot write {path}: the disk is full: free some space or name another place"
    assert len(frames_in(path)) == (59 if fits else 30)  # it is looked at every 30 frames
    assert asked == [tmp_path] * 2


def test_a_snapshot_and_names_that_are_free(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recording.time, "strftime", lambda form: "digits-now")
    assert [recording.snapshot(frame(), READING).name for _ in range(3)] == [
        "digits-now.png", "digits-now-2.png", "digits-now-3.png",
    ]  # fmt: skip
    assert np.array_equal(cv2.imread("digits-now-2.png"), expected())
    assert json.loads((tmp_path / "digits-now-3.json").read_text()) == recording.record(frame(), READING)
    assert recording.fresh_name(".mp4") == tmp_path / "digits-now.mp4"
