"""The site behind its caches: how warm it begins, what its origin tells, and what the judge calls stale."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from experiments.studies.caching.cached_origin import (
    PAGES,
    RATE,
    TTL,
    Design,
    Judge,
    Judged,
    Site,
)
from models import FunctionEndpoint, Request, Response
from models.hashing import hash_of
from models.workload import ZipfKeys
from simulator import Environment


def site(**design: Any) -> Site:
    plain: dict[str, Any] = {
        "hashing": "ring",
        "copies": 1,
        "on_failure": "wait",
        "limit": False,
        "leases": False,
        "repeat_deletes": False,
    }
    return Site(Environment(seed=1), Design(**{**plain, **design}), until=1.0)


@pytest.mark.parametrize("copies", [1, 2])
def test_it_begins_as_warm_as_one_that_has_run_for_long(copies: int) -> None:
    warm = site(copies=copies)
    held = dict.fromkeys(range(PAGES), 0)
    for place, server in enumerate(warm.cluster.servers):
        for page in server.store:
            held[page] += 1
            assert place in warm.cluster.owners(hash_of(page))
            entry = server.store.stale(page)
            assert entry is not None
            assert 0.0 < entry.expires_at < TTL
            assert entry.response.as_of == entry.expires_at - TTL
    assert set(held.values()) == {0, copies}
    rates = [RATE * share for share in ZipfKeys(Environment(seed=1), PAGES).probabilities]
    expected = sum(rate * TTL / (1.0 + rate * TTL) for rate in rates)
    assert sum(held.values()) / copies == pytest.approx(expected, rel=0.05)


def test_the_victim_is_the_server_of_the_most_popular_page() -> None:
    assert 0 in site().victim.store


def test_a_read_is_stale_if_it_tells_less_than_was_acknowledged_when_it_was_asked_for() -> None:
    env = Environment()
    judge = Judge(env)
    answers = {"write": 3, "read": 2}

    def answer(request: Request) -> Generator[Any, Any, Response]:
        yield 1.0
        return Response(answers[request.operation])

    judged = Judged(FunctionEndpoint(answer), judge)

    def ask(time: float, operation: str) -> None:
        env.call_later(time, lambda: env.process(judged.call(Request(operation, "page"))))

    ask(0.0, "write")  # acknowledged at 1 s
    for time in (0.5, 1.5):
        ask(time, "read")
    env.run()
    times, is_stale = judge.stale_reads()
    assert (times.tolist(), is_stale.tolist()) == ([1.5, 2.5], [False, True])
    assert judge.stale(width=1.0, since=1.0, until=3.0).values.tolist() == [0.0, 1.0]


def test_the_judge_counts_what_the_origin_is_asked() -> None:
    env = Environment()
    judge = Judge(env)
    for time in (0.5, 1.5, 1.7):
        env.call_later(time, judge.asked)
    env.run()
    assert judge.load(width=1.0, since=0.0, until=2.0).values.tolist() == [1.0, 2.0]
