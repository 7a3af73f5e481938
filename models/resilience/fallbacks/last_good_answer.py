"""The last good answer: when the target fails, what it has last answered to the same question.

Questions are the same that have the same operation and key. Only full answers are kept; one that is degraded
already passes, and displaces nothing. A kept answer is given degraded, by the name "stale", and does not
become younger by being given: it is as of the instant at which the target was asked for it, or as old as it
was there already (`Response.as_of`). The least recently *kept* is dropped where there are more than
`capacity`.

For reads: to a write that fails it would say what an earlier one was told. It costs a server nothing while
all is well, unlike a cache, which asks less: it asks always, and helps only when asking fails.

The answers are in the memory of the process where the target is asked, and gone when its host, or the process
of the instance that it stands around, restarts. Leaves out: asking again in the background. Source: HTTP's
`stale-if-error` (RFC 5861, section 4).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

from simulator import Environment

from ...endpoint import Call, Endpoint, Wrapper
from ...failures import CallFailed
from ...request import Request, Response
from ...validation import require_count, require_duration
from ..failure_kinds import require_apart
from ..stand_in import degraded

# By operation and key, with the times at which they were asked for and came, the oldest first.
_Kept = OrderedDict[tuple[str, Any], tuple[Response, float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LastGoodAnswerStatistics:
    """What has become of the calls so far.

    Of `call_count` calls, `answered_count` were answered by the target and `stale_count` from memory;
    `failed_count` failed, for want of a young enough answer or of a failure to use one for; `aborted_count`
    were cut short from outside; `in_flight_count` are under way. These five add up to the calls. `kept_count`
    answers are in memory now.
    """

    call_count: int
    answered_count: int
    stale_count: int
    failed_count: int
    aborted_count: int
    in_flight_count: int
    kept_count: int


class LastGoodAnswer(Wrapper):
    """Answers as `target` does or, where it fails, with its last full answer to the same operation and key.

    That must be at most `age_max` (> 0, may be infinite) seconds old. At most `capacity` (>= 1) answers are
    kept. Only failures in `on` lead to it, and of those none in `except_on`. The answer is degraded by
    `name`. The keys of requests must be hashable.

    Example::

        prices = LastGoodAnswer(env, Timeout(env, network.connect(web, prices_service), 0.2), age_max=60.0)
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        age_max: float,
        *,
        capacity: int = 1_000,
        on: tuple[type[CallFailed], ...] = (CallFailed,),
        except_on: tuple[type[CallFailed], ...] = (),
        name: str = "stale",
    ) -> None:
        """Remember nothing yet."""
        super().__init__(target, name=name)
        require_duration("age_max", age_max)
        require_count("capacity", capacity)
        require_apart("on", on, "except_on", except_on)
        self._env = env
        self.age_max = age_max
        self.capacity = capacity
        self._on = on
        self._except_on = except_on
        self._kept = _Kept()
        self._call_count = 0
        self._answered_count = 0
        self._stale_count = 0
        self._failed_count = 0
        self._aborted_count = 0
        if self.host is not None:
            self.host.on_restart(self._start_afresh, endpoint=self.serving)

    def _start_afresh(self) -> None:
        self._kept = _Kept()

    def call(self, request: Request) -> Call:
        """Answer `request`, if need be from memory; raise the target's failure where that has nothing."""
        self._call_count += 1
        kept = self._kept  # that of the present start of the process, which the answer may outlive
        asked_at = self._env.now
        try:
            response = yield from self.target.call(request)
        except CallFailed as failure:
            stale = self._stale_answer(request, failure)
            if stale is None:
                self._failed_count += 1
                raise
            self._stale_count += 1
            return stale
        except BaseException:
            self._aborted_count += 1
            raise
        self._answered_count += 1
        if not response.degraded:
            self._keep(kept, request, response, asked_at)
        return response

    def _keep(self, kept: _Kept, request: Request, response: Response, asked_at: float) -> None:
        question = request.operation, request.key
        kept[question] = response, asked_at, self._env.now
        kept.move_to_end(question)
        if len(kept) > self.capacity:
            kept.popitem(last=False)

    def _stale_answer(self, request: Request, failure: CallFailed) -> Response | None:
        if not isinstance(failure, self._on) or isinstance(failure, self._except_on):
            return None
        response, asked_at, kept_at = self._kept.get((request.operation, request.key), (None, 0.0, 0.0))
        if response is None or self._env.now - kept_at > self.age_max:
            return None
        if response.as_of is None:
            response = replace(response, as_of=asked_at)
        return degraded(response, self.name)

    def statistics(self) -> LastGoodAnswerStatistics:
        """Return what has happened so far."""
        calls = self._call_count
        ended = self._answered_count + self._stale_count + self._failed_count + self._aborted_count
        return LastGoodAnswerStatistics(
            call_count=calls,
            answered_count=self._answered_count,
            stale_count=self._stale_count,
            failed_count=self._failed_count,
            aborted_count=self._aborted_count,
            in_flight_count=calls - ended,
            kept_count=len(self._kept),
        )
