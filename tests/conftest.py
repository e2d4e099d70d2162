"""What the tests share: scripts as subprocesses, small digits of their own, a display of their own."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

# Where a shell has put the tests in the background, Ctrl-C is ignored, and what they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "model" / "shipped.h5"

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals to a process")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture(scope="session")
def script():
    """Call a script as a user does: script("cam.py", …) -> CompletedProcess with text stdout and stderr.

    No display, no MNIST and no input but what `env` and `stdin` give it; in the repository's root unless `cwd` says so.
    """

    def call(name, *arguments, timeout=120, env=(), **options):
        options = {"cwd": ROOT, "stdin": subprocess.DEVNULL} | options
        environment = clean_environment() | dict(env)
        return subprocess.run(
            command(name, *arguments), capture_output=True, text=True, timeout=timeout, env=environment, **options
        )

    return call


def command(name: str | Path, *arguments: object) -> list[str]:
    """The command line of a script, with the shipped weights unless other ones are named.

    What a developer has trained, and cam.py would take, must not change a test.
    """
    path = ROOT / name
    named = path.name == "keras-training.py" or "--model" in arguments
    weights = [] if named else ["--model", path.parent / "model" / "shipped.h5"]
    return [sys.executable, *map(str, [path, *arguments, *weights])]


def clean_environment() -> dict[str, str]:
    """The environment without what would make a script behave otherwise on another machine."""
    unset = ("DISPLAY", "WAYLAND_DISPLAY", "MNIST_PATH")
    return {name: value for name, value in os.environ.items() if name not in unset}


@pytest.fixture(scope="session")
def mnist_path() -> Path:
    """MNIST itself, for the tests that need real digits."""
    if not os.environ.get("MNIST_PATH"):
        pytest.skip("needs MNIST: name its mnist.npz in MNIST_PATH")
    return Path(os.environ["MNIST_PATH"])


@pytest.fixture(scope="session")
def small_npz(tmp_path_factory) -> Path:
    """A file laid out as mnist.npz, of 600 training and 200 test digits in OpenCV's fonts, shifted and blurred."""
    path = tmp_path_factory.mktemp("data") / "small.npz"
    x_train, y_train = font_digits(600, seed=1)
    x_test, y_test = font_digits(200, seed=2)
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


def font_digits(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Digits in OpenCV's fonts: (count, 28, 28) uint8, 255 ink, and their labels (count,) uint8."""
    random = np.random.default_rng(seed)
    labels = (np.arange(count) % 10).astype(np.uint8)
    pictures = np.zeros((count, 28, 28), np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        x, y = random.integers(4, 9), random.integers(22, 26)
        cv2.putText(picture, str(label), (int(x), int(y)), int(random.integers(0, 4)), 0.8, 255, 2, cv2.LINE_AA)
        picture[:] = cv2.GaussianBlur(picture, (3, 3), 0)
    return pictures, labels


def frames_in(path: Path) -> list[np.ndarray]:
    """The pictures of a video."""
    video = cv2.VideoCapture(str(path))
    frames = []
    while (frame := video.read()[1]) is not None:
        frames.append(frame)
    return frames


@pytest.fixture(scope="session")
def display(tmp_path_factory):
    """A screen of the tests' own: the environment, {"DISPLAY": ":7"} with a number that was free.

    XVFB_SCREEN names the file that holds what is on it, in xwd's format.
    """
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.skip("needs Xvfb and xdotool (apt-get install xvfb xdotool)")
    reader, writer = os.pipe()
    folder = tmp_path_factory.mktemp("screen")
    screen = ["-screen", "0", "1920x1080x24", "-fbdir", str(folder)]
    command = ["Xvfb", "-displayfd", str(writer), *screen, "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        number = pipe.readline().strip()
    yield {"DISPLAY": f":{number}", "XVFB_SCREEN": str(folder / "Xvfb_screen0")}
    server.terminate()
    server.wait(timeout=10)


def xdotool(display: dict[str, str], *arguments: str) -> str:
    """Press keys and look for windows on a display, as a person would; what xdotool prints."""
    command = ["xdotool", *arguments]
    return subprocess.run(command, env=os.environ | display, capture_output=True, text=True, timeout=60).stdout
