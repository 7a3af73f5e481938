"""Adaptive throttling: a client rejects by itself what its backend would most likely turn away.

Turning requests away costs a backend too; one that is offered several times what it can do may spend all it
has on saying no. So each client looks at its own last two minutes, at `requests`, what the application asked
for, and `accepts`, what the backend took on, and rejects the next request with probability

    p = max(0, (requests - k x accepts) / (requests + 1))

As long as at least one of k requests is accepted nothing happens. Beyond that the client sends k times what
is accepted, whatever it is asked for: with k = 2 the backend turns away one request for each that it takes.
A smaller k spares it more, and notices later that it is well again. The 1 in the denominator keeps a client
that is never accepted asking: about once per window.

Rules, where implementations go wrong:

- A request counts when it is asked, before its answer and also if it is rejected here. Counted after the
  reply, as go-zero does (its issue 5011), a backend that has fallen silent is asked at full rate until the
  first timeouts are over; and if local rejections are not counted, p falls with every one of them.
- Hence what is under way counts as not yet accepted: a client that begins with several requests at once is
  throttled a little until their answers come. The window must be longer than answers take.
- Accepted is what the backend has worked on: any answer, and any failure that does not say "not taken on". A
  `ServerError` is a request that was taken on and failed; `Unavailable` is an answer too. Not accepted by
  default: `NOT_ACCEPTED`, where a time-out counts as overload. What ends without a result (cancelled, killed)
  was asked and not accepted.

The counts are the client's memory: they are gone when its host restarts. Left out: criticality of requests,
with a throttle for each. Source: "Site Reliability Engineering" (2016), chapter 21, "Client-Side Throttling".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from simulator import CallFailed, Environment
from simulator.randomness import Uniform

from ...endpoint import Call, Endpoint, Wrapper
from ...failures import BreakerOpen, ConnectionLost, Refused, Rejected, TimedOut
from ...request import Request
from ...validation import require_finite_duration
from ..failure_kinds import require_failures
from ..recent_count import RecentCount
from ..rejection import rejection

NOT_ACCEPTED: tuple[type[CallFailed], ...] = (Rejected, Refused, TimedOut, ConnectionLost, BreakerOpen)
"""What does not count as accepted: turned away, nobody there, no answer in time, or not even sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveThrottleStatistics:
    """What has become of the calls to a throttle so far.

    Of `call_count` calls, `throttled_count` were rejected here. Of those that were sent, `accepted_count`
    were accepted, `turned_away_count` were not, `aborted_count` were cut short from outside, and
    `in_flight_count` are under way: these five add up to the calls.
    """

    call_count: int
    throttled_count: int
    accepted_count: int
    turned_away_count: int
    aborted_count: int
    in_flight_count: int


class AdaptiveThrottle(Wrapper):
    """Passes calls on to `target`, or rejects them here with the reason "throttled", by what was accepted.

    `k` (>= 1) is how many requests are sent for each that is accepted, `window` (> 0) how many seconds are
    looked back on. `counts_as_rejected` are the failures that mean the backend did not take the request on.
    It stands on the caller's side, around the timeout; one for each client and backend. It draws from the
    stream "throttle/<name>", only when there is something to decide: an environment without a seed will do
    until then.

    Example::

        payment = AdaptiveThrottle(env, Timeout(env, connection, 0.5), k=1.5, name="payment")
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        *,
        k: float = 2.0,
        window: float = 120.0,
        counts_as_rejected: tuple[type[CallFailed], ...] = NOT_ACCEPTED,
        name: str = "throttle",
    ) -> None:
        """Begin without a past."""
        super().__init__(target, name=name)
        if isinstance(k, bool) or not 1.0 <= k < inf:
            raise ValueError(f"k must be finite and >= 1, got {k!r}")
        require_finite_duration("window", window)
        require_failures("counts_as_rejected", counts_as_rejected)
        self._env = env
        self.k = k
        self.window = window
        self._not_accepted = counts_as_rejected
        # Made here, if it can be, so that streams of equal names are given out in the order of construction.
        self._uniform: Callable[[], float] | None = None if env.seed is None else self._make_source()
        self._start_afresh()
        self._call_count = 0
        self._throttled_count = 0
        self._accepted_count = 0
        self._turned_away_count = 0
        self._aborted_count = 0
        if self.host is not None:
            self.host.on_restart(self._start_afresh, endpoint=self.serving)

    def _make_source(self) -> Callable[[], float]:
        return self._env.sampler(f"throttle/{self.name}", Uniform(0.0, 1.0))

    def _start_afresh(self) -> None:
        self._requests = RecentCount(self.window)
        self._accepts = RecentCount(self.window)

    @property
    def rejection_probability(self) -> float:
        """With what probability a call would be rejected here now."""
        now = self._env.now
        requests, accepts = self._requests.total(now), self._accepts.total(now)
        return max(0.0, (requests - self.k * accepts) / (requests + 1))

    def call(self, request: Request) -> Call:
        """Answer `request` as the target does, or raise `Rejected` without asking it."""
        env = self._env
        probability = self.rejection_probability
        is_unlucky = probability > 0.0 and self._draw() < probability
        self._call_count += 1
        self._requests.add(env.now)
        accepts = self._accepts  # those of the present start of the process, which the answer may outlive
        if is_unlucky:
            self._throttled_count += 1
            raise rejection(self, "throttled")
        try:
            response = yield from self.target.call(request)
        except CallFailed as failure:
            if isinstance(failure, self._not_accepted):
                self._turned_away_count += 1
            else:
                self._accepted_count += 1
                accepts.add(env.now)
            raise
        except BaseException:
            self._aborted_count += 1
            raise
        self._accepted_count += 1
        accepts.add(env.now)
        return response

    def _draw(self) -> float:
        if self._uniform is None:
            self._uniform = self._make_source()  # raises, and says that there is no seed
        return self._uniform()

    def statistics(self) -> AdaptiveThrottleStatistics:
        """Return what has happened so far."""
        ended = self._throttled_count + self._accepted_count + self._turned_away_count + self._aborted_count
        return AdaptiveThrottleStatistics(
            call_count=self._call_count,
            throttled_count=self._throttled_count,
            accepted_count=self._accepted_count,
            turned_away_count=self._turned_away_count,
            aborted_count=self._aborted_count,
            in_flight_count=self._call_count - ended,
        )
