"""Reading live, in a window: what each frame, key and mouse gesture does."""

import math
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..console import UserError
from ..vision.reading import Classify, Reading
from ..vision.rows import Digit
from ..vision.segment import Box
from ..vision.tracking import Tracker, number
from ..vision.turn import Turner
from . import overlay, recording, view
from .frames import Source
from .labels import Spot
from .lesson import Lesson
from .sources import DEMO
from .window import Gesture, Window

PICTURE_SECONDS = 2.0  # that each picture of a folder is shown
KEYBOARD_SECONDS = 0.03  # between two looks at the keyboard while the picture stands still
MESSAGE_SECONDS = 4.0  # that a message stays
REGION_PIXELS = 16  # of a dragged region's shorter side, at least
NOTHING = Reading([], [], np.zeros((0, 0), np.uint8))
LESSON_HINT = "click a digit or Tab to it   type what it is   u undo   l go on"


class Session:
    """A source in a window, from its first picture until the window is closed."""

    def __init__(
        self,
        source: Source,
        load: Callable[[], Future[Classify]],
        min_confidence: float,
        handwriting: Path,
        outputs: list[recording.Write],
        turn: int | None = None,
    ) -> None:
        """load: starts to load the classifier; called when the first picture is on the screen.

        handwriting: the folder for taught digits. outputs: called with every frame that was read.
        turn: quarters that pictures are turned clockwise to be read; None to find it out.
        """
        self.source, self.min_confidence, self.handwriting, self.outputs = source, min_confidence, handwriting, outputs
        self.frame = next(source.frames)
        self.seen = NOTHING
        self.unread = True  # the frame was not read yet
        self.due = math.inf  # when the next frame of a file is; the first one stays until it is read
        self.tracker = Tracker(min_confidence)
        self.turner = Turner(turn, source.still)
        self.times: deque[float] = deque(maxlen=20)  # when the last frames were read
        self.closed = self.paused = self.step = self.ended = self.help = False
        self.mask = self.crops = self.mirror = False
        self.rows = True  # the numbers stand below the picture
        self.spots: dict[int, Spot] = {}  # where labels lie, in the window
        self.recorded_spots: dict[int, Spot] = {}  # and in what is recorded
        self.region: Box | None = None
        self.lesson: Lesson | None = None
        self.taught: list[Path] = []
        self.message, self.message_ends = "", 0.0
        self.recorder = ExitStack()  # holds the recording that runs
        self.record: Callable[[np.ndarray, float | None], None] | None = None
        self.recording_since = 0.0
        self.classify: Classify | None = None
        if source.name == DEMO:
            self.tell("no camera found: this is a demo")
        self.window = Window("Digits", view.window_size(self.frame.picture))
        self.show(KEYBOARD_SECONDS)
        self.loading = load()

    def run(self) -> None:
        try:
            while not self.closed:
                self.turn()
        finally:
            self.recorder.close()
            self.window.close()

    def turn(self) -> None:
        """One turn of the loop: the next frame if it is time, read it, show it, do what was asked."""
        if self.classify is None and self.loading.done():
            self.classify = self.loading.result()
        self.advance()
        if self.unread and self.classify:
            self.read()
        wait = KEYBOARD_SECONDS
        if not (self.paused or self.ended or self.lesson):
            wait = 0 if self.source.live else min(wait, self.due - time.monotonic())
        key = self.show(wait)
        try:
            if key is None:
                self.quit()
            elif key:
                self.press(key)
            for gesture in self.window.gestures():
                self.point(gesture)
        except UserError as error:  # nothing that a key does is worth the end of the session
            self.tell(str(error))

    def advance(self) -> None:
        """Take the next frame: of a camera the newest, of a file when its time has come and the last one was read."""
        held = self.lesson or self.ended or (self.paused and not self.step)
        if held or (not self.source.live and (self.unread or not (self.step or time.monotonic() >= self.due))):
            return
        try:
            frame = next(self.source.frames)
        except StopIteration:
            self.ended = True  # the last picture stays
            return
        if frame is None:
            return
        if frame.picture.shape != self.frame.picture.shape:
            self.region = None  # its pixels may not be there any more
        self.frame, self.unread, self.step = frame, True, False

    def read(self) -> None:
        frame, self.unread = self.frame, False
        before = self.turner.turn
        seen = self.read_region()
        if self.source.still:
            self.spots = {}  # ids begin anew
        self.seen = number(seen) if self.source.still else self.tracker.update(seen, frame.seconds)
        if self.turner.turn != before:
            self.tell(f"it lies turned: read as turned by {90 * self.turner.turn}°, o turns it on")
        now = time.monotonic()
        self.times.append(now)
        pace = PICTURE_SECONDS if self.source.still else 1 / self.source.fps
        self.due = overlay.between(now - pace, self.due, now) + pace
        for output in self.outputs:
            output(frame, self.seen)

    def read_region(self) -> Reading:
        """The frame's reading, of the region alone if there is one; boxes are the whole frame's."""
        if self.region is None:
            return self.turner.read(self.frame.picture, self.classify, self.min_confidence, self.frame.seconds)
        x, y, w, h = self.region
        part = self.frame.picture[y : y + h, x : x + w].copy()
        seen = self.turner.read(part, self.classify, self.min_confidence, self.frame.seconds)

        def moved(digits: list[Digit]) -> list[Digit]:
            return [d._replace(box=(d.box[0] + x, d.box[1] + y, *d.box[2:])) for d in digits]

        return seen._replace(rows=[moved(row) for row in seen.rows], doubtful=moved(seen.doubtful))

    def show(self, wait: float) -> str | None:
        """Draw and show; the key pressed meanwhile."""
        size = self.window.size()
        looks = {
            "mirror": self.mirror, "mask": self.mask, "crops": self.crops, "region": self.region, "rows": self.rows
        }  # fmt: skip
        here = {"bar": True, "pointer": None if self.lesson else self.window.pointer, "spots": self.spots}
        canvas = view.draw(self.frame.picture, self.seen, size, **looks, **here)
        now = time.monotonic()
        if self.record:
            own = view.natural_size(self.frame.picture)
            picture = view.draw(self.frame.picture, self.seen, own, **looks, spots=self.recorded_spots)
            try:
                self.record(picture, now)
            except UserError as error:
                self.record = None
                with suppress(UserError):  # there may be nothing to keep; the first error says why
                    self.recorder.close()
                self.tell(str(error))
        note = ""
        if self.source.lost():
            canvas, note = view.grey(canvas), "camera lost, waiting"
        elif self.classify is None:
            note = "loading the model"
        if self.lesson:
            self.lesson.draw(canvas, self.place(size))
        span = self.times[-1] - self.times[0] if len(self.times) > 1 and not self.source.still else 0
        overlay.overlay(
            canvas,
            fps=(len(self.times) - 1) / span if span and now - self.times[-1] < 1 else None,
            recording=now - self.recording_since if self.record else None,
            state=self.state(),
            note=note,
            message=self.message if now < self.message_ends else "",
            hint=LESSON_HINT if self.lesson else HINT,
            help=[(key.name, key.help) for key in KEYS] if self.help else (),
        )
        return self.window.show(canvas, wait)

    def place(self, size: tuple[int, int]) -> view.Fit:
        return view.fit(self.frame.picture, size, self.mirror, bar=True, rows=self.rows, crops=self.crops)

    def state(self) -> str:
        return "paused" if self.paused else "the end" if self.ended and not self.source.still else ""

    def tell(self, message: str) -> None:
        self.message, self.message_ends = message, time.monotonic() + MESSAGE_SECONDS

    def press(self, key: str) -> None:
        """What a key does; in a lesson some keys belong to it."""
        if self.lesson and key in "0123456789":
            self.tell(self.lesson.teach(int(key)))
        elif self.lesson and key == "\t":
            self.lesson.choose_next()
        elif self.lesson and key == "u":
            self.tell(self.lesson.undo())
        elif self.lesson and key in "l\x1b":
            self.lesson = None
        elif key in ACTIONS:
            ACTIONS[key](self)

    def quit(self) -> None:
        self.closed = True

    def step_on(self) -> None:
        self.step = True

    def teach(self) -> None:
        if self.seen.digits or self.seen.doubtful:
            self.lesson = Lesson(self.seen, self.handwriting, self.taught)
        else:
            self.tell("there is no digit to teach")

    def turn_on(self) -> None:
        """Read it turned by another quarter."""
        self.turner.by_another_quarter()
        self.look_at(self.region)
        by_hand = self.turner.given or self.turner.by_hand
        self.tell(f"read as turned by {90 * self.turner.turn}°" if by_hand else "the turn is found out again")

    def snapshot(self) -> None:
        self.tell(f"saved {recording.snapshot(self.frame, self.seen)}")

    def point(self, gesture: Gesture) -> None:
        """What the mouse does."""
        place = self.place(self.window.size())
        (x0, x1), (y0, y1) = (
            sorted(pair)
            for pair in zip(
                place.point(gesture.x, gesture.y),
                place.point(gesture.x + gesture.width, gesture.y + gesture.height),
                strict=True,
            )
        )
        if self.lesson:
            if gesture.kind == "click":
                self.lesson.choose_at(x0, y0)
            return
        height, width = self.frame.picture.shape[:2]
        (x0, x1), (y0, y1) = np.clip([x0, x1], 0, width).round(), np.clip([y0, y1], 0, height).round()
        if gesture.kind == "drag" and min(x1 - x0, y1 - y0) >= REGION_PIXELS:
            self.look_at((int(x0), int(y0), int(x1 - x0), int(y1 - y0)))
        elif gesture.kind == "double":
            self.look_at(None)

    def look_at(self, region: Box | None) -> None:
        """Read only there from now on; a picture that stands still is read anew."""
        self.region = region
        self.tracker = Tracker(self.min_confidence)
        if self.classify and not self.unread:
            self.seen = number(self.read_region())

    def start_or_stop_recording(self) -> None:
        if self.record:
            self.record = None
            self.recorder.close()
            self.tell(f"recorded {self.recording_path}")
            return
        self.recording_path = recording.fresh_name(".mp4")
        self.record = self.recorder.enter_context(recording.recording(self.recording_path, self.source.fps))
        self.recording_since = time.monotonic()
        self.tell(f"recording to {self.recording_path}")


class Key(NamedTuple):
    """A key of the window. README.md and cam.py's manual list the same."""

    name: str
    hint: str  # a word for the line at the top, "" to leave it out there
    help: str
    action: Callable[[Session], None] | None


def switch(name: str) -> Callable[[Session], None]:
    return lambda session: setattr(session, name, not getattr(session, name))


KEYS = (
    Key("h", "help", "help", switch("help")),
    Key("q, Esc", "quit", "quit", Session.quit),
    Key("space", "pause", "pause, go on", switch("paused")),
    Key("t", "mask", "the thresholded mask", switch("mask")),
    Key("c", "crops", "the crops that the network sees", switch("crops")),
    Key("b", "", "the strip of numbers", switch("rows")),
    Key("l", "teach", "teach it your hand", Session.teach),
    Key("s", "snapshot", "save a snapshot and its JSON", Session.snapshot),
    Key("r", "record", "record, stop recording", Session.start_or_stop_recording),
    Key("n", "", "next picture or frame", Session.step_on),
    Key("o", "", "turn what is read by 90°, then 180°, 270°", Session.turn_on),
    Key("m", "", "mirror the view (never what is read)", switch("mirror")),
    Key("f", "", "full screen", lambda session: session.window.toggle_full_screen()),
    Key("mouse", "", "drag: read only in there; double-click: everywhere again", None),
)
CHARACTERS = {"space": " ", "Esc": "\x1b"}  # that the window gives for these keys
ACTIONS = {CHARACTERS.get(name, name): key.action for key in KEYS if key.action for name in key.name.split(", ")}
HINT = "   ".join(f"{key.name.split(', ')[0]} {key.hint}" for key in KEYS if key.hint)
