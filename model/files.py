"""Files that are written whole or not at all."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .console import UserError


@contextmanager
def replacing(target: str | Path) -> Iterator[Path]:
    """Yield the path of an empty temporary file beside `target`, with its suffix; on success it becomes `target`.

    Until then, and after any exception, whatever stood at `target` stands there still and the
    temporary file is gone. Raises UserError where the folder is missing, full or not writable.
    """
    goal, temporary = _places(target)
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        _flush(temporary, os.O_RDWR)
        os.replace(temporary, goal)
        with suppress(OSError):  # the new name, too, has to outlive a power cut, where a folder can be flushed
            _flush(goal.parent, os.O_RDONLY)
    except OSError as error:
        raise _explained(target, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def check(target: str | Path) -> None:
    """Raise before long work what `replacing` would raise after it: no such folder, no permission."""
    _, temporary = _places(target)
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise _explained(target, error) from error
    temporary.unlink()


def _places(target: str | Path) -> tuple[Path, Path]:
    """Where a file will stand, and a name for it beside that place until it is whole."""
    goal = Path(os.path.realpath(target))  # a link stays a link
    if os.path.isdir(goal):
        raise UserError(f"{target} is a folder: name a file in it")
    if os.path.exists(goal) and not os.path.isfile(goal):
        raise UserError(f"{target} is a device, not a file: name a file")
    return goal, goal.with_name(f".{goal.stem}-{secrets.token_hex(4)}{goal.suffix}")


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
