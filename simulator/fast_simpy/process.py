"""Processes: generators that run in simulated time, and are events to whoever waits for them.

States: *starting* -> *running* <-> *waiting* -> *ended*. A waiting process waits in exactly one of three
ways:

- asleep (`yield 0.25`): an entry in the schedule carries its token;
- parked (`yield PARKED`): whoever calls `Environment.wake` passes its token on;
- for an event (`yield event`): its `_resume` stands among the event's callbacks, or, where the event is
  another process with nobody else waiting, it is that process's `waiter`.

A wake-up counts only while its token is the process's own; interrupting or cancelling a process changes the
token, so that stale entries need not be searched for. Everything else is SimPy's `Process`, whose subclass
this is.

Leaves out: nothing of SimPy's. Source: SimPy 4.1 `simpy.events.Process`, whose observable behaviour is kept
(its own tests run here).
"""

from __future__ import annotations

from collections.abc import Generator
from heapq import heappush
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

import simpy.events
from simpy.events import PENDING, Event

from ..failures import CallFailed
from .scopes import Cancelled, ProcessCancelled

if TYPE_CHECKING:
    from .core import Environment


class Named(Protocol):
    """What a process may be named after: only who asks for the process's name looks the name up."""

    @property
    def name(self) -> str:
        """The name."""


class _Parked:
    """The type of `PARKED`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "PARKED"


PARKED = _Parked()
"""Yielded by a process that waits until somebody calls `Environment.wake` with it.

The value given there is what the `yield` returns.
"""


class Process(simpy.events.Process):
    """A generator that runs in simulated time; made by `Environment.process(generator, name=None)`.

    The generator may yield any SimPy event, another process, a number (sleep that many seconds) or `PARKED`.
    The value of the process is what the generator returns; an exception that leaves the generator is raised
    into whoever waits for the process, and stops the run where nobody does. Raises `ValueError` for anything
    that is not a generator.
    """

    env: Environment
    _target: Any = None

    def __init__(
        self,
        env: Environment,
        generator: Generator[Any, Any, Any],
        name: str | Named | None = None,
        delay: float = 0.0,
    ) -> None:
        # SimPy's own __init__ is not called: it would schedule an event object for the start. What is not
        # stored here has its default in the class, or is derived: processes are made by the million.
        try:
            self._send = generator.send
        except AttributeError:
            raise ValueError(f"{generator} is not a generator.") from None
        self.env = env
        self.callbacks: Any = []
        self._name = name
        self.waiter: Process | None = None
        now = env.now
        time = now + delay
        if time > now and time < inf:  # unchained: CPython 3.11 specialises only single comparisons
            self._token = token = next(env._eid)
            heappush(env._queue, (time, token, self, None))
        elif time == now:
            self._token = 0
            env._urgent.append((self, 0, None))
        else:
            raise ValueError(f"the delay of a start must be finite and >= 0 s, got {delay!r}")
        env.processes[self] = None

    @property
    def _generator(self) -> Any:  # type: ignore[override] # derived: one attribute less to store
        return self._send.__self__  # type: ignore[attr-defined]

    @property
    def name(self) -> str:
        """The name given at the start, or that of whom it was named after, or of the generator's function."""
        name = self._name
        return (name if name is None or isinstance(name, str) else name.name) or str(self._generator.__name__)

    def interrupt(self, cause: Any = None) -> None:
        """Throw `simpy.Interrupt` with a `cause` into the process at its present yield.

        Raises `RuntimeError` for a process that has ended, and for one that interrupts itself.
        """
        _Interruption(self, cause)

    def cancel(self) -> None:
        """End the process at its present yield: `Cancelled` is raised there; `finally` blocks may take time.

        Who waits for it sees `ProcessCancelled`. Cancelling a process that has ended does nothing.
        Raises `RuntimeError` for a process that cancels itself: it can simply return.
        """
        if self is self.env.active_process:
            raise RuntimeError(f"process {self.name!r} cannot cancel itself")
        if self._value is PENDING:
            _Cancellation(self)

    def kill(self) -> None:
        """End the process here and now, as a crash does: `finally` blocks run, but must not wait.

        Who waits for it sees `ProcessCancelled`. Killing a process that has ended does nothing. A process
        that kills itself, or the process that is running it, ends at its next yield.
        """
        if self._value is not PENDING:
            return
        if self._generator.gi_running:
            _Kill(self)
            return
        self._detach()
        self._generator.close()
        self._end_cancelled()

    @property
    def is_awaited(self) -> bool:
        """Whether a process waits for this one."""
        return self.waiter is not None or bool(self.callbacks)

    def hand_over(self, successor: Process) -> None:
        """Let the process that waits for this one wait for `successor`, which will give the answer."""
        waiter, self.waiter = self.waiter, None
        if waiter is not None:
            successor.waiter = waiter
            waiter._target = successor

    def answer(self, value: Any, delay: float) -> None:
        """Let `value` be the value of this process although it has not ended.

        The process that waits for it gets it `delay` seconds (finite, >= 0) from now.
        The answer is then on its way, and nothing that happens to this process can stop it. To be called
        once, by the process itself, as the last thing it does.
        """
        waiter = self.waiter
        self._ok = True
        self._value = value
        self.callbacks = None
        if waiter is None:
            return
        env = self.env
        now = env.now
        time = now + delay
        self.waiter = waiter._target = None
        waiter._token = token = next(env._eid)
        if time > now and time < inf:
            heappush(env._queue, (time, token, waiter, value))
        elif time == now:
            env._ready.append((waiter, token, value))
        else:
            raise ValueError(f"the delay of an answer must be finite and >= 0 s, got {delay!r}")

    def leave_unanswered(self) -> None:
        """Let the process that waits for this one wait for ever: this is how silence is made."""
        waiter, self.waiter = self.waiter, None
        if waiter is not None:
            waiter._target = None

    def _end_cancelled(self) -> None:
        self._ok = False
        self._value = ProcessCancelled(f"process {self.name!r} was cancelled")
        self._defused = True
        self.env.processes.pop(self, None)
        if self.callbacks is not None:
            self.env.schedule(self)

    def _detach(self) -> None:
        """Make the process wait for nothing."""
        self._token = -2
        target = self._target
        if target is None:
            return
        self._target = None
        if target.__class__ is Process and target.waiter is self:
            target.waiter = None
        elif target.callbacks is not None:
            target.callbacks.remove(self._resume)

    def _throw(self, error: BaseException) -> None:
        """Stop waiting and raise `error` at the present yield."""
        self._detach()
        self.env._proceed(self, self._generator.throw, error)

    def _resume(self, event: Event) -> None:
        """Go on with the outcome of `event`; this is what stands among the callbacks of an event."""
        if self._value is not PENDING:
            return  # killed by another process that the same event has just woken
        self._target = None
        if event._ok:
            self.env._proceed(self, self._send, event._value)
        else:
            event._defused = True
            self.env._proceed(self, self._generator.throw, _own_copy(event._value))


def _share_attribute_names() -> None:
    """Let all processes store their attributes compactly, those too that most of them get late or never.

    CPython keeps the names of attributes once per class, but only names that the first few instances had. If
    those were processes that only slept, every one that waits for another would be given a dictionary of its
    own: 8 % of a request's time on the reference path, after another system had been simulated.
    """
    first = object.__new__(Process)
    at_birth = ("_send", "env", "callbacks", "_name", "waiter", "_token")
    for name in (*at_birth, "_target", "_ok", "_value", "_defused"):
        setattr(first, name, None)


_share_attribute_names()


def _own_copy(error: BaseException) -> BaseException:
    """Return the exception to raise in one waiting process.

    Errors are copied as SimPy does, since several processes may wait for one event and each adds its own
    traceback. A simulated failure is passed as it is: nobody reads its traceback, and copying is what it
    would cost most.
    """
    if isinstance(error, CallFailed):
        return error
    try:
        copy = type(error)(*error.args)
    except Exception:  # not every error can be made from its `args`; what that raises would hide it
        return error
    copy.__cause__ = error
    return copy


class _Interruption(simpy.events.Interruption):
    """SimPy's interruption, of a process that may also be asleep or parked."""

    process: Process

    def _interrupt(self, event: Event) -> None:
        if self.process._value is PENDING:
            self.process._detach()
            self.process._resume(self)


class _Cancellation(Event):
    """Throws `Cancelled` into a process, before anything else that is due at this instant."""

    def __init__(self, process: Process) -> None:
        super().__init__(process.env)
        self._process = process
        self._ok = True
        self._value = None
        self.callbacks.append(self._cancel)
        process.env.schedule(self, simpy.events.URGENT)

    def _cancel(self, event: Event) -> None:
        if self._process._value is PENDING:
            self._process._throw(Cancelled(self._process))


class _Kill(_Cancellation):
    """Kills a process that has killed itself, at its next yield, so that it looks like the crash it is."""

    def _cancel(self, event: Event) -> None:
        self._process.kill()
