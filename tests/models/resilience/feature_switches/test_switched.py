"""Feature switches: off is off at once, for everybody, and stands in the log with its reason."""

from collections.abc import Generator
from typing import Any

import pytest

from models import CallFailed, Endpoint, FunctionEndpoint, Host, Refused, Request, Response
from models.resilience.feature_switches import FeatureSwitch, Switched
from models.services import Instance
from simulator import Environment
from tests.models.resilience.scripted import Scripted, call_at


def ask(env: Environment, endpoint: Endpoint, request: Request | None = None) -> Any:
    """What one call comes to: the response, or the class of the failure."""

    def caller() -> Generator[Any, Any, Any]:
        try:
            return (yield from endpoint.call(request or Request()))
        except CallFailed as failure:
            return type(failure)

    return env.run(env.process(caller()))


def test_while_it_is_on_the_target_answers() -> None:
    env = Environment()
    switched = Switched(
        Scripted(env, (0.25, None), (0.25, Refused)), FeatureSwitch(env, "offers"), "Be Back Soon"
    )
    assert ask(env, switched) == Response("answer")
    assert ask(env, switched) is Refused
    assert (switched.statistics().call_count, switched.statistics().passed_count) == (2, 2)


def test_while_it_is_off_the_answer_comes_at_once_and_the_target_is_not_touched() -> None:
    env = Environment()
    target = Scripted(env, (0.25, None))
    switch = FeatureSwitch(env, "offers")
    switched = Switched(target, switch, "Be Back Soon")
    switch.turn_off("too much load")
    assert ask(env, switched) == Response("Be Back Soon", ("offers",))
    assert (env.now, target.call_count) == (0.0, 0)
    statistics = switched.statistics()
    assert (statistics.call_count, statistics.passed_count, statistics.off_count) == (1, 0, 1)
    switch.turn_on()
    assert ask(env, switched) == Response("answer")


def test_a_call_under_way_goes_on_when_it_is_turned_off() -> None:
    env = Environment()
    switch = FeatureSwitch(env, "offers")
    switched = Switched(Scripted(env, (0.5, None)), switch)
    first, second = call_at(env, switched, 0.0, 0.375)
    env.call_later(0.25, switch.turn_off)
    env.run()
    assert (first, second) == ((0.5, "answer"), (0.375, None))


def test_what_answers_instead_is_a_value_a_response_a_function_or_an_endpoint() -> None:
    def page(request: Request) -> Generator[Any, Any, str]:
        yield 0.5
        return f"sorry about {request.key}"

    env = Environment()
    switch = FeatureSwitch(env, "offers", is_on=False)
    for instead, wanted in (
        (None, Response(None, ("offers",))),
        (Response(1, ("prices",)), Response(1, ("prices", "offers"))),
        (lambda request: request.key, Response("book", ("offers",))),
        (FunctionEndpoint(page), Response("sorry about book", ("offers",))),
    ):
        assert ask(env, Switched(Scripted(env), switch, instead), Request(key="book")) == wanted
    assert env.now == 0.5
    assert ask(env, Switched(Scripted(env), switch, Scripted(env, (0.0, Refused)))) is Refused


def test_one_switch_turns_off_many() -> None:
    env = Environment()
    switch = FeatureSwitch(env, "offers")
    targets = [Scripted(env) for _ in range(3)]
    switch.turn_off()
    for target in targets:
        assert ask(env, Switched(target, switch, "off")).value == "off"
    assert not any(target.call_count for target in targets)


def test_changes_stand_in_the_log_with_their_reason_and_add_up() -> None:
    env = Environment()
    switch = FeatureSwitch(env, "offers")
    env.call_later(1.0, switch.turn_off, "their store is down")
    env.call_later(3.0, switch.turn_on)
    env.call_later(7.0, switch.turn_off)
    env.run(until=7.5)
    records = [(record.time, record.kind, record.subject, dict(record.detail)) for record in env.event_log]
    assert records == [
        (1.0, "feature.off", "offers", {"reason": "their store is down"}),
        (3.0, "feature.on", "offers", {}),
        (7.0, "feature.off", "offers", {"reason": "by hand"}),
    ]
    statistics = switch.statistics()
    assert (statistics.is_on, statistics.off_count, statistics.off_time) == (False, 2, 2.5)
    switch.turn_on()
    assert switch.statistics().off_time == 2.5


def test_one_that_is_off_from_the_start_is_off_since_then() -> None:
    env = Environment(5.0)
    switch = FeatureSwitch(env, "offers", is_on=False)
    env.run(until=7.0)
    assert (switch.statistics().off_count, switch.statistics().off_time) == (1, 2.0)
    assert repr(switch) == "FeatureSwitch('offers', off)"
    assert len(env.event_log) == 0


def test_a_switch_that_stands_so_already_is_an_error() -> None:
    env = Environment()
    switch = FeatureSwitch(env, "offers")
    with pytest.raises(RuntimeError, match="feature 'offers' is on already"):
        switch.turn_on()
    switch.turn_off()
    with pytest.raises(RuntimeError, match="feature 'offers' is off already"):
        switch.turn_off()


def test_it_stands_where_its_target_stands_and_takes_its_name() -> None:
    def serve(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        yield 0.0

    env = Environment()
    host = Host(env, "server")
    instance = Instance(env, host, serve, name="offers-1")
    switched = Switched(instance, FeatureSwitch(env, "offers"))
    assert (switched.host, switched.serving, switched.name) == (host, instance, "offers-1")
    assert Switched(instance, FeatureSwitch(env, "offers"), name="door").name == "door"


def test_nonsense_is_told_by_its_name() -> None:
    env = Environment()
    with pytest.raises(TypeError, match="switch must be a FeatureSwitch, got True"):
        Switched(Scripted(env), True)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="target must be an Endpoint, got 'offers'"):
        Switched("offers", FeatureSwitch(env, "offers"))  # type: ignore[arg-type]
