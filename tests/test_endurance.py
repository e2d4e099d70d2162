"""Killed, cut off, run for long, run from anywhere: nothing is lost and nothing leaks."""

import random
import shutil
import signal
import subprocess
import sys
import time

import cv2
import h5py
import numpy as np
import pytest
from conftest import ROOT, SHIPPED, clean_environment, command

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
        if line.startswith("import 'model.console'"):
            process.send_signal(signal.SIGINT)
            break
    errors = process.stderr.read()
    assert process.wait(timeout=10) in (130, -signal.SIGINT)
    assert "Traceback" not in errors


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
