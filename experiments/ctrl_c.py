"""Ctrl-C: who handles it for a while, and that it is not lost.

Python raises `KeyboardInterrupt` in the main thread, wherever that is. If it is in the callback of a weak
reference, or in a destructor, the exception is printed and ignored, as every one is there, and the press is
lost: one of sixty sweeps that were interrupted at random went on. So whoever has many pieces of work notes
the press beside raising it, and asks after each. (Rejected: only to note it, as one run may take minutes.)
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self


@contextmanager
def sigint_handled_by(handler: Any) -> Iterator[None]:
    """Let `handler` have SIGINT meanwhile; in another thread than the main one do nothing.

    Only the main thread may set a handler, and only it is told.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous or signal.default_int_handler)


class KeptInterrupt:
    """While it is entered, Ctrl-C raises `KeyboardInterrupt` as ever, at the latest at `check` or the end.

    Where SIGINT is ignored (`nohup`, a job in the background) or somebody else's, it is left so.
    """

    __slots__ = ("_is_installed", "_is_pressed")

    def __init__(self) -> None:
        self._is_installed = False
        self._is_pressed = False

    def __enter__(self) -> Self:
        is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if is_default and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._press)
            self._is_installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._is_installed = False
        if kind is None:
            self.check()

    def check(self) -> None:
        """Raise `KeyboardInterrupt` if Ctrl-C was pressed, and who was told has not ended for it."""
        if self._is_pressed:
            raise KeyboardInterrupt

    def _press(self, number: int, frame: FrameType | None) -> NoReturn:
        self._is_pressed = True
        raise KeyboardInterrupt
