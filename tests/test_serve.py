"""The picture and its numbers in a browser: what is sent, to whom, and that no viewer slows the reading."""

import http.client
import json
import shutil
import signal
import socket
import subprocess
import time

import cv2
import numpy as np
import pytest
from conftest import clean_environment, command, needs_signals
from test_cam import page, wait_for
from test_tracking import seen

from model.live import recording, serve
from model.live.frames import Frame
from model.vision.tracking import number


def frame(count, grey=200):
    return Frame(np.full((360, 640, 3), grey, np.uint8), "clip.mp4", count, count / 30)


READING = number(seen((3, 0.99, 100, 100), (5, 0.7, 160, 100)))


@pytest.fixture
def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def put(free_port):
    with serve.serving((serve.LOCAL, free_port)) as put:
        yield put


def ask(port, path, method="GET", **headers):
    """The answer and its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read()


class Watching:
    """A viewer of the moving picture."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.sendall(b"GET /picture.mjpg HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        self.file = self.socket.makefile("rb")
        while self.file.readline().strip():
            pass

    def picture(self):
        """The next picture."""
        assert self.file.readline() == b"--next\r\n"
        assert self.file.readline() == b"Content-Type: image/jpeg\r\n"
        self.file.readline()
        data = b""
        while not data.endswith(b"\xff\xd9\r\n"):
            line = self.file.readline()
            assert line
            data += line
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)

    def close(self):
        self.file.close()
        self.socket.close()


def test_the_page_the_numbers_and_the_picture(put, free_port):
    assert ask(free_port, "/reading.json")[1] == b"null\n"  # nothing was read yet
    put(frame(0), READING)
    answer, body = ask(free_port, "/reading.json")
    assert json.loads(body) == recording.record(frame(0), READING)
    assert answer.headers["Content-Type"] == "application/json"
    answer, body = ask(free_port, "/")
    assert answer.status == 200 and b"/picture.mjpg" in body and b"/reading.json" in body
    viewer = Watching(free_port)
    picture = viewer.picture()
    assert picture.shape == (360, 640, 3)
    assert (np.abs(picture.astype(int) - 200).max(axis=2) > 60).mean() > 0.005  # boxes and labels
    put(frame(1, grey=40), READING)
    assert np.median(viewer.picture()) < 60
    viewer.close()


def test_a_large_picture_is_made_smaller(put, free_port):
    put(Frame(np.full((2160, 3840, 3), 200, np.uint8), "0", 0, 0.0), READING)
    viewer = Watching(free_port)
    assert viewer.picture().shape == (720, 1280, 3)
    viewer.close()


def test_it_only_shows_and_only_to_this_machine(put, free_port):
    put(frame(0), READING)
    for path in ("/../cam.py", "/model/shipped.h5", "//etc/passwd", "/picture.mjpg/"):
        assert ask(free_port, path)[0].status == 404
    for method in ("POST", "PUT", "DELETE"):
        assert ask(free_port, "/", method)[0].status == 501
    for host, status in {"127.0.0.1:1": 200, "localhost": 200, "evil.example:80": 403, "": 403}.items():
        assert ask(free_port, "/reading.json", Host=host)[0].status == status
    assert ask(free_port, "/reading.json")[0].headers["Cross-Origin-Resource-Policy"] == "same-origin"
    others = socket.gethostbyname(socket.gethostname())
    if others != "127.0.0.1":
        with pytest.raises(OSError), socket.create_connection((others, free_port), timeout=2):
            pass


def test_viewers_who_never_read_slow_nobody(put, free_port):
    noise = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)  # 1 MB a picture
    stuck = [Watching(free_port) for _ in range(6)]
    put(Frame(noise, "0", 0, 0.0), READING)
    time.sleep(0.5)
    start = time.perf_counter()
    serve._packed(Frame(noise, "0", 0, 0.0), READING)
    once, spent = time.perf_counter() - start, 0.0
    for count in range(1, 60):
        start = time.perf_counter()
        put(Frame(noise, "0", count, 0.0), READING)
        spent += time.perf_counter() - start
        time.sleep(0.01)
    assert spent < 5 * once  # not 59 times, and sending has no end
    put(frame(99), READING)
    viewer = Watching(free_port)
    assert np.median(viewer.picture()) == 200  # the newest, at once
    for one in (*stuck, viewer):
        one.close()


def test_a_viewer_who_never_reads_is_left_alone_in_time(put, free_port, monkeypatch):
    assert serve._Viewer.timeout == serve.VIEWER_SECONDS
    monkeypatch.setattr(serve._Viewer, "timeout", 0.5)
    noise = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
    viewer = Watching(free_port)
    for count in range(12):
        put(Frame(noise, "0", count, 0.0), READING)
        time.sleep(0.1)
    time.sleep(1)
    received = 0
    while data := viewer.socket.recv(1 << 20):  # what was under way, then the end
        received += len(data)
    assert received < 12_000_000
    viewer.close()


def test_more_viewers_than_threads_are_turned_away_and_places_become_free(put, free_port, monkeypatch):
    monkeypatch.setattr(serve, "AGAIN_SECONDS", 0.2)
    put(frame(0), READING)
    viewers = [Watching(free_port) for _ in range(serve.MOST_REQUESTS)]
    start = time.monotonic()
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(free_port, "/")
    assert time.monotonic() - start < 5
    assert viewers[0].picture().shape == (360, 640, 3)
    for viewer in viewers:
        viewer.close()
    wait_for(lambda: answers(free_port))


def answers(port):
    try:
        return ask(port, "/")[0].status == 200
    except (http.client.HTTPException, OSError):
        return False


# --- cam.py itself


@pytest.fixture
def sheet_in_a_browser(tmp_path, free_port):
    """cam.py, without a display, serves a sheet with 31 and 475."""
    cv2.imwrite(str(tmp_path / "sheet.png"), page("31", "475"))
    words = command("cam.py", "sheet.png", "--serve", str(free_port))
    process = subprocess.Popen(words, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    try:
        assert process.stdout.readline().split()[1:] == ["31", "475"]
        yield process
    finally:
        process.kill()
        process.communicate()


@needs_signals
def test_without_a_display_it_serves_until_it_is_stopped(sheet_in_a_browser, free_port):
    process = sheet_in_a_browser
    assert json.loads(ask(free_port, "/reading.json")[1])["text"] == ["31", "475"]
    viewer = Watching(free_port)
    assert viewer.picture().shape == (540, 960, 3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    viewer.close()
    assert process.returncode == 130
    first, *_, last = errors.splitlines()
    assert first == f"watch it at http://127.0.0.1:{free_port} (this machine alone)" and "Ctrl-C" in last


def test_a_port_that_is_taken_or_none_is_told_in_one_line(script, tmp_path):
    cv2.imwrite(str(tmp_path / "sheet.png"), page("31"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = script("cam.py", "sheet.png", "--no-window", "--serve", port, cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and f"cannot serve at 127.0.0.1:{port}: " in done.stderr
    for wrong in ("sheet.png", "0", "65536", "localhost:", "1.2.3.4"):
        done = script("cam.py", "--serve", wrong, cwd=tmp_path)
        assert done.returncode == 2 and f"{wrong} is no port" in done.stderr.splitlines()[-1]


def test_a_browser_shows_it(sheet_in_a_browser, free_port, tmp_path):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("needs Chromium (apt-get install chromium)")
    shot = tmp_path / "shot.png"
    subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--window-size=1000,800", "--timeout=3000", f"--screenshot={shot}", f"http://127.0.0.1:{free_port}/"],
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    shown = cv2.imread(str(shot))
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert abs(float(np.median(shown[20:500, 30:970])) - float(np.median(sheet))) < 12  # paper, where the picture is
    blue = (shown[20:500].astype(int) @ [1, 0, -1] > 100).sum()
    dark = (shown[570:750].max(axis=2) < 90).sum()
    assert blue > 1000 and dark > 500  # boxes on the sheet, numbers below it
