"""What the three scripts share, one room each.

    vision     picture -> ink mask and digit candidates (28x28 crops with their boxes); OpenCV only
    reading    candidates + a classifier -> digits in rows, as a person reads them; OpenCV only
    weights    HDF5 file -> the network's arrays, as numbers, never code; h5py only
    network    the convolutional network: build, load, save, classify; Keras
    mnist      MNIST from a file or from keras.datasets
    strokes    digits as a pen draws them, by our own code; OpenCV only
    console    errors in one line, Ctrl-C and SIGTERM
    files      files that are written whole or not at all
"""

import os

# The one place that keeps library start-up chatter off the terminal; it must run before the
# libraries load. Warnings of the program itself are not touched.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("QT_LOGGING_RULES", "*.debug=false;qt.qpa.*=false;*.warning=false")
