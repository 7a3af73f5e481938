"""What retry budgets must allow, for `expectation`: their rules, written down a second time."""

from __future__ import annotations

from fractions import Fraction
from math import floor


class BudgetModel:
    """No limit; the base of the others."""

    def started(self, now: float) -> None:
        """A call begins."""

    def succeeded(self, *, is_first: bool) -> None:
        """An attempt was answered."""

    def failed(self) -> None:
        """An attempt failed in a way that is worth another."""

    def take(self, now: float) -> bool:
        """Whether a retry is allowed."""
        return True

    def retry_ended(self) -> None:
        """A retry is over."""

    def ended(self) -> None:
        """A call is over."""

    def begin_anew(self) -> None:
        """Whoever has it starts anew."""


class TokenModel(BudgetModel):
    """A bucket of tokens: first successes earn a part of one, a retry costs one."""

    def __init__(self, capacity: int, refill: Fraction) -> None:
        self.capacity = Fraction(capacity)
        self.refill = refill
        self.begin_anew()

    def begin_anew(self) -> None:
        self.tokens = self.capacity

    def succeeded(self, *, is_first: bool) -> None:
        if is_first:
            self.tokens = min(self.capacity, self.tokens + self.refill)

    def take(self, now: float) -> bool:
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class GrpcModel(BudgetModel):
    """Failures burn tokens, successes restore a part of one, and retries need more than half of them."""

    def __init__(self, tokens: int, ratio: Fraction) -> None:
        self.tokens_max = Fraction(tokens)
        self.ratio = ratio
        self.begin_anew()

    def begin_anew(self) -> None:
        self.tokens = self.tokens_max

    def succeeded(self, *, is_first: bool) -> None:
        self.tokens = min(self.tokens_max, self.tokens + self.ratio)

    def failed(self) -> None:
        self.tokens = max(Fraction(0), self.tokens - 1)

    def take(self, now: float) -> bool:
        return self.tokens > self.tokens_max / 2


class EnvoyModel(BudgetModel):
    """Retries under way are a share of the calls under way, or a few."""

    def __init__(self, ratio: Fraction, least: int) -> None:
        self.ratio, self.least = ratio, least
        self.calls = self.retries = 0

    def started(self, now: float) -> None:
        self.calls += 1

    def take(self, now: float) -> bool:
        if self.retries >= max(self.least, floor(self.ratio * self.calls)):
            return False
        self.retries += 1
        return True

    def retry_ended(self) -> None:
        self.retries -= 1

    def ended(self) -> None:
        self.calls -= 1


class SreModel(BudgetModel):
    """Retries are a share of the calls of the last `window` seconds, which move by sixtieths."""

    def __init__(self, ratio: Fraction, window: float) -> None:
        self.ratio, self.slice = ratio, window / 60
        self.begin_anew()

    def begin_anew(self) -> None:
        self.calls: list[float] = []
        self.retries: list[float] = []

    def started(self, now: float) -> None:
        self.calls.append(now)

    def take(self, now: float) -> bool:
        if self._recent(self.retries, now) >= floor(self.ratio * self._recent(self.calls, now)):
            return False
        self.retries.append(now)
        return True

    def _recent(self, times: list[float], now: float) -> int:
        return sum(floor(now / self.slice) - floor(time / self.slice) < 60 for time in times)
