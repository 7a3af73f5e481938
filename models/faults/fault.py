"""What a fault is: something that can be injected and healed, by turns, and knows which of the two holds.

States: *healed* -> *injected* (`inject`) -> *healed* (`heal`). A fault holds what it strikes in its own name:
faults of any kinds overlap on one subject, and what one of them has done lasts until that one heals.

Each writes "fault.start" and "fault.end" into the event log, with its subject and with its kind as `mode`.
The log pairs starts and ends by subject, so a fault that begins while another one lasts on the same subject
is written down as "web-1#2", and so on, as second streams are.

Leaves out: faults that begin slowly. Source: the word is that of Avizienis, Laprie, Randell and Landwehr,
"Basic Concepts and Taxonomy of Dependable and Secure Computing" (IEEE TDSC 1, 2004), where a fault is the
cause of an error and that of a failure; pairs of injecting and healing as in Jepsen's nemeses.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from simulator import Environment

# What is open in the log of each environment. Here, because the log itself could only be searched, and it is
# long; it decides nothing but a name.
_OPEN: WeakKeyDictionary[Environment, set[str]] = WeakKeyDictionary()

LOGGED = "fault"
"""What kinds of log records begin with: "fault.start", "fault.end"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultStatistics:
    """Of `injected_count` injections, `healed_count` are healed: all of them, or all but the present one.

    `injected_time` is the time in seconds for which the fault has been injected so far, in all.
    """

    injected_count: int
    healed_count: int
    injected_time: float


class Fault(ABC):
    """A fault of a `kind`, such as "host crash", that strikes a `subject`, a name for logs.

    `detail` is what the log says about it besides. Derive from it to make your own: `_start` and `_stop` are
    called in turns, beginning with `_start`.

    Example::

        crash = HostCrash(web)
        env.call_later(10.0, crash.inject)
        env.call_later(40.0, crash.heal)
    """

    def __init__(
        self, env: Environment, subject: str, kind: str, detail: Mapping[str, object] | None = None
    ) -> None:
        _require_text("name of a fault", subject)
        self.env = env
        self.subject = subject
        self.kind = kind
        self.detail: Mapping[str, object] = dict(detail or {})
        self._is_injected = False
        self._injected_count = 0
        self._injected_time = 0.0
        self._since = 0.0
        self._logged_as: tuple[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.subject!r})"

    @property
    def is_injected(self) -> bool:
        """Whether the fault is there now."""
        return self._is_injected

    def inject(self) -> None:
        """Let the fault begin. Raises `RuntimeError` if it is there already."""
        self.inject_as(LOGGED)

    def heal(self) -> None:
        """Undo what `inject` did, and nothing else. Raises `RuntimeError` if the fault is not there."""
        if not self._is_injected:
            raise RuntimeError(f"fault {self} must be injected to be healed")
        self._is_injected = False
        self._injected_time += self.env.now - self._since
        self._stop()
        if self._logged_as is not None:
            logged, subject = self._logged_as
            self.env.log(f"{logged}.end", subject, mode=self.kind, **self.detail)
            _OPEN[self.env].remove(f"{logged} {subject}")

    def inject_as(self, logged: str | None) -> None:
        """Inject, and write `logged` + ".start" and ".end" into the log; with `None` nothing.

        For a fault that is a part of another one, which has its own records.
        """
        if self._is_injected:
            raise RuntimeError(f"fault {self} must be healed to be injected again")
        self._is_injected = True
        self._injected_count += 1
        self._since = self.env.now
        self._logged_as = None if logged is None else (logged, self._open_subject(logged))
        if self._logged_as is not None:
            self.env.log(f"{logged}.start", self._logged_as[1], mode=self.kind, **self.detail)
        self._start()

    def _open_subject(self, logged: str) -> str:
        """Return what the log calls the subject: a name under which nothing is open."""
        opened = _OPEN.setdefault(self.env, set())
        subject, number = self.subject, 1
        while f"{logged} {subject}" in opened:
            number += 1
            subject = f"{self.subject}#{number}"
        opened.add(f"{logged} {subject}")
        return subject

    @abstractmethod
    def _start(self) -> None:
        """Do it."""

    @abstractmethod
    def _stop(self) -> None:
        """Undo it."""

    def statistics(self) -> FaultStatistics:
        """Return what has happened so far."""
        lasting = self.env.now - self._since if self._is_injected else 0.0
        return FaultStatistics(
            injected_count=self._injected_count,
            healed_count=self._injected_count - self._is_injected,
            injected_time=self._injected_time + lasting,
        )


def _require_text(name: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a text, got {value!r}")


def require_fault(name: str, value: object, env: Environment) -> None:
    """Raise `TypeError` unless `value` is a fault, `ValueError` unless it is one in `env`.

    `name` is the parameter's.
    """
    if not isinstance(value, Fault):
        raise TypeError(f"{name} must be a Fault, got {value!r}")
    if value.env is not env:
        raise ValueError(f"{name} must belong to the same environment, got {value!r} of another")
