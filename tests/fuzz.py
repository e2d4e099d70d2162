#!/usr/bin/env python3
"""Damage real files in many ways, and see that our loaders read or refuse each one, and nothing else.

    python tests/fuzz.py                             # 20,000 inputs
    python tests/fuzz.py --inputs 400 --seed 7

Seeded, so that every input can be had again: python tests/fuzz.py --only pictures.png:1234 --seed 1
A crash of the process, another exception than ours, or more than SECONDS seconds is a failure.
"""

import argparse
import multiprocessing as mp
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import h5py
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from model import handwriting, images, weights  # noqa: E402
from model.console import UserError  # noqa: E402
from model.live import sources  # noqa: E402
from model.training import mnist  # noqa: E402

SECONDS = 10.0  # seconds an input may take
MEMORY = 8 << 30  # bytes of address space for the process that reads


def read_video(path: Path) -> None:
    source = sources.open_source(str(path))
    try:
        for _ in islice(source.frames, 100):
            pass
    finally:
        source.close()


def read_taught(path: Path) -> None:
    folder = path.parent / "handwriting" / "7"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, folder / "a.png")
    handwriting.read(folder.parent)


LOADERS = {
    "model.h5": weights.read,
    "data.npz": mnist.load,
    "packed.npz": mnist.load,
    "picture.png": images.load,
    "picture.jpg": images.load,
    "taught.png": read_taught,
    "video.mp4": read_video,
    "video.avi": read_video,
}


def make_seeds() -> dict[str, tuple[bytes, np.ndarray]]:
    """For each loader a real file, and the offsets worth damaging: all, or what isn't plain numbers."""
    random = np.random.default_rng(0)
    picture = np.full((90, 120, 3), 240, np.uint8)
    cv2.putText(picture, "47", (20, 65), 0, 2, (60, 30, 30), 4, cv2.LINE_AA)
    picture = np.clip(picture + random.normal(0, 8, picture.shape), 0, 255).astype(np.uint8)
    digits = {"x_train": picture[:84, :84, 0].reshape(9, 28, 28), "y_train": np.arange(9) % 10}
    digits |= {"x_test": digits["x_train"], "y_test": digits["y_train"]}
    seeds = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "data.npz", **digits)
        np.savez_compressed(folder / "packed.npz", **digits)
        cv2.imwrite(str(folder / "picture.png"), picture)
        cv2.imwrite(str(folder / "picture.jpg"), picture)
        cv2.imwrite(str(folder / "taught.png"), picture[20:48, 20:48, 0])
        for video, codec in (("video.mp4", "mp4v"), ("video.avi", "MJPG")):
            writer = cv2.VideoWriter(str(folder / video), cv2.VideoWriter.fourcc(*codec), 30, (120, 90))
            for shift in range(12):
                writer.write(np.roll(picture, shift, 1))
            writer.release()
        for path in folder.iterdir():
            data = path.read_bytes()
            seeds[path.name] = data, np.arange(len(data))
    model = weights.SHIPPED
    structure = np.ones(model.stat().st_size, bool)
    with h5py.File(model) as file:

        def spare(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset) and item.nbytes > 200:
                structure[item.id.get_offset() + 100 :][: item.nbytes - 200] = False

        file.visititems(spare)
    seeds["model.h5"] = model.read_bytes(), np.flatnonzero(structure)
    return seeds


def damage(data: bytes, places: np.ndarray, random: np.random.Generator) -> bytes:
    """A copy of a file with one to eight things wrong in it."""
    data = bytearray(data)
    for _ in range(random.integers(1, 9)):
        at = min(int(random.choice(places)), len(data) - 1)
        length = int(min(2 ** random.uniform(0, 9), max(1, len(data) - at)))
        match random.integers(0, 9):
            case 0 | 1:
                data[at] ^= 1 << int(random.integers(0, 8))
            case 2:
                data[at] = int(random.integers(0, 256))
            case 3 | 4:  # a number that hurts, of one to eight bytes, either way round
                size = 2 ** int(random.integers(0, 4))
                value = int(random.choice([0, 1, 0x7F, 0x80, 0xFF, 2 ** (8 * size - 1) - 1, 2 ** (8 * size) - 1]))
                order = "little" if random.integers(0, 2) else "big"
                data[at : at + size] = (value % 2 ** (8 * size)).to_bytes(size, order)
            case 5:
                other = int(random.choice(places))
                data[at : at + length] = data[other : other + length]
            case 6:
                del data[at : at + length]
            case 7:
                data[at:at] = random.bytes(length)
            case 8 if random.integers(0, 4) == 0:
                del data[at:]
        if not data:
            return b""
    return bytes(data)


def work(pipe: Connection, seed: int, memory: int) -> None:
    """Read inputs by name and number, one at a time, and say what came of each."""
    if sys.platform == "linux":  # elsewhere there is no such limit, or none that holds
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    seeds = make_seeds()
    with tempfile.TemporaryDirectory() as folder:
        while True:
            name, number = pipe.recv()
            data = damage(*seeds[name], np.random.default_rng([seed, number, len(name)]))
            path = Path(folder) / name
            path.write_bytes(data)
            try:
                LOADERS[name](path)
                outcome = "read"
            except UserError as error:
                outcome = "refused" if "\n" not in str(error) else f"more than a line: {error!r}"
            except BaseException as error:
                outcome = f"{type(error).__name__}: {error}"
            pipe.send(outcome)


def start(seed: int) -> tuple[mp.Process, Connection]:
    ours, theirs = mp.get_context("spawn").Pipe()
    process = mp.get_context("spawn").Process(target=work, args=(theirs, seed, MEMORY), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=20_000, help="how many in all (default: 20,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", metavar="NAME:NUMBER", help="this input alone")
    args = parser.parse_args()
    names = list(LOADERS)
    inputs = [(names[number % len(names)], number) for number in range(args.inputs)]
    if args.only:
        name, number = args.only.split(":")
        inputs = [(name, int(number))]

    began, slowest, failures = time.monotonic(), 0.0, []
    outcomes: Counter[tuple[str, str]] = Counter()
    process, pipe = start(args.seed)
    first = True
    for name, number in inputs:
        start_of_one = time.monotonic()
        pipe.send((name, number))
        try:
            # The first answer of a process waits for its start as well.
            outcome = pipe.recv() if pipe.poll(SECONDS + 60 * first) else f"more than {SECONDS:.0f} s"
        except EOFError:
            process.join()
            outcome = f"the process died: exit code {process.exitcode}"
        if not first:
            slowest = max(slowest, time.monotonic() - start_of_one)
        first = False
        if outcome not in ("read", "refused"):
            failures.append(f"{name}:{number}  {outcome}")
            print(failures[-1], flush=True)
            outcome = "failed"
            if not process.is_alive() or "more than" in failures[-1]:
                process.kill()
                process, pipe = start(args.seed)
                first = True
        outcomes[name, outcome] += 1
    process.kill()
    for name in names:
        counts = "  ".join(f"{outcomes[name, kind]:6} {kind}" for kind in ("read", "refused", "failed"))
        print(f"{name:12} {counts}")
    print(f"{len(inputs)} inputs, {len(failures)} failures, {time.monotonic() - began:.0f} s, slowest {slowest:.2f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
