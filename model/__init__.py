"""What the three scripts share: a few ground rooms, and three wings that stand on them. Every arrow points down.

    live/        frames in, window out; OpenCV only
        session    what frames, keys and gestures do in the window
        lesson     teaching: a frozen frame's digits, told what they are
        card       why? one digit's crop, ten probabilities and look-alikes
        picking    which digit a click or Tab means
        serve      the picture and its numbers in a browser
        recording  JSON Lines, annotated pictures and videos, snapshots
        sources    frames of pictures, folders, videos, streams, cameras and the demo
        camera     the newest frame of a camera or stream, always
        demo       a drawn sheet before a drawn camera, for those who have none
        frames     what every source gives
        view       a frame with boxes and labels, the numbers below it, crops beside it
        labels     where labels lie: over nothing that is written
        overlay    text over a picture: hints, help, messages
        window     pictures in, keys and mouse gestures out

    training/    what the network learns from, and how
        recipe      the numbers of a run, in one place
        loop        schedule, steps and progress; Keras
        checkpoint  what a run needs to go on after a stop; Keras
        runtime     seed, process ranks, devices, number format; Keras
        teacher     a deeper network that ours may learn from; Keras
        batches     what is shown: digits, drawn digits, and pictures of no digit, most of them varied
        augment     pictures varied as pens, hands and cameras vary them
        outliers    letters, signs, scribbles, pairs and pieces of digits
        mnist       MNIST from a file or from keras.datasets

    vision/      picture -> digits in rows; OpenCV only
        tracking    readings of frame after frame -> digits that stay, each with its id
        turn        sheets that lie sideways or upside down, turned and read
        reading     picture and classifier -> digits in rows
        choice      of candidates that share ink, which to take, and how far to believe them
        context     what stands around a digit: numbers, or letters
        rows        digits -> rows, as a person reads them
        candidates  picture -> what may be a digit
        segment     ink mask -> connected components, cut where digits may touch, grouped where parts may be one digit's
        rules       ruled lines out of the ink: of paper, tables, frames
        ink         picture -> how dark the ink is on its paper, and where
        surfaces    picture -> sheets, boards, walls: each has its own light, ink and grain

    network      the convolutional network: build, load, save, classify; Keras
    weights      HDF5 file -> the network's arrays, as numbers, never code; h5py only
    handwriting  a person's own digits: kept by the window, learnt from in training
    figures      pictures of a training run and of what a network learned; matplotlib
    metrics      loss, accuracy, calibration error
    pen          digits as a pen draws them, by our own code
    crop         ink -> the 28x28 crop that the network reads, laid out as MNIST is
    images       a picture file, decoded and upright
    files        atomic writes: a file is whole, or what it was before
    console      errors in one line, a prompt end when stopped, no chatter
"""

import os
import signal
import sys

# Until console.run takes over, Ctrl-C ends a script without a traceback. Whoever imports the rooms elsewhere,
# at a prompt for one, keeps Python's own KeyboardInterrupt.
_script, _room = os.path.realpath(sys.argv[0]), os.path.realpath(__file__)  # pathlib would take longer to load
_is_script = os.path.dirname(_script) == os.path.dirname(os.path.dirname(_room))
if _is_script and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# Libraries' start-up chatter is kept off the terminal here, before they load, and where network.py
# imports Keras. TensorFlow's own errors come as exceptions all the same.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("QT_LOGGING_RULES", "*.debug=false;qt.qpa.*=false;*.warning=false")
# What OpenCV says about a missing camera or a damaged file, sources.py says in one line.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "3")  # seconds that a camera may be silent, not 10
# A picture that declares more pixels is refused before memory is asked for. This is the largest size that phones
# commonly take, 12,000 x 9,000, and a sheet of A4 at 1,000 dpi; decoded it takes 0.3 to 1.4 GB.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "108000000")
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")  # on Windows else cameras open in 10 s and more
