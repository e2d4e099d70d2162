"""How a script meets its user on the terminal: one line for an error, no traceback, no chatter, a prompt end."""

import contextlib
import errno
import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

PATIENCE = 1.5  # seconds that a stopped script has to close its files
CHATTER = re.compile(rb"[IW]\d{4} |WARNING: All log messages before absl|To enable the following instructions")


class UserError(Exception):
    """What the user can mend. The message is one line: what is wrong with what, and what to do."""


def run(main: Callable[[], int | None]) -> None:
    """Run a script's main and exit: 0 or what it returns, 2 after a UserError, 130 or 143 when stopped.

    Ctrl-C and SIGTERM unwind the main thread, so that what is being written is finished or taken back;
    where that takes longer than PATIENCE, the process ends all the same.
    """
    for signum in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(signum) != signal.SIG_IGN:  # as it is in a shell's background
            signal.signal(signum, _stop)
    for stream in (sys.stdout, sys.stderr):  # a file's name may have letters that the terminal lacks
        stream.reconfigure(errors="backslashreplace")
    try:
        status = main()
        sys.stdout.flush()
    except UserError as error:
        status = report(error)
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except BrokenPipeError:  # whoever read our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        status = report(f"{error.filename or 'the output'} is not written, the disk is full: free some space")
    except SystemExit as stop:  # SIGTERM, or argparse
        status = stop.code
    # Everything is closed by now. TensorFlow would take one to three seconds to be taken down in good order.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status or 0)


def report(error: object) -> int:
    """Print `script.py: error: …` as one line on stderr; the exit code that goes with it."""
    line = "".join(letter if letter.isprintable() else "?" for letter in " ".join(str(error).split()))
    print(f"{Path(sys.argv[0]).name}: error: {line}", file=sys.stderr)
    return 2


def _report_unless_stopped(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _report_unless_stopped  # Ctrl-C while a script's imports run, before it comes to `run`


def _stop(signum: int, frame: object) -> None:
    watchdog = threading.Timer(PATIENCE, os._exit, [128 + signum])
    watchdog.daemon = True
    watchdog.start()
    for again in (signal.SIGINT, signal.SIGTERM):  # a second Ctrl-C must not cut the closing short
        signal.signal(again, signal.SIG_IGN)
    if signum == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + signum)


def _taken_over() -> list[signal.Signals]:
    return [signum for signum in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(signum) is _stop]


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Keep TensorFlow's start-up lines, which no setting silences, off stderr; whatever else is written there appears.

    Its C++ part logs to file descriptor 2 before it reads TF_CPP_MIN_LOG_LEVEL. What Python writes meanwhile,
    another thread's error for one, goes to the terminal as ever. Loading it also keeps Python's signal handlers
    waiting, for seconds on a busy machine: in the main thread Ctrl-C and SIGTERM meanwhile end the process as such.
    """
    handlers = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {signum: signal.signal(signum, signal.SIG_DFL) for signum in _taken_over()}
    sys.stderr.flush()
    with tempfile.TemporaryFile() as caught, os.fdopen(os.dup(2), "w", 1, errors="backslashreplace") as terminal:
        os.dup2(caught.fileno(), 2)
        try:
            with contextlib.redirect_stderr(terminal):
                yield
        finally:
            os.dup2(terminal.fileno(), 2)
            caught.seek(0)
            for line in caught:
                if not CHATTER.match(line):
                    os.write(2, line)
            for signum, handler in handlers.items():
                signal.signal(signum, handler)
