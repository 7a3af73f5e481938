"""A failure says that nothing was done, unless something inside may have asked before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models import BreakerOpen, Endpoint, Host, Network, Refused, Rejected, TimedOut, Unavailable
from models.resilience import ConstantBackoff, Retry, Timeout, nothing_done_by
from models.resilience.hedging import Hedge
from models.services import Dependency, Instance
from simulator import Environment
from tests.models.resilience.scripted import Scripted


def _retry(env: Environment, target: Endpoint) -> Endpoint:
    return Retry(env, target, backoff=ConstantBackoff(delay=1.0))


def _hedge(env: Environment, target: Endpoint) -> Endpoint:
    return Hedge(env, target, after=0.1)


def test_of_what_asks_once_it_is_said_by_those_that_say_so() -> None:
    env = Environment()
    chain = Timeout(env, Timeout(env, Scripted(env), 1.0), 2.0)
    assert set(nothing_done_by(chain)) == {Refused, Rejected, BreakerOpen, Unavailable}
    assert not issubclass(TimedOut, nothing_done_by(chain))


@pytest.mark.parametrize("make", [_retry, _hedge], ids=["retry", "hedge"])
def test_where_something_asks_again_no_failure_says_it_however_far_inside(
    make: Callable[[Environment, Endpoint], Endpoint],
) -> None:
    env = Environment(seed=1)
    web, server = Host(env, "web"), Host(env, "server")
    again = make(env, Timeout(env, Scripted(env), 1.0))
    again.host = server
    assert nothing_done_by(again) == ()
    assert nothing_done_by(Timeout(env, again, 2.0)) == ()
    assert nothing_done_by(Timeout(env, Network(env).connect(web, again), 2.0)) == ()


def test_an_instance_between_says_itself_what_became_of_the_work() -> None:
    env = Environment(seed=1)
    again = _retry(env, Scripted(env))

    assert nothing_done_by(Instance(env, Host(env, "server"), Dependency(again)))
