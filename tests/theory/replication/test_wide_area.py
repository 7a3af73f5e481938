"""WARS over a wide area: latencies that depend on where one is, through the real messages of the store."""

from __future__ import annotations

from collections.abc import Generator
from itertools import product
from typing import Any

import numpy as np
import pytest

from experiments.studies.stores.staleness import FITS
from models import Host, Network
from models.replication import QuorumStore, read, write
from models.replication.quorums import MessageLegs, wars
from simulator import Environment

FAR = 0.075
"""Seconds more, each way, to a data centre that is not one's own."""

WRITES = 600


@pytest.mark.slow
def test_the_wide_area_of_the_paper_can_be_set_up() -> None:
    """LNKD-DISK, and 75 ms more each way to the data centres but one, which is chosen for each operation.

    So it is in the authors' program, `ernst.simulator.Simulator`. Whoever reads where it was written finds
    it, hardly anybody else does: a third right after the commit.
    """
    request, other = FITS["LinkedIn disk"]
    legs = MessageLegs(write_request=request, acknowledgement=other, read_request=other, response=other)
    env = Environment(seed=1)
    network = Network(env, latencies=0.0)
    replicas, clients = (
        [Host(env, f"{kind} {place}") for place in range(3)] for kind in ("replica", "client")
    )
    for client, replica in product(range(3), range(3)):
        if client != replica:
            network.override(clients[client], replicas[replica], latency=FAR)
    settings = wars(legs, replicas=3, read_level=1, write_level=1)
    store = QuorumStore(env, network, replicas, settings=settings)
    at = [store.client(host) for host in clients]
    places = env.stream("places")
    fresh: list[bool] = []

    def write_and_read(key: int) -> Generator[Any, Any, None]:
        writer, reader = places.integers(3, size=2)
        yield from at[writer].call(write(key, 1))
        fresh.append((yield from at[reader].call(read(key))).value == 1)

    for key in range(WRITES):
        env.process(write_and_read(key))
    env.run()
    expected = _fresh_in_a_wide_area(legs)
    assert expected == pytest.approx(1.0 / 3.0, abs=0.01)
    spread = (expected * (1.0 - expected) / WRITES) ** 0.5
    assert sum(fresh) / WRITES == pytest.approx(expected, abs=4.0 * spread)


def _fresh_in_a_wide_area(legs: MessageLegs, count: int = 20_000) -> float:
    """The share of fresh reads at once among samples of the model, where R = W = 1 of 3."""
    rng = np.random.default_rng(0)
    far = [FAR * (np.arange(3) != rng.integers(3, size=(count, 1))) for _ in range(2)]  # to write, to read
    request, back, question, answer = (
        leg.sample(rng, 3 * count).reshape(count, 3)
        for leg in (legs.write_request, legs.acknowledgement, legs.read_request, legs.response)
    )
    committed = (request + back + 2.0 * far[0]).min(axis=1)
    first = (question + answer + 2.0 * far[1]).argmin(axis=1)[:, None]
    arrived, asked = (
        np.take_along_axis(each, first, axis=1)[:, 0] for each in (request + far[0], question + far[1])
    )
    return float((committed + asked >= arrived).mean())
