"""What is broken, foreign or hostile ends in one line that says so; nothing in a file is ever run."""

import json
import os
import shutil
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib

import cv2
import h5py
import numpy as np
import pytest
from conftest import ROOT, SHIPPED, clean_environment, command, needs_linux

from model import files, images, weights
from model.console import UserError
from model.live import sources
from model.training import mnist

# Models --------------------------------------------------------------------------------------------------------


def damaged_models():
    """name -> a function that makes the file at a path out of the shipped weights."""

    def cut(share):
        return lambda path: path.write_bytes(SHIPPED.read_bytes()[: int(share * SHIPPED.stat().st_size)])

    def changed(change):
        def make(path):
            shutil.copy(SHIPPED, path)
            with h5py.File(path, "r+") as file:
                change(file)

        return make

    def with_array(values, **how):
        def change(file):
            name = dataset_of(file, (128, 10))
            del file[name]
            file.create_dataset(name, data=values, **how)

        return changed(change)

    def with_link(link):
        def change(file):
            name = dataset_of(file, (128, 10))
            del file[name]
            file[name] = link

        return changed(change)

    def with_description(description):
        def make(path):
            with h5py.File(SHIPPED) as source, h5py.File(path, "w") as file:
                source.copy("model_weights", file)
                file.attrs["model_config"] = description

        return make

    def with_layer(class_name, **more):
        with h5py.File(SHIPPED) as file:
            description = json.loads(file.attrs["model_config"])
        description["config"]["layers"].insert(2, {"class_name": class_name, "config": {"name": "mine"}} | more)
        return with_description(json.dumps(description))

    def with_external_storage(file):
        name = dataset_of(file, (128, 10))
        del file[name]
        file.create_dataset(name, (128, 10), "f4", external=[(str(SHIPPED), 0, h5py.h5f.UNLIMITED)])

    def with_virtual_array(file):
        name = dataset_of(file, (128, 10))
        del file[name]
        layout = h5py.VirtualLayout((128, 10), "f4")
        layout[:] = h5py.VirtualSource(str(SHIPPED), "model_weights/other", (128, 10))
        file.create_virtual_dataset(name, layout)

    def with_unwritten_array(file):
        name = dataset_of(file, (9216, 128))
        del file[name]
        file.create_dataset(name, (9216, 128), "f4")

    def of_huge_shape(path):
        with h5py.File(path, "w") as file:
            file.create_dataset("huge", (10**9, 10**6), "f4", chunks=(1000, 1000), compression="gzip")

    def of_links_in_circles(path):
        with h5py.File(path, "w") as file:
            for name in "abcdefgh":
                file[name] = file["/"]

    def of_many_bytes(path):
        shutil.copy(SHIPPED, path)
        os.truncate(path, 10**11)  # takes no room on the disk

    def with_many_descriptions(path):
        shutil.copy(SHIPPED, path)
        with h5py.File(path, "r+") as file:
            text = file.attrs["model_config"]
            text = text.encode() if isinstance(text, str) else text
            file["optimizer/more"] = np.frombuffer(text * 100, np.uint8)

    good = np.zeros((128, 10), np.float32)
    return {
        "empty": lambda path: path.touch(),
        "folder": lambda path: path.mkdir(),
        "text": lambda path: path.write_text("not a model\n" * 100),
        "cut to a tenth": cut(0.1),
        "cut in the middle": cut(0.5),
        "cut at the end": cut(0.999),
        "of another network": with_array(np.zeros((128, 11), np.float32)),
        "with one array twice": changed(lambda file: file.create_dataset("more", data=good)),
        "with an array missing": changed(lambda file: file.pop(dataset_of(file, (128, 10)))),
        "with NaN": with_array(np.full_like(good, np.nan)),
        "with infinity": with_array(np.full_like(good, np.inf)),
        "too large for float32": with_array(np.full((128, 10), 1e300)),
        "of whole numbers": with_array(good.astype(np.int32)),
        "of complex numbers": with_array(good.astype(np.complex64)),
        "of objects": with_array(np.full((128, 10), b"x", dtype=object), dtype=h5py.string_dtype()),
        "compressed": with_array(good, compression="gzip"),
        "with a soft link": with_link(h5py.SoftLink("/elsewhere")),
        "with an external link": with_link(h5py.ExternalLink(str(SHIPPED), "/model_weights")),
        "with external storage": changed(with_external_storage),
        "with a virtual array": changed(with_virtual_array),
        "with an array never written": changed(with_unwritten_array),
        "of huge shape": of_huge_shape,
        "with links in circles": of_links_in_circles,
        "larger than any": of_many_bytes,
        "with many descriptions": with_many_descriptions,
        "with a Lambda": with_layer("Lambda"),
        "with a custom class": with_layer("Mine", module="mine"),
        "with a disguised class": with_layer("Dropout", module="keras.layers", registered_name="mine>Dropout"),
        "with a description cut off": with_description('{"class_name": "Sequential", "config": {"layers"'),
        "with a description of nothing": with_description('{"class_name": "Sequential", "config": 5}'),
        "with a description of numbers": with_description(np.arange(9)),
    }


def dataset_of(file, shape):
    found = []
    file.visititems(lambda name, item: found.append(name) if getattr(item, "shape", None) == shape else None)
    return found[0]


@pytest.mark.parametrize("name", damaged_models())
def test_refuses_a_model(name, tmp_path):
    path = tmp_path / "fröm a forum.h5"
    damaged_models()[name](path)
    with pytest.raises(UserError) as error:
        weights.read(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_refuses_a_model_that_is_missing(tmp_path):
    with pytest.raises(UserError, match="keras-training"):
        weights.read(tmp_path / "none.h5")


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, ">f4"])
def test_reads_every_layout_that_keras_has_written(kind, tmp_path):
    expected = weights.read(SHIPPED)
    assert [array.shape for array in expected] == list(weights.SHAPES)
    path = tmp_path / "only.weights.h5"
    with h5py.File(path, "w") as file:  # as Keras 3 does with save_weights, training state included
        for index, array in enumerate(expected):
            file[f"layers/layer_{index // 2}/vars/{index % 2}"] = array.astype(kind)
        file["layers/dropout/seed_generator/vars/0"] = np.zeros(2, np.uint32)
        file["optimizer/vars/3"] = expected[0]
    for ours, theirs in zip(weights.read(path), expected, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)


# Data files ----------------------------------------------------------------------------------------------------


class Burglar:
    """Leaves a mark where it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("ran",)


def damaged_data():
    x, y = np.zeros((4, 28, 28), np.uint8), np.arange(4, dtype=np.uint8)
    good = {"x_train": x, "y_train": y, "x_test": x, "y_test": y}

    def arrays(**other):
        return lambda path: np.savez(path, **{name: a for name, a in (good | other).items() if a is not None})

    def cut(path):
        np.savez(path, **good)
        path.write_bytes(path.read_bytes()[:3000])

    def of_huge_shape(path):
        header = str({"descr": "|u1", "fortran_order": False, "shape": (10**9, 28, 28)}).ljust(117) + "\n"
        with zipfile.ZipFile(path, "w") as file:
            for name in good:
                file.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + bytes([len(header), 0]) + header.encode())

    return {
        "empty": lambda path: path.touch(),
        "folder": lambda path: path.mkdir(),
        "text": lambda path: path.write_text("not an archive\n"),
        "cut": cut,
        "one bare array": lambda path: np.save(path.open("wb"), x),
        "an array missing": arrays(y_test=None),
        "other pictures": arrays(x_test=np.zeros((4, 32, 32), np.uint8)),
        "flat pictures": arrays(x_test=np.zeros((4, 784), np.uint8)),
        "pictures of floats": arrays(x_train=x.astype(np.float32)),
        "labels of floats": arrays(y_train=y.astype(np.float32)),
        "labels over 9": arrays(y_train=y + 8),
        "labels under 0": arrays(y_test=y.astype(np.int64) - 1),
        "too few labels": arrays(y_test=y[:3]),
        "no pictures": arrays(x_test=x[:0], y_test=y[:0]),
        "pickled objects": arrays(x_test=np.array([Burglar()], dtype=object)),
        "huge shape": of_huge_shape,
    }


@pytest.mark.parametrize("name", damaged_data())
def test_refuses_a_data_file(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mnist.npz"
    damaged_data()[name](path)
    with pytest.raises(UserError) as error:
        mnist.load(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "ran").exists()


def test_an_array_that_declares_too_much_gets_no_memory(tmp_path):
    def array(shape, data=b""):
        header = str({"descr": "|u1", "fortran_order": False, "shape": shape}).ljust(117) + "\n"
        return b"\x93NUMPY\x01\x00" + bytes([len(header), 0]) + header.encode() + data

    def long_header(length):
        return b"\x93NUMPY\x02\x00" + length.to_bytes(4, "little") + b" " * length

    for x, words in (
        (array((900_000, 28, 28)), "900,000 digits"),
        (array((400_000, 28, 28)), "not as long as it declares"),
        (array((1, 28, 28), bytes(300_000_000)), "not as long as it declares"),
        (long_header(300_000_000), "damaged"),
    ):
        path = tmp_path / "mnist.npz"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("x_train.npy", x)
        del x
        tracemalloc.start()
        with pytest.raises(UserError, match=words):
            mnist.load(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 10_000_000


def test_an_entry_beside_an_array_takes_no_part(tmp_path, small_npz):
    path = tmp_path / "mnist.npz"
    shutil.copy(small_npz, path)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("x_train", b"something else")
    assert mnist.load(path).x_train.shape == (600, 28, 28)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
def test_a_pipe_among_taught_digits_is_not_waited_for(script, small_npz, tmp_path):
    (tmp_path / "3").mkdir()
    os.mkfifo(tmp_path / "3" / "a.png")
    done = script("keras-training.py", "--data", small_npz, "--handwriting", tmp_path, timeout=20)
    assert done.returncode == 2
    assert_one_line(done, "keras-training.py", "a.png")


# Files that are written ------------------------------------------------------------------------------------------


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path):
    target = tmp_path / "model.h5"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), files.replacing(target) as temporary:
        temporary.write_text("half of the n")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["model.h5"]


def test_a_written_file_has_the_rights_of_any_other(tmp_path):
    with files.replacing(tmp_path / "new") as temporary:
        temporary.write_text("new")
    (tmp_path / "plain").touch()
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_writing_through_a_link_keeps_the_link(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.txt"
    try_link(link, tmp_path / "real" / "file.txt")
    with files.replacing(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink() and (tmp_path / "real" / "file.txt").read_text() == "new"


def try_link(link, target):
    try:
        link.symlink_to(target)
    except OSError as error:
        pytest.skip(f"needs the right to make links: {error}")


@pytest.mark.parametrize("name", ["none/file.png", "folder", "/dev/null", "x" * 300 + ".png"])
def test_outputs_that_cannot_be_written(name, tmp_path):
    (tmp_path / "folder").mkdir()
    for write in (files.check, lambda target: files.replacing(target).__enter__()):
        with pytest.raises(UserError) as error:
            write(tmp_path / name)
        assert str(tmp_path / name) in str(error.value)
    assert os.listdir(tmp_path) == ["folder"]


@pytest.fixture
def full_disk(tmp_path):
    """A disk of its own with 2 MB, filled but for 100 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a small disk: {mounted.stderr.strip()}")
    (disk / "ballast").write_bytes(bytes(1_900_000))
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_name_may_be_as_long_as_the_disk_takes(tmp_path):
    target = tmp_path / ("é" * 125 + ".png")  # 254 bytes
    with files.replacing(target) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "new"


def test_an_output_is_no_input_under_any_name(tmp_path):
    first, second, hard, soft = (tmp_path / name for name in ("first", "second", "hard", "soft"))
    first.touch()
    os.link(first, hard)
    try_link(soft, first)
    files.check_apart([second, tmp_path / "third"], [first, "http://a.camera/stream"])
    for outputs in ([first], [hard], [soft], [tmp_path / ".." / tmp_path.name / "first"], [second, second]):
        with pytest.raises(UserError, match=f"{outputs[-1].name} is read or written by the same command"):
            files.check_apart(outputs, [first])


@needs_linux
def test_a_full_disk_costs_nothing(full_disk):
    from model import figures, network

    for name in ("model.h5", "picture.png"):
        (full_disk / name).write_text("old")
    before = sorted(os.listdir(full_disk))
    full = pytest.raises(UserError, match="h5: No space left on device: free some space")
    with full, files.replacing(full_disk / "model.h5") as temporary:
        network.save(network.build(), temporary)
    noise = np.random.default_rng(1).integers(0, 255, (100, 28, 28), np.uint8)
    figure = figures.overview(noise, np.zeros(100, int), np.eye(10)[np.arange(100) % 10], np.arange(100))
    with pytest.raises(UserError, match="png: No space left on device: free some space"):
        figures.save(figure, full_disk / "picture.png")
    assert sorted(os.listdir(full_disk)) == before
    assert (full_disk / "model.h5").read_text() == (full_disk / "picture.png").read_text() == "old"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_behind_the_standard_output(small_npz):
    with open("/dev/full", "w") as full:
        words = command("test-keras-training-reload.py", "--data", small_npz)
        done = subprocess.run(words, env=clean_environment(), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert_one_line(done, "test-keras-training-reload.py", "disk is full")


# Pictures --------------------------------------------------------------------------------------------------------


def png_header(width, height):
    """The start of a PNG, with what it declares; its pixels would come next."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    empty = b"IDAT" + zlib.compress(b"")
    chunks = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, empty, b"IEND"))
    return images.PNG + b"".join(chunks)


def jpeg_header(width, height):
    """A small JPEG that declares another size than it has."""
    jpeg = bytearray(cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes())
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(jpeg)


@pytest.mark.parametrize(
    ("make", "side", "expected"),
    [(png_header, 12_000, "too large: 108,000,000"), (jpeg_header, 12_000, "too large"), (png_header, 120, "damaged")],
)
def test_a_picture_that_declares_too_many_pixels_is_not_decoded(make, side, expected, tmp_path):
    path = tmp_path / "bomb"
    path.write_bytes(make(side, side))
    # In a process of its own: OpenCV learns its bound as it loads.
    words = "import sys; from model import images; images.load(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", words, path], cwd=ROOT, capture_output=True, text=True)
    assert "UserError" in done.stderr and f"{path} is" in done.stderr and expected in done.stderr


def test_a_file_that_is_too_large_for_a_picture_is_not_read(tmp_path):
    path = tmp_path / "sparse.png"
    try:
        with open(path, "wb") as file:
            file.truncate(1 << 40)
    except OSError as error:
        pytest.skip(f"needs a disk with sparse files: {error}")
    with pytest.raises(UserError, match="too large: it has 1,099,511,627,776 bytes"):
        images.load(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_no_picture_and_no_source(tmp_path):
    for name in ("pipe", "pipe.png"):
        os.mkfifo(tmp_path / name)
        for read in (images.load, sources.open_source):
            with pytest.raises(UserError, match=f"{name} is no file"):
                read(str(tmp_path / name))


# Scripts ---------------------------------------------------------------------------------------------------------


def assert_one_line(done, name, *parts):
    """The last line on stderr is the script's error, the only one, and names what it is about."""
    lines = done.stderr.splitlines()
    assert lines and lines[-1].startswith(f"{name}: error: "), done.stderr
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in lines[-1]
