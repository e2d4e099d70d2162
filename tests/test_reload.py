"""test-keras-training-reload.py: its figures, its picture, its window."""

import re
import subprocess
import time

import cv2
import numpy as np
import pytest
from conftest import SHIPPED, clean_environment, command, xdotool
from matplotlib.colors import to_rgba

from model import figures, metrics, weights

SCRIPT = "test-keras-training-reload.py"


@pytest.fixture(scope="module")
def saved(script, small_npz, tmp_path_factory):
    """One run on the tests' own digits: what it printed, and the picture that it wrote."""
    target = tmp_path_factory.mktemp("ünder a spáce") / "what it learned.png"
    return script(SCRIPT, "--data", small_npz, "--save", target, "--seed", 3), target


@pytest.mark.smoke
def test_prints_what_it_finds(saved, small_npz):
    done, target = saved
    assert done.stdout.startswith("Loading model/shipped.h5 and reading 200 test digits")
    assert done.returncode == 0
    assert done.stderr == ""
    assert str(target) in done.stdout
    wrong, total = map(int, re.search(r"(\d+) of (\d+) wrong", done.stdout).groups())
    rows = re.findall(r"^ +\d +[\d.]+% +(\d+) of (\d+)", done.stdout, re.M)
    assert total == 200 and len(rows) == 10
    assert wrong == sum(int(row[0]) for row in rows)
    assert total == sum(int(row[1]) for row in rows)
    accuracy = float(re.search(r"accuracy +([\d.]+)%", done.stdout).group(1))
    assert accuracy == pytest.approx(100 * (1 - wrong / total), abs=0.01)


def test_scores_are_those_of_keras(saved, small_npz):
    import keras

    network = keras.models.load_model(SHIPPED)
    network.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    with np.load(small_npz) as data:
        loss, accuracy = network.evaluate(data["x_test"] / np.float32(255), data["y_test"], verbose=0)
    printed = saved[0].stdout
    assert float(re.search(r"loss +([\d.]+)", printed).group(1)) == pytest.approx(loss, abs=2e-4)
    assert float(re.search(r"accuracy +([\d.]+)%", printed).group(1)) == pytest.approx(100 * accuracy, abs=0.01)


def test_picture_is_whole_and_alone(saved):
    picture = cv2.imdecode(np.fromfile(saved[1], np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[1] > 1500
    assert [path.name for path in saved[1].parent.iterdir()] == [saved[1].name]


def test_without_display_it_writes_a_file_and_says_where(script, small_npz, tmp_path):
    done = script(SCRIPT, "--data", small_npz, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no display" in done.stdout
    written = list(tmp_path.iterdir())
    assert len(written) == 1 and written[0].name in done.stdout


def test_window_shows_the_figure_until_q(display, small_npz):
    words = command(SCRIPT, "--data", small_npz)
    shown = subprocess.Popen(words, env=clean_environment() | display, stdout=subprocess.DEVNULL)
    try:
        window = xdotool(display, "search", "--sync", "--name", "What the network learned").split()[0]
        time.sleep(1)
        assert shown.poll() is None
        xdotool(display, "key", "--window", window, "q")
        assert shown.wait(timeout=10) == 0
    finally:
        shown.kill()


@pytest.fixture
def answers():
    """Twenty pictures, half of them read wrong with growing confidence."""
    labels = np.arange(20) % 10
    probabilities = np.full((20, 10), 0.01)
    for index, label in enumerate(labels):
        confidence = 0.5 + index / 50
        probabilities[index] = (1 - confidence) / 9
        probabilities[index, (label + index % 2) % 10] = confidence
    return labels, probabilities


def test_figure_tells_right_from_wrong_and_orders_mistakes(answers):
    labels, probabilities = answers
    pictures = np.zeros((20, 28, 28), np.uint8)
    samples, mistakes, _ = figures.overview(pictures, labels, probabilities, np.arange(4)).axes
    assert [text.get_text() for text in samples.texts if "✓" in text.get_text()] == ["✓ 0", "✓ 2"]
    assert sum(text.get_text() == "✗" for text in samples.texts) == 2
    confidences = [int(text.get_text()[:-1]) for text in mistakes.texts if text.get_text().endswith("%")]
    assert len(confidences) == 10
    assert confidences == sorted(confidences, reverse=True)


def test_every_mistake_is_shown_with_its_ten_probabilities(answers):
    labels, probabilities = answers
    for times, shown in ((4, 40), (7, 70), (8, figures.MISTAKES_SHOWN)):  # ten mistakes each
        many = np.tile(labels, times), np.tile(probabilities, (times, 1))
        figure = figures.overview(np.zeros((len(many[0]), 28, 28), np.uint8), *many, np.arange(4))
        samples, mistakes, _ = figure.axes
        assert sum("→" in text.get_text() for text in mistakes.texts) == shown == len(mistakes.containers)
        assert samples.containers == []
        bars = mistakes.containers[0].patches  # of the most confident
        shares = [bar.get_width() for bar in bars]
        assert len(bars) == 10 and np.argmax(shares) == 0  # 9 as 0
        assert [bar.get_facecolor() == to_rgba(figures.WRONG) for bar in bars] == [True] + 9 * [False]
        assert bars[9].get_facecolor() == to_rgba(figures.RIGHT)
        (left, right), (bottom, top) = mistakes.get_xlim(), mistakes.get_ylim()
        for bar in (bar for tile in mistakes.containers for bar in tile.patches):
            assert left <= bar.get_x() <= bar.get_x() + bar.get_width() <= right
            assert top <= bar.get_y() <= bar.get_y() + bar.get_height() <= bottom


def test_figure_of_a_perfect_network(answers):
    labels, _ = answers
    figure = figures.overview(np.zeros((20, 28, 28), np.uint8), labels, np.eye(10)[labels], np.arange(20))
    assert figure.axes[1].get_title(loc="left") == "No mistakes"
    assert figures.pixels(figure, (1300, 600)).shape[2] == 3


def test_calibration_error_against_its_definition():
    random = np.random.default_rng(5)
    probabilities = random.dirichlet(np.ones(10) * 0.3, 500)
    labels = random.integers(0, 10, 500)
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence >= low) & (confidence < low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert metrics.calibration_error(probabilities, labels) == pytest.approx(expected, abs=1e-9)
    assert metrics.calibration_error(np.eye(10)[labels], labels) == 0


def test_your_own_training_is_taken_where_there_is_any(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "TRAINED", tmp_path / "digits.h5")
    assert weights.default() == SHIPPED
    (tmp_path / "digits.h5").touch()
    assert weights.default() == tmp_path / "digits.h5"
