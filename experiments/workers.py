"""Where replications run: a pool of processes that never outlives its sweep, or this very process.

Workers are started fresh (`forkserver`, or `spawn` where that does not exist), not forked from a notebook's
kernel with its threads and locks: forking a threaded process is what Python 3.12 warns of and 3.14 gave up.
Third-party modules that this process has loaded are loaded once in the fork server and shared; our own code
and the user's never are, so an edited module is imported anew by each pool.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from .ctrl_c import KeptInterrupt, sigint_handled_by

P = ParamSpec("P")
T = TypeVar("T")

_HEAVY_MODULES = (
    "numpy",
    "scipy.special",
    "scipy.stats",
    "pandas",
    "matplotlib.pyplot",
    "pydantic",
    "simpy",
    "cloudpickle",
)


def cores_count() -> int:
    """The cores this process may use (a container or taskset may allow fewer than the machine has)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class InProcess(Executor):
    """Runs each call at once in this process: for breakpoints, profiles and very short sweeps."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        with KeptInterrupt():
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)
        return future


class WorkerPool(ProcessPoolExecutor):
    """`jobs` worker processes that end with their sweep, whatever ends it; use as a context manager.

    Each worker holds the reading end of a pipe whose writing end only the sweep's process has. When that
    closes, by intent or because the process was killed, the workers read its end and exit at once, in mid-run
    too. (A plain pool's workers would wait for ever for a parent killed with SIGKILL: they hold their own
    queue open.)
    """

    def __init__(self, jobs: int) -> None:
        context = _context()
        self._reading_end, self._lifeline = context.Pipe(duplex=False)
        self._interrupt = KeptInterrupt()
        super().__init__(jobs, mp_context=context, initializer=_live_by, initargs=(self._reading_end,))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        self._interrupt.check()
        with _starting_workers():
            return super().submit(fn, *args, **kwargs)

    def __enter__(self) -> Self:
        self._interrupt.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._lifeline.close()  # interrupted: do not wait for the runs that are under way
        try:
            self.shutdown(wait=True, cancel_futures=True)
            self._lifeline.close()
            self._reading_end.close()
        finally:
            self._interrupt.__exit__(kind, error, trace)


def _context() -> Any:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([name for name in _HEAVY_MODULES if name in sys.modules])
    # A server that is started while SIGINT is ignored passes that on: its workers do not hear Ctrl-C, not
    # even in the second in which they still import and no initializer has run.
    with sigint_handled_by(signal.SIG_IGN):
        forkserver.ensure_running()
    return context


def _live_by(lifeline: Connection) -> None:
    # Ctrl-C reaches every process of the terminal; the sweep's own process decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_at_end_of, args=(lifeline,), daemon=True).start()


def _exit_at_end_of(lifeline: Connection) -> None:
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)  # not sys.exit: the main thread is in the middle of a run that nobody wants any more


@contextmanager
def _starting_workers() -> Iterator[None]:
    """Start workers that do not run the main module again; Ctrl-C waits until they are started.

    Studies of `__main__` travel by value, so a script needs no `if __name__ == "__main__"` for our sake and
    the command line is not imported once more per worker. A pool that is interrupted halfway through a start
    would leave a worker behind that waits for its orders.
    """
    main = sys.modules["__main__"]
    hidden: dict[str, Any] = {
        name: main.__dict__.pop(name) for name in ("__file__", "__spec__") if name in main.__dict__
    }
    main.__spec__ = None
    pressed: list[int] = []
    try:
        with sigint_handled_by(lambda number, _: pressed.append(number)):
            yield
    finally:
        for name, value in hidden.items():
            setattr(main, name, value)
    if pressed:
        raise KeyboardInterrupt
