"""Whatever resource of a chain is the smallest: light load predicts it, and overload runs into it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Request
from models.balancing import RoundRobin
from models.faults import DependencyOutage
from models.observers.saturation import SaturationReport
from models.resilience import ConstantBackoff, Retry
from models.resilience.bulkheads import ThreadPoolBulkhead
from models.resilience.shedding import ConcurrencyLimiter, FixedLimit
from models.services import Dependency, Pause, Work, in_sequence
from simulator.randomness import Constant
from tests.models.observers.saturation.building import Chain, Sizes

LIGHT, HEAVY = 20.0, 300.0

# What carries about 100 or 200 requests/s, where all else carries 400 and more.
SMALLEST = {
    "web cores": Sizes(web_cores=1),
    "api cores": Sizes(api_cores=1),
    "web threads": Sizes(web_threads=8),
    "api threads": Sizes(api_threads=6),
    "web to api pool": Sizes(pool=6),
    "api to web link": Sizes(bandwidth=1e6),
    "web to api rate limit": Sizes(rate_limit=100.0),
}
OTHERS = {
    "web to api pool": Sizes(pool=6, waiting_max=0),
    "api cores": Sizes(api_cores=1, scheduling="processor-sharing"),
}
CASES = pytest.mark.parametrize(("name", "sizes"), [*SMALLEST.items(), *OTHERS.items()])


@CASES
def test_light_load_says_what_will_saturate_first(name: str, sizes: Sizes) -> None:
    report = Chain(LIGHT, sizes).watched()
    assert report.first is not None
    assert report.first.name == name
    assert not report.bottlenecks


@pytest.mark.slow
@CASES
def test_overload_runs_into_what_light_load_said_and_where(name: str, sizes: Sizes) -> None:
    first = Chain(LIGHT, sizes).watched().first
    report = Chain(HEAVY, sizes).watched(until=15.0)
    assert first is not None
    assert [use.name for use in report.bottlenecks] == [name]
    assert report.rate == pytest.approx(first.saturates_at, rel=0.12)


@pytest.mark.slow
def test_what_is_full_of_those_who_wait_is_a_symptom() -> None:
    report = Chain(HEAVY, Sizes(api_cores=1)).watched(until=15.0)
    for name in ("api threads", "web to api pool"):
        use = report.use(name)
        assert use.utilisation > 0.99
        assert use.is_symptom
        assert use.because_of == ("api cores",)
        assert use.load < 0.2


@pytest.mark.slow
def test_threads_that_wait_for_what_nobody_can_hurry_are_the_bottleneck() -> None:
    chain = Chain(HEAVY)
    DependencyOutage(chain.system.service("api"), "slow").inject()
    report = chain.watched(since=3.0, until=6.0)
    assert report.first is not None
    assert report.first.is_bottleneck
    assert report.first.name in ("web to api pool", "api threads")
    assert report.use("api cores").utilisation < 0.3


@pytest.mark.slow
def test_pauses_before_a_retry_do_not_make_threads_the_bottleneck() -> None:
    chain = Chain(HEAVY, Sizes(api_cores=1, api_threads=2, web_threads=16))
    web = chain.system.service("web").instances[0]
    (api,) = chain.system.service("api").instances
    way = chain.system.network.connect(chain.web, api)
    again = Dependency(Retry(chain.env, way, 4, backoff=ConstantBackoff(delay=0.2)))
    web.interpose("retries", lambda handler: again.handler(web))
    report = chain.watched(since=3.0, until=8.0)
    assert report.use("web threads").utilisation > 0.95
    assert report.first is not None
    assert report.first.name.startswith("api")


@pytest.mark.parametrize("limit", [2, 200])
def test_a_limiter_in_front_of_an_instance_is_found_without_a_name(limit: int) -> None:
    chain = Chain(150.0)
    chain.system.add_service(
        "stock",
        [chain.system.add_host("stock host", cores=2)],
        lambda host: in_sequence(Work(0.005), Pause(Constant(0.04))),
        front=lambda instance: ConcurrencyLimiter(
            chain.env, instance, FixedLimit(limit), name=f"front of {instance.name}"
        ),
    )
    (stock,) = chain.system.service("stock").instances
    way = chain.system.network.connect(chain.web, chain.system.front_of(stock))
    ask_stock = Dependency(way, required=False)
    web = chain.system.service("web").instances[0]
    web.interpose("stock", lambda handler: ask_stock.handler(web))
    report = chain.watched(since=2.0, until=6.0)
    use = report.use("front of stock-1 limit")
    assert use.is_bottleneck == (limit == 2)
    assert report.first is not None
    assert report.first.name == ("front of stock-1 limit" if limit == 2 else "stock cores")


@pytest.mark.slow
def test_the_first_lines_say_it_in_words() -> None:
    def second_line(report: SaturationReport) -> str:
        return str(report).splitlines()[1]

    light = second_line(Chain(LIGHT, Sizes(api_cores=1)).watched())
    assert light.startswith("api cores saturate first, at about 10")
    assert light.endswith("requests/s (utilisation 0.19 now)")
    heavy = Chain(150.0, Sizes(rate_limit=100.0)).watched()
    assert second_line(heavy).startswith("web to api rate limit is saturated (utilisation 1.0")
    assert "/s turned away)" in second_line(heavy)


def test_one_that_is_used_more_than_its_siblings_saturates_for_all() -> None:
    chain = Chain(LIGHT)
    hosts = [chain.system.add_host(f"stock-{letter}") for letter in "abc"]
    stock = chain.system.add_service("stock", hosts, lambda host: Work(0.02))
    web = chain.system.service("web").instances[0]
    ways = [chain.system.network.connect(chain.web, instance) for instance in stock.instances]

    def ask(instance: Any, request: Request) -> Generator[Any, Any, None]:
        yield from ways[0].call(request)
        if chain.env.now % 1.0 < 0.2:
            yield from ways[1].call(request)

    web.interpose("stock", lambda handler: ask)
    use = chain.watched().use("stock cores")
    assert (use.hottest, use.is_uneven) == ("stock-a", True)
    assert f", of stock-a {use.hottest_utilisation:.2f} now)" in str(use)
    assert use.members == ("stock-a", "stock-b", "stock-c")
    assert use.load == pytest.approx(0.02 * LIGHT, rel=0.1)
    assert use.utilisation < 0.2


@pytest.mark.slow
def test_a_slow_one_of_three_is_the_bottleneck_although_the_others_have_nothing_to_do() -> None:
    chain = Chain(60.0)
    hosts = [chain.system.add_host(f"stock-{letter}", cores=2) for letter in "abc"]
    stock = chain.system.add_service("stock", hosts, lambda host: Work(0.01))
    ask = Dependency(chain.system.balanced(chain.web, stock, policy=RoundRobin()), required=False)
    web = chain.system.service("web").instances[0]
    web.interpose("stock", lambda handler: ask.handler(web))
    even = chain.watched(since=2.0, until=6.0).use("stock cores")
    assert not even.is_uneven
    hosts[1].slow_down("gray failure", 0.05)
    report = chain.watched(since=10.0, until=14.0)
    assert report.first is not None
    assert (report.first.name, report.first.hottest) == ("stock cores", "stock-b")
    assert report.first.is_bottleneck
    assert report.first.utilisation < 0.5


@pytest.mark.slow
def test_a_pool_that_is_a_part_knows_where_it_stands() -> None:
    chain = Chain(HEAVY, Sizes(api_threads=6))
    chain.system._parts.clear()
    chain.system.add_part("pool", chain.bulkhead.pool)
    report = chain.watched(since=3.0, until=6.0)
    assert report.first is not None
    assert report.first.name == "api threads"
    assert report.use("web to api pool").because_of == ("api threads",)
    assert report.use("web to api pool").served_rate > 0.0


@pytest.mark.parametrize("threads", [2, 200])
def test_a_bulkhead_with_threads_of_its_own_is_one_too(threads: int) -> None:
    chain = Chain(100.0)
    pool = ThreadPoolBulkhead(chain.env, chain.limiter, threads=threads, name="threads for api")
    chain.system.add_part("threads", pool)
    web = chain.system.service("web").instances[0]
    web.interpose("pool", lambda handler: Dependency(pool, required=False).handler(web))
    report = chain.watched(since=3.0, until=6.0)
    use = report.use("threads for api pool")
    assert use.is_bottleneck == (threads == 2)
    assert (use.turned_away_rate > 0.0) == (threads == 2)
