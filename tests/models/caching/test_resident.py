"""Resident: a memory goes with the process that it is in, and with no other."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Host, Request
from models.caching.eviction import Lru
from models.caching.patterns import Cache
from models.caching.stores import CacheStore
from models.services import Instance
from simulator import Environment


def answer(instance: Instance, request: Request) -> Generator[Any, Any, str]:
    yield 0.1
    return "page"


class Placed:
    """Two instances on one host, and around one of them a cache that has something."""

    def __init__(self) -> None:
        self.env = Environment(seed=1)
        self.host = Host(self.env, "web")
        self.target, self.other = (
            Instance(self.env, self.host, answer, name=name) for name in ("target", "other")
        )
        self.cache = Cache(self.env, self.target, CacheStore(self.env, Lru(10)))

    def fill(self) -> None:
        self.env.run(self.env.process(self.cache.call(Request("read", "k"))))
        assert len(self.cache.store) == 1


def test_a_memory_around_an_instance_goes_with_that_and_with_the_host() -> None:
    for victim in ("target", "host"):
        placed = Placed()
        placed.fill()
        getattr(placed, victim).crash()
        getattr(placed, victim).restart()
        placed.env.run()
        assert len(placed.cache.store) == 0


@pytest.mark.parametrize(("victim", "held"), [("target", 1), ("other", 0), ("host", 0)])
def test_a_memory_that_was_told_to_live_elsewhere_outlives_the_process_that_it_left(
    victim: str, held: int
) -> None:
    placed = Placed()
    placed.cache.live_in(placed.other)
    placed.fill()
    getattr(placed, victim).crash()
    assert placed.cache.is_up is (victim == "target")
    getattr(placed, victim).restart()
    placed.env.run()
    assert len(placed.cache.store) == held
