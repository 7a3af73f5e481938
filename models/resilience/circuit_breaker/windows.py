"""Sliding windows: of the most recent results, how many there were, how many failed, how many were slow.

One contract, four ways to forget:

    CountWindow      the last N results                                              (resilience4j)
    TimeWindow       N buckets of one second, aligned to whole seconds               (resilience4j)
    SubWindows       buckets that start when a result comes, dropped when too old    (Polly)
    EmittedWindow    buckets that count only when they are complete                  (Hystrix)

Buckets are subtracted when they are dropped; nothing is added up anew. A window forgets when something is
recorded, which is when it is judged. Sources: the classes of the same purpose in resilience4j
(`FixedSizeSlidingWindowMetrics`, `SlidingTimeWindowMetrics`), Polly (`RollingHealthMetrics`) and Hystrix
(`BucketedRollingCounterStream`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from math import floor


class Window(ABC):
    """The contract: `record` one result at the simulated time `now`.

    `failed_count` and `slow_count` are plain attributes.
    """

    __slots__ = ("failed_count", "slow_count")

    def __init__(self) -> None:
        """Start empty."""
        self.failed_count = 0
        self.slow_count = 0

    @property
    @abstractmethod
    def total_count(self) -> int:
        """How many results the window holds."""

    @abstractmethod
    def record(self, now: float, is_failure: bool, is_slow: bool) -> None:
        """Count one result, and forget what no longer belongs to the window."""


class CountWindow(Window):
    """The last `size` (>= 1) results.

    Only the `bad` ones are kept, each with its number. While there are none, another good one need only be
    added to `recorded_count`.
    """

    __slots__ = ("_size", "bad", "recorded_count")

    def __init__(self, size: int) -> None:
        """Start empty."""
        super().__init__()
        self._size = size
        self.recorded_count = 0
        self.bad: deque[tuple[int, bool, bool]] = deque()

    @property
    def total_count(self) -> int:
        """How many results the window holds."""
        return min(self.recorded_count, self._size)

    def record(self, now: float, is_failure: bool, is_slow: bool) -> None:
        """Count one result in place of the oldest."""
        self.recorded_count = number = self.recorded_count + 1
        bad = self.bad
        if bad and bad[0][0] <= number - self._size:
            _, was_failure, was_slow = bad.popleft()
            self.failed_count -= was_failure
            self.slow_count -= was_slow
        if is_failure or is_slow:
            bad.append((number, is_failure, is_slow))
            self.failed_count += is_failure
            self.slow_count += is_slow


class _Bucket:
    """The results of a stretch of time; `start` is when it begins, in seconds, or its number."""

    __slots__ = ("failed_count", "slow_count", "start", "total_count")

    def __init__(self, start: float) -> None:
        self.start = start
        self.total_count = 0
        self.failed_count = 0
        self.slow_count = 0


class _BucketedWindow(Window):
    """What the windows over time share: buckets in order of their start; the counts are their sums."""

    __slots__ = ("_buckets", "_total_count")

    def __init__(self) -> None:
        super().__init__()
        self._total_count = 0
        self._buckets: deque[_Bucket] = deque()

    @property
    def total_count(self) -> int:
        """How many results the window holds."""
        return self._total_count

    def _count(self, bucket: _Bucket, sign: int) -> None:
        self._total_count += sign * bucket.total_count
        self.failed_count += sign * bucket.failed_count
        self.slow_count += sign * bucket.slow_count

    def _forget_until(self, start: float) -> None:
        """Drop the buckets that begin at `start` or before."""
        buckets = self._buckets
        while buckets and buckets[0].start <= start:
            self._count(buckets.popleft(), -1)

    def _add(self, bucket: _Bucket, is_failure: bool, is_slow: bool) -> None:
        bucket.total_count += 1
        self._total_count += 1
        if is_failure or is_slow:
            bucket.failed_count += is_failure
            bucket.slow_count += is_slow
            self.failed_count += is_failure
            self.slow_count += is_slow


class TimeWindow(_BucketedWindow):
    """The present second and the `seconds` - 1 (>= 0) whole seconds before it."""

    __slots__ = ("_seconds",)

    def __init__(self, seconds: int) -> None:
        """Start empty."""
        super().__init__()
        self._seconds = seconds

    def record(self, now: float, is_failure: bool, is_slow: bool) -> None:
        """Count one result in the bucket of its second."""
        second = floor(now)
        buckets = self._buckets
        if not buckets or buckets[-1].start != second:
            buckets.append(_Bucket(second))
            self._forget_until(second - self._seconds)
        self._add(buckets[-1], is_failure, is_slow)


class SubWindows(_BucketedWindow):
    """About the last `duration` seconds (> 0), in up to `bucket_count` (>= 1) buckets.

    A bucket starts with the first result after the one before has lasted its time, so that buckets are not
    aligned to anything.
    """

    __slots__ = ("_bucket_duration", "_duration")

    def __init__(self, duration: float, bucket_count: int) -> None:
        """Start empty."""
        super().__init__()
        self._duration = duration
        self._bucket_duration = duration / bucket_count

    def record(self, now: float, is_failure: bool, is_slow: bool) -> None:
        """Count one result in the youngest bucket, or in a new one."""
        # Forgotten first: through rounding even the youngest bucket may be too old, and yet too young for a
        # successor.
        self._forget_until(now - self._duration)
        buckets = self._buckets
        if not buckets or now - buckets[-1].start >= self._bucket_duration:
            buckets.append(_Bucket(now))
        self._add(buckets[-1], is_failure, is_slow)


class EmittedWindow(_BucketedWindow):
    """The last `bucket_count` (>= 1) complete buckets of `bucket_duration` seconds (> 0).

    Buckets are counted from the time `start`. What is recorded goes into the bucket that is being filled, and
    does not count before that is emitted.
    """

    __slots__ = ("_bucket_count", "_bucket_duration", "_filling", "_start")

    def __init__(self, start: float, bucket_duration: float, bucket_count: int) -> None:
        """Start empty, with the first bucket."""
        super().__init__()
        self._start = start
        self._bucket_duration = bucket_duration
        self._bucket_count = bucket_count
        self._filling = _Bucket(0)

    @property
    def has_failures(self) -> bool:
        """Whether any failure counts, or will when it is emitted."""
        return self.failed_count > 0 or self._filling.failed_count > 0

    def record(self, now: float, is_failure: bool, is_slow: bool) -> None:
        """Count one result in the bucket that is being filled, once the earlier ones are emitted."""
        self.emit(floor((now - self._start) / self._bucket_duration))
        filling = self._filling
        filling.total_count += 1
        filling.failed_count += is_failure
        filling.slow_count += is_slow

    def next_emission(self) -> tuple[int, float]:
        """Return the number of the bucket after the one that is being filled, and when it begins."""
        number = floor(self._filling.start) + 1
        return number, self._start + number * self._bucket_duration

    def emit(self, number: int) -> None:
        """Let every bucket before `number` count, and forget those that are too old."""
        if number <= self._filling.start:
            return
        self._count(self._filling, 1)
        self._buckets.append(self._filling)
        self._filling = _Bucket(number)
        self._forget_until(number - self._bucket_count - 1)
