"""keras-training.py as a user runs it, on small data; MNIST itself where MNIST_PATH names it."""

import re
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import cv2
import h5py
import numpy as np
import pytest
from conftest import ROOT, SHIPPED, clean_environment

from model import pen
from model.console import UserError
from model.pen import draw_digits
from model.training import augment, batches, outliers, recipe
from model.weights import SHAPES, read

SMALL = ("--batch-size", "50", "--seed", "3")


@pytest.fixture(scope="module")
def run(script, small_npz, tmp_path_factory):
    """A whole run of three epochs: its folder and what it printed."""
    folder = tmp_path_factory.mktemp("run")
    done = script("keras-training.py", "--data", small_npz, "--epochs", 3, *SMALL, "--output", folder / "digits.h5")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder, done.stdout


def begin(small_npz: Path, output: Path, epochs: int, stdout: int = subprocess.PIPE) -> subprocess.Popen:
    command = [sys.executable, "keras-training.py", "--data", small_npz, "--epochs", epochs, *SMALL, "--output", output]
    return subprocess.Popen(
        [str(word) for word in command], cwd=ROOT, env=clean_environment(), text=True,
        stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def wait_for(process: subprocess.Popen, line_with: str) -> str:
    for line in process.stdout:
        if line_with in line:
            return line
    raise AssertionError(f"ended without {line_with!r}: {process.stderr.read()}")


def test_model_is_the_networks_float32_weights_and_nothing_of_the_optimiser(run):
    folder, _ = run
    assert [weights.shape for weights in read(folder / "digits.h5")] == list(SHAPES)
    with h5py.File(folder / "digits.h5") as file:
        assert "optimizer_weights" not in file
        kinds = []
        file.visititems(lambda _, item: kinds.append(item.dtype) if isinstance(item, h5py.Dataset) else None)
        assert "bfloat16" not in file.attrs["model_config"]
    assert {str(kind) for kind in kinds} == {"float32"}
    assert (folder / "digits.h5").stat().st_size < 6_000_000


@pytest.mark.smoke
def test_prints_summary_an_epoch_a_line_and_one_score_of_the_test_digits(run):
    _, text = run
    assert "1,199,882" in text
    epochs = re.findall(r"^epoch (\d)/3  loss [\d.]+  accuracy [\d.]+%  .*\d:\d\d left$", text, re.MULTILINE)
    assert epochs == ["1", "2", "3"]
    assert len(re.findall(r"200 test digits: loss [\d.]+  accuracy [\d.]+%", text)) == 1


def test_leaves_model_and_curves_and_no_checkpoint(run):
    folder, _ = run
    assert sorted(path.name for path in folder.iterdir()) == ["digits.h5", "digits.png"]
    assert cv2.imread(str(folder / "digits.png")) is not None


def test_held_out_digits_are_scored_each_epoch(script, small_npz, tmp_path):
    done = script("keras-training.py", "--data", small_npz, "--epochs", 2, *SMALL, "--validation",
                  "--output", tmp_path / "digits.h5")  # fmt: skip
    assert len(re.findall(r"held out [\d.]+%", done.stdout)) == 2


def test_ctrl_c_stops_promptly_and_what_stood_at_output_still_stands(small_npz, tmp_path):
    output = tmp_path / "digits.h5"
    output.write_bytes(b"an older model")
    process = begin(small_npz, output, epochs=500)
    wait_for(process, "epoch   2/500")
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - start < 5
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert output.read_bytes() == b"an older model"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits.h5", "digits.resume.npy"]


@pytest.mark.smoke
def test_resume_after_kill_ends_as_an_uncut_run(run, script, small_npz, tmp_path):
    output = tmp_path / "digits.h5"
    process = begin(small_npz, output, epochs=3)
    wait_for(process, "epoch 1/3")
    deadline = time.monotonic() + 20
    while not output.with_suffix(".resume.npy").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.communicate()
    assert not output.exists()

    done = script("keras-training.py", "--data", small_npz, "--resume", "--output", output)
    assert done.returncode == 0, done.stderr
    assert "epoch 1/3" not in done.stdout
    assert "epoch 3/3" in done.stdout
    folder, _ = run
    for cut, uncut in zip(read(output), read(folder / "digits.h5"), strict=True):
        np.testing.assert_allclose(cut, uncut, atol=2e-3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--resume", "--data", "nowhere.npz"], "nothing to resume"),
        (["--data", "nowhere.npz"], "nowhere.npz"),
        (["--output", "nowhere/digits.h5"], "nowhere"),
        (["--output", "digits.txt"], "must end in .h5"),
        (["--epochs", "0"], "must be 1 or more"),
        (["--seed", 2**32], "--seed from 0 to 4294967295"),
        (["--handwriting", "nowhere"], "no examples in nowhere"),
        (["--learn-from", "nowhere.h5"], "no teacher"),
        (["--learn-from", SHIPPED], "is no teacher"),
        (["--teacher", "--output", SHIPPED], "never overwritten"),
        (["--teacher", "--handwriting", "nowhere"], "not allowed with"),
        (["--start", "nowhere.h5"], "no weights"),
        (["--start", SHIPPED, "--teacher"], "not a teacher"),
        (["--start", SHIPPED, "--handwriting", "nowhere"], "none of --resume, --validation and --start"),
        (["--start", __file__], "is no"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_exit_code_2(script, small_npz, tmp_path, arguments, words):
    defaults = {"--data": small_npz, "--output": tmp_path / "digits.h5"}
    given = [word for flag, value in defaults.items() if flag not in arguments for word in (flag, value)]
    done = script("keras-training.py", *given, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["keras-training.py", "test-keras-training-reload.py"])
def test_without_a_network_the_download_ends_in_one_line(script, tmp_path, name):
    nowhere = {"KERAS_HOME": tmp_path, "HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = script(name, env={key: str(value) for key, value in nowhere.items()}, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{name}: error: cannot download MNIST") and done.stderr.count("\n") == 1
    assert done.stderr.count("http") == 1, "once where to get it"


def test_starts_from_what_other_weights_know(run, script, small_npz, tmp_path):
    """Two epochs of 600 digits teach a new network little."""
    start = run[0] / "digits.h5"
    before = start.read_bytes()
    accuracy = {}
    for name, given in {"chance": (), "weights": ("--start", start)}.items():
        done = script("keras-training.py", "--data", small_npz, "--epochs", 2, *SMALL, *given,
                      "--output", tmp_path / f"{name}.h5")  # fmt: skip
        assert done.returncode == 0, done.stderr
        accuracy[name] = float(re.search(r"epoch 1/2  loss [\d.]+  accuracy ([\d.]+)%", done.stdout)[1])
    assert accuracy["weights"] > accuracy["chance"] + 20
    assert start.read_bytes() == before


def test_weights_that_are_gone_on_from_have_as_much_to_say_as_the_labels(run, script, small_npz, tmp_path):
    """With labels that are all wrong, they are unsure between what they knew and what they are told."""
    with np.load(small_npz) as digits:
        np.savez(tmp_path / "wrong.npz", **{**digits, "y_train": (digits["y_train"] + 1) % 10})
    done = script("keras-training.py", "--data", tmp_path / "wrong.npz", "--start", run[0] / "digits.h5",
                  "--batch-size", 10, "--epochs", 6, "--output", tmp_path / "digits.h5")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert float(re.search(r"200 test digits: .*accuracy ([\d.]+)%", done.stdout)[1]) > 40  # by the labels alone: 25


def test_the_pace_is_a_share_of_the_highest_rate():
    from model import network
    from model.training import loop

    peaks = []
    for pace in (1, 0.25):
        net = network.build()
        loop.prepare(net, 100, 128, pace)
        peaks.append(max(float(net.optimizer._learning_rate(step)) for step in range(100)))
    assert peaks == pytest.approx([recipe.PEAK_RATE, recipe.PEAK_RATE / 4], rel=0.01)


def test_damaged_checkpoint_is_told_in_one_line(script, small_npz, tmp_path):
    (tmp_path / "digits.resume.npy").write_bytes(b"\x93NUMPY cut off")
    done = script("keras-training.py", "--data", small_npz, "--resume", "--output", tmp_path / "digits.h5")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture(scope="module")
def network_in_training():
    from model import network
    from model.training import loop

    net = network.build()
    loop.prepare(net, 100, 50)
    return net


SETTINGS = {"epochs": 2, "batch_size": 50, "seed": 3, "validation": False, "teacher": False, "learn_from": None}
HISTORY = [{"loss": 1.5, "accuracy": 0.5, "rate": 1e-4, "seconds": 0.1}]


@pytest.mark.parametrize("what", ["settings", "history", "number", "array missing", "cut", "empty", "of objects"])
def test_checkpoint_that_is_not_as_it_was_written_is_refused(network_in_training, tmp_path, what):
    from model.training import checkpoint

    path = tmp_path / "digits.resume.npy"
    checkpoint.write(path, network_in_training, SETTINGS, HISTORY)
    settings, history, state = checkpoint.read(path)
    assert (settings, history) == (SETTINGS, HISTORY)
    checkpoint.restore(network_in_training, state)
    whole = path.read_bytes()
    arrays = []
    with open(path, "rb") as file:
        while file.peek(1):
            arrays.append(np.load(file))
    if what in ("settings", "history"):
        old, new = {"settings": ('"epochs": 2', '"epochs": "x"'), "history": ('"loss": 1.5', '"loss": null')}[what]
        arrays[1] = np.array(str(arrays[1]).replace(old, new))
    elif what == "number":
        arrays[2][0] = np.nan
    elif what == "array missing":
        del arrays[4]
    elif what == "of objects":
        arrays[3] = np.array([{}], dtype=object)
    with open(path, "wb") as file:
        for array in arrays:
            np.save(file, array)
    if what in ("cut", "empty"):
        path.write_bytes(whole[: len(whole) // 2] if what == "cut" else b"")
    with pytest.raises(UserError, match="damaged, or of another version"):
        checkpoint.read(path)


def test_ctrl_c_anywhere_in_the_writing_of_a_checkpoint_stays_ctrl_c(tmp_path):
    from model.training import checkpoint

    net = SimpleNamespace(variables=[np.ones(9, np.float32)], optimizer=SimpleNamespace(variables=[]))

    def write(stop_at: int) -> bool:
        """Whether it came to an end before so many lines of Python had run."""
        lines = 0

        def trace(frame, event, argument):
            nonlocal lines
            lines += event == "line"
            if event == "line" and lines == stop_at:
                raise KeyboardInterrupt
            return trace

        sys.settrace(trace)
        try:
            checkpoint.write(tmp_path / "digits.resume.npy", net, SETTINGS, HISTORY)
        finally:
            sys.settrace(None)
        return lines < stop_at

    stop_at = 1
    while True:
        try:
            if write(stop_at):
                break
        except KeyboardInterrupt:
            pass
        stop_at += 1
    assert stop_at > 100
    assert checkpoint.read(tmp_path / "digits.resume.npy")[1] == HISTORY


def test_a_resumed_run_computes_in_the_format_that_it_began_in(run, network_in_training, script, small_npz, tmp_path):
    from model.training import checkpoint

    chosen = re.search(r"computing in (\w+)", run[1])[1]
    other = {"float32": "bfloat16", "bfloat16": "float32"}[chosen]
    settings = SETTINGS | {"number_format": other}
    checkpoint.write(tmp_path / "digits.resume.npy", network_in_training, settings, HISTORY)
    done = script("keras-training.py", "--data", small_npz, "--resume", "--output", tmp_path / "digits.h5")
    assert f"computing in {other}: as the run began" in done.stdout


def test_a_run_that_failed_leaves_the_model_that_stood(script, small_npz, tmp_path):
    output = tmp_path / "digits.h5"
    output.write_bytes(b"an older model")
    done = script("keras-training.py", "--data", small_npz, "--epochs", 1, "--batch-size", 10**9, "--output", output)
    assert done.returncode == 2
    assert "training failed" in done.stderr and done.stderr.count("\n") == 1
    assert output.read_bytes() == b"an older model"


def test_a_loss_that_is_no_number_ends_the_run_before_a_checkpoint(network_in_training):
    from model.training import loop

    x, y = draw_digits(20, np.random.default_rng(1))
    shown = batches.Pictures(x, batches.one_hot(y), [], epochs=1, batch_size=10, seed=1)
    good = network_in_training.get_weights()
    network_in_training.set_weights([np.full_like(array, np.nan) for array in good])
    kept = []
    try:
        with pytest.raises(UserError, match="no number"):
            loop.fit(network_in_training, shown, [], after_epoch=lambda: kept.append(1))
    finally:
        network_in_training.set_weights(good)
    assert not kept


def test_a_teacher_with_numbers_missing_is_refused(tmp_path):
    from model import network
    from model.training import teacher

    deeper = teacher.build()
    network.save(deeper, tmp_path / "teacher.h5")
    assert len(teacher.load(tmp_path / "teacher.h5").get_weights()) == len(deeper.get_weights())
    deeper.set_weights([np.full_like(array, np.nan) for array in deeper.get_weights()])
    network.save(deeper, tmp_path / "teacher.h5")
    with pytest.raises(UserError, match="no numbers"):
        teacher.load(tmp_path / "teacher.h5")


def test_an_unknown_or_missing_backend_is_one_line(script, small_npz, tmp_path):
    names = ["nonsense"] + [name for name in ("jax", "torch") if not find_spec(name)]
    for name in names:
        done = script("keras-training.py", "--data", small_npz, "--output", tmp_path / "digits.h5",
                      env={"KERAS_BACKEND": name})  # fmt: skip
        assert done.returncode == 2
        words = "is no backend" if name == "nonsense" else "is not installed"
        assert f"KERAS_BACKEND={name}" in done.stderr and words in done.stderr and done.stderr.count("\n") == 1


def python(code: str, **env: str) -> str:
    """What a program prints, run beside our modules."""
    environment = {name: value for name, value in clean_environment().items() if name != "KERAS_BACKEND"} | env
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True,
                          check=True, timeout=60).stdout  # fmt: skip


def test_without_tensorflow_jax_is_chosen():
    pytest.importorskip("jax")
    code = """
import importlib.util, os
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "tensorflow" else find_spec(name, *more)
from model import network
print(os.environ["KERAS_BACKEND"], network.keras.backend.backend())
"""
    assert python(code) == "jax jax\n"


@pytest.mark.smoke
def test_our_pooling_with_jax_is_keras_own_and_so_is_its_gradient():
    pytest.importorskip("jax")
    code = """
import numpy as np
from model import network
import jax
x = np.random.default_rng(1).normal(size=(2, 6, 6, 3)).astype(np.float32)
into = np.random.default_rng(2).normal(size=(2, 3, 3, 3)).astype(np.float32)
for pool in (network.MaxPooling2D(), network.layers.MaxPooling2D()):
    gradient = jax.grad(lambda x: (pool(jax.nn.relu(x)) * into).sum())(x)
    print(np.asarray(pool(x)).tobytes().hex(), np.asarray(gradient).tobytes().hex())
"""
    ours, keras_own = python(code, KERAS_BACKEND="jax").splitlines()
    assert ours == keras_own


def test_learns_a_hand_and_leaves_the_shipped_weights_alone(script, small_npz, tmp_path):
    """The hand writes its sevens as no other does: a bare bar with a dot beside its foot."""
    rng = np.random.default_rng(5)
    for i in range(30):
        crop = np.zeros((28, 28), np.uint8)
        x = int(rng.integers(10, 14))
        cv2.line(crop, (x, 4), (x - 1, 23), 255, 2, cv2.LINE_AA)
        cv2.circle(crop, (x + 6, 21), 2, 255, -1, cv2.LINE_AA)
        path = tmp_path / "handwriting" / "7" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), crop)
    shipped = SHIPPED.read_bytes()
    done = script("keras-training.py", "--data", small_npz, "--handwriting", tmp_path / "handwriting",
                  "--batch-size", "32", "--epochs", 20, "--output", tmp_path / "mine.h5", timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = re.search(r"of the (\d+) kept apart .* read and believed (\d+) before, (\d+) now", done.stdout)
    apart, before, after = map(int, said.groups())
    assert apart == 6 and before <= 2 and after > before + 2
    assert re.search(r"accuracy [\d.]+% \(before it learnt your digits: [\d.]+%\)", done.stdout)
    assert SHIPPED.read_bytes() == shipped
    assert len(read(tmp_path / "mine.h5")) == len(SHAPES)


def test_of_a_few_digits_none_is_kept_apart(script, small_npz, tmp_path):
    (tmp_path / "handwriting" / "7").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "handwriting" / "7" / "one.png"), np.eye(28, dtype=np.uint8) * 255)
    done = script("keras-training.py", "--data", small_npz, "--handwriting", tmp_path / "handwriting",
                  "--epochs", 1, "--output", tmp_path / "mine.h5", timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "your digits: 1; none is kept apart to try it on: teach four or more" in done.stdout
    assert "believed" not in done.stdout


def test_learns_what_a_teacher_says_whatever_the_labels_say(script, small_npz, tmp_path):
    teacher, mislabelled, output = (tmp_path / name for name in ("teacher.h5", "mislabelled.npz", "digits.h5"))
    done = script("keras-training.py", "--teacher", "--data", small_npz, "--batch-size", 10, "--epochs", 6,
                  "--output", teacher)  # fmt: skip
    assert done.returncode == 0, done.stderr
    with np.load(small_npz) as digits:
        np.savez(mislabelled, **{**digits, "y_train": np.zeros_like(digits["y_train"])})
    done = script("keras-training.py", "--learn-from", teacher, teacher, "--data", mislabelled, "--batch-size", 10,
                  "--epochs", 6, "--output", output)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [weights.shape for weights in read(output)] == list(SHAPES)
    assert float(re.search(r"200 test digits: .*accuracy ([\d.]+)%", done.stdout)[1]) > 30  # by the labels: 10


def test_several_teachers_say_together_what_they_say_on_average(tmp_path):
    from model import network
    from model.training import teacher

    network.keras.utils.set_random_seed(1)
    networks = [teacher.build() for _ in range(2)]
    for number, net in enumerate(networks):
        network.save(net, tmp_path / f"{number}.h5")
    x = np.random.default_rng(0).random((4, 28, 28, 1), np.float32)
    one, other = (net.predict_on_batch(x) for net in networks)
    assert abs(one - other).max() > 0.01
    said = teacher.mean_opinion([tmp_path / "0.h5", tmp_path / "1.h5"])(x)
    np.testing.assert_allclose(said, (one + other) / 2, atol=1e-4)


def test_longer_runs_see_more_drawn_pictures(monkeypatch):
    monkeypatch.setattr(recipe, "NON_DIGITS_DRAWN", 40)
    x, y = draw_digits(150, np.random.default_rng(0))
    counts = [[len(share.x) for share in batches.beyond_mnist(x, y, epochs, 1)] for epochs in (1, 16, 600)]
    assert counts == [[40, 20], [80, 40], [150, 75]]  # never more than digits


def test_an_epoch_depends_on_seed_and_number_alone():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 255, (96, 28, 28), np.uint8), rng.integers(0, 10, 96)
    others = [batches.Share(0.2, x[:8], np.full((8, 10), 0.1, np.float32))]

    def epoch(number, seed, **process):
        shown = batches.Pictures(x, batches.one_hot(y), others, epochs=4, batch_size=16, seed=seed, **process)
        return [np.concatenate(pair) for pair in zip(*shown.batches(number), strict=True)]

    one, other = epoch(2, 1), epoch(2, 1)
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])
    assert not np.array_equal(one[0], epoch(3, 1)[0])
    assert not np.array_equal(one[0], epoch(2, 2)[0])
    halves = [np.concatenate(pair) for pair in zip(*(epoch(2, 1, rank=i, processes=2) for i in range(2)), strict=True)]
    for whole, both in zip(one, halves, strict=True):  # each process has the other half of every batch
        np.testing.assert_array_equal(whole.reshape(6, 2, 8, -1), both.reshape(2, 6, 8, -1).swapaxes(0, 1))


def test_towards_the_end_most_digits_are_nudged_only():
    x, y = draw_digits(400, np.random.default_rng(1))
    shown = batches.Pictures(x, batches.one_hot(y), [], epochs=5, batch_size=100, seed=1)
    before = x / 255
    as_they_are, pens = [], []
    for epoch in range(5):
        after = np.concatenate([batch for batch, _ in shown.batches(epoch)])[..., 0]
        apart = abs(after[:, None] - before).max((2, 3)).min(1)
        as_they_are.append(int((apart < 1e-6).sum()))
        ink = np.sort(after.sum((1, 2))) / np.sort(before.sum((1, 2)))
        pens.append(float(np.quantile(abs(ink - 1), 0.9)))  # how far their strokes' widths are from what they were
    assert as_they_are == [120, 120, 120, 120, 0]
    assert pens[4] < 0.08 < min(pens[:4])


def test_varied_digits_stay_laid_out_as_mnist_is():
    drawn, _ = draw_digits(400, np.random.default_rng(1))
    varied = augment.vary(drawn, np.random.default_rng(2))
    assert varied.shape == drawn.shape
    assert varied.dtype == np.uint8
    assert (varied.reshape(400, -1).max(1) > 100).all()
    mass = varied.sum((1, 2), dtype=float)
    for axis in (1, 2):
        centre = (varied.sum(3 - axis, dtype=float) * np.arange(28)).sum(1) / mass
        assert abs(np.median(centre) - 13.5) < 0.5
        assert np.quantile(abs(centre - 13.5), 0.95) < 2.5


def test_some_pictures_have_few_pixels_as_small_digits_have():
    rng = np.random.default_rng(3)
    dots = np.zeros((1000, 28, 28), np.uint8)
    dots[np.arange(1000), rng.integers(8, 20, 1000), rng.integers(8, 20, 1000)] = 255
    seen = np.concatenate([augment.photograph(dots[i : i + 50], rng) for i in range(0, 1000, 50)])
    spread = seen.sum((1, 2)) / seen.max((1, 2))  # pixels; blur alone makes 7
    assert 0.1 < (spread > 8).mean() < 0.3
    assert set(np.unique(dots)) == {0, 255}, "what is photographed stays as it is"


def test_a_ballpoint_draws_the_same_digits_as_thin_all_over():
    drawn, _ = draw_digits(60, np.random.default_rng(4))
    thick = np.stack([cv2.resize(cv2.dilate(digit, np.ones((2, 2))), (44, 44)) for digit in drawn])
    thin = augment.ballpoint(thick, np.random.default_rng(5))
    assert thin.shape == thick.shape and thin.dtype == np.uint8

    def parts_and_holes(picture):
        return [cv2.connectedComponents(np.uint8(side))[0] for side in (picture > 110, picture <= 110)]

    same = [parts_and_holes(before) == parts_and_holes(after) for before, after in zip(thick, thin, strict=True)]
    assert np.mean(same) > 0.7  # narrow loops open and close
    inside = [cv2.distanceTransform(np.uint8(picture > 110), cv2.DIST_L2, 5) for picture in (*thick, *thin)]
    before, after = np.array([2 * distance.max() for distance in inside]).reshape(2, -1)
    usual = before < augment.WIDEST_PEN
    assert before[usual].mean() > 9 and np.quantile(after[usual], 0.9) < 4.5 and usual.sum() > 30  # pixels


def test_the_middle_of_a_stroke_is_one_pixel_wide_and_goes_to_its_ends():
    strokes = np.zeros((2, 44, 44), np.uint8)
    strokes[0, 10:15, 4:40] = 255
    cv2.circle(strokes[1], (22, 22), 13, 255, 7)
    bar, ring = augment.middles(strokes).reshape(2, 44, 44)
    assert (np.count_nonzero(bar, axis=0)[8:36] == 1).all() and bar[12, 8:36].all() and not bar[:, :4].any()
    assert np.count_nonzero(cv2.dilate(ring, np.ones((3, 3)))) > 2 * np.count_nonzero(ring)
    assert cv2.connectedComponents(np.uint8(ring == 0), connectivity=4)[0] == 3  # within and around


def test_a_teacher_sees_pictures_before_the_camera_spoils_them():
    x, y = draw_digits(200, np.random.default_rng(6))
    seen_by_teacher = []

    def teacher(pictures):
        seen_by_teacher.append(pictures)
        return np.full((len(pictures), 10), 0.1, np.float32)

    targets = batches.one_hot(y)
    shown = [batches.Pictures(x, targets, [], epochs=9, batch_size=100, seed=1, teacher=t) for t in (teacher, None)]
    taught, plain = ([np.concatenate(part) for part in zip(*of.batches(0), strict=True)] for of in shown)
    np.testing.assert_array_equal(taught[0], plain[0])
    assert (taught[1] == np.float32(0.1)).all() and set(np.unique(plain[1])) == {0, 1}
    drawn = np.concatenate(seen_by_teacher)
    change = abs(drawn - taught[0]).max((1, 2, 3))
    sharp = [abs(np.diff(pictures[change > 0.2], axis=1)).sum((1, 2, 3)).mean() for pictures in (drawn, taught[0])]
    assert 0.2 < (change > 0.2).mean() < 0.7 and sharp[0] > 1.1 * sharp[1]


def test_non_digits_are_pictures_with_ink_in_them():
    digits, labels = draw_digits(100, np.random.default_rng(1))
    made, targets = outliers.draw(digits, labels, 300, np.random.default_rng(2))
    assert made.shape == (300, 28, 28)
    assert made.dtype == np.uint8
    assert (made.reshape(300, -1).max(1) > 250).all()
    np.testing.assert_allclose(targets.sum(1), 1, rtol=1e-5)
    assert targets.max() < 0.5  # of none is the network to be sure
    assert 0 < (targets.max(1) > 0.4).mean() < 0.1  # of a Z it may half believe that it is a 2


def test_halfway_between_two_ways_of_writing_a_digit_is_one_as_large():
    for digit, skeletons in pen.SKELETONS.items():
        ends = [np.concatenate([stroke.points for stroke in skeleton]) for skeleton in skeletons]
        for style, others in enumerate(pen.ALIKE[digit]):
            for other in others:
                half = np.ptp((ends[style] + ends[other]) / 2, axis=0)
                one, two = np.ptp(ends[style], axis=0), np.ptp(ends[other], axis=0)
                assert (half > 0.75 * np.minimum(one, two)).all(), (digit, style, other)


@pytest.mark.smoke
def test_every_sign_is_in_the_fonts_that_matplotlib_brings():
    for fonts, signs in ((outliers.SIGN_FONTS, outliers.SIGNS), (outliers.LETTER_FONTS, outliers.LETTERS)):
        for font in fonts:
            assert all(outliers.outline(font, sign) for sign in signs), font


@pytest.mark.smoke
def test_shipped_weights_on_mnist(mnist_path):
    from model import network
    from model.training import mnist

    digits = mnist.load(mnist_path)
    probabilities = network.classify(network.load(SHIPPED), digits.x_test / np.float32(255))
    assert (probabilities.argmax(1) == digits.y_test).mean() >= 0.995


def test_non_digits_are_made_of_whatever_digits_there_are():
    code = """
import numpy as np
from model.training import outliers
ones = np.zeros((20, 28, 28), np.uint8)
ones[:, 4:24, 13:15] = 255
print(len(outliers.draw(ones, np.ones(20, int), 200, np.random.default_rng(1))[0]))
"""
    assert python(code) == "200\n"


def test_shipped_weights_are_unsure_of_what_is_no_digit():
    from model import network

    net = network.load(SHIPPED)
    digits, labels = draw_digits(500, np.random.default_rng(11))
    none, _ = outliers.draw(digits, labels, 500, np.random.default_rng(12))
    sure = [(network.classify(net, x / np.float32(255)).max(1) > 0.8).mean() for x in (digits, none)]
    assert sure[0] > 0.9
    assert sure[1] < 0.15


def test_two_jax_processes_train_the_model_that_one_trains(script, small_npz, tmp_path):
    pytest.importorskip("jax")
    arguments = ["--data", small_npz, "--epochs", 1, *SMALL]
    jax = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    together = [
        subprocess.Popen(
            [sys.executable, "keras-training.py", *map(str, arguments), "--output", str(tmp_path / f"two{i}.h5")],
            cwd=ROOT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=clean_environment() | jax | {"KERAS_DISTRIBUTION_JOB_ADDRESSES": address,
                                             "KERAS_DISTRIBUTION_NUM_PROCESSES": "2",
                                             "KERAS_DISTRIBUTION_PROCESS_ID": str(i)},
        )
        for i in range(2)
    ]  # fmt: skip
    try:
        texts = [process.communicate(timeout=120)[0] for process in together]
    finally:
        for process in together:
            process.kill()
    assert [process.returncode for process in together] == [0, 0], texts
    assert "data parallel over 2 devices" in texts[0]
    assert not (tmp_path / "two1.h5").exists()

    alone = script("keras-training.py", *arguments, "--output", tmp_path / "one.h5", env=jax)
    assert (alone.returncode, alone.stderr) == (0, "")
    start = [np.abs(weights).max() for weights in read(tmp_path / "one.h5")]
    for one, two, most in zip(read(tmp_path / "one.h5"), read(tmp_path / "two0.h5"), start, strict=True):
        np.testing.assert_allclose(one, two, atol=0.02 * most)
