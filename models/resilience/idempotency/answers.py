"""The answers that an idempotency store keeps: each for so long, and the oldest only while there is room.

An answer is kept from the instant at which it was recorded until it is `ttl` seconds old; then it is gone.
All are kept equally long, so they expire in the order in which they were recorded. They are evicted in that
order too: being repeated makes an answer no younger. Source: Stripe's API reference, "Idempotent requests",
which lets keys go after 24 hours.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from simulator import Environment

from ...failures import CallFailed, own_copy
from ...request import Request, Response
from ...validation import require_duration


@dataclass(slots=True)
class Answer:
    """How the work on `request` ended, and until when (s) that is repeated."""

    request: Request
    result: Response | CallFailed
    expires_at: float

    def replay(self) -> Response:
        """Return the answer, or raise the failure, once more."""
        if isinstance(self.result, Response):
            return self.result
        raise own_copy(self.result)  # kept, it would hold the frames of all who are told


class Answers:
    """Answers by key, each for `ttl` seconds (> 0; infinity: for ever), at most `capacity` (>= 1) at a time.

    Of `recorded_count` answers, `kept_count` are there, `expired_count` were too old, `evicted_count` had to
    make room, and `forgotten_count` were there when all were forgotten.
    """

    __slots__ = (
        "_answers",
        "_env",
        "capacity",
        "evicted_count",
        "expired_count",
        "forgotten_count",
        "recorded_count",
        "ttl",
    )

    def __init__(self, env: Environment, ttl: float, capacity: float) -> None:
        require_duration("ttl", ttl)
        if not capacity >= 1:
            raise ValueError(f"capacity must be >= 1, got {capacity!r}")
        self._env = env
        self.ttl = ttl
        self.capacity = capacity
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self.recorded_count = 0
        self.expired_count = 0
        self.evicted_count = 0
        self.forgotten_count = 0

    @property
    def kept_count(self) -> int:
        """How many answers are there now."""
        self._drop_expired()
        return len(self._answers)

    def find(self, key: str) -> Answer | None:
        """Return the answer that is kept for `key`, if there is one."""
        self._drop_expired()
        return self._answers.get(key)

    def record(self, key: str, request: Request, result: Response | CallFailed) -> Answer:
        """Keep `result` as the answer to all requests with `key`, which must have none."""
        self._drop_expired()
        assert key not in self._answers, f"{key!r} is answered already"
        if isinstance(result, CallFailed):
            result = own_copy(result)
        answer = self._answers[key] = Answer(request, result, self._env.now + self.ttl)
        self.recorded_count += 1
        if len(self._answers) > self.capacity:
            self._answers.popitem(last=False)
            self.evicted_count += 1
        return answer

    def forget_all(self) -> None:
        """Keep nothing, as after a crash."""
        self.forgotten_count += self.kept_count
        self._answers.clear()

    def _drop_expired(self) -> None:
        now, answers = self._env.now, self._answers
        while answers:
            key = next(iter(answers))
            if answers[key].expires_at > now:
                return
            del answers[key]
            self.expired_count += 1
