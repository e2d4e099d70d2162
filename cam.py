"""Read handwritten digits through a webcam, live.

    python cam.py                      camera 0, in a window; without a camera, a demo
    python cam.py 1                    another camera (python cam.py --list-cameras lists them)
    python cam.py sheet.jpg            a picture
    python cam.py photos/              a folder: every picture in it, in name order
    python cam.py clip.mp4             a video
    python cam.py http://host/stream   a stream

Hold a sheet of paper with digits before the camera: each gets a box with its digit, blue
when sure, orange when less so, and where there is room the confidence in percent; what is seen but not
believed is grey, with a question mark. The numbers read, row by row, stand below the picture.

Keys: h in the window lists them, and so does python cam.py -h. Click a digit, or Tab to it, and a card
shows why it is read as it is: what the network saw, its ten probabilities, and the training digits most
like it, where MNIST is at hand.

To teach, press l: the picture freezes; click a digit, Tab to it, or drag a box round one that has none, and
type what it is. It goes to handwriting/<digit>/ as the network saw it (u undoes, l ends). Then train on what
you taught, and use it:

    python keras-training.py --handwriting handwriting
    python cam.py --model model/mine.h5

For other programs, and without a display:

    python cam.py photos/ --no-window --json readings.jsonl
    python cam.py clip.mp4 --no-window --json - --save annotated.mp4

writes one JSON object a frame: {"source": "clip.mp4", "frame": 0, "seconds": 0.0, "text": ["05221859"],
"digits": [{"id": 0, "digit": 0, "confidence": 0.999, "box": [x, y, width, height]}, ...]}. In videos a
digit keeps its id while it is in sight, and is there from the second time that it is seen.

In a browser, for a camera in a box without a display:

    python cam.py --serve                  on this machine alone, http://127.0.0.1:8000
    python cam.py --serve 0.0.0.0:8000     for everyone who can reach this machine

Exit code: 0; 1 when some pictures of a folder could not be read; 2 when nothing could.
"""

from model import console  # first: from here on Ctrl-C ends the script without a traceback

# isort: split
import argparse
import re
import sys
import threading
from concurrent.futures import Future
from contextlib import ExitStack, closing
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from model import files, weights
from model.live import camera, card, recording, serve, session, sources, window
from model.live.frames import Source
from model.training import mnist
from model.vision import reading
from model.vision.tracking import Tracker, number
from model.vision.turn import TURNS, Turner

DEMO_FRAMES = 90  # of the demo without a window; with one, or in a browser, it has no end


def main() -> int:
    options = parse_options()
    if options.list_cameras:
        print("\n".join(camera.list_cameras()) or "no camera found")
        return 0
    chosen = options.model or weights.default()
    weights.read(chosen)  # a bad model is told at once, before Keras
    with ExitStack() as stack:
        source = stack.enter_context(closing(sources.open_source(options.source, options.size, options.fps)))
        targets = [target for target in (options.json, options.save) if target not in (None, "-")]
        files.check_apart(targets, [chosen, *source.files])
        outputs = [
            stack.enter_context(recording.saving(options.save, source)),
            stack.enter_context(recording.json_lines(options.json)),
            stack.enter_context(serve.serving(options.serve)),
        ]
        if not options.model:
            print(f"reading with model/{chosen.name}", file=sys.stderr)
        if not options.no_window and window.is_possible():
            load_soon, search = partial(load_in_background, chosen), card.searching(training_digits)
            session.Session(
                source, load_soon, options.min_confidence, options.handwriting, outputs, search, TURNS[options.turn]
            ).run()
        else:
            read_all(source, load(chosen), options, outputs)
            if options.serve:
                print("that was all; it is shown until Ctrl-C", file=sys.stderr)
                threading.Event().wait()
    return 1 if source.broken else 0


def parse_options() -> argparse.Namespace:
    keys = "\n".join(f"    {key.name:8} {key.help}" for key in session.KEYS)
    parser = argparse.ArgumentParser(description=__doc__, epilog=f"keys in the window:\n\n{keys}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("source", nargs="?", help="camera number (default 0), picture, folder, video or URL")
    parser.add_argument("--model", type=Path, metavar="FILE",
                        help="weights (default: model/digits.h5 if you trained it, else model/shipped.h5)")  # fmt: skip
    parser.add_argument(
        "--min-confidence", type=confidence, default=reading.MIN_CONFIDENCE, metavar="P",
        help="believe digits from this confidence on, 0 to 1 (default %(default)s)",
    )  # fmt: skip
    parser.add_argument("--turn", choices=TURNS, default="auto",
                        help="degrees that a picture is turned clockwise to be read (default: found out)")  # fmt: skip
    parser.add_argument("--json", metavar="FILE", help="write what is read as JSON Lines (- for stdout)")
    parser.add_argument("--save", metavar="FILE", help="save what is drawn: of a picture a picture, of a "
                        f"video or camera a video ({', '.join(recording.CODECS)}), of a folder a folder")  # fmt: skip
    parser.add_argument("--serve", nargs="?", type=address, const=(serve.LOCAL, serve.PORT), metavar="PORT",
                        help=f"show it in a browser on this machine (default port {serve.PORT}); "
                        "0.0.0.0:PORT: in any on the network")  # fmt: skip
    parser.add_argument("--no-window", action="store_true", help="print the rows that are read instead")
    parser.add_argument("--handwriting", type=Path, default=Path("handwriting"), metavar="DIR",
                        help="where taught digits go (default %(default)s)")  # fmt: skip
    parser.add_argument("--list-cameras", action="store_true", help="list the cameras and what they deliver")
    parser.add_argument("--size", type=resolution, metavar="WxH", help="ask the camera for this size, as 1280x720")
    parser.add_argument("--fps", type=rate, help="ask the camera for so many frames a second")
    return parser.parse_args()


def confidence(text: str) -> float:
    if not 0 <= float(text) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return float(text)


def resolution(text: str) -> tuple[int, int]:
    if not re.fullmatch(r"[1-9]\d{0,4}x[1-9]\d{0,4}", text):
        raise argparse.ArgumentTypeError(f"{text} is no size: write it as 1280x720")
    width, height = text.split("x")
    return int(width), int(height)


def rate(text: str) -> float:
    if not 0 < float(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1000")
    return float(text)


def address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not re.fullmatch(r"[1-9]\d{0,4}", port) or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: write it as 8000, or as 0.0.0.0:8000 for the network")
    return host or serve.LOCAL, int(port)


def load(model: Path) -> reading.Classify:
    from model import network  # here and not above: Keras takes seconds

    return network.classifier(model)


def load_in_background(model: Path) -> Future[reading.Classify]:
    future: Future[reading.Classify] = Future()

    def work() -> None:
        try:
            future.set_result(load(model))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future


def training_digits() -> tuple[np.ndarray, np.ndarray] | None:
    """MNIST's, where they are on this machine."""
    path = mnist.at_hand()
    return path and mnist.load(path)[:2]


def read_all(
    source: Source, classify: reading.Classify, options: argparse.Namespace, outputs: list[recording.Write]
) -> None:
    """Without a window: every frame, or of cameras the newest; rows on stdout unless the JSON goes there."""
    tracker, turner = Tracker(options.min_confidence), Turner(TURNS[options.turn], source.still)
    lost, last = False, None
    ends = source.name == sources.DEMO and not options.serve
    for count, frame in enumerate(islice(source.frames, DEMO_FRAMES) if ends else source.frames):
        if count == 0 and not options.no_window:
            print("there is no display: the rows that are read are printed instead", file=sys.stderr)
        if source.lost() != lost:
            lost = not lost
            print(f"{source.name}: " + ("lost, waiting" if lost else "back"), file=sys.stderr)
        if frame is None:
            continue
        seen = turner.read(frame.picture, classify, options.min_confidence, frame.seconds)
        seen = number(seen) if source.still else tracker.update(seen, frame.seconds)
        for output in outputs:
            output(frame, seen)
        if options.json != "-" and (source.still or seen.text != last):
            place = frame.source if source.still else f"{frame.seconds:7.2f} s"
            print(f"{place}  {'  '.join(seen.text) or '-'}", flush=True)
        last = seen.text


if __name__ == "__main__":
    console.run(main)
