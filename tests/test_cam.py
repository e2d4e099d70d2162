"""cam.py as a user calls it, without a window: pictures, folders, videos, streams; what goes wrong; how it stops."""

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import sheets
from conftest import ROOT, SHIPPED, clean_environment, command, frames_in, needs_linux, needs_signals
from streams import Stream, number

from model import images
from model.console import UserError
from model.live import camera, recording, sources, view
from model.vision.reading import Reading


def page(*rows, seed=3, size=(960, 540)):
    """A sheet that is easy to read."""
    picture = sheets.sheet(seed, list(rows), pen="marker", height=80).picture
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def clip(path, pictures, fps=30):
    """A video of these pictures."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, pictures[0].shape[1::-1])
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


# --- pictures


def test_a_folder_is_read_in_name_order_past_a_broken_picture(script, tmp_path):
    folder = tmp_path / "my sheets, été 手"
    folder.mkdir()
    first, second = page("31", "475"), page("2604")
    pixels = cv2.imencode(".png", first)[1].tobytes()
    (folder / "a.png").write_bytes(pixels)
    (folder / "b cut.png").write_bytes(pixels[: len(pixels) // 2])
    (folder / "c.JPG").write_bytes(turned_jpeg(second))
    grey = cv2.cvtColor(second, cv2.COLOR_BGR2GRAY)
    (folder / "d deep.png").write_bytes(cv2.imencode(".png", grey.astype(np.uint16) * 257)[1].tobytes())
    ink = np.zeros((*grey.shape, 4), np.uint8)
    ink[..., 3] = np.clip(2 * (200 - grey.astype(int)), 0, 255)  # black ink on nothing
    (folder / "e transparent.png").write_bytes(cv2.imencode(".png", ink)[1].tobytes())
    (folder / "labels.json").write_text("{}")
    (folder / "more.png").mkdir()

    done = script("cam.py", folder, "--no-window", "--json", "out.jsonl", "--save", "seen", cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"{folder / 'b cut.png'} is no picture, or a damaged one"]
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    expected = {"a.png": ["31", "475"], "c.JPG": ["2604"], "d deep.png": ["2604"], "e transparent.png": ["2604"]}
    assert {r["source"]: r["text"] for r in records} == {str(folder / name): text for name, text in expected.items()}
    assert [r["source"] for r in records] == sorted(r["source"] for r in records)
    assert all(r["frame"] == 0 and r["seconds"] == 0 for r in records)
    assert done.stdout.splitlines()[0] == f"{folder / 'a.png'}  31  475"
    for record in records:
        assert "".join(record["text"]) == "".join(str(digit["digit"]) for digit in record["digits"])
        for digit in record["digits"]:
            x, y, w, h = digit["box"]
            assert 0 <= x < x + w <= 960 and 0 <= y < y + h <= 540 and 0 < digit["confidence"] <= 1
    assert sorted(p.name for p in (tmp_path / "seen").iterdir()) == sorted(expected)
    saved = cv2.imread(str(tmp_path / "seen" / "a.png"))
    assert saved.shape[1::-1] == view.natural_size(first)
    saved = saved[: first.shape[0]]  # the numbers stand below
    assert 0.005 < (np.abs(saved.astype(int) - first).max(axis=2) > 40).mean() < 0.3  # boxes and text, on the picture


def turned_jpeg(picture):
    """A JPEG as a phone writes it that was held upright: pixels on their side, and EXIF that says so."""
    jpeg = cv2.imencode(".jpg", cv2.rotate(picture, cv2.ROTATE_90_COUNTERCLOCKWISE))[1].tobytes()
    exif = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tiff", ".webp"])
def test_a_picture_that_is_cut_off_anywhere_is_refused(suffix, tmp_path):
    whole = cv2.imencode(suffix, page("7", size=(320, 180)))[1].tobytes()
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole)
    assert images.load(path).shape == (180, 320, 3)
    for share in (0.01, 0.3, 0.7, 0.99):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(UserError, match="cut"):
            images.load(path)


def test_a_folder_is_saved_whatever_its_formats_and_through_no_link(script, tmp_path):
    sheet = page("407")
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos" / "a.pgm"), sheet[..., 0])
    cv2.imwrite(str(tmp_path / "photos" / "b.png"), sheet)
    wide = np.full((20, 17_000, 3), 250, np.uint8)  # more than the 16,383 pixels of a WebP, under the name of one
    cv2.imencode(".png", wide)[1].tofile(tmp_path / "photos" / "c.webp")
    photos, seen = tmp_path / "photos", tmp_path / "seen"

    done = script("cam.py", "photos", "--no-window", "--save", "seen", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in seen.iterdir()) == ["a.pgm.png", "b.png", "c.webp.png"]
    assert cv2.imread(str(seen / "a.pgm.png")).shape[1::-1] == view.natural_size(sheet)

    before = (photos / "b.png").read_bytes()
    (seen / "b.png").unlink()
    try:
        (seen / "b.png").symlink_to(photos / "b.png")
    except OSError as error:
        pytest.skip(f"needs the right to make links: {error}")
    done = script("cam.py", "photos", "--no-window", "--save", "seen", cwd=tmp_path)
    assert done.returncode == 2 and f"{Path('seen/b.png')} is a link" in done.stderr
    assert (photos / "b.png").read_bytes() == before and (seen / "b.png").is_symlink()


# --- videos and streams


def test_a_video_gives_every_frame_and_digits_keep_their_id(script, tmp_path):
    sheet = page("31", "475")
    moves = [np.float32([[1, 0, 4 * i], [0, 1, 2 * i]]) for i in range(20)]
    moved = [cv2.warpAffine(sheet, move, (960, 540), borderMode=cv2.BORDER_REPLICATE) for move in moves]
    clip(tmp_path / "clip.mp4", moved, 25)

    done = script("cam.py", "clip.mp4", "--no-window", "--json", "-", "--save", "annotated.mp4", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["frame"] for r in records] == list(range(20))
    assert np.allclose([r["seconds"] for r in records], np.arange(20) / 25, atol=0.001)
    assert records[0]["digits"] == []  # seen once only
    assert all(r["text"] == ["31", "475"] for r in records[1:])
    ids = [[digit["id"] for digit in r["digits"]] for r in records[1:]]
    assert all(i == ids[0] for i in ids) and len(set(ids[0])) == 5
    start, end = (np.array([digit["box"] for digit in r["digits"]]) for r in (records[5], records[-1]))
    assert np.abs(end - start - [4 * 14, 2 * 14, 0, 0]).max() <= 6  # the boxes went along
    assert len(frames_in(tmp_path / "annotated.mp4")) == 20


def test_a_damaged_frame_does_not_end_a_video(tmp_path, capsys):
    pictures = [np.roll(page("31", size=(320, 180)), 3 * i, axis=1) for i in range(40)]
    data = bytearray(clip(tmp_path / "clip.mp4", pictures).read_bytes())
    middle, length = len(data) // 2, len(data) // 20
    data[middle : middle + length] = np.random.default_rng(1).bytes(length)
    (tmp_path / "clip.mp4").write_bytes(data)

    frames = list(sources.open_source(str(tmp_path / "clip.mp4")).frames)

    left_out = set(range(40)) - {frame.number for frame in frames}
    assert 1 <= len(left_out) <= 4 and frames[-1].number == 39
    assert np.allclose([frame.seconds for frame in frames], [frame.number / 30 for frame in frames], atol=0.001)
    said = f"{tmp_path / 'clip.mp4'} is damaged: {len(left_out)} of its frames could not be read\n"
    assert capsys.readouterr().err == said


def test_a_recording_goes_on_after_a_stall(tmp_path):
    grey = np.full((240, 320, 3), 90, np.uint8)
    with recording.recording(tmp_path / "out.mp4", 30) as add:
        for seconds in (0, 1 / 30, *(10 + i / 30 for i in range(30))):
            add(grey, seconds)
    assert len(frames_in(tmp_path / "out.mp4")) == 2 + 30 + 29  # before it; a second of it and its end; after it


def test_a_recording_without_space_is_refused_before_it_begins(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=recording.SPARE - 1))
    with pytest.raises(UserError, match="the disk is full"), recording.recording(tmp_path / "out.mp4", 30):
        pytest.fail("it began")
    assert list(tmp_path.iterdir()) == []


@needs_signals
@pytest.mark.parametrize("stop", [getattr(signal, name, 0) for name in ("SIGINT", "SIGTERM", "SIGHUP")])
def test_stopped_it_ends_at_once_with_a_playable_recording(stop, tmp_path):
    stream = Stream(page("31", "475"))
    words = command("cam.py", stream.url, "--no-window", "--json", "out.jsonl", "--save", "out.mp4")
    process = subprocess.Popen(
        words, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline()  # what the first frame says
        time.sleep(0.7)
        process.send_signal(stop)
        asked = time.monotonic()
        _, errors = process.communicate(timeout=20)
        assert time.monotonic() - asked < 2
    finally:
        process.kill()
        stream.close()
    assert process.returncode == 128 + stop
    assert errors == ""
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert records[-1]["text"] == ["31", "475"]
    assert len(frames_in(tmp_path / "out.mp4")) >= 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "out.mp4"]


def test_a_slow_reader_sees_the_newest_frame_and_a_lost_camera_comes_back():
    stream = Stream(np.full((120, 320, 3), 90, np.uint8))
    source = sources.open_source(stream.url)
    try:
        assert source.live
        lags = []
        for frame in islice((f for f in source.frames if f), 12):
            lags.append(stream.sent - number(frame.picture))
            time.sleep(0.15)
        assert max(lags) <= 2
        stream.close()
        wait_for(lambda: next(source.frames) is None and source.lost())
        stream = Stream(np.full((120, 320, 3), 90, np.uint8), port=stream.port)
        wait_for(lambda: next(source.frames) is not None)
        assert not source.lost()
    finally:
        source.close()
        stream.close()


def wait_for(condition, seconds=15):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"


@needs_linux  # elsewhere there is always a display
@pytest.mark.smoke
def test_without_camera_and_display_the_demo_is_read(script, tmp_path):
    if camera.list_cameras():
        pytest.skip("there is a camera")
    done = script("cam.py", cwd=tmp_path)
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 2
    assert "no display" in done.stderr and "no camera 0" in done.stderr and "demo" in done.stderr
    assert "0123456789" in done.stdout


# --- what goes wrong


@pytest.fixture
def odd_files(tmp_path):
    pixels = cv2.imencode(".jpg", page("7", size=(320, 180)))[1].tobytes()
    (tmp_path / "sheet.jpg").write_bytes(pixels)
    (tmp_path / "cut.jpg").write_bytes(pixels[:2000])
    (tmp_path / "empty.png").touch()
    (tmp_path / "notes.txt").write_text("3 1 4")
    (tmp_path / "text.png").write_text("3 1 4")
    (tmp_path / "junk.mp4").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "no pictures").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.jpg").write_bytes(pixels[:2000])
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "a.jpg").write_bytes(pixels)
    clip(tmp_path / "clip.mp4", [page("7", size=(320, 180))] * 3)
    shutil.copy(SHIPPED, tmp_path / "my.h5")
    return tmp_path


WRONG = [
    (["missing.png"], "missing.png: no such file"),
    (["empty.png"], "empty.png is empty"),
    (["cut.jpg"], "cut.jpg is no picture"),
    (["text.png"], "text.png is no picture"),
    (["notes.txt"], "notes.txt is no picture and no video"),
    (["junk.mp4"], "junk.mp4 is no picture and no video"),
    (["no pictures"], "no picture in the folder no pictures"),
    (["83"], "no camera 83"),
    (["http://127.0.0.1:9/stream"], "nothing to see at http://127.0.0.1:9/stream"),
    (["sheet.jpg", "--min-confidence", "1.5"], "1.5 is not between 0 and 1"),
    (["sheet.jpg", "--size", "big"], "big is no size"),
    (["sheet.jpg", "--fps", "60"], "sheet.jpg is none"),
    (["sheet.jpg", "--model", "missing.h5"], "missing.h5"),
    (["sheet.jpg", "--json", "nowhere/out.jsonl"], "cannot write nowhere/out.jsonl"),
    (["sheet.jpg", "--json", "no pictures"], "cannot write no pictures"),
    (["sheet.jpg", "--save", "nowhere/out.png"], f"cannot write {Path('nowhere/out.png')}"),
    (["sheet.jpg", "--save", "out.txt"], "out.txt: pictures are saved in colour"),
    (["sheet.jpg", "--save", "out.pgm"], "out.pgm: pictures are saved in colour"),
    (["sheet.jpg", "--save", "sheet.jpg"], "sheet.jpg is read or written by the same"),
    (["sheet.jpg", "--json", "sheet.jpg"], "sheet.jpg is read or written by the same"),
    (["clip.mp4", "--json", "clip.mp4"], "clip.mp4 is read or written by the same"),
    (["good", "--json", "good/a.jpg"], "good/a.jpg is read or written by the same"),
    (["good", "--save", "good"], "good is read or written by the same"),
    (["sheet.jpg", "--model", "my.h5", "--json", "my.h5"], "my.h5 is read or written by the same"),
    (["clip.mp4", "--save", "out.mp4", "--json", "out.mp4"], "out.mp4 is read or written by the same"),
    (["good", "--save", "drawn.mp4"], "drawn.mp4: what is drawn of a folder is saved into a folder"),
    (["x" * 300], ": name another file or folder" if os.name == "posix" else "no such file"),
    (["sheet.jpg", "--save", "x" * 300 + ".png"], ".png: "),
    (["9" * 10], "no such file"),
]


@pytest.mark.parametrize(("arguments", "expected"), WRONG, ids=[" ".join(arguments)[:60] for arguments, _ in WRONG])
def test_bad_input_ends_with_one_line_and_code_2(arguments, expected, script, odd_files):
    before = {path: path.is_file() and path.read_bytes() for path in odd_files.rglob("*")}
    done = script("cam.py", *arguments, "--no-window", cwd=odd_files)
    assert done.returncode == 2
    assert done.stdout == ""
    *usage, last = done.stderr.splitlines()
    assert last.startswith("cam.py: error: ") and expected in last
    assert all(line.startswith(("usage:", " ")) for line in usage)  # argparse's
    assert {path: path.is_file() and path.read_bytes() for path in odd_files.rglob("*")} == before


def test_a_folder_of_broken_pictures_only(script, odd_files):
    done = script("cam.py", "broken", "--no-window", "--json", "-", cwd=odd_files)
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split()[0] for line in done.stderr.splitlines()] == [str(Path("broken/a.jpg")), "cam.py:"]
    done = script("cam.py", "broken", cwd=odd_files)  # that there is no display is no news where nothing is shown
    assert [line.split()[0] for line in done.stderr.splitlines()] == [str(Path("broken/a.jpg")), "cam.py:"]


def test_at_a_prompt_a_missing_file_is_one_error(odd_files):
    for path, model, message in (
        ("missing.jpg", SHIPPED, "cannot read missing.jpg: No such file or directory"),
        ("sheet.jpg", "missing.h5", "no model missing.h5"),
        ("sheet.jpg", "notes.txt", "notes.txt is no HDF5 file"),
    ):
        code = f"from model import images, weights; images.load({path!r}); weights.read({str(model)!r})"
        environment = clean_environment() | {"PYTHONPATH": str(ROOT)}
        words = [sys.executable, "-c", code]
        done = subprocess.run(words, cwd=odd_files, env=environment, capture_output=True, text=True)
        assert done.stderr.count("Traceback") == 1 and message in done.stderr.splitlines()[-1]


@needs_linux
def test_a_folder_that_may_not_be_entered(odd_files):
    (odd_files / "good").chmod(0)
    # Root may enter all the same, unless it lacks these rights.
    without = [f"--{kind}=-dac_override,-dac_read_search" for kind in ("bounding-set", "inh-caps")]
    drop = ["setpriv", *without] if os.geteuid() == 0 else []
    if drop and not shutil.which("setpriv"):
        pytest.skip("needs setpriv")
    for arguments in (["good/a.jpg"], ["good"], ["sheet.jpg", "--save", "good/a.png"]):
        words = [*drop, *command("cam.py", *arguments, "--no-window")]
        done = subprocess.run(words, cwd=odd_files, env=clean_environment(), capture_output=True, text=True)
        assert done.returncode == 2
        assert "Permission denied: name another" in done.stderr and done.stderr.count("\n") == 1
    (odd_files / "good").chmod(0o700)


@needs_linux  # elsewhere a name is Unicode
def test_names_that_are_not_utf_8(odd_files):
    folder = os.fsencode(odd_files)
    for new, old in {b"a\xff.jpg": b"sheet.jpg", b"a\xff": b"sheet.jpg", b"c\xff.mp4": b"clip.mp4"}.items():
        os.link(folder + b"/" + old, folder + b"/" + new)
    opened = [sources.open_source(os.fsdecode(folder + b"/" + name)) for name in (b"a\xff.jpg", b"a\xff", b"c\xff.mp4")]
    assert [next(source.frames).picture.shape for source in opened] == [(180, 320, 3)] * 3
    with pytest.raises(UserError, match="nothing to see"):
        sources.open_source(os.fsdecode(b"http://127.0.0.1:9/\xff"))
    for name in (b"o\xff.mp4", b"o\xff.png"):
        path = Path(os.fsdecode(folder + b"/" + name))
        source = sources.open_source(str(odd_files / ("clip.mp4" if path.suffix == ".mp4" else "sheet.jpg")))
        with recording.saving(str(path), source) as save:
            save(next(source.frames), Reading([], [], np.zeros((0, 0), np.uint8)))
        assert path.stat().st_size > 100


@needs_signals
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed(closed, odd_files):
    words = command("cam.py", "sheet.jpg", "--no-window", "--json", "out.jsonl")
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *words], cwd=odd_files, env=clean_environment(), capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads((odd_files / "out.jsonl").read_text())["text"] == ["7"]


@needs_signals
def test_a_link_to_the_script_works(odd_files):
    (odd_files / "digits").symlink_to(ROOT / "cam.py")
    words = [sys.executable, "digits", "sheet.jpg", "--no-window"]
    done = subprocess.run(words, cwd=odd_files, env=clean_environment(), capture_output=True, text=True)
    assert done.stdout == "sheet.jpg  7\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_told_in_one_line(script, odd_files):
    done = script("cam.py", "sheet.jpg", "--no-window", "--json", "/dev/full", cwd=odd_files)
    assert done.returncode == 2
    assert done.stderr == "cam.py: error: cannot write /dev/full: No space left on device: free some space\n"
