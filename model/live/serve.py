"""The annotated picture and its numbers in a browser, by the standard library's HTTP server. It only shows.

    /               a page with both
    /picture.mjpg   the picture, as motion JPEG
    /reading.json   the newest frame's line of JSON, as --json writes it
"""

import json
import os
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2

from ..console import UserError
from ..vision.reading import Reading
from . import view
from .frames import Frame
from .recording import Write, record

LOCAL, PORT = "127.0.0.1", 8000
MOST_REQUESTS = 32  # answered at once, each by a thread; a page that is watched takes one, and now and then two
MOST_PICTURES = 15  # drawn a second: to draw and pack one takes half as long as to read a frame
LONGER_SIDE = 1280  # pixels of a picture, at most
AGAIN_SECONDS = 5.0  # after which a picture that stands still is sent again: so it is noticed that a viewer left
VIEWER_SECONDS = 10.0  # that a viewer may take to ask, or to take one picture


class Newest:
    """The newest frame that was read, and the newest that was drawn; frames are counted from 1."""

    def __init__(self) -> None:
        self.changed = threading.Condition()  # guards all below
        self.read: tuple[Frame, Reading] | None = None
        self.count = 0  # of frames read
        self.jpeg, self.drawn = b"", 0  # the picture that was drawn last, and its frame's count
        self.viewers = 0

    def put(self, frame: Frame, seen: Reading) -> None:
        """All that the reading does for its viewers: it neither draws nor waits."""
        with self.changed:
            self.read, self.count = (frame, seen), self.count + 1
            self.changed.notify_all()

    def draw(self) -> None:
        """In a thread, without end: draw the newest frame, once for all viewers, as long as there are any."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.viewers and self.count > self.drawn)
                (frame, seen), count = self.read, self.count
            jpeg = _packed(frame, seen)
            with self.changed:
                self.jpeg, self.drawn = jpeg, count
                self.changed.notify_all()
            time.sleep(1 / MOST_PICTURES)

    def pictures(self) -> Iterator[bytes]:
        """For one viewer: the newest picture, each time that there is a newer one or AGAIN_SECONDS have passed."""
        with self.changed:
            self.viewers += 1
            sent = max(0, self.count - 1)  # what was drawn for those before is old
            self.changed.notify_all()
        try:
            while True:
                with self.changed:
                    self.changed.wait_for(lambda sent=sent: self.drawn > sent, AGAIN_SECONDS)
                    if not self.jpeg or self.drawn < sent:
                        continue
                    sent, jpeg = self.drawn, self.jpeg
                yield jpeg
        finally:
            with self.changed:
                self.viewers -= 1


def _packed(frame: Frame, seen: Reading) -> bytes:
    size = view.natural_size(frame.picture, rows=False)  # the page has the numbers as text
    canvas = view.draw(frame.picture, seen, size, rows=False)
    scale = LONGER_SIDE / max(canvas.shape)
    if scale < 1:
        canvas = cv2.resize(canvas, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


class _Server(ThreadingHTTPServer):
    allow_reuse_address = os.name == "posix"  # on Windows it would let two programs have one port

    def __init__(self, address: tuple[str, int]) -> None:
        self.newest = Newest()
        self.free = threading.BoundedSemaphore(MOST_REQUESTS)
        super().__init__(address, _Viewer)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # HTTPServer's own asks for the machine's full name: seconds, on some

    def process_request_thread(self, request: socket.socket, address: tuple[str, int]) -> None:
        if not self.free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request_thread(request, address)
        finally:
            self.free.release()

    def handle_error(self, request: socket.socket, address: tuple[str, int]) -> None:
        """A viewer who left or was too slow is no news."""


class _Viewer(BaseHTTPRequestHandler):
    server: _Server
    timeout = VIEWER_SECONDS

    def do_GET(self) -> None:
        host, path = self.headers.get("Host", "").split(":")[0], self.path.split("?")[0]
        if self.server.server_address[0] == LOCAL and host not in (LOCAL, "localhost"):
            # A page from elsewhere can have its own name lead here (DNS rebinding). Its requests bear that name.
            self.send_error(403)
        elif path == "/":
            self.answer("text/html; charset=utf-8", PAGE.encode())
        elif path == "/reading.json":
            read = self.server.newest.read
            self.answer("application/json", json.dumps(record(*read) if read else None).encode() + b"\n")
        elif path == "/picture.mjpg":
            # Chromium shows a picture when the next one's head is there, so that goes out with it.
            head = b"--next\r\nContent-Type: image/jpeg\r\n\r\n"
            self.answer("multipart/x-mixed-replace; boundary=next", head)
            for jpeg in self.server.newest.pictures():
                self.wfile.write(jpeg + b"\r\n" + head)
        else:
            self.send_error(404)

    def answer(self, kind: str, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")  # no page from elsewhere shows it,
        self.send_header("X-Frame-Options", "DENY")  # nor this page
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words) -> None:
        """Nothing: the terminal has what is read."""


@contextmanager
def serving(address: tuple[str, int] | None) -> Iterator[Write]:
    """Show the frames that are read at http://address; gives what to call with each. Raises UserError."""
    if address is None:
        yield lambda frame, seen: None
        return
    try:
        server = _Server(address)
    except OSError as error:
        raise UserError(f"cannot serve at {address[0]}:{address[1]}: {error.strerror}: name another port") from error
    shown_to = "this machine alone" if address[0] == LOCAL else "everyone who can reach this machine"
    host = socket.gethostname() if address[0] == "0.0.0.0" else address[0]
    print(f"watch it at http://{host}:{address[1]} ({shown_to})", file=sys.stderr)
    for work in (server.serve_forever, server.newest.draw):
        threading.Thread(target=work, daemon=True).start()
    try:
        yield server.newest.put
    finally:
        server.shutdown()
        server.server_close()


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Digits</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; --quiet: #777 }
  body { margin: 0 auto; padding: 1rem; max-width: 80rem; font: 1rem/1.5 system-ui, sans-serif }
  img { display: block; max-width: 100%; max-height: 75vh; margin: auto; border-radius: .4rem }
  #numbers { margin: .8rem 0; text-align: center; font-size: clamp(1.2rem, 4vw, 2.4rem); line-height: 1.3;
             font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; white-space: pre-line }
  #state { text-align: center; color: var(--quiet) }
  a { color: inherit }
</style>
<img id="picture" src="/picture.mjpg" alt="what the camera sees, its digits marked">
<div id="numbers"></div>
<div id="state"><span id="where"></span> · <a href="/reading.json">JSON</a></div>
<script>
  const at = id => document.getElementById(id)
  let last = "", since = Date.now(), lost = true
  async function look() {
    let where = "waiting for the first picture"
    try {
      const line = await (await fetch("/reading.json", {signal: AbortSignal.timeout(3000)})).text()
      const reading = JSON.parse(line)
      if (lost) at("picture").src = "/picture.mjpg?" + Date.now()
      lost = false
      if (line != last) { last = line; since = Date.now() }
      if (reading) {
        const quiet = Math.round((Date.now() - since) / 1000)
        at("numbers").textContent = reading.text.join("\\n") || "no digits"
        where = reading.source + (reading.frame ? ", frame " + reading.frame : "")
        if (reading.frame && quiet > 3) where += ", nothing new for " + quiet + " s"
      }
    } catch { lost = true; where = "cam.py does not answer" }
    at("where").textContent = where
    setTimeout(look, 250)
  }
  look()
</script>
"""
