"""Atomic writes: a file is written whole, or what stood there stays as it was."""

import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .console import UserError, unfinished


@contextmanager
def replacing(target: str | Path) -> Iterator[Path]:
    """Yield the path of an empty temporary file beside `target`, with its suffix; on success it replaces `target`.

    After an exception whatever stood at `target` still stands, and the temporary file is gone.
    Raises UserError where the folder is missing, full or not writable.
    """
    goal, temporary = _places(target)
    unfinished[temporary] = None
    try:
        _create(temporary)
        yield temporary
        unfinished[temporary] = goal
        _flush(temporary, os.O_RDWR)
        os.replace(temporary, goal)
        with suppress(OSError):  # the new name, too, has to outlive a power cut, where a folder can be flushed
            _flush(goal.parent, os.O_RDONLY)
    except OSError as error:
        raise _explained(target, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
        del unfinished[temporary]


def check(target: str | Path) -> None:
    """Raise before long work what `replacing` would raise after it: no such folder, no permission."""
    _, temporary = _places(target)
    try:
        _create(temporary)
    except OSError as error:
        raise _explained(target, error) from error
    temporary.unlink()


def check_apart(outputs: Iterable[str | Path], inputs: Iterable[str | Path]) -> None:
    """Raise UserError where an output is a file that is read, or another output; links lead to the same file."""
    taken = {_identity(path) for path in inputs}
    for output in outputs:
        if _identity(output) in taken:
            raise UserError(f"{output} is read or written by the same command: name another place")
        taken.add(_identity(output))


def _identity(path: str | Path) -> object:
    try:
        status = os.stat(path)
    except OSError:  # not there yet
        return os.path.realpath(path)
    return status.st_dev, status.st_ino


def _places(target: str | Path) -> tuple[Path, Path]:
    """Where a file will stand, and a name for it beside that place until it is whole."""
    goal = Path(os.path.realpath(target))  # a link stays a link
    try:
        mode = os.stat(goal).st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG  # it will be
    except OSError as error:
        raise _explained(target, error) from error
    if stat.S_ISDIR(mode):
        raise UserError(f"{target} is a folder: name a file in it")
    if not stat.S_ISREG(mode):
        raise UserError(f"{target} is a device, not a file: name a file")
    # 50 characters are 200 bytes at most: a name that the disk takes (255 bytes) must not become too long.
    return goal, goal.with_name(f".{goal.stem[:50]}-{secrets.token_hex(4)}{goal.suffix}")


def _create(temporary: Path) -> None:
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))


def _explained(target: str | Path, error: OSError) -> UserError:
    reason = os.strerror(error.errno) if error.errno else str(error)
    remedy = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "name another place"
    return UserError(f"cannot write {target}: {reason}: {remedy}")


def _flush(path: Path, mode: int) -> None:
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
