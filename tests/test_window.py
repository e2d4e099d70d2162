"""The window, on a screen of its own: keys pressed, the mouse moved, and what is then on the screen and on the disk."""

import ctypes
import json
import os
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import ROOT, clean_environment, command, xdotool
from streams import Stream
from test_cam import clip, page, wait_for
from test_session import sheet

from model.live import view

SIZE = (960, 540)
BAR = 18  # the line at the top of a window 640 pixels wide; the picture is below it
ROWS = ["31", "475"]


class App:
    """cam.py in its window, and the hands that use it. Positions are pixels of the window."""

    def __init__(self, display, folder, *arguments, quick=False):
        self.display, self.folder = display, folder
        self.errors = open(folder / "errors.txt", "w+")  # noqa: SIM115
        environment = clean_environment() | display | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
        words = command("cam.py", *arguments)
        words = [words[0], "-c", QUICK, *words[2:]] if quick else words
        self.process = subprocess.Popen(words, cwd=folder, env=environment, stderr=self.errors)
        self.name = ""
        try:
            wait_for(self.appears, 20)
            wait_for(self.is_drawn)
        except AssertionError:
            self.process.kill()
            raise

    def appears(self):
        """Whether the window is there, and still the same as when it was last looked for: Qt makes two at first."""
        assert self.process.poll() is None, "it ended before its window was there"
        before, self.name = self.name, xdotool(self.display, "search", "--name", "^Digits$").strip()
        time.sleep(0.2)
        return self.name and self.name == before

    def press(self, *keys):
        for key in keys:
            xdotool(self.display, "key", "--window", self.name, key)
            xdotool(self.display, "keyup", key)  # else, if the window closed on it, it would repeat in the next one
            time.sleep(0.05)

    def mouse(self, *actions):
        """Actions of xdotool, or (x, y) to move there."""
        for action in actions:
            move = ["mousemove", "--window", self.name]
            xdotool(self.display, *([*move, *map(str, action)] if isinstance(action, tuple) else [action, "1"]))
            time.sleep(0.05)

    def screen(self, width=SIZE[0], height=SIZE[1]):
        """What is in the window now: (height, width, 3) uint8 BGR, as long as it is of that size."""
        return screenshot(self.display)[:height, :width]

    def is_drawn(self):
        """Whether something is in the window. With no window manager Qt may miss that it is on screen: once more."""
        drawn = self.screen().max(axis=2).mean() > 8
        if not drawn:
            xdotool(self.display, "windowunmap", "--sync", self.name, "windowmap", "--sync", self.name)
            time.sleep(0.5)
        return drawn

    def close(self):
        """As the window's button does it."""
        ask_to_close(self.display, int(self.name))

    def readings(self):
        return [json.loads(line) for line in (self.folder / "out.jsonl").read_text().splitlines() if line.endswith("}")]

    def goes_on(self):
        """Whether frames are read, of which there are 15 a second."""
        count = len(self.readings())
        time.sleep(0.3)
        return len(self.readings()) > count

    def text(self):
        readings = self.readings()
        return readings[-1]["text"] if readings else None

    def ends(self):
        """Exit code and what it said."""
        code = self.process.wait(timeout=20)
        self.errors.seek(0)
        return code, self.errors.read()


@pytest.fixture
def app(display, tmp_path):
    """Start cam.py: app(argument, …) -> App; ended after the test."""
    apps = []

    def start(*arguments, **options):
        one = App(display, tmp_path, *arguments, **options)
        apps.append(one)
        return one

    yield start
    for one in apps:
        one.process.kill()
        one.process.wait()
        one.errors.close()


def screenshot(display):
    """The screen, (h, w, 3) uint8 BGR, from Xvfb's frame buffer: a file in xwd's format."""
    data = Path(display["XVFB_SCREEN"]).read_bytes()
    header = np.frombuffer(data, ">u4", 25)
    width, height, line, colours = header[4], header[5], header[12], header[19]
    pixels = np.frombuffer(data, np.uint8, height * line, header[0] + 12 * colours)
    return pixels.reshape(height, line // 4, 4)[:, :width, :3].copy()


def ask_to_close(display, window):
    """Send the message that a window manager sends when the close button is clicked."""
    xlib = ctypes.CDLL("libX11.so.6")
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    xlib.XInternAtom.restype = ctypes.c_ulong
    connection = ctypes.c_void_p(xlib.XOpenDisplay(display["DISPLAY"].encode()))
    protocols, delete = (xlib.XInternAtom(connection, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
    event = (ctypes.c_long * 24)(33, 0, 1, 0, window, protocols, 32, delete, 0)  # XClientMessageEvent
    xlib.XSendEvent(connection, ctypes.c_ulong(window), 0, ctypes.c_long(0), event)
    xlib.XCloseDisplay(connection)


def differs(one, other, least=0.01):
    """Whether more than a share of the pixels is clearly another."""
    return (np.abs(one.astype(int) - other).max(axis=2) > 60).mean() > least


# cam.py as it is, but in the network's place the rule of test_session.py, which takes no seconds to load.
QUICK = "import cam, test_session; cam.load = lambda path: test_session.classify; cam.console.run(cam.main)"


@pytest.fixture
def reading(app, tmp_path):
    """A video of a sheet with 1010, read in the window."""
    clip(tmp_path / "clip.mp4", [sheet("1010")] * 900, fps=15)
    one = app("clip.mp4", "--json", "out.jsonl", quick=True)
    wait_for(lambda: (tmp_path / "out.jsonl").exists() and one.text() == ["1010"])
    return one


def test_keys_change_what_is_on_the_screen(reading):
    app = reading
    plain = app.screen(640, 480)
    for key, changed in {
        "t": lambda now: (now[100:400].min(axis=2) > 250).mean() > 0.9,  # a white sheet, its ink and labels
        "c": lambda now: (now[100:400].max(axis=2) < 8).sum() > (plain[100:400].max(axis=2) < 8).sum() + 1000,
        "m": lambda now: not differs(now[100:400], plain[100:400, ::-1], 0.05),
        "h": lambda now: now[100:400, 150:490].mean() < plain[100:400, 150:490].mean() * 0.7,
    }.items():
        assert not changed(plain)
        app.press(key)
        wait_for(lambda changed=changed: changed(app.screen(640, 480)))
        app.press(key)
        wait_for(lambda: not differs(app.screen(640, 480)[100:400], plain[100:400], 0.002))
    assert app.text() == ["1010"]  # what is read is not mirrored


def test_keys_pause_save_record_and_quit(reading, tmp_path):
    app = reading
    app.press("space")
    wait_for(lambda: not app.goes_on())
    count = len(app.readings())
    app.press("n")
    wait_for(lambda: len(app.readings()) == count + 1)
    app.press("space")
    wait_for(lambda: len(app.readings()) > count + 3)
    app.press("s")
    wait_for(lambda: len(list(tmp_path.glob("digits-*.*"))) == 2)
    picture, beside = sorted(tmp_path.glob("digits-*.*"), reverse=True)
    assert cv2.imread(str(picture)).shape == (550, 640, 3)
    assert json.loads(beside.read_text())["text"] == ["1010"]
    app.press("r")
    count = len(app.readings())
    wait_for(lambda: len(app.readings()) > count + 8)
    app.press("q")  # while it records
    assert app.ends() == (0, "")
    (recorded,) = tmp_path.glob("digits-*.mp4")
    video = cv2.VideoCapture(str(recorded))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) >= 5 and video.read()[1].shape == (550, 640, 3)


def test_the_mouse_drags_a_region_and_a_double_click_ends_it(reading):
    app = reading
    app.mouse((145, 180 + BAR), "mousedown", (200, 200 + BAR), (295, 300 + BAR), "mouseup")
    wait_for(lambda: app.text() == ["01"])
    assert all(140 < x < 300 for x, *_ in boxes(app))
    app.mouse((500, 400))
    xdotool(app.display, "click", "--repeat", "2", "--delay", "60", "1")
    wait_for(lambda: app.text() == ["1010"])


def is_chosen(app, box):
    """Whether a lesson's frame is round a box."""
    x, y, w, h = box
    around = app.screen(640, 480)[y + BAR - 12 : y + h + BAR + 12, x - 12 : x + w + 12].astype(int)
    return (np.abs(around - view.POINTED).max(2) < 8).sum() > 2 * h


def test_digits_are_taught_with_keyboard_and_mouse(reading, tmp_path):
    app = reading
    app.press("l")
    wait_for(lambda: not app.goes_on())
    x, y, w, h = boxes(app)[0]
    app.mouse((x + w // 2, y + h // 2 + BAR), "click")
    wait_for(lambda: is_chosen(app, boxes(app)[0]))
    app.press("8")
    wait_for(lambda: taught(tmp_path) == {"8": 1})
    (lesson,) = tmp_path.glob("handwriting/8/*.png")
    crop = cv2.imread(str(lesson), cv2.IMREAD_UNCHANGED)
    assert crop.shape == (28, 28) and crop.dtype == np.uint8 and crop.max() > 200 and crop[0].max() < 50
    x, y, w, h = boxes(app)[2]
    app.mouse((x - 8, y - 8), "mousedown", (x + 20, y + 20), (x + w + 8, y + h + 8), "mouseup")  # as if it had no box
    wait_for(lambda: is_chosen(app, boxes(app)[2]))
    app.press("7")
    wait_for(lambda: taught(tmp_path) == {"8": 1, "7": 1})
    (dragged,) = tmp_path.glob("handwriting/7/*.png")
    assert np.abs(cv2.imread(str(dragged), cv2.IMREAD_GRAYSCALE).astype(int) - crop).max() < 90  # another 1
    app.press("u")
    x, y, w, h = boxes(app)[0]
    app.mouse((x + w // 2, y + h // 2), "click")
    wait_for(lambda: is_chosen(app, boxes(app)[0]))
    app.press("1", "Tab", "KP_2")  # a second thought about the first, then the next one
    wait_for(lambda: taught(tmp_path) == {"1": 1, "2": 1})
    app.press("u")
    wait_for(lambda: taught(tmp_path) == {"1": 1})
    assert not app.goes_on()
    app.press("l")
    wait_for(app.goes_on)


def test_a_card_opens_on_a_click_or_tab_and_closes_on_escape(reading):
    app = reading
    plain = app.screen(640, 480)
    x, y, w, h = boxes(app)[0]
    for opened in (lambda: app.mouse((x + w // 2, y + h // 2), "click"), lambda: app.press("Tab")):
        opened()
        wait_for(lambda: differs(app.screen(640, 480), plain, 0.12))
        assert app.goes_on()
        app.press("Escape")
        wait_for(lambda: not differs(app.screen(640, 480), plain, 0.03))
    app.press("Escape")  # without a card it ends
    assert app.ends() == (0, "")


def test_the_window_takes_any_size_and_the_full_screen(reading):
    app = reading
    xdotool(app.display, "windowsize", app.name, "500", "620")
    picture = cv2.resize(sheet("1010"), (500, 375), interpolation=cv2.INTER_AREA)  # the numbers have what is below it
    wait_for(lambda: app.screen(500, 620)[BAR + 500 :].max() < 40)
    assert not differs(app.screen(500, 620)[BAR + 245 : BAR + 300], picture[245:300])
    app.press("f", "f", "Escape")  # without a window manager the full screen does not show
    assert app.ends() == (0, "")


def boxes(app):
    return [digit["box"] for digit in app.readings()[-1]["digits"]]


def taught(folder):
    found = {path.name: len(list(path.glob("*.png"))) for path in (folder / "handwriting").glob("*")}
    return {digit: count for digit, count in found.items() if count}


def test_the_close_button_ends_it_even_while_the_model_loads(app, tmp_path):
    paper = page("86", "20", size=SIZE)
    cv2.imwrite(str(tmp_path / "sheet.png"), paper)
    app = app("sheet.png")
    wait_for(lambda: not differs(app.screen()[319:540], paper[300:521], 0.2))
    app.close()
    assert app.ends() == (0, "")


def test_pictures_of_a_folder_are_shown_one_by_one_and_the_last_stays(app, tmp_path):
    folder = tmp_path / "sheets"
    folder.mkdir()
    for name, rows in {"a": ["31"], "b": ["475"], "c": ["2604"]}.items():
        cv2.imwrite(str(folder / f"{name}.png"), page(*rows, size=SIZE))
    app = app("sheets", "--json", "out.jsonl", "--save", "seen")
    wait_for(lambda: (tmp_path / "out.jsonl").exists() and app.text() == ["31"], 60)
    app.press("space")  # else the next comes by itself
    count, first = len(app.readings()), app.screen().astype(int)
    app.press("n")
    wait_for(lambda: len(app.readings()) == count + 1)
    wait_for(lambda: np.abs(app.screen() - first).mean() > 1)
    second = app.screen().astype(int)
    app.press("p")
    wait_for(lambda: nearer(app, first, second))
    app.press("n")
    wait_for(lambda: nearer(app, second, first))
    app.press("space")
    wait_for(lambda: app.text() == ["2604"])
    time.sleep(2.2)
    assert app.process.poll() is None
    app.press("Escape")
    assert app.ends() == (0, "")
    assert [r["text"] for r in app.readings()] == [["31"], ["475"], ["2604"]]
    assert sorted(p.name for p in (tmp_path / "seen").iterdir()) == ["a.png", "b.png", "c.png"]


def nearer(app, one, other):
    """Whether the screen shows rather one picture than the other."""
    shown = app.screen()
    return np.abs(shown - one).mean() < np.abs(shown - other).mean()


def test_a_lost_camera_is_waited_for(app, tmp_path):
    paper = page(*ROWS, size=SIZE)
    paper[:200, 800:] = (200, 60, 20)  # something with colour
    stream = Stream(paper)
    app = app(stream.url, "--json", "out.jsonl")
    try:
        wait_for(lambda: (tmp_path / "out.jsonl").exists() and app.text() == ROWS, 60)
        assert colourful(app.screen()[100:190, 820:])
        stream.close()
        wait_for(lambda: not colourful(app.screen()[100:190, 820:]))
        assert app.screen().mean() > 40  # the last picture, greyed
        stream = Stream(paper, port=stream.port)
        wait_for(lambda: colourful(app.screen()[100:190, 820:]))
        app.press("q")
        assert app.ends() == (0, "")
    finally:
        stream.close()


def colourful(picture):
    return float(np.ptp(picture.astype(int), axis=2).mean()) > 60
