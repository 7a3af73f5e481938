"""Closed workload: a fixed number of users who ask, wait for the answer, think, and ask again.

The load falls as the system slows down: with N users, think time Z and response time R the throughput is N /
(Z + R), the interactive response time law (Denning and Buzen, "The Operational Analysis of Queueing Network
Models", 1978). It therefore hides overload, which is why load tests with such users look better than a launch
(`OpenLoop`). Left out: users who give up, other than by a timeout around the target.
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

from simulator import Distribution, Environment, Process, ProcessCancelled, RequestTable

from ..endpoint import Endpoint
from .mix import KeySource, OperationMix, RequestSource
from .workload import Workload


class ClosedLoop(Workload):
    """`users_count` (>= 1) users, each with at most one request in flight.

    `think_time` is a distribution of seconds, drawn before each request. Users think first, so that they do
    not all arrive at once; where the think time is constant they would nevertheless, and `ramp_up` (>= 0 s)
    lets them begin one by one, evenly over that time. A failed request is followed by thinking like any
    other. `mix` and `keys` say what is asked for (default: operation `get` without key). `until`, `table`,
    `name`: see `Workload`. `users` are their processes, which a fault may cancel or kill. Streams:
    `name/think_time` (one for all users: ten thousand of them do not need as many generators),
    `name/operation`.

    Example: `ClosedLoop(env, shop, users_count=50, think_time=Exponential(mean=7.0), until=600.0)`.
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        *,
        users_count: int,
        think_time: Distribution,
        ramp_up: float = 0.0,
        mix: OperationMix | None = None,
        keys: KeySource | None = None,
        until: float = inf,
        table: RequestTable | None = None,
        name: str = "closed_loop",
    ) -> None:
        """Check the arguments and let the users begin."""
        super().__init__(env, target, until=until, table=table, name=name)
        if users_count < 1:
            raise ValueError(f"users_count must be >= 1, got {users_count!r}")
        if not 0.0 <= ramp_up < inf:
            raise ValueError(f"ramp_up must be finite and >= 0 s, got {ramp_up!r}")
        if not isinstance(think_time, Distribution):
            raise TypeError(f"think_time must be a Distribution of seconds, got {think_time!r}")
        self._think_time = env.sampler(f"{name}/think_time", think_time)
        self._source = RequestSource(env, name, self.table, mix, keys)
        self.users: list[Process] = [
            env.process(self._use(ramp_up * index / users_count), f"{name} user {index}")
            for index in range(users_count)
        ]
        self._start()

    def _issue_all(self) -> Generator[Any, Any, None]:
        for user in self.users:
            try:
                yield user
            except ProcessCancelled:  # this user is gone, the others go on
                continue

    def _use(self, delay: float) -> Generator[Any, Any, None]:
        env, until, think_time, source = self._env, self.until, self._think_time, self._source
        send = self.client.send
        while True:
            delay += think_time()
            # Not even asleep any more at `until`: a run without a time ends with the last answer.
            if env.now + delay >= until:
                return
            yield delay
            yield from send(*source())
            delay = 0.0
