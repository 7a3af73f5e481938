"""A resident: a cache whose memory is in a process, and gone when that, or its host, starts again.

That process is the one where its target is asked: around a connection the caller's host, around an instance
that instance. A cache that is a dependency of an instance, which is made after it, is told to live there.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial

from ..endpoint import Endpoint, Wrapper, require_endpoint
from ..services import Instance


class Resident(Wrapper):
    """An endpoint around `target` with a memory in some process; derive from it."""

    def __init__(self, target: Endpoint, *, name: str) -> None:
        super().__init__(target, name=name)
        self._on_stopping: list[Callable[[], object]] = []
        self._move_to(self.serving)

    def _move_to(self, home: Endpoint) -> None:
        self._home = home
        if self.host is not None:
            self.host.on_restart(partial(self._started, home), endpoint=home)
        if isinstance(home, Instance):
            home.on_stopping(partial(self._stops, home))

    def _started(self, home: Endpoint) -> None:
        # A host takes no function back: that of a home that was left may still be called.
        if home is self._home:
            self._start_afresh()

    def _stops(self, home: Endpoint) -> None:
        if home is self._home:
            for function in self._on_stopping:
                function()

    def on_stopping(self, function: Callable[[], object]) -> None:
        """Call `function()` when that process has been told to stop, and begins to refuse.

        It then has its grace to end what it has begun, and does not start again.
        """
        self._on_stopping.append(function)

    @property
    @abstractmethod
    def call_count(self) -> int:
        """How many calls have come so far."""

    @abstractmethod
    def _start_afresh(self) -> None:
        """Have an empty memory: the process has started again."""

    @property
    def home(self) -> Endpoint:
        """The endpoint in whose process the memory is."""
        return self._home

    def live_in(self, endpoint: Endpoint) -> None:
        """Have the memory in the process of `endpoint`, on the same host, and lose it with that.

        Raises `ValueError` for an endpoint on another host, and after the first call: what that has begun
        would go on in the process where it was, and outlive the memory.
        """
        require_endpoint("endpoint", endpoint)
        home = endpoint.serving
        if self.host is None or home.host is not self.host:
            raise ValueError(f"endpoint must be on the host of {self!r}, {self.host}, got {home.host}")
        if self.call_count:
            raise ValueError(
                f"{self!r} must be told where to live before its first call, got {self.call_count}"
            )
        self._move_to(home)

    @property
    def is_up(self) -> bool:
        """Whether the process that has the memory is there."""
        return self.host is None or self.host.runs(self._home)
