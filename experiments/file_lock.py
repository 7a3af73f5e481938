"""One sweep at a time per results file.

Two sweeps on one file would each do the other's work. The lock is the operating system's (`flock`), so it
dies with its process, kill -9 included: no stale lock file ever has to be removed. Where there is no `flock`
(Windows) nothing is locked; rows then still cannot be stored twice, they are only computed twice.
"""

import os
from pathlib import Path

from .misuse import Misuse

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def hold(path: str) -> int:
    """Lock the results file at `path`, made (empty) if it is not there; return what `release` takes.

    Raises Misuse if it cannot be written or another sweep holds it. The descriptor stays open until after
    SQLite's connection is closed: closing any descriptor of a file drops the process's POSIX locks on it,
    SQLite's too.
    """
    folder = Path(path).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misuse(f"{path} must be in a folder that can be made, got {folder}: {error.strerror}") from None
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise Misuse(f"{path} must be a file that can be written, got: {error.strerror}") from None
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Misuse(
                f"{path} must be free, got one that another sweep is writing: wait, or choose another --out"
            ) from None
        except OSError:
            pass  # a file system without locks: as on Windows
    return descriptor


def release(descriptor: int | None) -> None:
    """Let go of what `hold` returned."""
    if descriptor is not None:
        os.close(descriptor)
