"""How a script meets its user on the terminal: one line for an error, no traceback, no chatter, a prompt end."""

import contextlib
import errno
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
UNWIND_SECONDS = 1.5  # that a stopped script has to close its files, whatever call it is in
# More than that, while a file is half written: OpenCV may wait 5 s for a stream before a video can be finished.
FINISH_SECONDS = 6.0
# TensorFlow's as it starts, libjpeg's about frames of webcams that pad them.
CHATTER = re.compile(
    rb"[IW]\d{4} |WARNING: All log messages before absl|To enable the following instructions|Corrupt JPEG data"
)
_catching = threading.Lock()


class UserError(Exception):
    """What the user can mend. The message is one line: what is wrong with what, and what to do."""


# Files being written: temporary file -> its name once it is whole, None until then. See files.py.
unfinished: dict[Path, Path | None] = {}
_stopped_by = 0  # the signal's number
_loading = False  # Keras: nothing is lost if the process ends at once


def run(main: Callable[[], int | None]) -> None:
    """Run a script's main and exit: 0 or what it returns, 2 after a UserError, 128 + the signal when stopped.

    A stop (Ctrl-C, SIGTERM, a closed terminal) unwinds the main thread, so that a video is finished and temporary
    files go. Where a call into a library takes too long for that, the process ends all the same.
    """
    _open_closed_streams()
    reader, writer = socket.socketpair()  # Python writes the number of each signal to it, whatever the threads do
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_end_in_time, args=[reader], daemon=True).start()
    for signum in STOPS:
        if signal.getsignal(signum) != signal.SIG_IGN:  # as it is in a shell's background and under nohup
            signal.signal(signum, _stop)
    try:
        status = main()
        sys.stdout.flush()
    except BaseException as error:
        status = _told(error)
    # Everything is closed by now. TensorFlow would take one to three seconds to be taken down in good order.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    _end(128 + _stopped_by if _stopped_by else status or 0)


def _told(error: BaseException) -> int | None:
    """Tell the user what ended the script, as far as it concerns them; the exit code. Raises what is a mistake of ours.

    What else a library raises while a stop unwinds it is no news.
    """
    match error:
        case UserError():
            return report(error)
        case SystemExit():  # argparse, or stopped
            return error.code
        case _ if _stopped_by:
            return None
        case BrokenPipeError():  # whoever read our output has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return report(f"{error.filename or 'the output'} is not written, the disk is full: free some space")
        case OSError(filename=str() | bytes() as name):  # not to be entered, a name too long, and the like
            return report(f"{os.fsdecode(name)}: {error.strerror}: name another file or folder")
    raise error


def report(error: object) -> int:
    """Print `script.py: error: …` as one line on stderr; the exit code that goes with it."""
    line = "".join(letter if letter.isprintable() else "?" for letter in " ".join(str(error).split()))
    print(f"{Path(sys.argv[0]).name}: error: {line}", file=sys.stderr)
    return 2


def _open_closed_streams() -> None:
    """Lead a stream that was closed for us (>&-) to the null device, lest a file that is opened gets its number.

    Where a file's name has letters that the terminal lacks, they are written as escapes.
    """
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)  # the lowest free number
            if null != number:
                os.dup2(null, number)
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))
        getattr(sys, name).reconfigure(errors="backslashreplace")


def _stop(signum: int, frame: object) -> None:
    global _stopped_by
    _stopped_by = signum
    for again in STOPS:  # a second Ctrl-C must not cut the closing short
        signal.signal(again, signal.SIG_IGN)
    if _loading:  # `_end_in_time` ends the process
        return
    if signum == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + signum)


def _end_in_time(signals: socket.socket) -> None:
    """In a thread: after the first signal see to it that the process ends, though the main thread hangs in a call."""
    signum = signals.recv(1)[0]
    if not _loading:
        time.sleep(UNWIND_SECONDS)
        if None in unfinished.values():
            time.sleep(FINISH_SECONDS)
    _end(128 + signum)


def _end(status: int) -> None:
    """End the process. A temporary file that is whole gets its name, though not flushed to the disk; others go."""
    for temporary, goal in list(unfinished.items()):
        with contextlib.suppress(OSError):
            os.replace(temporary, goal) if goal else os.unlink(temporary)
    os._exit(status)


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Keep TensorFlow's start-up lines, which no setting silences, off stderr; whatever else is written there appears.

    Its C++ part logs to file descriptor 2 before it reads TF_CPP_MIN_LOG_LEVEL. What Python writes meanwhile,
    another thread's error for one, goes to the terminal as ever. In the main thread a stop meanwhile ends the
    process at once: an exception in the middle of TensorFlow's imports is not always passed on.
    """
    global _loading
    _loading = threading.current_thread() is threading.main_thread()
    try:
        with filtered_stderr() as terminal, contextlib.redirect_stderr(terminal):
            yield
    finally:
        _loading = False


@contextlib.contextmanager
def filtered_stderr(wait: bool = True) -> Iterator[TextIO]:
    """Catch what is written to file descriptor 2 and pass it on at the end, without CHATTER; gives the terminal.

    The descriptor belongs to all threads, so one at a time may catch. wait: until another thread is done;
    else go on without: the other one filters.
    """
    if not _catching.acquire(blocking=wait):
        yield sys.stderr
        return
    try:
        sys.stderr.flush()
        with tempfile.TemporaryFile() as caught, os.fdopen(os.dup(2), "w", 1, errors="backslashreplace") as terminal:
            os.dup2(caught.fileno(), 2)
            try:
                yield terminal
            finally:
                os.dup2(terminal.fileno(), 2)
                caught.seek(0)
                for line in caught:
                    if not CHATTER.match(line):
                        os.write(2, line)
    finally:
        _catching.release()
