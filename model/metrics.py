"""How good ten probabilities are: loss, accuracy, calibration. NumPy only."""

import numpy as np


def score(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Loss (mean cross-entropy) and accuracy, 0 to 1; probabilities (n, 10), labels (n,)."""
    return {
        "loss": cross_entropy(probabilities, labels),
        "accuracy": float((probabilities.argmax(1) == labels).mean()),
    }


def cross_entropy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean over digits, in nats; probabilities (n, 10), labels (n,)."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-7)).mean())


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error, 0 to 1: how far confidence is from the share that is right (Guo et al. 2017).

    probabilities: (n, 10); labels: (n,). Mean over equally wide bins of confidence, weighted by their digits.
    """
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))
