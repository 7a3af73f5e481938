"""A resident: a cache whose memory is in a process, and gone when that, or its host, starts again.

That process is the one where its target is asked: around a connection the caller's host, around an instance
that instance. A cache that is a dependency of an instance, which is made after it, is told to live there.
"""

from __future__ import annotations

from abc import abstractmethod

from ..endpoint import Endpoint, Wrapper


class Resident(Wrapper):
    """An endpoint around `target` with a memory in some process; derive from it."""

    def __init__(self, target: Endpoint, *, name: str) -> None:
        super().__init__(target, name=name)
        self._home: Endpoint = self.serving
        if self.host is not None:
            self.host.on_restart(self._start_afresh, endpoint=self._home)

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
        home = endpoint.serving
        if self.host is None or home.host is not self.host:
            raise ValueError(f"endpoint must be on the host of {self!r}, {self.host}, got {home.host}")
        if self.call_count:
            raise ValueError(
                f"{self!r} must be told where to live before its first call, got {self.call_count}"
            )
        self._home = home
        self.host.on_restart(self._start_afresh, endpoint=home)

    @property
    def is_up(self) -> bool:
        """Whether the process that has the memory is there."""
        return self.host is None or self.host.runs(self._home)
