"""How a script meets its user on the terminal: one line for an error, no traceback."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path


class UserError(Exception):
    """What the user can mend. The message is one line: what is wrong with what, and what to do."""


def run(main: Callable[[], int | None]) -> None:
    """Run a script's main and exit: 0 or what it returns, 2 after a UserError, 130 or 143 when stopped."""

    def terminate(signum: int, frame: object) -> None:
        raise SystemExit(128 + signum)

    signal.signal(signal.SIGTERM, terminate)
    try:
        sys.exit(main())
    except UserError as error:
        print(f"{Path(sys.argv[0]).name}: error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
