"""Adaptive throttling: what is counted and when, who is rejected, and the mistakes of others."""

from __future__ import annotations

from collections.abc import Generator
from math import inf, nan
from typing import Any

import pytest

from models.endpoint import Call, Endpoint, FunctionEndpoint, Wrapper
from models.failures import (
    BreakerOpen,
    CallFailed,
    ConnectionLost,
    Refused,
    Rejected,
    ServerError,
    Unavailable,
)
from models.infrastructure import Host
from models.network import Network
from models.request import Request
from models.resilience import Timeout
from models.resilience.recent_count import RecentCount
from models.resilience.throttling import NOT_ACCEPTED, AdaptiveThrottle
from models.services import Dependency, Instance
from simulator import Environment, TimedOut
from simulator.randomness import Uniform
from tests.models.resilience.scripted import OK, Scripted, Step, call_at


class Unheard(CallFailed):
    """A failure that a user has added."""


def throttled(*script: Step, seed: int | None = 1, **settings: Any) -> tuple[Environment, AdaptiveThrottle]:
    env = Environment(seed=seed)
    return env, AdaptiveThrottle(env, Scripted(env, *script), **settings)


def test_a_client_without_a_past_asks() -> None:
    _, throttle = throttled()
    assert throttle.rejection_probability == 0.0


def test_a_healthy_backend_is_never_throttled_and_nothing_is_drawn() -> None:
    env, throttle = throttled((0.5, None), seed=None)
    seen = call_at(env, throttle, *(float(n) for n in range(1_000)))
    env.run()
    assert all(each.outcome == "answer" for each in seen)
    assert throttle.statistics().throttled_count == 0


@pytest.mark.parametrize(("k", "expected"), [(2.0, 4 / 11), (1.5, 5.5 / 11), (1.0, 7 / 11), (4.0, 0.0)])
def test_the_probability_is_the_books(k: float, expected: float) -> None:
    env, throttle = throttled(*[OK] * 3, (0.0, Rejected("backend")), k=k)
    call_at(env, throttle, *[0.0] * 10)
    env.run()
    assert throttle.rejection_probability == pytest.approx(expected)


def test_half_of_the_requests_may_be_turned_away_before_anything_happens() -> None:
    env, throttle = throttled(*[OK, (0.0, Rejected("backend"))] * 50, seed=None)
    call_at(env, throttle, *(n / 10 for n in range(100)))
    env.run()
    assert throttle.rejection_probability == 0.0
    statistics = throttle.statistics()
    assert (statistics.accepted_count, statistics.turned_away_count) == (50, 50)


def test_a_request_counts_when_it_is_asked_and_an_accept_when_it_comes() -> None:
    env, throttle = throttled((1.0, None))
    call_at(env, throttle, 0.0)
    env.run(until=0.5)
    assert throttle.rejection_probability == 1 / 2
    assert throttle.statistics().in_flight_count == 1
    env.run(until=1.5)
    assert throttle.rejection_probability == 0.0
    assert throttle.statistics().in_flight_count == 0


def test_a_client_that_begins_with_many_requests_at_once_is_throttled_until_it_hears() -> None:
    env, throttle = throttled((1.0, None))
    seen = call_at(env, throttle, *[0.0] * 50)
    env.run(until=0.5)
    sent = throttle.statistics().in_flight_count
    assert 1 <= sent < 15  # the harmonic number of 50 on average, 4.5
    assert sum(each.outcome is Rejected for each in seen) == 50 - sent
    env.run()


def test_a_rejection_here_takes_no_time_sends_nothing_and_says_who_and_why() -> None:
    env = Environment(seed=1)
    target = Scripted(env, (0.0, Refused))
    throttle = AdaptiveThrottle(env, target, name="payment")
    rejections: list[Rejected] = []

    def caller() -> Generator[Any, Any, None]:
        while not rejections:
            try:
                yield from throttle.call(Request())
            except Rejected as rejected:
                rejections.append(rejected)
            except Refused:
                continue

    env.process(caller())
    env.run()
    assert env.now == 0.0
    assert (rejections[0].by, rejections[0].reason) == ("payment", "throttled")
    assert target.call_count == throttle.statistics().call_count - 1


def test_an_instance_does_not_take_the_rejection_of_a_throttle_of_its_name_for_its_own() -> None:
    env = Environment(seed=1)
    throttle = AdaptiveThrottle(env, Scripted(env, (0.0, Refused)), name="payment")
    instance = Instance(env, Host(env, "host"), Dependency(throttle), name="payment")
    seen = call_at(env, instance, *[0.0] * 50)
    env.run()
    assert {each.outcome.__name__ for each in seen} == {"DependencyFailed"}
    assert throttle.statistics().throttled_count > 30


def test_requests_that_are_rejected_here_count_too() -> None:
    env, throttle = throttled((0.0, Refused))
    call_at(env, throttle, *[0.0] * 99)
    env.run()
    assert throttle.statistics().throttled_count > 80
    assert throttle.rejection_probability == 99 / 100


@pytest.mark.parametrize(
    ("failure", "accepted"),
    [
        (Rejected("backend"), False),
        (Refused(), False),
        (TimedOut(), False),
        (ConnectionLost(), False),
        (BreakerOpen("breaker"), False),
        (ServerError(), True),
        (Unavailable(), True),
        (Unheard(), True),
    ],
)
def test_what_counts_as_accepted(failure: CallFailed, accepted: bool) -> None:
    env, throttle = throttled((0.0, failure))
    [seen] = call_at(env, throttle, 0.0)
    env.run()
    assert seen.outcome is type(failure)
    assert (type(failure) in NOT_ACCEPTED) is not accepted
    assert throttle.rejection_probability == (0.0 if accepted else 1 / 2)
    statistics = throttle.statistics()
    assert (statistics.accepted_count, statistics.turned_away_count) == (accepted, not accepted)


def test_what_counts_as_rejected_can_be_said() -> None:
    env, throttle = throttled((0.0, ServerError), OK, counts_as_rejected=(ServerError,))
    call_at(env, throttle, 0.0)
    env.run()
    assert throttle.rejection_probability == 1 / 2


@pytest.mark.parametrize("how", ["cancel", "kill"])
def test_what_is_cut_short_was_asked_and_not_accepted(how: str) -> None:
    env, throttle = throttled((1.0, None))
    [seen] = call_at(env, throttle, 0.0)
    env.call_later(0.5, getattr(seen.process, how))
    env.run()
    assert throttle.rejection_probability == 1 / 2
    assert throttle.statistics().aborted_count == 1
    assert throttle.statistics().in_flight_count == 0


def test_what_happened_is_forgotten_after_the_window() -> None:
    env, throttle = throttled((0.0, Refused), window=60.0)
    call_at(env, throttle, 0.5)
    env.run(until=59.9)
    assert throttle.rejection_probability == 1 / 2
    env.run(until=60.0)
    assert throttle.rejection_probability == 0.0


def test_an_accept_that_comes_after_its_request_is_forgotten_harms_nobody() -> None:
    env, throttle = throttled((70.0, None), window=60.0)
    call_at(env, throttle, 0.0)
    env.run(until=71.0)
    assert throttle.rejection_probability == 0.0


@pytest.mark.slow
def test_a_client_that_is_never_accepted_goes_on_asking_now_and_then() -> None:
    env, throttle = throttled((0.0, Refused), window=60.0)
    call_at(env, throttle, *(n / 10 for n in range(36_000)))
    env.run()
    # An hour is sixty windows.
    assert 40 <= throttle.statistics().turned_away_count <= 90


def test_a_backend_that_is_well_again_is_soon_asked_as_before() -> None:
    env = Environment(seed=1)
    target = Scripted(env, (0.0, Refused))
    throttle = AdaptiveThrottle(env, target, window=10.0)
    env.call_later(30.0, target.then, OK)
    call_at(env, throttle, *(n / 10 for n in range(1_000)))
    env.run(until=35.0)
    assert throttle.rejection_probability > 0.5
    env.run(until=90.0)
    assert throttle.rejection_probability == 0.0


def test_it_draws_from_its_own_stream_and_only_when_there_is_something_to_decide() -> None:
    env = Environment(seed=7)
    script = [OK if n % 3 == 0 or n < 30 else (0.0, Rejected("backend")) for n in range(400)]
    throttle = AdaptiveThrottle(env, Scripted(env, *script), window=1e6, name="payment")
    seen = call_at(env, throttle, *(float(n) for n in range(400)))
    env.run()
    uniform = Environment(seed=7).sampler("throttle/payment", Uniform(0.0, 1.0))
    accepts = 0
    for requests, each in enumerate(seen):
        p = (requests - 2.0 * accepts) / (requests + 1)
        if p > 0.0 and uniform() < p:
            assert each.outcome is Rejected
        else:
            accepts += script.pop(0) == OK
    assert throttle.statistics().accepted_count == accepts
    assert throttle.statistics().throttled_count > 20


def test_two_of_one_name_have_streams_in_the_order_in_which_they_were_made() -> None:
    env = Environment(seed=1)
    throttles = [AdaptiveThrottle(env, Scripted(env, (0.0, Refused)), k=1.0) for _ in range(2)]
    # The second has something to decide first.
    seen = [call_at(env, throttles[n], *(2 - n + i for i in range(30))) for n in range(2)]
    env.run()
    for number, name in enumerate(["throttle/throttle", "throttle/throttle#2"]):
        stream = Environment(seed=1).stream(name)
        wanted = [Refused, *(Rejected if stream.random() < n / (n + 1) else Refused for n in range(1, 30))]
        assert [each.outcome for each in seen[number]] == wanted


def test_without_a_seed_it_says_so_when_it_has_to_decide() -> None:
    env, throttle = throttled((0.0, Refused), seed=None)
    call_at(env, throttle, 0.0, 1.0)
    with pytest.raises(ValueError, match="throttle/throttle"):
        env.run()


def test_what_a_client_knows_is_gone_with_its_host() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=0.125)
    web, server = Host(env, "web"), Host(env, "server")

    def refuse(request: Request) -> Generator[Any, Any, None]:
        yield 0.0
        raise Rejected("backend")

    backend = FunctionEndpoint(refuse, host=server, name="backend")
    throttle = AdaptiveThrottle(env, network.connect(web, backend))
    call_at(env, throttle, *[0.0] * 20)
    env.run(until=1.0)
    assert throttle.rejection_probability == 20 / 21
    web.crash()
    web.restart()
    env.run(until=2.0)
    assert throttle.rejection_probability == 0.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": 0.9}, "k must be finite and >= 1, got 0.9"),
        ({"k": inf}, "k must be finite and >= 1, got inf"),
        ({"k": nan}, "k must be finite and >= 1, got nan"),
        ({"window": 0.0}, "window must be finite and > 0 s, got 0.0"),
        ({"window": inf}, "window must be finite and > 0 s, got inf"),
    ],
)
def test_misuse_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        throttled(**settings)


@pytest.mark.parametrize("nonsense", [Rejected, ("Rejected",), (ValueError,)])
def test_what_counts_as_rejected_is_a_tuple_of_failures(nonsense: Any) -> None:
    with pytest.raises(TypeError, match="counts_as_rejected must"):
        throttled(counts_as_rejected=nonsense)


# -- the usual mistakes --------------------------------------------------------------------------------------


class CountsAfterTheReply(Wrapper):
    """Go-zero's accounting, by its issue 5011: a request counts when its answer comes."""

    def __init__(self, env: Environment, target: Endpoint) -> None:
        super().__init__(target, name="mistaken")
        self.env = env
        self.requests, self.accepts = RecentCount(120.0), RecentCount(120.0)
        self.uniform = env.sampler("mistaken", Uniform(0.0, 1.0))
        self.sent = 0

    def call(self, request: Request) -> Call:
        env = self.env
        requests, accepts = self.requests.total(env.now), self.accepts.total(env.now)
        if self.uniform() < (requests - 2.0 * accepts) / (requests + 1):
            self.requests.add(env.now)
            raise Rejected(self.name, "throttled")
        self.sent += 1
        try:
            response = yield from self.target.call(request)
        except TimedOut:
            self.requests.add(env.now)
            raise
        self.requests.add(env.now)
        self.accepts.add(env.now)
        return response


def test_counting_after_the_reply_asks_a_silent_backend_at_full_rate_for_the_length_of_a_timeout() -> None:
    env = Environment(seed=1)
    silent = Timeout(env, Scripted(env, (1e9, None)), 10.0)
    throttle, mistaken = AdaptiveThrottle(env, silent), CountsAfterTheReply(env, silent)
    times = [n / 10 for n in range(100)]
    call_at(env, throttle, *times)
    call_at(env, mistaken, *times)
    env.run(until=9.99)
    assert mistaken.sent == 100
    assert throttle.statistics().in_flight_count < 15


def test_counting_after_the_reply_notices_an_outage_a_timeout_later() -> None:
    env = Environment(seed=1)
    backends = [Scripted(env, (0.0, None)) for _ in range(2)]
    throttle = AdaptiveThrottle(env, Timeout(env, backends[0], 10.0))
    mistaken = CountsAfterTheReply(env, Timeout(env, backends[1], 10.0))
    for backend in backends:
        env.call_later(9.95, backend.then, (1e9, None))
    # As many again as were accepted are free, so that both would begin to throttle after 20 s.
    seen = [call_at(env, wrapper, *(n / 10 for n in range(450))) for wrapper in (throttle, mistaken)]
    env.run()
    right, wrong = (min(each.at or inf for each in calls if each.outcome is Rejected) for calls in seen)
    assert 20.0 < right < 24.0
    assert 30.0 - 0.1 < wrong < 34.0
