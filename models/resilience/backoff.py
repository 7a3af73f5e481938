"""Backoff: how long to wait before each retry.

A backoff is a description without state; `delays` starts one call's sequence of waits. Two of the family
(decorrelated, Polly's) need the wait before, and keep it where a generator keeps everything: in its local
variables.

The first delay belongs to the first *retry* and grows from `base` (as in gRPC and resilience4j). The
simulator that goes with the AWS post counts from one more: what it calls base 5 ms is `base=0.010` here,
except with `DecorrelatedJitter`, where both start alike.

Leaves out: delays dictated by the server (Retry-After, gRPC's pushback).
Sources: M. Brooker, "Exponential Backoff And Jitter" (AWS architecture blog, 2015) and
aws-arch-backoff-simulator; Polly v8 `RetryHelper.cs` for `PollyJitter`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, sqrt, tanh
from typing import ClassVar

from simulator import Environment
from simulator.randomness import Uniform

from ..validation import require_finite_duration

_FLOAT_DOUBLINGS = 1000  # 2**1024 is no float


class Backoff(ABC):
    """The contract: `delays(uniform)` yields the waits before the retries of one call, for ever.

    `uniform` is a source of numbers in [0, 1); a backoff with `is_random` false never asks it.
    """

    __slots__ = ()

    is_random: ClassVar[bool] = True

    @abstractmethod
    def delays(self, uniform: Callable[[], float]) -> Iterator[float]:
        """Yield the waits in seconds (>= 0) of one call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantBackoff(Backoff):
    """The same `delay` (>= 0 s) before each retry; 0 is no backoff at all."""

    delay: float

    is_random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Check the delay."""
        if not 0 <= self.delay < inf:
            raise ValueError(f"delay must be finite and >= 0 s, got {self.delay!r}")

    def delays(self, uniform: Callable[[], float]) -> Iterator[float]:
        """Yield the delay."""
        while True:
            yield self.delay


@dataclass(frozen=True, slots=True, kw_only=True)
class _Growing(Backoff):
    """What the exponential ones share: ceilings that start at `base` and grow by `factor`, up to `cap`."""

    base: float
    factor: float = 2.0
    cap: float = inf

    def __post_init__(self) -> None:
        """Check the parameters."""
        _check_base_and_cap(self.base, self.cap)
        if not 1 <= self.factor < inf:
            raise ValueError(f"factor must be finite and >= 1, got {self.factor!r}")

    def _ceilings(self) -> Iterator[float]:
        ceiling = self.base
        while True:
            yield ceiling
            ceiling = min(self.cap, ceiling * self.factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentialBackoff(_Growing):
    """`base` s (> 0) before the first retry, and `factor` (>= 1) times as long before each further one.

    Never more than `cap` s. Without jitter: clients that failed together come back together. Use it to show
    just that.
    """

    is_random: ClassVar[bool] = False

    def delays(self, uniform: Callable[[], float]) -> Iterator[float]:
        """Yield the ceilings themselves."""
        return self._ceilings()


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualJitter(_Growing):
    """Uniform between half the exponential delay and all of it; parameters as `ExponentialBackoff`."""

    def delays(self, uniform: Callable[[], float]) -> Iterator[float]:
        """Yield draws from the upper half."""
        for ceiling in self._ceilings():
            yield ceiling / 2 + uniform() * ceiling / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FullJitter(_Growing):
    """Uniform between nothing and the exponential delay; parameters as `ExponentialBackoff`.

    The one to use unless there is a reason not to.
    """

    def delays(self, uniform: Callable[[], float]) -> Iterator[float]:
        """Yield draws from the whole range."""
        for ceiling in self._ceilings():
            yield uniform() * ceiling


@dataclass(frozen=True, slots=True, kw_only=True)
class DecorrelatedJitter(Backoff):
    """Uniform between `base` (> 0 s) and three times the delay before, never more than `cap` s.

    It does not look at the number of the retry, only at the last delay; before the first retry that is
    `base`.
    """

    base: float
    cap: float = inf

    def __post_init__(self) -> None:
        """Check the parameters."""
        _check_base_and_cap(self.base, self.cap)

    def delays(self, uniform: Callable[[], float]) -> Iterator[float]:
        """Yield draws, each of which sets the range of the next."""
        delay = self.base
        while True:
            delay = min(self.cap, self.base + uniform() * (3 * delay - self.base))
            yield delay


@dataclass(frozen=True, slots=True, kw_only=True)
class PollyJitter(Backoff):
    """Polly's "decorrelated jitter v2": retries smoothly spread around `base`, 2 `base`, 4 `base`, ... s.

    Those are the medians of the retries' times after the first failure, waits only; no wait exceeds `cap` s.
    With t = retry + U(0, 1), retries counted from 0, and x = 2^t tanh(sqrt(4 t)), a wait is (x - the x
    before) base / 1.4.
    """

    base: float
    cap: float = inf

    def __post_init__(self) -> None:
        """Check the parameters."""
        _check_base_and_cap(self.base, self.cap)

    def delays(self, uniform: Callable[[], float]) -> Iterator[float]:
        """Yield the increments of a randomly sampled, smoothed exponential."""
        before = 0.0
        for retry in range(_FLOAT_DOUBLINGS):
            t = retry + uniform()
            x = 2.0**t * tanh(sqrt(4 * t))
            yield min(self.cap, (x - before) * self.base / 1.4)
            before = x
        while True:
            yield self.cap


def jitter_source(env: Environment, backoff: Backoff, name: str) -> Callable[[], float]:
    """Return what `backoff` draws from: the stream `name`, or nothing at all for one that is not random."""
    if not isinstance(backoff, Backoff):
        raise TypeError(f"backoff must be a Backoff, such as ConstantBackoff(delay=0.1), got {backoff!r}")
    return env.sampler(name, Uniform(0.0, 1.0)) if backoff.is_random else _no_number


def _no_number() -> float:
    raise AssertionError("a backoff that is not random has asked for a random number")


def _check_base_and_cap(base: float, cap: float) -> None:
    require_finite_duration("base", base)
    if not cap >= base:
        raise ValueError(f"cap must be >= base ({base!r} s), got {cap!r}")
