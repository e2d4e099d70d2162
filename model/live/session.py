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

from .. import images
from ..console import UserError
from ..vision.reading import Classify, Reading
from ..vision.rows import Digit
from ..vision.segment import Box
from ..vision.tracking import Tracker, number
from ..vision.turn import Turner
from . import overlay, picking, recording, view
from .card import Card, Search
from .frames import Frame, Source
from .labels import Spot
from .lesson import Lesson
from .sources import DEMO
from .window import Gesture, Window

PICTURE_SECONDS = 2.0  # that each picture of a folder is shown
KEYBOARD_SECONDS = 0.03  # between two looks at the keyboard while the picture stands still
MESSAGE_SECONDS = 4.0  # that a message stays
REGION_PIXELS = 16  # of a dragged region's shorter side, at least
NOTHING = Reading([], [], np.zeros((0, 0), np.uint8))
LESSON_HINT = "click a digit, Tab to it, or drag round one   type what it is   u undo   l go on"


class Session:
    """A source in a window, from its first picture until the window is closed."""

    def __init__(
        self,
        source: Source,
        load: Callable[[], Future[Classify]],
        min_confidence: float,
        handwriting: Path,
        outputs: list[recording.Write],
        search: Search,
        turn: int | None = None,
    ) -> None:
        """load: starts to load the classifier; called when the first picture is on the screen.

        handwriting: the folder for taught digits. outputs: called with every frame that was read. search: for a card's
        look-alikes. turn: quarters that pictures are turned clockwise to be read; None to find it out.
        """
        self.search = search
        self.source, self.min_confidence, self.handwriting, self.outputs = source, min_confidence, handwriting, outputs
        self.frame = next(source.frames)
        self.shown = [self.frame.source]  # of a folder: its pictures so far, without broken ones
        self.seen = NOTHING
        self.unread = self.new = True  # the frame was not read yet, nor written
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
        self.card: Card | None = None
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
        try:
            self.advance()
        except UserError as error:  # a picture that was shown before is gone
            self.tell(str(error))
        if self.unread and self.classify:
            self.read()
        wait = KEYBOARD_SECONDS
        if not (self.paused or self.ended or self.lesson):
            wait = 0 if self.source.live else min(wait, self.due - time.monotonic())
        key = self.show(wait)
        try:
            if self.lesson:  # a click tells which digit it is that is typed; before, a key begins the lesson
                self.heed_mouse()
            if key is None:
                self.quit()
            elif key:
                self.press(key)
            self.heed_mouse()
        except UserError as error:  # nothing that a key does is worth the end of the session
            self.tell(str(error))

    def advance(self) -> None:
        """Take the next frame: of a camera the newest, of a file when its time has come and the last one was read."""
        held = self.lesson or self.ended or (self.paused and not self.step)
        if held or (not self.source.live and (self.unread or not (self.step or time.monotonic() >= self.due))):
            return
        if self.place_in_folder() < len(self.shown) - 1:
            self.go_to(self.place_in_folder() + 1)
            return
        try:
            frame = next(self.source.frames)
        except StopIteration:
            self.ended = True  # the last picture stays
            return
        if frame is None:
            return
        if self.source.still:
            self.shown.append(frame.source)
        self.take(frame)

    def take(self, frame: Frame, new: bool = True) -> None:
        if frame.picture.shape != self.frame.picture.shape:
            self.region = None  # its pixels may not be there any more
        if self.source.still:
            self.card = None
        self.frame, self.new, self.unread, self.step = frame, new, True, False

    def place_in_folder(self) -> int:
        return self.shown.index(self.frame.source) if self.source.still else 0

    def go_to(self, at: int) -> None:
        """A picture of the folder that was shown already. What goes out was written of it then."""
        try:
            frame = Frame(images.load(self.shown[at]), self.shown[at], 0, 0.0)
        except UserError:  # it is gone since
            del self.shown[at]
            raise
        self.ended = False
        self.take(frame, new=False)

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
        for output in self.outputs if self.new else ():
            output(frame, self.seen)
        if self.card:
            for digit in (*self.seen.digits, *self.seen.doubtful):
                if digit.id == self.card.digit.id:
                    self.card.show(digit)

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
        place = self.place(size)
        if self.lesson:
            self.lesson.draw(canvas, place)
        elif self.card and not self.help:
            self.card.draw(canvas, place, self.seen.digits, self.min_confidence)
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
        state = "paused" if self.paused else "the end" if self.ended and not self.source.still else ""
        if self.source.still and len(self.source.files) > 1:  # the folder itself comes first
            name = Path(self.frame.source)
            place = f"{name.name}   {self.source.files.index(name)} of {len(self.source.files) - 1}"
            return f"{place}   {state}" if state else place
        return state

    def tell(self, message: str) -> None:
        self.message, self.message_ends = message, time.monotonic() + MESSAGE_SECONDS

    def press(self, key: str) -> None:
        """What a key does; in a lesson some keys belong to it."""
        if self.help and key == "\x1b":
            self.help = False
        elif self.lesson and key in "0123456789":
            self.tell(self.lesson.teach(int(key)))
        elif self.lesson and key == "\t":
            self.lesson.choose_next()
        elif self.lesson and key == "u":
            self.tell(self.lesson.undo())
        elif self.lesson and key in "l\x1b":
            self.lesson = None
        elif self.card and key == "\x1b":
            self.card = None
        elif key in ACTIONS:
            ACTIONS[key](self)

    def quit(self) -> None:
        self.closed = True

    def step_on(self) -> None:
        if self.ended:
            self.tell("that was the last")
        self.step = not self.ended

    def step_back(self) -> None:
        """To the picture before, which then stays until someone goes on."""
        if not self.source.still:
            self.tell("only the pictures of a folder go back")
        elif self.place_in_folder() == 0:
            self.tell("this is the first")
        elif not self.lesson:
            self.paused = True
            self.go_to(self.place_in_folder() - 1)

    def ask_why(self, digit: Digit | None) -> None:
        """Open a digit's card, or close the one that is open."""
        self.card = Card(digit, self.classify, self.search) if digit else None

    def ask_why_next(self) -> None:
        """Why the next digit, in reading order?"""
        digits = picking.in_reading_order(self.seen)
        ids = [digit.id for digit in digits]
        at = ids.index(self.card.digit.id) + 1 if self.card and self.card.digit.id in ids else 0
        if digits:
            self.ask_why(digits[at % len(digits)])
        else:
            self.tell("there is no digit to ask about")

    def teach(self) -> None:
        card, self.card = self.card, None
        if self.classify:
            self.lesson = Lesson(self.seen, self.handwriting, self.taught)
            if card:  # what was asked about is to be taught, most often
                x, y, w, h = card.digit.box
                self.lesson.choose_at(x + w / 2, y + h / 2)
        else:
            self.tell("the model is still loading")

    def turn_on(self) -> None:
        """Read it turned by another quarter."""
        self.turner.by_another_quarter()
        self.look_at(self.region)
        by_hand = self.turner.given or self.turner.by_hand
        self.tell(f"read as turned by {90 * self.turner.turn}°" if by_hand else "the turn is found out again")

    def snapshot(self) -> None:
        self.tell(f"saved {recording.snapshot(self.frame, self.seen)}")

    def heed_mouse(self) -> None:
        for gesture in self.window.gestures():
            self.point(gesture)

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
        if gesture.kind == "click":
            if self.lesson:
                self.lesson.choose_at(x0, y0)
            else:
                digits = [*self.seen.digits, *self.seen.doubtful]
                at = picking.nearest(digits, x0, y0)
                self.ask_why(None if at is None else digits[at])
        elif gesture.kind == "drag":
            height, width = self.frame.picture.shape[:2]
            (x0, x1), (y0, y1) = np.clip([x0, x1], 0, width).round(), np.clip([y0, y1], 0, height).round()
            box = int(x0), int(y0), int(x1 - x0), int(y1 - y0)
            if self.lesson and min(box[2:]) > 0:
                self.tell(self.lesson.add(self.frame.picture, box, self.classify))
            elif not self.lesson and min(box[2:]) >= REGION_PIXELS:
                self.look_at(box)
        elif not self.lesson:
            self.look_at(None)

    def look_at(self, region: Box | None) -> None:
        """Read only there from now on; a picture that stands still is read anew."""
        self.region, self.card = region, None
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
    Key("t", "mask", "the sheet that was found, and its ink", switch("mask")),
    Key("c", "crops", "the crops that the network sees", switch("crops")),
    Key("b", "", "the strip of numbers", switch("rows")),
    Key("l", "teach", "teach it your hand", Session.teach),
    Key("Tab", "why", "why? the next digit's card", Session.ask_why_next),
    Key("s", "snapshot", "save a snapshot and its JSON", Session.snapshot),
    Key("r", "record", "record, stop recording", Session.start_or_stop_recording),
    Key("n", "", "next picture or frame", Session.step_on),
    Key("p", "", "the folder's picture before", Session.step_back),
    Key("o", "", "turn what is read by 90°, then 180°, 270°", Session.turn_on),
    Key("m", "", "mirror the view (never what is read)", switch("mirror")),
    Key("f", "", "full screen", lambda session: session.window.toggle_full_screen()),
    Key("mouse", "", "click: why?; drag: read only in there; double-click: everywhere again", None),
)
CHARACTERS = {"space": " ", "Esc": "\x1b", "Tab": "\t"}  # that the window gives for these keys
ACTIONS = {CHARACTERS.get(name, name): key.action for key in KEYS if key.action for name in key.name.split(", ")}
HINT = "   ".join(f"{key.name.split(', ')[0]} {key.hint}" for key in KEYS if key.hint)
