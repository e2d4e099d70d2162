"""A camera on the network, for the tests: Motion JPEG over HTTP at a steady pace, each frame with its number in it."""

import http.server
import threading
import time

import cv2
import numpy as np

BITS = 16


class Stream:
    """Serves `picture`, (h, w, 3) uint8, `fps` times a second until closed; the number stands at the top as blocks."""

    def __init__(self, picture: np.ndarray, fps: float = 30, port: int = 0) -> None:
        self.sent = 0
        self.stopped = threading.Event()
        stream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                due = time.monotonic()
                try:
                    while not stream.stopped.wait(max(0, due - time.monotonic())):
                        stream.sent += 1
                        jpeg = cv2.imencode(".jpg", numbered(picture, stream.sent))[1].tobytes()
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                        due += 1 / fps
                except OSError:
                    pass  # whoever looked has gone

            def log_message(self, *arguments) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/stream"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()


def numbered(picture: np.ndarray, number: int) -> np.ndarray:
    picture = picture.copy()
    width = picture.shape[1] // BITS
    for bit in range(BITS):
        picture[:16, bit * width : (bit + 1) * width] = 255 * (number >> bit & 1)
    return picture


def number(picture: np.ndarray) -> int:
    """The number in a frame of the stream."""
    width = picture.shape[1] // BITS
    return sum(1 << bit for bit in range(BITS) if picture[8, bit * width + width // 2].mean() > 127)
