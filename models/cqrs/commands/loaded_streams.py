"""Streams as a command handler has loaded them: the state of each, as of a version, and how that gets newer.

In memory, and perhaps old: others append too. What is missing is read when somebody needs to know what is
true (`refresh`), and what a handler has appended itself need not be read (`learn`).
"""

from __future__ import annotations

from collections.abc import Generator, Hashable
from dataclasses import dataclass
from typing import Any

from simulator import CallFailed

from ...endpoint import Endpoint
from ...failures import Unavailable
from ...request import Request
from ..log import Commit, StreamSlice, read_stream
from .decider import Decider


@dataclass(frozen=True, slots=True)
class LoadedStream:
    """What is remembered of a stream, as of its `version`, which was reached in an `epoch` of the log."""

    state: Any
    version: int
    epoch: int


class LoadedStreams:
    """The streams of a `decider` that were loaded from `log`, a client of it; `name` is the handler's."""

    __slots__ = ("_decider", "_loaded", "_log", "_name")

    def __init__(self, log: Endpoint, decider: Decider, name: str) -> None:
        self._log = log
        self._decider = decider
        self._name = name
        self._loaded: dict[Hashable, LoadedStream] = {}

    def forget(self) -> None:
        """Have none."""
        self._loaded.clear()

    def drop(self, stream: Hashable) -> None:
        """Have that one no more."""
        self._loaded.pop(stream, None)

    def __contains__(self, stream: Hashable) -> bool:
        return stream in self._loaded

    def __getitem__(self, stream: Hashable) -> LoadedStream:
        """Return what is known of a stream, right or wrong; it must have been loaded."""
        return self._loaded[stream]

    def refresh(self, stream: Hashable) -> Generator[Any, Any, int]:
        """Read what is missing of a stream; return the position of the log as of which it is complete."""
        known = self._loaded.get(stream) or LoadedStream(self._decider.initial(stream), 0, 0)
        request = read_stream(stream, after=known.version, epoch=known.epoch)
        found: StreamSlice = yield from self.ask(request)
        state = known.state if found.after else self._decider.initial(stream)
        for commit in found.commits:
            state = self._decider.state_after(state, commit.events)
        self._loaded[stream] = LoadedStream(state, found.version, found.epoch)
        return found.position

    def learn(self, commit: Commit) -> None:
        """Evolve the state by a commit, if it is the next one of what is known; forget it where that is open.

        A commit of another life of the log may follow what this handler knows, or what has replaced that:
        where the command came before, nobody has compared.
        """
        known = self._loaded.get(commit.stream)
        if not commit.events or known is None or known.version != commit.version - len(commit.events):
            return
        if known.version and known.epoch != commit.epoch:
            self.drop(commit.stream)
            return
        state = self._decider.state_after(known.state, commit.events)
        self._loaded[commit.stream] = LoadedStream(state, commit.version, commit.epoch)

    def ask(self, request: Request) -> Generator[Any, Any, Any]:
        """Ask the log something that changes nothing; raise `Unavailable` where it does not answer."""
        try:
            answer = yield from self._log.call(request)
        except CallFailed as failure:
            raise Unavailable(f"{self._name}: the log does not answer") from failure
        if answer.degraded:
            raise Unavailable(f"{self._name}: it is not the log that answers, or not as of now")
        return answer.value
