"""AvailSim's model of an election once more, in plain Python: what the real nodes are held against.

Written from the description of `ongardie/availsim` (see `models.consensus.raft.election_trial`), with none of
our nodes, networks or timers.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import Any

import numpy as np


class Server:
    """A server: its term, its vote in it, the votes that it has as a candidate, when its timer rings."""

    def __init__(self) -> None:
        self.term = 0
        self.vote: int | None = None
        self.votes: set[int] = set()
        self.is_candidate = False
        self.rings_at = 0.0


class Model:
    """The servers that are up, and what is to happen."""

    def __init__(
        self,
        chance: np.random.Generator,
        node_count: int,
        failed_count: int,
        latency: tuple[float, float],
        timeout: tuple[float, float],
    ) -> None:
        self.chance = chance
        self.latency = latency
        self.timeout = timeout
        self.majority = node_count // 2 + 1
        self.servers = [Server() for _ in range(node_count - failed_count)]
        self.order = count()
        self.queue: list[tuple[float, int, str, int, Any]] = []
        for number in range(len(self.servers)):
            self.set_timer(number, 0.0)

    def set_timer(self, number: int, now: float) -> None:
        self.servers[number].rings_at = rings_at = now + self.chance.uniform(*self.timeout)
        heappush(self.queue, (rings_at, next(self.order), "ring", number, None))

    def send(self, now: float, kind: str, target: int, what: Any) -> None:
        heappush(self.queue, (now + self.chance.uniform(*self.latency), next(self.order), kind, target, what))

    def ring(self, number: int, now: float) -> None:
        server = self.servers[number]
        if server.rings_at != now:
            return
        server.term += 1
        server.vote, server.votes, server.is_candidate = number, {number}, True
        self.set_timer(number, now)
        for other in range(len(self.servers)):
            if other != number:
                self.send(now, "request", other, (server.term, number))

    def receive(self, kind: str, number: int, now: float, term: int, sender: int) -> None:
        server = self.servers[number]
        if term > server.term:  # the timer goes on
            server.term, server.vote, server.is_candidate = term, None, False
        if kind == "vote":
            if term == server.term and server.is_candidate:
                server.votes.add(sender)
        elif term == server.term and server.vote is None:
            server.vote = sender
            self.set_timer(number, now)
            self.send(now, "vote", sender, (term, number))

    def run(self) -> tuple[float, int]:
        """Return when a leader is elected, and in which term."""
        while True:
            now, _, kind, number, what = heappop(self.queue)
            if kind == "ring":
                self.ring(number, now)
            else:
                self.receive(kind, number, now, *what)
            server = self.servers[number]
            if server.is_candidate and len(server.votes) >= self.majority:
                return now, server.term
