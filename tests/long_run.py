#!/usr/bin/env python3
"""Let cam.py read a long video, and see that its memory, its file handles and its pace stay what they were.

    python tests/long_run.py                # 10,000 frames
    python tests/long_run.py --frames 2000

Prints a line every tenth of the way. Exit code 1 if memory usually grew by more than 1 MB a tenth, or any file handle
was left open. What a library takes once, at its first use, is no leak: so the median slope counts (Theil 1950). Needs
Linux (/proc).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import combinations, islice
from pathlib import Path

import cv2

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from model.live import demo  # noqa: E402

MOST_GROWTH = 1.0  # MB of memory a tenth of the way: 30 frames that keep 35 kB each are seen, in the shortest run


def make_video(path: Path, frames: int) -> None:
    """The demo, over and over."""
    scene = [cv2.resize(picture, (640, 360), interpolation=cv2.INTER_AREA) for picture in islice(demo.frames(), 200)]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30, scene[0].shape[1::-1])
    for number in range(frames):
        writer.write(scene[number % len(scene)])
    writer.release()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=10_000)
    frames = parser.parse_args().frames
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "long.mp4"
        make_video(video, frames)
        command = [sys.executable, ROOT / "cam.py", video, "--no-window", "--json", "-"]
        reader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        print("frames   MB in use   file handles   ms a frame")
        measured = []
        began = time.perf_counter()
        for line in reader.stdout:
            number = json.loads(line)["frame"] + 1
            if number % (frames // 10) or number >= frames:  # after the last one it ends, and has no memory
                continue
            status = Path(f"/proc/{reader.pid}/status").read_text()
            # Its own, without the pages of libraries, which the system maps and drops at will.
            resident = int(status.split("RssAnon:")[1].split()[0]) / 1024
            handles = len(os.listdir(f"/proc/{reader.pid}/fd"))
            now = time.perf_counter()
            pace = 1000 * (now - began) / (frames // 10)
            print(f"{number:6}   {resident:9.1f}   {handles:12}   {pace:10.2f}", flush=True)
            began = now
            measured.append((resident, handles))
        if reader.wait() or len(measured) < 9:
            return 1
    memory = enumerate(resident for resident, _ in measured)
    growth = statistics.median((late - early) / (j - i) for (i, early), (j, late) in combinations(memory, 2))
    left_open = max(handles for _, handles in measured) - measured[0][1]
    print(f"memory usually grew by {growth:.1f} MB a tenth of the way, file handles by {left_open}")
    return int(growth > MOST_GROWTH or left_open > 0)


if __name__ == "__main__":
    sys.exit(main())
