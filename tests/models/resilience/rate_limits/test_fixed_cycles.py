"""Fixed cycles: the rules of resilience4j's AtomicRateLimiter, mostly from its own tests."""

from __future__ import annotations

from dataclasses import replace
from math import floor, inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.failures import Rejected
from models.resilience.rate_limits import FixedCycles, RateLimiter
from models.resilience.rate_limits.fixed_cycles import Cycles
from simulator import Environment
from tests.models.resilience.rate_limits.passing import admitted
from tests.models.resilience.scripted import Scripted, Seen, call_at

CYCLE = 0.25
NS = 1e-9


class Limiter:
    """AtomicRateLimiterTest's: one permit per cycle of a quarter of a second, unless said otherwise."""

    def __init__(self, timeout: float, *, limit: int = 1, period: float = CYCLE) -> None:
        self.env = Environment()
        self.cycles: Cycles = FixedCycles(limit, period, timeout).start(self.env)
        self.limiter = RateLimiter(self.env, Scripted(self.env), self.cycles)

    def call(self, *times: float) -> list[Seen]:
        return call_at(self.env, self.limiter, *times)

    def permits_at(self, time: float) -> int:
        self.env.run(until=time)
        return self.cycles.permits


def test_all_permits_are_there_in_the_first_cycle() -> None:
    assert Limiter(0.0).permits_at(CYCLE - 10 * NS) == 1


def test_each_cycle_brings_its_permits_and_no_more() -> None:
    limiter = Limiter(0.0)
    seen = limiter.call(CYCLE, CYCLE, 2 * CYCLE, 2 * CYCLE)
    assert limiter.permits_at(CYCLE + 10 * NS) == 0
    assert limiter.permits_at(2 * CYCLE - NS) == 0
    assert limiter.permits_at(2 * CYCLE + 10 * NS) == 0
    assert [each.outcome for each in seen] == ["answer", Rejected, "answer", Rejected]
    assert [each.at for each in seen] == [CYCLE, CYCLE, 2 * CYCLE, 2 * CYCLE]


def test_who_can_be_served_in_time_reserves_a_permit_of_the_next_cycle() -> None:
    limiter = Limiter(CYCLE)
    seen = limiter.call(CYCLE, CYCLE)
    assert limiter.permits_at(CYCLE + 10 * NS) == -1
    assert limiter.permits_at(2 * CYCLE + 10 * NS) == 0
    assert seen == [(CYCLE, "answer"), (2 * CYCLE, "answer")]
    assert limiter.limiter.statistics().waited_count == 1


def test_who_cannot_reserves_nothing_waits_out_its_whole_timeout_and_fails() -> None:
    limiter = Limiter(CYCLE)
    seen = limiter.call(CYCLE, CYCLE, CYCLE)
    assert limiter.permits_at(CYCLE + 10 * NS) == -1
    assert limiter.limiter.waiting_count == limiter.limiter.statistics().waiting_count == 2
    assert limiter.permits_at(6 * CYCLE + 10 * NS) == 1
    assert seen == [(CYCLE, "answer"), (2 * CYCLE, "answer"), (2 * CYCLE, Rejected)]
    statistics = limiter.limiter.statistics()
    assert (statistics.waited_count, statistics.waiting_time, statistics.rejected_count) == (1, CYCLE, 1)


def test_even_if_it_is_known_from_the_start_that_the_wait_is_in_vain() -> None:
    limiter = Limiter(0.1)
    seen = limiter.call(0.0, 0.05)
    limiter.env.run()
    assert seen == [(0.0, "answer"), (pytest.approx(0.15, abs=1e-12), Rejected)]


def test_a_reservation_is_kept_though_nobody_waits_for_it_any_more() -> None:
    # waitingThreadIsInterrupted: the permit is spent on nothing.
    limiter = Limiter(CYCLE)
    _, second, third = limiter.call(CYCLE, CYCLE, 2 * CYCLE + 0.125)
    limiter.env.call_later(CYCLE + 0.125, second.process.cancel)
    assert limiter.permits_at(CYCLE + 0.2) == -1
    assert limiter.limiter.statistics().waiting_count == 0
    limiter.env.run()
    assert (second.at, third) == (None, (3 * CYCLE, "answer"))
    assert limiter.limiter.statistics().abandoned_count == 1


def test_permits_are_reserved_up_front() -> None:
    # reservePermissionsUpfront: three per 10 ms, nine calls a nanosecond apart, each ready to wait 12 ms.
    limiter = Limiter(0.012, limit=3, period=0.010)
    times = [0.010 + (n + 1) * NS for n in range(9)]
    seen = limiter.call(*times)
    limiter.env.run()
    assert [each.outcome for each in seen] == ["answer"] * 6 + [Rejected] * 3
    ends = [*times[:3], 0.020, 0.020, 0.020, *(time + 0.012 for time in times[6:])]
    assert [each.at for each in seen] == pytest.approx(ends, abs=1e-12)


def test_the_defaults_are_those_of_the_library() -> None:
    limit = FixedCycles()
    assert (limit.limit, limit.period, limit.timeout) == (50, 500e-9, 5.0)
    env = Environment(initial_time=1_000.0)
    seen = call_at(env, RateLimiter(env, Scripted(env), limit), *[1_000.0] * 101)
    env.run()
    assert [each.at for each in seen] == pytest.approx(
        [1_000.0] * 50 + [1_000.0 + 500e-9] * 50 + [1_000.0 + 1e-6], abs=1e-12
    )


def test_a_timeout_of_one_cycle_is_enough_for_the_next_however_the_clock_rounds() -> None:
    # From 0.3 to 0.4 it is 0.10000000000000003.
    limiter = Limiter(0.1, period=0.1)
    seen = limiter.call(0.3, 0.3)
    limiter.env.run()
    assert seen == [(0.3, "answer"), (0.4, "answer")]


def test_without_a_timeout_it_is_the_fixed_window_with_its_flaw_at_the_edge() -> None:
    allowance = FixedCycles(limit=3, period=1.0, timeout=0.0).start(Environment())
    assert admitted(allowance, [0.99] * 5 + [1.0] * 5) == [0.99] * 3 + [1.0] * 3


def test_cycles_count_from_time_zero_and_not_from_the_first_call() -> None:
    env = Environment(initial_time=0.7)
    allowance = FixedCycles(limit=1, period=1.0, timeout=0.0).start(env)
    assert admitted(allowance, [0.8, 0.9, 1.0]) == [0.8, 1.0]


@pytest.mark.slow
@given(
    gaps=st.lists(st.integers(0, 6), min_size=1, max_size=40),
    limit=st.integers(1, 3),
    timeout=st.sampled_from([0.0, 0.5, 1.0, 2.5]),
)
def test_it_lets_pass_what_the_definition_says(gaps: list[int], limit: int, timeout: float) -> None:
    times = [sum(gaps[: n + 1]) / 8 for n in range(len(gaps))]
    env = Environment()
    limiter = RateLimiter(env, Scripted(env), FixedCycles(limit, 1.0, timeout))
    seen = call_at(env, limiter, *times)
    env.run()
    taken: dict[int, int] = {}  # permits of each cycle that are spent or reserved
    wanted = []
    for time in times:
        cycle = floor(time)
        while taken.get(cycle, 0) == limit:
            cycle += 1
        turn = max(time, float(cycle))
        if turn - time <= timeout:
            taken[cycle] = taken.get(cycle, 0) + 1
            wanted.append((turn, "answer"))
        else:
            wanted.append((time + timeout, Rejected))
    assert seen == wanted


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"limit": 0}, "limit must be a whole number >= 1, got 0"),
        ({"period": 0.0}, "period must be finite and > 0 s, got 0.0"),
        ({"timeout": -1.0}, "timeout must be finite and >= 0 s, got -1.0"),
        ({"timeout": inf}, "timeout must be finite and >= 0 s, got inf"),
        ({"timeout": nan}, "timeout must be finite and >= 0 s, got nan"),
    ],
)
def test_misuse_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(FixedCycles(), **changes)
