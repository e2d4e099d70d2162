"""Cameras, played by a fake cv2.VideoCapture: what is asked of them, what they fail at, how they come back and end."""

import math
import subprocess
import sys
import threading
import time

import cv2
import numpy as np
import pytest
from conftest import ROOT, clean_environment
from test_cam import wait_for

from model.console import UserError
from model.live import camera, sources


class Camera:
    """What a test plugs in: it counts who opens it, and gives what `picture(number of the read)` gives."""

    def __init__(self, picture, fps=200.0, there=True, reported_fps=30.0):
        self.picture, self.fps, self.there, self.reported_fps = picture, fps, there, reported_fps
        self.opened, self.reads, self.released = [], 0, 0
        self.properties = {}

    def __call__(self, *arguments):
        """In place of cv2.VideoCapture."""
        self.opened.append(arguments)
        return self

    def isOpened(self):
        return self.there

    def set(self, what, value):
        self.properties[what] = value
        return True

    def get(self, what):
        return self.reported_fps if what == cv2.CAP_PROP_FPS else self.properties.get(what, 0.0)

    def grab(self):
        time.sleep(1 / self.fps)
        self.reads += 1
        self.current = self.picture(self.reads)
        return self.current is not None

    def retrieve(self):
        return True, self.current

    def read(self):
        return (True, self.current) if self.grab() else (False, None)

    def release(self):
        self.released += 1


def grey(level):
    return np.full((48, 64, 3), level % 256, np.uint8)


@pytest.fixture
def plug_in(monkeypatch):
    """plug_in(picture, …) -> Camera, which every cv2.VideoCapture is from then on."""

    def plug(picture, **options):
        fake = Camera(picture, **options)
        monkeypatch.setattr(cv2, "VideoCapture", fake)
        return fake

    return plug


def take(source, count, seconds=10.0):
    """The next frames that are there."""
    end, taken = time.monotonic() + seconds, []
    while len(taken) < count:
        assert time.monotonic() < end, f"{len(taken)} of {count} frames came"
        frame = next(source.frames)
        taken += [frame] if frame else []
    return taken


def test_size_and_rate_are_asked_for_and_what_is_granted_is_told(plug_in, capsys):
    fake = plug_in(grey, reported_fps=25.0)
    source = sources.open_source("3", (800, 600), 50.0)
    source.close()
    assert fake.opened == [(3,)]
    assert fake.properties == {
        cv2.CAP_PROP_FOURCC: cv2.VideoWriter.fourcc(*"MJPG"),
        cv2.CAP_PROP_FRAME_WIDTH: 800,
        cv2.CAP_PROP_FRAME_HEIGHT: 600,
        cv2.CAP_PROP_FPS: 50.0,
    }  # no buffer size: 1 halves the rate of some cameras
    assert capsys.readouterr().err == "camera 3: 800x600 at 25 fps (asked for 800x600 at 50 fps)\n"
    assert (source.name, source.live, source.still, source.fps) == ("3", True, False, 25.0)


def test_without_wishes_hd_is_asked_for_at_the_cameras_own_rate(plug_in, capsys):
    fake = plug_in(grey)
    sources.open_source("0").close()
    assert (fake.properties[cv2.CAP_PROP_FRAME_WIDTH], fake.properties[cv2.CAP_PROP_FRAME_HEIGHT]) == (1280, 720)
    assert cv2.CAP_PROP_FPS not in fake.properties
    assert capsys.readouterr().err == "camera 0: 1280x720 at 30 fps\n"


@pytest.mark.parametrize(("reported", "fps"), [(0, 30), (math.nan, 30), (1, 1), (240, 240), (241, 30), (-1, 30)])
def test_a_rate_that_cannot_be_is_taken_for_30(reported, fps, plug_in):
    plug_in(grey, reported_fps=reported)
    source = camera.open_camera(0, None, None)
    source.close()
    assert source.fps == fps


def test_no_camera_is_told_in_one_line(plug_in, capsys):
    plug_in(grey, there=False)
    with pytest.raises(UserError, match="there is no camera 7: plug one in"):
        sources.open_source("7")
    source = sources.open_source(None)
    assert source.name == sources.DEMO and source.live and not source.still
    assert next(source.frames).picture.shape == (720, 1280, 3)
    assert capsys.readouterr().err.startswith("there is no camera 0")


def test_frames_count_what_was_dropped_and_their_times_begin_at_the_first(plug_in):
    fake = plug_in(grey)
    source = camera.open_camera(0, None, None)
    try:
        first = take(source, 1)[0]
        assert first.seconds == 0.0 and first.source == "0"
        time.sleep(0.2)
        _, second, third = take(source, 3)
    finally:
        source.close()
    for frame in (second, third):
        assert frame.number == frame.picture[0, 0, 0] - 1  # the reads are counted from 1
    assert second.number - first.number >= 10
    assert 0.1 < second.seconds < third.seconds < 2
    assert fake.reads >= third.number


def test_it_waits_for_new_frames_and_says_that_there_is_none(plug_in):
    plug_in(grey, fps=5)
    source = camera.open_camera(0, None, None)
    try:
        frames = [next(source.frames) for _ in range(9)]
    finally:
        source.close()
    assert 1 <= sum(frame is not None for frame in frames) <= 5  # 0.05 s for each None, 0.2 s for each frame
    numbers = [frame.number for frame in frames if frame]
    assert len(set(numbers)) == len(numbers)  # none is given twice


@pytest.mark.parametrize("bad", [{1}, {1, 2, 3}, set(range(20, 400, 60))], ids=["first", "first three", "one in 60"])
def test_a_failed_read_is_passed_over(bad, plug_in):
    fake = plug_in(lambda read: None if read in bad else grey(read))
    source = camera.open_camera(0, None, None)
    began = fake.reads
    try:
        wait_for(lambda: fake.reads >= began + 100)
        take(source, 1)
        assert not source.lost()
    finally:
        source.close()
    assert len(fake.opened) == 1


def test_a_lost_camera_is_opened_anew_until_it_is_back(plug_in):
    fake = plug_in(lambda read: grey(read) if read < 10 or len(fake.opened) > 2 else None)
    source = camera.open_camera(0, None, None)
    try:
        wait_for(lambda: next(source.frames) is None and source.lost())
        lost = time.monotonic()
        assert len(fake.opened) == 1  # not at once
        wait_for(lambda: len(fake.opened) == 2)
        assert time.monotonic() - lost < 1.2  # 1.5 s after the last frame; it counted as lost after one
        wait_for(lambda: next(source.frames) is not None)
        assert not source.lost()
    finally:
        source.close()
    assert len(fake.opened) == 3
    assert fake.released == 3
    assert all(opened == (0,) for opened in fake.opened)


def test_a_camera_that_never_delivers_is_given_up(plug_in, monkeypatch):
    monkeypatch.setattr(camera, "FIRST_PICTURE_SECONDS", 0.2)
    fake = plug_in(lambda read: None)
    with pytest.raises(UserError, match="camera 2 delivers no picture: is another program using it"):
        camera.open_camera(2, None, None)
    wait_for(lambda: fake.released == 1)


def test_the_end_does_not_wait_for_a_blocked_read(plug_in):
    blocked, go_on = threading.Event(), threading.Event()

    def picture(read):
        if read > 5:
            blocked.set()
            go_on.wait(20)
        return grey(read)

    fake = plug_in(picture)
    source = camera.open_camera(0, None, None)
    try:
        assert blocked.wait(5)
        start = time.monotonic()
        source.close()
        assert time.monotonic() - start < 2
        assert list(source.frames) == []
    finally:
        go_on.set()
    wait_for(lambda: fake.released == 1)


def test_close_waits_for_a_read_that_ends_soon(plug_in):
    fake = plug_in(grey, fps=20)
    source = camera.open_camera(0, None, None)
    source.close()
    assert fake.released == 1


NOISY = """
import os, sys, time
import cv2, numpy as np
from model import console
from model.live import camera

class Capture:
    # A webcam whose JPEG has bytes too many: libjpeg tells of each frame on file descriptor 2.
    def __init__(self, index):
        jpeg = cv2.imencode(".jpg", np.full((480, 640, 3), 128, np.uint8))[1].tobytes()
        self.jpeg = np.frombuffer(jpeg[:-2] + b"U" * 999 + jpeg[-2:], np.uint8)
    def isOpened(self): return True
    def set(self, *what): return True
    def get(self, what): return 30.0
    def grab(self):
        time.sleep(0.005)
        return True
    def retrieve(self): return True, cv2.imdecode(self.jpeg, 1)
    def read(self): return self.grab() and self.retrieve()
    def release(self): pass

cv2.VideoCapture = Capture
source = camera.open_camera(0, None, None)

def look(first, last):
    for i in range(first, last):
        next(source.frames)
        os.write(2, f"C {i}\\n".encode())  # another library's error, another thread
        print("Python", i, file=sys.stderr)

with console.without_chatter():  # as while the model loads
    look(0, 20)
look(20, 40)
if sys.argv[1] == "close":
    source.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file descriptor 2 is read through a pipe")
@pytest.mark.parametrize("end", ["close", "forget to"])
def test_libjpegs_lines_about_a_webcam_stay_off_the_terminal_and_nothing_else_does(end):
    words = [sys.executable, "-c", NOISY, end]
    done = subprocess.run(words, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=30)
    lines = done.stderr.splitlines()
    assert done.returncode == 0
    assert not [line for line in lines if "JPEG" in line]
    assert sorted(lines[1:]) == sorted([f"C {i}" for i in range(40)] + [f"Python {i}" for i in range(40)])


@pytest.mark.skipif(sys.platform != "linux", reason="names come from Linux's /sys")
def test_cameras_are_listed_with_what_they_deliver(plug_in, monkeypatch, tmp_path):
    for number, name in ((2, "USB Camera"), (0, "Built-in")):
        (tmp_path / f"video{number}").mkdir()
        (tmp_path / f"video{number}" / "name").write_text(f"{name}\n")
    monkeypatch.setattr(camera, "Path", {"/sys/class/video4linux": tmp_path}.get)
    fake = plug_in(grey)
    fake.properties = {cv2.CAP_PROP_FRAME_WIDTH: 640.0, cv2.CAP_PROP_FRAME_HEIGHT: 480.0}
    assert camera.list_cameras() == ["0  640x480 at 30 fps  Built-in", "2  640x480 at 30 fps  USB Camera"]
    assert fake.opened == [(0,), (2,)] and fake.released == 2
    fake.there = False
    assert camera.list_cameras() == []
    monkeypatch.setattr(camera.platform, "system", lambda: "Darwin")
    fake.there = True
    assert camera.list_cameras() == [f"{n}  640x480 at 30 fps" for n in range(6)]
