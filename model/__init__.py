"""What the three scripts share, one room each.

    ink        picture -> how dark the ink is on its paper, and where: light, threshold, ruled lines; OpenCV only
    pieces     ink mask -> strokes, cut where digits may touch, grouped where strokes may be one digit's; OpenCV only
    vision     picture -> digit candidates (28x28 crops with their boxes); OpenCV only
    reading    candidates + a classifier -> digits in rows, as a person reads them; OpenCV only
    tracking   readings of frame after frame -> digits that stay, each with its id; OpenCV only
    sources    frames from cameras, pictures, folders, videos, streams and the demo; OpenCV only
    view       what the user sees, drawn; OpenCV only
    window     pictures in, keys and mouse gestures out; OpenCV only
    live       the session in the window: what frames, keys and gestures do
    recording  JSON Lines, annotated pictures and videos, snapshots
    handwriting  digits of the user's own hand, taught in the window
    weights    HDF5 file -> the network's arrays, as numbers, never code; h5py only
    network    the convolutional network: build, load, save, classify; Keras
    teacher    a deeper network that ours may learn from; Keras
    training   schedule, number format, progress and checkpoints of a training run; Keras
    pictures   what the network is shown in training: digits and, to be unsure of them, non-digits
    augment    pictures varied as pens, hands and cameras vary them; OpenCV only
    nondigits  letters, signs, scribbles, pairs and pieces of digits; OpenCV only
    examples   a person's own digits, to learn from
    mnist      MNIST from a file or from keras.datasets
    strokes    digits as a pen draws them, by our own code; OpenCV only
    demo       a drawn sheet before a drawn camera, for those who have none; OpenCV only
    console    errors in one line, Ctrl-C and SIGTERM, no chatter
    figures    pictures of a training run and of what a network learned; matplotlib
    files      files that are written whole or not at all
"""

import os

# Libraries' start-up chatter is kept off the terminal here, before they load, and where network.py
# imports Keras. TensorFlow's own errors come as exceptions all the same.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("QT_LOGGING_RULES", "*.debug=false;qt.qpa.*=false;*.warning=false")
# What OpenCV says about a missing camera or a damaged file, sources.py says in one line.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "3")  # seconds that a camera may be silent, not 10
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")  # on Windows else cameras open in 10 s and more
