"""Files that are written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .console import UserError


@contextmanager
def replacing(target: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`, with its suffix; on success it becomes `target`.

    Until then, and after any exception, whatever stood at `target` stands there still and the
    temporary file is gone. Raises UserError where the folder is missing, full or not writable.
    """
    target = Path(target)
    if target.is_dir():
        raise UserError(f"{target} is a folder: name a file")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror}: name another place") from error
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        os.replace(temporary, target)
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror or error}: free some space or name another place") from error
    finally:
        temporary.unlink(missing_ok=True)
