"""What the three scripts share, one room each.

    vision     picture -> ink mask and digit candidates (28x28 crops with their boxes); OpenCV only
    reading    candidates + a classifier -> digits in rows, as a person reads them; OpenCV only
    weights    HDF5 file -> the network's arrays, as numbers, never code; h5py only
    network    the convolutional network: build, load, save, classify; Keras
    mnist      MNIST from a file or from keras.datasets
    strokes    digits as a pen draws them, by our own code; OpenCV only
    demo       a drawn sheet before a drawn camera, for those who have none; OpenCV only
    console    errors in one line, Ctrl-C and SIGTERM, no chatter
    files      files that are written whole or not at all
"""

import os

# Libraries' start-up chatter is kept off the terminal here, before they load, and where network.py
# imports Keras. TensorFlow's own errors come as exceptions all the same.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("QT_LOGGING_RULES", "*.debug=false;qt.qpa.*=false;*.warning=false")
