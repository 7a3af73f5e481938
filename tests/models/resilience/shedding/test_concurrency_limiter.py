"""The concurrency limiter: who is admitted, what the limit is told, and what is left after a crash."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import pytest

from models import (
    CallFailed,
    ConnectionLost,
    Host,
    Network,
    Refused,
    Rejected,
    Request,
    ServerError,
    TimedOut,
    Unavailable,
)
from models.resilience import Timeout
from models.resilience.shedding import (
    AimdLimit,
    ConcurrencyLimit,
    ConcurrencyLimiter,
    EnvoyGradientLimit,
    Fifo,
    FixedLimit,
)
from models.resilience.shedding.limits import LimitEstimator
from models.services import Instance
from simulator import Environment
from tests.models.resilience.scripted import OK, Scripted, call_at

from .callers import Occupied, ask


@dataclass(frozen=True)
class Levels(ConcurrencyLimit):
    """Limits by a list, the next one with each sample; `samples` are what it was told."""

    levels: tuple[int, ...]
    samples: list[tuple[float, float, int, bool]] = field(default_factory=list)

    def estimator(
        self, env: Environment, uniform: Callable[[], float], changed: Callable[[int], None]
    ) -> LimitEstimator:
        levels, samples = iter(self.levels), self.samples

        class Listed(LimitEstimator):
            def sample(self, start: float, duration: float, in_flight: int, did_drop: bool) -> None:
                samples.append((start, duration, in_flight, did_drop))
                self._set(next(levels, self.limit))

        return Listed(next(levels), changed)


@dataclass(frozen=True)
class Rising(ConcurrencyLimit):
    """1, and 2 from a time on, whatever happens."""

    at: float

    def estimator(
        self, env: Environment, uniform: Callable[[], float], changed: Callable[[int], None]
    ) -> LimitEstimator:
        class Timed(LimitEstimator):
            def sample(self, start: float, duration: float, in_flight: int, did_drop: bool) -> None:
                return

        timed = Timed(1, changed)
        env.call_later(self.at, timed._set, 2)
        return timed


class TestAdmission:
    def test_as_many_as_the_limit_are_in_flight_and_no_more(self) -> None:
        env = Environment()
        target = Scripted(env, (1.0, None))
        limiter = ConcurrencyLimiter(env, target, FixedLimit(2))
        seen = call_at(env, limiter, 0.0, 0.25, 0.5, 1.0)
        env.run(until=0.75)
        assert target.under_way == 2
        env.run()
        assert [each.outcome for each in seen] == ["answer", "answer", Rejected, "answer"]
        assert seen[2] == (0.5, Rejected)

    def test_a_rejection_names_the_limiter_and_the_rule(self) -> None:
        env = Environment()
        limiter = ConcurrencyLimiter(env, Occupied(env), FixedLimit(1), name="payment limit")
        ask(env, limiter, 0.0)

        def second() -> Generator[Any, Any, None]:
            with pytest.raises(Rejected, match="rejected by payment limit: limit reached") as caught:
                yield from limiter.call(Request())
            assert caught.value.part is limiter

        env.process(second())
        env.run()

    def test_a_higher_limit_lets_in_who_waits_at_once(self) -> None:
        env = Environment()
        limiter = ConcurrencyLimiter(env, Occupied(env), Levels((1, 3)), queue=Fifo())
        callers = [ask(env, limiter, 0.0, name) for name in range(5)]
        env.run()
        # The first has raised the limit from 1 to 3 as it ended.
        assert [caller.end for caller in callers] == [1.0, 2.0, 2.0, 2.0, 3.0]

    def test_a_limit_that_rises_between_calls_lets_in_who_waits_then(self) -> None:
        env = Environment()
        limiter = ConcurrencyLimiter(env, Occupied(env), Rising(0.25), queue=Fifo())
        callers = [ask(env, limiter, 0.0, name) for name in range(3)]
        env.run()
        assert [caller.end for caller in callers] == [1.0, 1.25, 2.0]

    def test_a_lower_limit_takes_no_place_away_and_holds_once_enough_have_ended(self) -> None:
        env = Environment()
        limiter = ConcurrencyLimiter(env, Occupied(env), Levels((3, 1)), queue=Fifo())
        callers = [ask(env, limiter, at) for at in (0.0, 0.25, 0.5, 0.75, 0.8125)]
        env.run()
        # From 1.0 on the limit is 1: two more end before the next may begin.
        assert [caller.end for caller in callers] == [1.0, 1.25, 1.5, 2.5, 3.5]

    def test_counts_add_up_at_any_time(self) -> None:
        env = Environment()
        limiter = ConcurrencyLimiter(env, Occupied(env), FixedLimit(2), queue=Fifo(2, age_max=0.5))
        callers = [ask(env, limiter, number / 8) for number in range(20)]
        env.call_later(0.5, callers[2].process.cancel)
        for _ in range(40):
            env.run(until=env.now + 0.11)
            now = limiter.statistics()
            assert now.rejected_count == now.full_count + now.waited_too_long_count + now.displaced_count
            assert now.call_count == (
                now.admitted_count + now.rejected_count + now.left_count + now.waiting_count
            )
            assert now.admitted_count == (
                now.succeeded_count + now.dropped_count + now.ignored_count + now.in_flight_count
            )
            assert (now.waiting_count, now.in_flight_count) == (
                len(limiter._memory.room),
                limiter._memory.in_flight,
            )
        assert now.left_count == 1
        assert now.waited_too_long_count > 0


class TestWhatTheLimitIsTold:
    @pytest.mark.parametrize(
        ("failure", "heard"),
        [
            (None, False),
            (TimedOut, True),
            (Rejected("further in", "full"), True),
            (ServerError, None),
            (Refused, None),
            (ConnectionLost, None),
            (Unavailable, None),
            (CallFailed, None),
        ],
    )
    def test_an_answer_is_a_success_some_failures_are_drops_and_others_tell_nothing(
        self, failure: Any, heard: bool | None
    ) -> None:
        env = Environment()
        limit = Levels((5,))
        limiter = ConcurrencyLimiter(env, Scripted(env, (0.5, failure)), limit)
        call_at(env, limiter, 2.0)
        env.run()
        assert limit.samples == ([] if heard is None else [(2.0, 0.5, 1, heard)])
        counts = limiter.statistics()
        assert (counts.succeeded_count, counts.dropped_count, counts.ignored_count) == (
            heard is False,
            heard is True,
            heard is None,
        )

    def test_what_counts_as_a_drop_can_be_chosen(self) -> None:
        env = Environment()
        limit = Levels((5,))
        target = Scripted(env, (0.5, ServerError), (0.5, TimedOut))
        call_at(env, ConcurrencyLimiter(env, target, limit, drops_on=(ServerError,)), 0.0, 1.0)
        env.run()
        assert limit.samples == [(0.0, 0.5, 1, True)]

    def test_only_failures_can_be_drops(self) -> None:
        env = Environment()
        with pytest.raises(TypeError, match="drops_on must hold CallFailed classes only"):
            ConcurrencyLimiter(env, Scripted(env), FixedLimit(1), drops_on=(ValueError,))  # type: ignore[arg-type]

    def test_the_time_of_waiting_is_not_part_of_it_and_in_flight_is_from_the_admission(self) -> None:
        env = Environment()
        limit = Levels((2,))
        limiter = ConcurrencyLimiter(env, Occupied(env), limit, queue=Fifo())
        for at in (0.0, 0.25, 0.5, 3.0):
            ask(env, limiter, at)
        env.run()
        assert limit.samples == [
            (0.0, 1.0, 1, False),
            (0.25, 1.0, 2, False),
            (1.0, 1.0, 2, False),
            (3.0, 1.0, 1, False),
        ]

    @pytest.mark.parametrize("kind", ["cancel", "kill"])
    def test_a_caller_that_goes_tells_nothing_and_gives_its_place_back(self, kind: str) -> None:
        env = Environment()
        limit = Levels((1,))
        limiter = ConcurrencyLimiter(env, Occupied(env), limit, queue=Fifo())
        goer, waiter = ask(env, limiter, 0.0), ask(env, limiter, 0.25)
        env.call_later(0.5, getattr(goer.process, kind))
        env.run()
        assert waiter == (1.5, "answered")
        assert limit.samples == [(0.5, 1.0, 1, False)]
        assert limiter.statistics().ignored_count == 1

    def test_a_timeout_inside_makes_drops_and_one_outside_does_not(self) -> None:
        env = Environment()
        inside, outside = Levels((9,)), Levels((9,))
        call_at(env, ConcurrencyLimiter(env, Timeout(env, Occupied(env), 0.5), inside), 0.0)
        call_at(env, Timeout(env, ConcurrencyLimiter(env, Occupied(env), outside), 0.5), 0.0)
        env.run()
        assert inside.samples == [(0.0, 0.5, 1, True)]
        assert outside.samples == []

    def test_a_rejection_by_a_limiter_further_in_is_a_drop_to_the_outer_one(self) -> None:
        env = Environment()
        outer = Levels((9,))
        inner = ConcurrencyLimiter(env, Occupied(env), FixedLimit(1))
        call_at(env, ConcurrencyLimiter(env, inner, outer), 0.0, 0.5)
        env.run()
        assert outer.samples == [(0.5, 0.0, 2, True), (0.0, 1.0, 1, False)]


class TestGauge:
    def test_it_shows_the_limit_over_time(self) -> None:
        env = Environment()
        limiter = ConcurrencyLimiter(env, Occupied(env), Levels((1, 3, 3, 2)), keep_history=True)
        call_at(env, limiter, 0.0, 2.0, 4.0)
        env.run(until=8.0)
        history = limiter.limit_gauge.history
        assert list(zip(history.times, history.values, strict=True)) == [(0.0, 1.0), (1.0, 3.0), (5.0, 2.0)]
        assert limiter.limit_gauge.mean() == (1 * 1 + 4 * 3 + 3 * 2) / 8

    def test_it_keeps_no_history_unless_asked_to(self) -> None:
        env = Environment()
        limiter = ConcurrencyLimiter(env, Occupied(env), FixedLimit(4))
        assert limiter.limit_gauge.value == 4
        with pytest.raises(ValueError, match="history"):
            _ = limiter.limit_gauge.history


def _second_of_work(instance: Instance, request: Request) -> Generator[Any, Any, None]:
    yield 1.0


class Served:
    """An instance behind a limiter on its own side, called over a network of 10 ms."""

    def __init__(self, limit: ConcurrencyLimit, **settings: Any) -> None:
        self.env = env = Environment()
        self.web, self.server = Host(env, "web"), Host(env, "server")
        self.instance = Instance(env, self.server, _second_of_work, threads=50, name="instance")
        self.limiter = ConcurrencyLimiter(env, self.instance, limit, **settings)
        self.connection = Network(env, latencies=0.01).connect(self.web, self.limiter)


class TestOnTheServersSide:
    def test_rejections_cross_the_network(self) -> None:
        served = Served(FixedLimit(1))
        callers = [ask(served.env, served.connection, at) for at in (0.0, 0.5)]
        served.env.run()
        assert callers[0] == (1.02, "answered")
        assert callers[1] == (0.52, "limit reached")

    def test_it_protects_the_instance_from_all_of_its_callers(self) -> None:
        served = Served(FixedLimit(2))
        other = Network(served.env, latencies=0.01).connect(Host(served.env, "other"), served.limiter)
        for at in (0.0, 0.125, 0.25):
            ask(served.env, served.connection, at)
            ask(served.env, other, at)
        served.env.run(until=0.5)
        assert served.instance.statistics().in_service_count == 2
        assert served.limiter.statistics().full_count == 4

    @pytest.mark.parametrize("what", ["process", "host"])
    def test_with_its_process_it_forgets_who_was_there_and_what_it_has_learnt(self, what: str) -> None:
        limit = AimdLimit(limit_initial=1, limit_min=1)
        served = Served(limit, queue=Fifo())
        env, limiter = served.env, served.limiter
        callers = [ask(env, served.connection, number / 64) for number in range(8)]
        env.run(until=2.5)
        assert limiter.statistics().limit == 4  # 1, and one more for each that was answered
        place = served.instance if what == "process" else served.server
        place.crash()
        assert limiter._memory.in_flight == len(limiter._memory.room) == 0
        place.restart()
        env.run(until=3.0)
        statistics = limiter.statistics()
        assert statistics.limit == limiter.limit_gauge.value == 1
        assert statistics.in_flight_count == statistics.waiting_count == 0
        assert statistics.ignored_count + statistics.left_count == 5
        again = [ask(env, served.connection, at) for at in (4.0, 4.25)]
        env.run()
        assert [caller.outcome for caller in again] == ["answered"] * 2
        assert again[1].end == pytest.approx(6.02)  # one at a time: it began anew
        lost = "ConnectionLost" if what == "process" else None
        assert [caller.outcome for caller in callers] == ["answered"] * 3 + [lost] * 5

    def test_timers_of_the_limit_end_with_its_process(self) -> None:
        limit = EnvoyGradientLimit(limit_min=1, request_count=1, interval=5.0, jitter=0.0)
        served = Served(limit, keep_history=True)
        ask(served.env, served.connection, 0.0)
        ask(served.env, served.connection, 1.25)
        served.env.run(until=2.5)
        assert served.limiter.statistics().limit == 2
        served.instance.crash()
        served.instance.restart()
        served.env.run()
        assert served.limiter.limit_gauge.history.times[-1] == 2.5
        assert served.env.now < 5.0

    def test_a_call_that_hangs_on_a_dead_host_holds_no_place_after_the_restart(self) -> None:
        served = Served(FixedLimit(1), queue=Fifo())
        env, limiter = served.env, served.limiter
        # Not over the network: from a process that no crash can reach.
        hanging, waiting = ask(env, limiter, 0.0), ask(env, limiter, 0.25)
        env.run(until=0.5)
        served.server.crash()
        served.server.restart()
        env.run(until=1.0)
        again = ask(env, limiter, 1.0)
        env.run(until=9.0)
        assert again == (2.0, "answered")
        assert hanging.outcome is waiting.outcome is None
        # They are counted until they end.
        statistics = limiter.statistics()
        assert (statistics.in_flight_count, statistics.waiting_count) == (1, 1)
        hanging.process.cancel()
        env.run()
        # What it leaves is a place of the old memory, and the one who waits there gets it.
        assert waiting == (10.0, "answered")
        assert limiter._memory.in_flight == 0

    def test_what_ends_after_a_restart_teaches_nothing(self) -> None:
        env = Environment()
        server = Host(env, "server")
        target = Scripted(env, (1.0, None))
        target.host = server
        limit = Levels((1, 2, 3))
        limiter = ConcurrencyLimiter(env, target, limit)
        call_at(env, limiter, 0.0)
        env.run(until=0.5)
        server.crash()
        server.restart()
        env.run()
        assert limit.samples == []
        assert limiter.statistics().limit == 1


class TestOnTheCallersSide:
    def test_it_limits_what_one_caller_has_under_way(self) -> None:
        env = Environment()
        web, server = Host(env, "web"), Host(env, "server")
        instance = Instance(env, server, _second_of_work, name="instance")
        network = Network(env, latencies=0.01)
        limiter = ConcurrencyLimiter(env, network.connect(web, instance), FixedLimit(1))
        limited, free = ask(env, limiter, 0.5), ask(env, network.connect(web, instance), 0.5)
        first = ask(env, limiter, 0.0)
        env.run()
        assert first == (1.02, "answered")
        assert limited == (0.5, "limit reached")
        assert free == (1.52, "answered")

    def test_it_begins_anew_with_the_host_of_its_caller_and_not_with_the_servers(self) -> None:
        env = Environment()
        web, server = Host(env, "web"), Host(env, "server")
        instance = Instance(env, server, _second_of_work, name="instance")
        connection = Network(env, latencies=0.01).connect(web, instance)
        limiter = ConcurrencyLimiter(env, connection, AimdLimit(limit_initial=1, limit_min=1))
        ask(env, limiter, 0.0)
        env.run(until=2.0)
        server.crash()
        server.restart()
        env.run(until=3.0)
        assert limiter.statistics().limit == 2
        web.crash()
        web.restart()
        env.run(until=4.0)
        assert limiter.statistics().limit == 1


def test_a_limiter_around_a_limiter_is_the_lower_of_both() -> None:
    env = Environment()
    target = Scripted(env, (1.0, None), OK)
    inner = ConcurrencyLimiter(env, target, FixedLimit(3), queue=Fifo())
    outer = ConcurrencyLimiter(env, inner, FixedLimit(2), queue=Fifo())
    target.then((1.0, None))
    seen = call_at(env, outer, *[0.0] * 6)
    env.run()
    assert [each.at for each in seen] == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
