"""The session in its window, turn by turn: OpenCV's window and the clock are played, so a minute passes in no time.

What is read is real; the network's place takes a rule: what is narrow is a 1, all else a 0.
"""

import json
from concurrent.futures import Future

import cv2
import numpy as np
import pytest
from conftest import ROOT, font_digits, frames_in

from model.console import UserError
from model.live import card, overlay, recording, session, sources, view, window
from model.live.frames import Frame, Source
from model.live.session import Session
from model.training import mnist

CODES = {"Esc": 27, "Tab": 9, "space": 32, "KP_2": 0xFFB2}


class Screen:
    """OpenCV's window functions and the clock. Keys wait to be pressed; time passes while a key is waited for."""

    def __init__(self):
        self.keys, self.now, self.wait = [], 100.0, None
        self.visible, self.full, self.size, self.canvas = False, cv2.WINDOW_NORMAL, (0, 0), None

    def monotonic(self):
        return self.now

    def namedWindow(self, title, flags):
        self.visible = True

    def resizeWindow(self, title, width, height):
        self.size = width, height

    def setMouseCallback(self, title, callback):
        self.callback = callback

    def getWindowImageRect(self, title):
        if not self.visible:
            raise cv2.error("no window")
        return 0, 0, *self.size

    def getWindowProperty(self, title, what):
        if not self.visible:
            raise cv2.error("no window")
        return {cv2.WND_PROP_VISIBLE: 1.0, cv2.WND_PROP_FULLSCREEN: self.full}[what]

    def setWindowProperty(self, title, what, value):
        assert what == cv2.WND_PROP_FULLSCREEN
        self.full = value

    def imshow(self, title, canvas):
        self.canvas = canvas.copy()

    def waitKeyEx(self, milliseconds):
        assert isinstance(milliseconds, int) and milliseconds >= 1
        self.wait = milliseconds
        self.now += milliseconds / 1000
        return self.keys.pop(0) if self.keys else -1

    def waitKey(self, milliseconds):
        return -1

    def destroyAllWindows(self):
        self.visible = False

    def mouse(self, *path, event=cv2.EVENT_LBUTTONUP):
        """The button pressed at the first point of the path, moved along it and let go at the last."""
        self.callback(cv2.EVENT_LBUTTONDOWN, *path[0], 0, None)
        for x, y in path:
            self.callback(cv2.EVENT_MOUSEMOVE, x, y, 0, None)
        self.callback(event, *path[-1], 0, None)


@pytest.fixture
def screen(monkeypatch, tmp_path):
    screen = Screen()
    for name in (name for name in vars(Screen) if not name.startswith("_") and hasattr(cv2, name)):
        monkeypatch.setattr(cv2, name, getattr(screen, name))
    monkeypatch.setattr(session, "time", screen)
    monkeypatch.chdir(tmp_path)
    return screen


def sheet(text="101", size=(640, 480), y=240):
    """A page with ones and zeros: black bars and ellipses, 60 high, 80 apart, from x = 100 on."""
    picture = np.full((size[1], size[0], 3), 235, np.uint8)
    for i, letter in enumerate(text):
        x = 100 + 80 * i
        if letter == "1":
            cv2.line(picture, (x, y - 30), (x, y + 30), (20, 20, 20), 7)
        elif letter == "0":
            cv2.ellipse(picture, (x, y), (19, 28), 0, 0, 360, (20, 20, 20), 7)
    return picture


def classify(crops):
    narrow = (crops.max(axis=1) > 0.5).sum(axis=1) < 9
    probabilities = np.full((len(crops), 10), 0.001)
    probabilities[np.arange(len(crops)), np.where(narrow, 1, 0)] = 0.99
    return probabilities


def search(crop):
    """Look-alikes, found at once."""
    found = Future()
    found.set_result([card.LookAlike(np.rint(255 * crop).astype(np.uint8), 7)] * 6)
    return found


def film(*texts, fps=10.0, **options):
    """A video of pages."""
    frames = (Frame(sheet(text), "film", i, i / fps) for i, text in enumerate(texts))
    return Source("film", frames, fps=fps, **options)


def folder(*pictures):
    return Source("folder", (Frame(p, f"{i}.png", 0, 0.0) for i, p in enumerate(pictures)), still=True)


@pytest.fixture
def begin(screen, tmp_path):
    """begin(source, …) -> Session, its model loaded; `log` lists the frames read and what was seen."""
    begun = []

    def begin(source, model=classify, min_confidence=0.5):
        read = []
        future = Future()
        if model:
            future.set_result(model)
        outputs = [lambda frame, seen: read.append((frame, seen))]
        one = Session(source, lambda: future, min_confidence, tmp_path / "hand", outputs, search)
        one.future, one.log = future, read
        begun.append(one)
        return one

    yield begin
    for one in begun:
        one.recorder.pop_all()


@pytest.fixture
def said(monkeypatch):
    """What the last turn wrote over the picture: {"message": …, "note": …, …}."""
    last = {}
    real = overlay.overlay

    def overlaid(canvas, **words):
        last.update(words)
        real(canvas, **words)

    monkeypatch.setattr(overlay, "overlay", overlaid)
    return last


def turn(one, screen, *keys, turns=1):
    """Press keys, one a turn, then let turns go by."""
    for key in keys:
        screen.keys.append(CODES.get(key) or ord(key))
        one.turn()
    for _ in range(turns):
        one.turn()


def numbers(one):
    return [frame.number for frame, _ in one.log]


def shown(one, screen, **looks):
    """Whether the canvas below the hint line is the frame as `view` draws it with these looks."""
    return np.array_equal(screen.canvas[90:], drawn(one, screen, **looks)[90:])


def drawn(one, screen, **looks):
    here = {"bar": True, "pointer": None if one.lesson else one.window.pointer, "spots": dict(one.spots)}
    return view.draw(one.frame.picture, one.seen, screen.size, **looks, **here)


# --- frames


def test_the_first_picture_is_there_before_the_model(begin, screen, said):
    one = begin(film("101", "1"), model=None)
    assert screen.canvas is not None and said["note"] == "loading the model"
    turn(one, screen, turns=40)
    assert one.log == [] and screen.wait == 30
    one.future.set_result(classify)
    turn(one, screen)
    assert said["note"] == "" and numbers(one) == [0]
    turn(one, screen, turns=20)
    assert numbers(one) == [0, 1]


def test_a_model_that_fails_to_load_ends_it(begin):
    one = begin(film("101"), model=None)
    one.future.set_exception(UserError("bad weights"))
    with pytest.raises(UserError, match="bad weights"):
        one.run()


def test_a_video_keeps_its_pace_and_leaves_nothing_out(begin, screen):
    one = begin(film(*["101"] * 12, fps=10))
    times = {}
    for _ in range(300):
        one.turn()
        times.setdefault(one.frame.number, screen.now)
    assert numbers(one) == list(range(12))
    steps = np.diff([times[i] for i in range(12)])
    assert np.abs(steps - 0.1).max() < 0.04 and abs(steps.mean() - 0.1) < 0.003


def test_a_slow_reader_does_not_rush_afterwards(begin, screen):
    one = begin(film(*["101"] * 20, fps=10))
    turn(one, screen, turns=3)
    screen.now += 5
    turn(one, screen, turns=4)  # 30 ms each
    assert len(numbers(one)) <= 4


def test_of_a_camera_every_turn_takes_what_is_there(begin, screen, said):
    pictures = iter([Frame(sheet(), "0", i, i / 100) for i in range(30)])
    source = Source("0", (next(pictures) if i % 2 == 0 else None for i in range(60)), live=True)
    one = begin(source)
    turn(one, screen, turns=40)
    assert numbers(one) == list(range(21)) and screen.wait == 1
    assert said["fps"] == pytest.approx(1000 / 2, rel=0.01)  # every second turn of 1 ms
    turn(one, screen, "space", turns=10)
    assert len(one.log) == 21 and screen.wait == 30
    screen.now += 1
    turn(one, screen)
    assert said["fps"] is None  # of a second ago


def test_every_picture_of_a_folder_stays_two_seconds_and_the_last_for_good(begin, screen, said):
    one = begin(folder(sheet("1"), sheet("0"), sheet("11")), model=None)
    turn(one, screen, turns=100)  # 3 s, while the model loads
    one.future.set_result(classify)
    times = []
    for _ in range(300):
        count = len(one.log)
        one.turn()
        times += [screen.now] * (len(one.log) - count)
    assert [seen.text for _, seen in one.log] == [["1"], ["0"], ["11"]]
    assert np.diff(times) == pytest.approx([2, 2], abs=0.07)
    assert one.ended and not one.closed and said["state"] == "" and said["fps"] is None


def test_n_takes_the_next_picture_at_once_which_then_has_its_two_seconds(begin, screen):
    one = begin(folder(*[sheet("1")] * 6))
    turn(one, screen, "n", "n", "n")
    assert len(one.log) == 4
    start = screen.now
    while len(one.log) == 4:
        one.turn()
    assert screen.now - start == pytest.approx(2, abs=0.1)


def test_pause_and_single_steps(begin, screen, said):
    one = begin(film(*["101"] * 30))
    turn(one, screen, "space", turns=20)
    count = len(one.log)
    assert count == 1 and said["state"] == "paused" and screen.wait == 30
    turn(one, screen, "n", turns=20)
    assert len(one.log) == count + 1
    turn(one, screen, "space", turns=20)
    assert len(one.log) > count + 3 and said["state"] == ""


def test_a_message_does_not_hide_that_it_is_paused(begin, screen, said):
    one = begin(film(*["101"] * 30))
    turn(one, screen, "space", "s")
    assert said["message"].startswith("saved ") and said["state"] == "paused"


def test_after_the_last_frame_the_picture_stays(begin, screen, said):
    one = begin(film("1", "10"))
    turn(one, screen, turns=30)
    assert one.ended and said["state"] == "the end" and one.frame.number == 1
    turn(one, screen, "q")
    assert one.closed


def test_digits_keep_their_id_in_a_video_and_are_numbered_anew_in_a_folder(begin, screen):
    one = begin(film(*["101"] * 5))
    turn(one, screen, turns=30)
    ids = [[d.id for d in seen.digits] for _, seen in one.log[1:]]
    assert sorted(ids[0]) == [0, 1, 2] and ids == [ids[0]] * 4
    assert one.log[0][1].digits == []  # seen once only
    two = begin(folder(sheet("10"), sheet("0")))
    turn(two, screen, turns=120)
    assert [[d.id for d in seen.digits] for _, seen in two.log] == [[0, 1], [0]]


def test_what_is_under_the_limit_is_doubtful(begin, screen):
    one = begin(folder(sheet("10")), min_confidence=0.995)
    turn(one, screen)
    assert one.seen.digits == [] and len(one.seen.doubtful) == 2


def test_the_demo_says_that_it_is_one(begin, screen, said):
    begin(Source("demo", iter([Frame(sheet(), "demo", 0, 0.0)]), live=True))
    assert said["message"] == "no camera found: this is a demo"
    assert Source("0", iter(())).fps == 30


def test_a_lost_camera_shows_its_last_picture_in_grey(begin, screen, said):
    lost = False
    red = sheet()
    red[300:] = 0, 0, 250
    source = Source("0", (Frame(red, "0", i, i / 30) for i in range(99)), live=True, lost=lambda: lost)
    one = begin(source)
    turn(one, screen)
    assert np.ptp(screen.canvas[320:400], axis=2).mean() > 200 and said["note"] == ""
    lost = True
    turn(one, screen)
    assert np.ptp(screen.canvas[320:400], axis=2).max() == 0 and said["note"] == "camera lost, waiting"


# --- keys


def test_the_views_keys_change_the_view_and_change_it_back(begin, screen):
    one = begin(folder(sheet("1011")))
    turn(one, screen)
    assert shown(one, screen)
    for key, look in {"t": "mask", "c": "crops", "m": "mirror", "b": "rows"}.items():
        turn(one, screen, key)
        assert shown(one, screen, **{look: look != "rows"}) and not shown(one, screen)
        turn(one, screen, key)
        assert shown(one, screen)
    assert [seen.text for _, seen in one.log] == [["1011"]]


def test_help_lists_every_key(begin, screen, said):
    one = begin(folder(sheet()))
    turn(one, screen, "h")
    assert [key for key, _ in said["help"]] == [key.name for key in session.KEYS]
    dark = screen.canvas[100:400, 150:490].mean()
    turn(one, screen, "H")
    assert not said["help"] and screen.canvas[100:400, 150:490].mean() > 2 * dark
    assert said["hint"].startswith("h help   q quit   space pause   t mask   c crops")


def test_the_readme_and_the_manual_list_the_same_keys(script):
    readme = (ROOT / "README.md").read_text(encoding="utf-8").replace("`", "")
    manual = " ".join(script("cam.py", "-h").stdout.split())
    for key in session.KEYS:
        assert f"| {key.name} | {key.help} " in readme
        assert f"{key.name} {key.help}" in manual


def test_every_key_does_something_and_no_two_share_one():
    names = [name for key in session.KEYS if key.action for name in key.name.split(", ")]
    assert len(session.ACTIONS) == len(set(names)) == len(names)
    assert all(len(character) == 1 for character in session.ACTIONS)


@pytest.mark.parametrize("key", ["q", "Q", "Esc"])
def test_quit(key, begin, screen):
    one = begin(film(*["1"] * 9))
    screen.keys += [-1, CODES.get(key) or ord(key)]
    one.run()
    assert not screen.visible and len(one.log) >= 1


def test_the_closed_window_ends_it(begin, screen):
    one = begin(film(*["1"] * 9))
    screen.visible = False
    turn(one, screen, turns=1)
    assert one.closed


def test_keys_that_mean_nothing_do_nothing(begin, screen):
    one = begin(folder(sheet()))
    turn(one, screen)
    before = screen.canvas
    turn(one, screen, "5", "u", "x", "KP_2")
    screen.keys.append(0xFF51)  # an arrow
    turn(one, screen)
    assert np.array_equal(screen.canvas, before) and not one.closed


def test_full_screen_and_back(begin, screen):
    one = begin(folder(sheet()))
    turn(one, screen, "f")
    assert screen.full == cv2.WINDOW_FULLSCREEN
    turn(one, screen, "f")
    assert screen.full == cv2.WINDOW_NORMAL


def test_a_snapshot_and_its_json(begin, screen, said, tmp_path):
    one = begin(folder(sheet("110")))
    turn(one, screen, "s")
    (picture,) = tmp_path.glob("digits-*.png")
    assert cv2.imread(str(picture)).shape == (550, 640, 3)
    assert json.loads(picture.with_suffix(".json").read_text())["text"] == ["110"]
    assert said["message"] == f"saved {picture}"
    screen.now += 3.8
    turn(one, screen)
    assert said["message"]
    screen.now += 0.3
    turn(one, screen, turns=2)
    assert said["message"] == ""


def test_what_a_key_fails_at_is_told_and_the_session_goes_on(begin, screen, said, monkeypatch):
    def fail(*arguments):
        raise UserError("the disk is full")

    monkeypatch.setattr(recording, "snapshot", fail)
    one = begin(film(*["1"] * 9))
    turn(one, screen, "s", turns=10)
    assert said["message"] == "the disk is full" and not one.closed and len(one.log) > 2


# --- recording


def test_a_recording_is_of_the_pictures_own_size_and_keeps_time(begin, screen, said, tmp_path):
    one = begin(film(*["101"] * 99, fps=10))
    screen.size = 900, 700
    turn(one, screen, "r")
    path = one.recording_path
    assert path.parent == tmp_path and path.suffix == ".mp4"
    assert said["message"] == f"recording to {path}"
    start = screen.now
    while screen.now < start + 2:
        turn(one, screen)
    assert said["recording"] == pytest.approx(2, abs=0.1)
    turn(one, screen, "r")
    assert said["recording"] is None and said["message"] == f"recorded {path}"
    frames = frames_in(path)
    assert 19 <= len(frames) <= 22 and frames[0].shape == (550, 640, 3)
    expected = view.draw(one.frame.picture, one.seen, (640, 550))
    assert np.abs(frames[-1].astype(int) - expected).mean() < 4  # nothing of the overlay
    turn(one, screen, "r")
    assert one.record and one.recording_path != path


def test_quitting_ends_the_recording(begin, screen):
    one = begin(film(*["101"] * 99, fps=10))
    screen.keys += [ord("r"), *[-1] * 30, ord("q")]
    one.run()
    assert len(frames_in(one.recording_path)) >= 5


@pytest.mark.parametrize("failing_at", [0, 1, 2])
def test_a_recording_that_fails_is_told_and_the_session_goes_on(failing_at, begin, screen, said, monkeypatch, tmp_path):
    space = iter(range(1000))

    def check_space(path):
        if next(space) >= failing_at:
            raise UserError("the disk is full")

    monkeypatch.setattr(recording, "_check_space", check_space)
    one = begin(film(*["101"] * 99, fps=10))
    one.source.fps = 1000.0  # of the recording: more frames, so that the space is looked at more often
    turn(one, screen, "r", turns=60)
    assert said["message"] == "the disk is full" and said["recording"] is None and one.record is None
    assert not one.closed and len(one.log) > 5
    assert bool(list(tmp_path.iterdir())) == (failing_at > 0)  # what there was until then is kept
    monkeypatch.setattr(recording, "_check_space", lambda path: None)
    turn(one, screen, "r", turns=5)
    assert one.record


# --- the mouse


def place(one, screen):
    return one.place(screen.size)


def corners(one, screen, box):
    """A box of the frame, on the canvas: two corners."""
    x, y, w, h = place(one, screen).box(box)
    return (x, y), (x + w, y + h)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("back", [False, True])
def test_a_dragged_region_alone_is_read_and_boxes_stay_the_frames(mirror, back, begin, screen):
    one = begin(film(*["1010"] * 99))
    screen.size = 1000, 600  # bands at the sides
    turn(one, screen, *(["m"] if mirror else []), turns=12)
    assert one.seen.text == ["1010"]
    all_boxes = [d.box for d in one.seen.digits]
    path = corners(one, screen, (140, 180, 160, 120))  # the second and the third
    screen.mouse(*(path[::-1] if back else path))
    turn(one, screen)
    assert one.region == pytest.approx((140, 180, 160, 120), abs=1)
    turn(one, screen, turns=12)
    assert one.seen.text == ["01"]
    for digit, box in zip(one.seen.digits, all_boxes[1:3], strict=True):
        assert digit.box == pytest.approx(box, abs=2)
    assert shown(one, screen, mirror=mirror, region=one.region)
    screen.mouse((500, 300), event=cv2.EVENT_LBUTTONDBLCLK)
    turn(one, screen, turns=12)
    assert one.region is None and one.seen.text == ["1010"]


def test_doubtful_digits_of_a_region_are_moved_back_too(begin, screen):
    one = begin(folder(sheet("1010")), min_confidence=1.0)
    turn(one, screen)
    boxes = sorted(d.box for d in one.seen.doubtful)
    screen.mouse(*corners(one, screen, (140, 180, 160, 120)))
    turn(one, screen)
    assert sorted(d.box for d in one.seen.doubtful) == [pytest.approx(box, abs=2) for box in boxes[1:3]]


def test_a_still_picture_is_read_anew_at_once_and_only_then(begin, screen):
    one = begin(folder(sheet("1010")), model=None)
    screen.mouse(*corners(one, screen, (140, 180, 160, 120)))
    turn(one, screen)
    assert one.region and one.seen.digits == []
    one.future.set_result(classify)
    turn(one, screen)
    assert one.seen.text == ["01"]
    screen.mouse((30, 30), event=cv2.EVENT_LBUTTONDBLCLK)
    turn(one, screen)
    assert one.seen.text == ["1010"] and len(one.log) == 1
    assert [d.id for d in one.seen.digits] == [0, 1, 2, 3]


def test_a_region_ends_at_the_frames_edge_and_is_not_tiny(begin, screen):
    one = begin(folder(sheet("1010")))
    screen.size = 1000, 600
    middle = corners(one, screen, (0, 0, 300, 200))[1]
    screen.mouse((0, 0), middle)
    turn(one, screen)
    assert one.region == (0, 0, 300, 200)
    screen.mouse(middle, (1010, 610))
    turn(one, screen)
    assert one.region == (300, 200, 340, 280)
    for path in [((300, 300), (315, 500)), ((300, 300), (500, 315)), ((0, 50), (90, 500))]:  # 14 pixels, or none
        screen.mouse(*path)
        turn(one, screen)
        assert one.region == (300, 200, 340, 280)
    screen.mouse((300, 300), (317, 317))  # 16
    turn(one, screen)
    assert one.region[2:] == (16, 16)
    screen.mouse((300, 300))  # a click means nothing here
    turn(one, screen)
    assert one.region[2:] == (16, 16)


@pytest.mark.parametrize("size", [(64, 48), (640, 100), (1280, 960)])
def test_a_region_does_not_outlive_the_frames_size(size, begin, screen):
    one = begin(folder(sheet("1010"), sheet("1010"), sheet("10", size)))
    turn(one, screen)
    screen.mouse(*corners(one, screen, (300, 150, 200, 200)))
    turn(one, screen, "n")
    assert one.region  # pictures of one size: it stays
    turn(one, screen, "t", "n", turns=3)
    assert one.region is None and one.frame.picture.shape[:2] == size[::-1]


def test_a_new_region_follows_its_digits_anew(begin, screen):
    one = begin(film(*["1010"] * 99))
    turn(one, screen, turns=12)
    tracker = one.tracker
    screen.mouse(*corners(one, screen, (140, 180, 160, 120)))
    turn(one, screen)
    assert one.tracker is not tracker and one.tracker.min_confidence == 0.5


# --- why


def test_a_click_opens_a_digits_card_and_escape_or_a_click_elsewhere_closes_it(begin, screen):
    one = begin(folder(sheet("101")))
    turn(one, screen)
    assert shown(one, screen)
    zero = one.seen.digits[1]
    screen.mouse(middle(one, screen, zero))
    turn(one, screen, turns=2)
    assert one.card.digit == zero and not shown(one, screen)
    turn(one, screen, "Esc")
    assert one.card is None and shown(one, screen) and not one.closed
    screen.mouse(middle(one, screen, zero))
    turn(one, screen)
    assert one.card
    screen.mouse((600, 60))
    turn(one, screen, turns=2)
    assert one.card is None and one.region is None and shown(one, screen)


def test_tab_opens_one_card_after_the_other_in_reading_order(begin, screen, said):
    one = begin(folder(sheet("101")))
    turn(one, screen)
    asked = []
    for _ in range(4):
        turn(one, screen, "Tab")
        asked.append(one.card.digit.box)
    assert asked[:3] == sorted(d.box for d in one.seen.digits) and asked[3] == asked[0]
    turn(one, screen, "l")
    assert one.card is None and one.lesson  # a lesson has its own marks


def test_a_lesson_begins_with_the_digit_whose_card_is_open(begin, screen):
    one = begin(folder(sheet("101")))
    turn(one, screen, "l", "l")
    assert one.lesson is None
    turn(one, screen, "Tab", "Tab", "l")
    assert one.lesson.chosen == 1 and one.card is None
    turn(one, screen, "l", "l")
    assert one.lesson.chosen is None


def test_escape_closes_the_help_and_then_the_window(begin, screen):
    one = begin(folder(sheet("101")))
    turn(one, screen, "Tab", "h", "Esc")
    assert not one.help and one.card and not one.closed
    turn(one, screen, "Esc", "Esc")
    assert one.card is None and one.closed


def test_tab_passes_what_is_not_marked_and_a_click_does_not(begin, screen):
    one = begin(folder(sheet("101")))
    turn(one, screen)
    digits = one.seen.digits
    one.seen = one.seen._replace(rows=[digits[1:]], doubtful=[digits[0]._replace(confidence=view.LIKELY - 0.01)])
    for box in (digits[1].box, digits[2].box, digits[1].box):
        turn(one, screen, "Tab")
        assert one.card.digit.box == box
    screen.mouse(middle(one, screen, digits[0]))
    turn(one, screen)
    assert one.card.digit.box == digits[0].box
    turn(one, screen, "l")
    assert [digit.box for digit in one.lesson.digits] == [digit.box for digit in digits[1:]]


def test_without_a_digit_there_is_no_card(begin, screen, said):
    one = begin(folder(np.full((480, 640, 3), 235, np.uint8)))
    turn(one, screen, "Tab")
    assert one.card is None and said["message"] == "there is no digit to ask about"


def test_a_card_goes_along_with_its_digit_and_stays_when_it_has_gone(begin, screen):
    moved = [np.roll(sheet("10"), 2 * i, axis=1) for i in range(12)]
    blank = np.full((480, 640, 3), 235, np.uint8)
    pictures = [*moved, *[blank] * 30]
    one = begin(Source("film", (Frame(p, "film", i, i / 10) for i, p in enumerate(pictures)), fps=10.0))
    turn(one, screen, turns=12)
    screen.mouse(middle(one, screen, one.seen.digits[0]))
    turn(one, screen, turns=2)
    first = one.card.digit
    while one.frame.number < 11:
        one.turn()
    assert one.card.digit.id == first.id and one.card.digit.box[0] > first.box[0] + 6
    while one.frame.number < 35:
        one.turn()
    assert one.seen.digits == [] and one.card.digit.id == first.id


def test_a_card_is_of_one_picture_and_of_one_region(begin, screen):
    one = begin(folder(sheet("101"), sheet("010")))
    turn(one, screen, "Tab", "Tab")
    screen.mouse(*corners(one, screen, (140, 180, 160, 120)))
    turn(one, screen)
    assert one.card is None
    turn(one, screen, "Tab")
    assert one.card
    turn(one, screen, "n", turns=2)
    assert one.card is None


def test_a_card_says_what_its_bars_do_not(begin, screen):
    one = begin(folder(sheet("1")))
    turn(one, screen, "Tab")
    digit = one.card.digit
    for label, confidence, said in (
        (1, 0.97, ["1, 97% sure"]),
        (1, 0.6, ["1, 60% sure", "its ink, its neighbours, its last frames count too"]),
        (1, 0.4, ["1, 40%: not believed", "its ink, its neighbours, its last frames count too"]),
        (7, 0.97, ["7, 97% sure", "the last frames say so, most of them"]),
    ):
        one.card.digit = digit._replace(digit=label, confidence=confidence)
        assert one.card.lines(min_confidence=0.5) == said


@pytest.mark.parametrize("size", [(64, 64), (320, 240), (640, 360), (1280, 720), (400, 900), (900, 200)])
def test_a_card_fits_any_window_and_leaves_its_digit_free(size, begin, screen):
    one = begin(folder(sheet("1     1")))
    turn(one, screen)
    screen.size = size
    for digit in one.seen.digits:
        one.ask_why(digit)
        turn(one, screen)
        without = view.draw(one.frame.picture, one.seen, size, bar=True)
        x, y, w, h = place(one, screen).box(digit.box)
        if size[0] > 320 and size[1] > 200:
            assert np.array_equal(screen.canvas[y : y + h, x : x + w], without[y : y + h, x : x + w])
        assert (screen.canvas != without).any(axis=2).mean() > 0.1


def test_look_alikes_are_searched_in_the_background_and_loaded_once():
    pictures, labels = font_digits(300, seed=1)
    loads = []

    def load():
        loads.append(1)
        return pictures, labels

    search = card.searching(load)
    assert loads == []  # not before they are asked for
    for i in (7, 123):
        found = search(pictures[i] / np.float32(255)).result(timeout=10)
        assert len(found) == card.ALIKE and found[0].label == labels[i]
        assert np.array_equal(found[0].picture, pictures[i])  # itself
    assert loads == [1]
    assert card.searching(lambda: None)(pictures[0] / np.float32(255)).result(timeout=10) == []


def test_a_card_without_training_digits_is_drawn_all_the_same(begin, screen):
    one = begin(folder(sheet("1 1")))
    waiting, failed, none = Future(), Future(), Future()
    failed.set_exception(UserError("damaged"))
    none.set_result([])
    turn(one, screen)
    for found, alikes in ((waiting, None), (failed, []), (none, [])):
        one.search = lambda crop, found=found: found
        one.ask_why(one.seen.digits[0])
        turn(one, screen)
        assert one.card.found == alikes and not shown(one, screen)


def test_training_digits_are_mnists_where_they_are(tmp_path, monkeypatch):
    monkeypatch.delenv("MNIST_PATH", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert mnist.at_hand() is None
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "mnist.npz").touch()
    assert mnist.at_hand() == tmp_path / "datasets" / "mnist.npz"
    monkeypatch.setenv("MNIST_PATH", str(tmp_path / "mine.npz"))
    assert mnist.at_hand() is None
    (tmp_path / "mine.npz").touch()
    assert mnist.at_hand() == tmp_path / "mine.npz"


# --- a folder


@pytest.fixture
def sheets_on_disk(tmp_path):
    """A folder with a.png to d.png: 1, 10, no picture, 101."""
    path = tmp_path / "sheets"
    path.mkdir()
    for name, text in {"a": "1", "b": "10", "d": "101"}.items():
        cv2.imwrite(str(path / f"{name}.png"), sheet(text))
    (path / "c.png").write_text("no picture")
    return sources.open_source(str(path))


def test_a_folder_tells_where_it_is_and_goes_on_and_back(sheets_on_disk, begin, screen, said, capsys):
    one = begin(sheets_on_disk)
    turn(one, screen)
    assert said["state"] == "a.png   1 of 4"
    turn(one, screen, "p")
    assert said["message"] == "this is the first"
    turn(one, screen, "n", "n", turns=2)
    assert one.seen.text == ["101"] and one.source.broken
    turn(one, screen, "p", turns=2)
    assert one.seen.text == ["10"] and one.paused
    screen.now += 5
    turn(one, screen, turns=3)
    assert one.seen.text == ["10"] and said["state"] == "b.png   2 of 4   paused"  # no show goes on behind one's back
    turn(one, screen, "p", turns=2)
    assert one.seen.text == ["1"]
    turn(one, screen, "n", "n", turns=2)
    assert one.seen.text == ["101"]
    turn(one, screen, "space", turns=120)
    assert one.ended
    turn(one, screen, "n")
    assert said["message"] == "that was the last"
    turn(one, screen, "p", turns=2)
    assert one.seen.text == ["10"] and not one.ended
    turn(one, screen, "space", turns=200)  # the show goes on from there
    assert one.seen.text == ["101"] and one.ended
    assert [seen.text for _, seen in one.log] == [["1"], ["10"], ["101"]]  # each is written once
    assert len(capsys.readouterr().err.splitlines()) == 1  # the broken one


def test_a_picture_that_has_gone_since_is_told_and_left_out(sheets_on_disk, begin, screen, said):
    one = begin(sheets_on_disk)
    turn(one, screen, "n", "n", turns=2)
    sheets_on_disk.files[2].unlink()  # b.png
    turn(one, screen, "p")
    assert "b.png: No such file" in said["message"] and one.seen.text == ["101"]
    turn(one, screen, "p", turns=2)
    assert one.seen.text == ["1"]


def test_only_pictures_go_back(begin, screen, said):
    one = begin(film("1", "10"))
    turn(one, screen, turns=30)
    turn(one, screen, "p")
    assert said["message"] == "only the pictures of a folder go back" and one.frame.number == 1


# --- teaching


def kept(tmp_path):
    found = {path.name: len(list(path.glob("*.png"))) for path in (tmp_path / "hand").glob("*")}
    return {digit: count for digit, count in found.items() if count}


def middle(one, screen, digit):
    (x0, y0), (x1, y1) = corners(one, screen, digit.box)
    return (x0 + x1) // 2, (y0 + y1) // 2


@pytest.mark.parametrize("mirror", [False, True])
def test_a_clicked_digit_is_taught_and_taken_back(mirror, begin, screen, said, tmp_path):
    one = begin(film(*["1001"] * 99))
    turn(one, screen, *(["m"] if mirror else []), turns=12)
    turn(one, screen, "l")
    count = len(one.log)
    assert said["hint"] == session.LESSON_HINT
    assert shown(one, screen, mirror=mirror)
    turn(one, screen, "7")
    assert said["message"] == "click a digit first, or Tab to it" and kept(tmp_path) == {}
    zero = one.seen.digits[2]
    screen.mouse(middle(one, screen, zero))
    turn(one, screen, turns=2)
    assert one.lesson.chosen == 2 and not shown(one, screen, mirror=mirror)
    turn(one, screen, "6")
    (path,) = tmp_path.glob("hand/6/*.png")
    assert said["message"] == f"kept as 6: {path}"
    crop = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(crop, np.rint(255 * zero.crop).astype(np.uint8))
    turn(one, screen, "KP_2")  # a second thought
    assert kept(tmp_path) == {"2": 1}
    expected = drawn(one, screen, mirror=mirror)
    view.mark_lesson(expected, place(one, screen).box(zero.box), chosen=True, taught=2)
    assert np.array_equal(screen.canvas[90:], expected[90:])
    turn(one, screen, "Tab", "9", "Tab", "8")  # the fourth, then the first
    assert kept(tmp_path) == {"2": 1, "9": 1, "8": 1} and one.lesson.chosen == 0
    assert {i: digit for i, (digit, _) in one.lesson.taught.items()} == {2: 2, 3: 9, 0: 8}
    turn(one, screen, "u")
    assert kept(tmp_path) == {"2": 1, "9": 1} and said["message"].startswith("removed ")
    assert sorted(one.lesson.taught) == [2, 3]
    turn(one, screen, turns=20)
    assert len(one.log) == count  # frozen
    turn(one, screen, "l", turns=20)
    assert one.lesson is None and len(one.log) > count
    next(tmp_path.glob("hand/9/*.png")).unlink()  # by other hands
    turn(one, screen, "l", "u", "u")  # a later lesson can undo too
    assert kept(tmp_path) == {}
    turn(one, screen, "u")
    assert said["message"] == "nothing to undo"
    turn(one, screen, "Esc")
    assert one.lesson is None and not one.closed


def test_a_click_beside_every_digit_chooses_none(begin, screen):
    one = begin(folder(sheet("1 1")))
    turn(one, screen, "l")
    first, second = one.lesson.digits
    left, top, w, h = first.box
    for x, y, chosen in (
        (left - 0.4 * h, top, 0), (left + w + 0.4 * h, top, 0), (left, top - 0.4 * h, 0), (left, top + 1.4 * h, 0),
        (left - 0.6 * h, top, None), (left + w + 0.6 * h, top, None),
        (left, top - 0.6 * h, None), (left, top + 1.6 * h, None), (second.box[0] - 5, top, 1),
    ):  # fmt: skip
        one.lesson.choose_at(x, y)
        assert one.lesson.chosen == chosen
    screen.mouse((320, 20), (600, 400))  # no region in a lesson
    turn(one, screen)
    assert one.region is None and one.lesson.chosen == 1


def test_tab_goes_in_reading_order_through_doubtful_digits_too(begin, screen):
    one = begin(folder(np.minimum(sheet("1010", y=120), sheet("0101", y=360))))
    turn(one, screen)
    ones = [[digit for digit in row if digit.digit] for row in one.seen.rows]
    one.seen = one.seen._replace(rows=ones, doubtful=[digit for digit in one.seen.digits if not digit.digit])
    turn(one, screen, "l")
    assert len(one.seen.digits) == len(one.seen.doubtful) == 4
    in_order = []
    for _ in range(8):
        turn(one, screen, "Tab")
        in_order.append(one.lesson.digits[one.lesson.chosen].box)
    assert [y > 240 for _, y, *_ in in_order] == [False] * 4 + [True] * 4
    assert [x for x, *_ in in_order] == [*sorted(x for x, *_ in in_order[:4]), *sorted(x for x, *_ in in_order[4:])]


def test_a_click_and_what_is_typed_after_it_may_come_in_one_turn(begin, screen):
    one = begin(folder(sheet("1010")))
    turn(one, screen)
    screen.mouse(middle(one, screen, one.seen.digits[0]))
    turn(one, screen, "l", turns=0)  # and a key that begins the lesson before its first click
    assert one.lesson.chosen == 0 and one.card is None
    screen.mouse(middle(one, screen, one.seen.digits[2]))
    turn(one, screen, "7", turns=0)
    assert {i: digit for i, (digit, _) in one.lesson.taught.items()} == {2: 7}


def test_a_box_dragged_round_a_digit_that_has_none_makes_it_teachable(begin, screen, said, tmp_path):
    one = begin(folder(sheet("1 0")))
    turn(one, screen)
    found = one.seen.digits[1]
    one.seen = one.seen._replace(rows=[one.seen.rows[0][:1]])  # as if it had been overlooked
    screen.mouse(*corners(one, screen, (20, 20, 50, 50)))  # not in a lesson: a region
    turn(one, screen)
    one.look_at(None)
    one.seen = one.seen._replace(rows=[one.seen.rows[0][:1]])
    turn(one, screen, "l")
    screen.mouse(*corners(one, screen, (20, 20, 50, 50)))
    turn(one, screen, turns=2)
    assert said["message"] == "there is no ink in that box" and len(one.lesson.digits) == 1
    x, y, w, h = found.box
    screen.mouse(*corners(one, screen, (x - 15, y - 9, w + 22, h + 31)))
    turn(one, screen, turns=2)
    assert said["message"] == "type what it is" and one.region is None
    assert one.lesson.digits[1].box == pytest.approx(found.box, abs=2)
    unmarked = screen.canvas.copy()
    turn(one, screen, "9")
    (path,) = tmp_path.glob("hand/9/*.png")
    crop = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert np.abs(crop / 255 - found.crop).max() < 0.1  # as if it had been found
    turn(one, screen, "Tab")  # its box stays, and what it is, when another one is chosen
    above = slice(y - 20, y), slice(x, x + w)
    assert one.lesson.chosen == 0 and not np.array_equal(screen.canvas[above], unmarked[above])


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_on_a_turned_sheet_the_order_and_dragged_crops_are_upright(quarters, begin, screen):
    upright = np.minimum(sheet("1010", y=120), sheet("0101", y=360))
    picture = np.ascontiguousarray(np.rot90(upright, quarters))  # to be turned back clockwise
    one = begin(folder(picture))
    turn(one, screen, *["o"] * quarters)
    turn(one, screen, "l")
    assert [digit.digit for digit in one.lesson.digits] == [1, 0, 1, 0, 0, 1, 0, 1]
    for digit in one.lesson.digits[:2]:
        x, y, w, h = digit.box
        one.lesson.add(picture, (x - 6, y - 6, w + 12, h + 12), classify)
        assert one.lesson.digits[-1].box == pytest.approx(digit.box, abs=2)
        assert np.abs(one.lesson.digits[-1].crop - digit.crop).max() < 0.1


def test_even_where_no_digit_was_found_one_can_be_taught(begin, screen, said):
    one = begin(folder(np.full((480, 640, 3), 235, np.uint8)), model=None)
    turn(one, screen, "l")
    assert one.lesson is None and said["message"] == "the model is still loading"
    one.future.set_result(classify)
    turn(one, screen, "l", "Tab", "7")
    assert one.lesson and said["message"] == "click a digit first, or Tab to it"


def test_other_keys_work_in_a_lesson(begin, screen):
    one = begin(folder(sheet("1010")))
    turn(one, screen, "l", "t")
    assert one.mask and one.lesson
    turn(one, screen, "q")
    assert one.closed


# --- the window itself


def test_the_size_of_the_window(screen):
    one = window.Window("Digits", (640, 500))
    assert screen.size == one.size() == (640, 500)
    screen.size = 63, 400  # as while it is being made
    assert one.size() == (640, 500)
    screen.size = 64, 64
    assert one.size() == (64, 64)
    screen.visible = False
    assert one.size() == (64, 64) and one.show(np.zeros((64, 64, 3), np.uint8), 0) is None


@pytest.mark.parametrize(
    ("code", "key"),
    [(-1, ""), (ord("q"), "q"), (ord("Q"), "q"), (27, "\x1b"), (0x100000 + ord("h"), "h"), (0xFFB0, "0"), (0xFFB9, "9"),
     (0xFFAF, ""), (0xFFBA, ""), (0xFF51, ""), (255, "ÿ"), (256, "")],
)  # fmt: skip
def test_key_codes(code, key, screen):
    one = window.Window("Digits", (640, 480))
    screen.keys = [code]
    assert one.show(np.zeros((480, 640, 3), np.uint8), 0.25) == key
    assert screen.wait == 250


def test_gestures(screen):
    one = window.Window("Digits", (640, 480))
    screen.mouse((10, 20))
    screen.mouse((10, 20), (17, 27))  # a hand is not that steady
    screen.mouse((10, 20), (18, 20))
    screen.mouse((50, 20), (30, 90))
    screen.mouse((5, 6), event=cv2.EVENT_LBUTTONDBLCLK)
    one._on_mouse(cv2.EVENT_LBUTTONUP, 5, 6, 0, None)  # of the double click: nothing more
    assert one.gestures() == [
        ("click", 10, 20, 0, 0),
        ("click", 17, 27, 0, 0),
        ("drag", 10, 20, 8, 0),
        ("drag", 30, 20, 20, 70),
        ("double", 5, 6, 0, 0),
    ]
    assert one.gestures() == []
    assert one.dragged() is None


def test_the_dragged_rectangle_is_seen(screen):
    one = window.Window("Digits", (640, 480))
    screen.callback(cv2.EVENT_LBUTTONDOWN, 100, 100, 0, None)
    one.show(np.zeros((480, 640, 3), np.uint8), 0)
    assert screen.canvas.max() == 0
    screen.callback(cv2.EVENT_MOUSEMOVE, 200, 150, 0, None)
    one.show(np.zeros((480, 640, 3), np.uint8), 0)
    assert screen.canvas[100, 150].min() == 255 and screen.canvas[120, 150].max() == 0
    assert one.dragged() == (100, 100, 100, 50)


def test_without_a_display_no_window_is_possible(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(window.sys, "platform", "linux")
    assert not window.is_possible()
    monkeypatch.setattr(window.sys, "platform", "darwin")
    assert window.is_possible()
