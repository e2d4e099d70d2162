"""Killed, cut off, run for long, run from anywhere: nothing is lost and nothing leaks."""

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

import cv2
import h5py
import numpy as np
import pytest
from conftest import ROOT, SHIPPED, clean_environment, command, needs_signals
from streams import Stream

WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from model import files
for number in range(10**9):
    with files.replacing(sys.argv[2]) as temporary:
        temporary.write_bytes(bytes([number % 256]) * 5_000_000)
        print(flush=True)
"""


def test_killed_at_any_moment_it_leaves_a_whole_file(tmp_path):
    target = tmp_path / "model.h5"
    moments = random.Random(1)
    for _ in range(12):
        command = [sys.executable, "-c", WRITER, ROOT, target]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE)
        writer.stdout.readline()  # the first one is written
        time.sleep(moments.uniform(0, 0.06))
        writer.kill()
        writer.wait()
        if target.exists():  # not if it was killed within its very first write
            data = target.read_bytes()
            assert len(data) == 5_000_000 and data == data[:1] * len(data)
    assert target.exists()


@needs_signals
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_loads_it_ends_at_once_without_a_word(stop, small_npz, tmp_path):
    words = command("test-keras-training-reload.py", "--data", small_npz, "--save", tmp_path / "a.png")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(words, env=clean_environment(), **pipes)
    try:
        process.stdout.readline()  # "Loading …": Keras comes next
        time.sleep(0.3)
        process.send_signal(stop)
        _, errors = process.communicate(timeout=4)
    finally:
        process.kill()
    assert process.returncode in (128 + stop, -stop)  # ended by itself, or by the signal: a shell shows the same
    assert errors == ""
    assert list(tmp_path.iterdir()) == []


@needs_signals
@pytest.mark.parametrize("seconds", [0.2, 0.6, 1.0])
def test_stopped_while_it_loads_it_leaves_no_temporary_file(seconds, tmp_path):
    with stream_of_a_sheet() as stream:
        words = command("cam.py", stream.url, "--no-window", "--save", "x.mp4")
        process = subprocess.Popen(words, cwd=tmp_path, env=clean_environment(), stderr=subprocess.PIPE, text=True)
        wait_for(lambda: list(tmp_path.glob(".x*.mp4")))  # Keras comes next
        time.sleep(seconds)
        assert stop(process, signal.SIGINT) < 4
    assert list(tmp_path.iterdir()) == []


@needs_signals
def test_stopped_in_a_call_that_hangs_it_ends_within_two_seconds():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        words = command("cam.py", f"http://127.0.0.1:{silent.getsockname()[1]}/stream", "--no-window")
        process = subprocess.Popen(words, env=clean_environment(), stderr=subprocess.PIPE, text=True)
        connection, _ = silent.accept()
        with connection:
            assert stop(process, signal.SIGINT) < 2.5  # and some time for a busy machine


@needs_signals
def test_stopped_while_the_disk_is_slow_a_video_gets_its_name(tmp_path):
    slow = tmp_path / "slow.py"
    slow.write_text(SLOW_DISK)
    out = tmp_path / "out"
    out.mkdir()
    with stream_of_a_sheet() as stream:
        python, *words = command("cam.py", stream.url, "--no-window", "--save", "x.mp4")
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen([python, slow, *words], cwd=out, env=clean_environment(), **pipes)
        assert process.stdout.readline()  # what the first frame says
        time.sleep(0.7)
        assert stop(process, signal.SIGINT) < 2.5
    assert [path.name for path in out.iterdir()] == ["x.mp4"]
    assert cv2.VideoCapture(str(out / "x.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) > 1


SLOW_DISK = """
import os, runpy, sys, time
os.fsync = lambda handle: time.sleep(30)
del sys.argv[0]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@needs_signals
def test_what_a_library_raises_while_it_is_stopped_is_no_news():
    words = """
import time
from model import console
def main():
    try:
        print(flush=True)
        time.sleep(20)
    except KeyboardInterrupt:
        raise ValueError("as zipfile does, of a file that is still open")
console.run(main)
"""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", words], cwd=ROOT, **pipes)
    process.stdout.readline()
    stop(process, signal.SIGINT)


@contextlib.contextmanager
def stream_of_a_sheet():
    picture = np.full((270, 480, 3), 240, np.uint8)
    cv2.putText(picture, "407", (90, 190), cv2.FONT_HERSHEY_SIMPLEX, 5, (20, 20, 20), 12, cv2.LINE_AA)
    stream = Stream(picture)
    try:
        yield stream
    finally:
        stream.close()


def stop(process, signum):
    """Stop it, see that it says nothing, and return how long it took in seconds."""
    asked = time.monotonic()
    process.send_signal(signum)
    try:
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, errors) == (128 + signum, "")
    return time.monotonic() - asked


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@needs_signals
@pytest.mark.parametrize("name", ["cam.py", "keras-training.py", "test-keras-training-reload.py"])
def test_stopped_while_it_starts_it_ends_without_a_word(name, small_npz, tmp_path):
    arguments = {
        "cam.py": ["--no-window"],
        "keras-training.py": ["--data", small_npz, "--output", tmp_path / "model.h5"],
        "test-keras-training-reload.py": ["--data", small_npz],
    }
    words = [sys.executable, "-v", ROOT / name, *arguments[name]]  # -v tells of each import on stderr
    process = subprocess.Popen(words, env=clean_environment(), stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    for line in process.stderr:
        if line.startswith("import 'argparse'"):
            process.send_signal(signal.SIGINT)
            break
    errors = process.stderr.read()
    assert process.wait(timeout=10) in (130, -signal.SIGINT)
    assert "Traceback" not in errors


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells of it otherwise (bpo-35754)")
def test_a_reader_that_goes_away_is_no_error():
    process = subprocess.Popen(
        command("cam.py", "--no-window", "--json", "-"), env=clean_environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(timeout=30) == 0
    assert "Traceback" not in errors and "error" not in errors


@pytest.mark.parametrize("name", ["cam.py", "test-keras-training-reload.py"])
def test_a_model_from_a_stranger_is_refused(name, script, small_npz, tmp_path):
    model = tmp_path / "stranger.h5"
    with h5py.File(model, "w") as file:
        file["model_weights/here"] = h5py.ExternalLink(str(SHIPPED), "/model_weights")
    cv2.imwrite(str(tmp_path / "a.png"), np.full((90, 120), 255, np.uint8))
    source = [tmp_path / "a.png", "--no-window"] if name == "cam.py" else ["--data", small_npz]
    done = script(name, "--model", model, *source)
    assert done.returncode == 2
    assert done.stderr == (
        f"{name}: error: {model} has links in it, which are never followed: "
        "name a model that keras-training.py made\n"
    )


@pytest.fixture
def sealed_checkout(tmp_path):
    """A copy of the program that nobody can write to, at a path with a space and an umlaut."""
    checkout = tmp_path / "the prögram"
    shutil.copytree(ROOT / "model", checkout / "model", ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.glob("*.py"):
        shutil.copy(path, checkout)
    if sys.platform != "linux":
        pytest.skip("needs Linux's mount --bind")
    for options in (["--bind", checkout, checkout], ["-o", "remount,bind,ro", checkout]):
        mounted = subprocess.run(["mount", *options], capture_output=True, text=True)
        if mounted.returncode:
            pytest.skip(f"needs the right to mount: {mounted.stderr.strip()}")
    yield checkout
    subprocess.run(["umount", checkout], check=True)


def test_a_checkout_that_cannot_be_written_to_works_from_any_folder(sealed_checkout, script, small_npz, tmp_path):
    elsewhere = tmp_path / "somewhere élse"
    elsewhere.mkdir()
    picture = np.full((200, 400), 240, np.uint8)
    cv2.putText(picture, "407", (40, 150), cv2.FONT_HERSHEY_SIMPLEX, 4, 20, 9, cv2.LINE_AA)
    cv2.imencode(".png", picture)[1].tofile(elsewhere / "shéet of paper.png")
    read = script(
        sealed_checkout / "cam.py", "shéet of paper.png", "--no-window", "--save", "read ünd drawn.jpg", cwd=elsewhere
    )
    assert (read.returncode, read.stderr) == (0, "")
    assert read.stdout == "shéet of paper.png  407\n"
    shown = script(sealed_checkout / "test-keras-training-reload.py", "--data", small_npz, cwd=elsewhere)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert sorted(path.suffix for path in elsewhere.iterdir()) == [".jpg", ".png", ".png"]
    trained = script(sealed_checkout / "keras-training.py", "--data", small_npz, cwd=elsewhere)
    assert trained.returncode == 2
    assert trained.stderr.startswith("keras-training.py: error: cannot write ") and trained.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_and_handles_stay_flat():
    command = [sys.executable, ROOT / "tests" / "long_run.py", "--frames", "300"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_damaged_files_are_read_or_refused_and_nothing_else():
    command = [sys.executable, ROOT / "tests" / "fuzz.py", "--inputs", "400", "--seed", "2"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
