"""The verdict on a write that is not idempotent, is retried, and whose reply was lost: with a key or without.

The rest of what a store owes its callers is in the tests beside it; here are the situations of the list.
"""

from __future__ import annotations

import pytest

from models import Endpoint, Request
from models.outcome import Outcome
from models.resilience import ConstantBackoff, Retry, Timeout
from models.resilience.idempotency import (
    Acknowledged,
    Effect,
    EffectLog,
    IdempotencyStore,
    WithIdempotencyKey,
)
from models.services import Instance, Pause, in_sequence
from models.workload import Client
from simulator.randomness import Constant

from .invariants import check_drained
from .world import World

HEAL = 1.2  # after the first reply was lost, before the first attempt is given up
ATTEMPT, BACKOFF = 1.5, 0.1


class Writes:
    """A write of so many seconds that takes effect at its end, and is retried."""

    def __init__(self, *, has_key: bool, has_store: bool = True, work: float = 1.0) -> None:
        self.world = world = World()
        self.orders = EffectLog()
        write = in_sequence(Pause(Constant(work)), Effect(self.orders))
        self.instance = Instance(world.env, world.server, write, name="writes")
        self.store = IdempotencyStore(world.env, self.instance)
        link = world.link(self.store if has_store else self.instance)
        target: Endpoint = Retry(
            world.env, Timeout(world.env, link, ATTEMPT), 3, backoff=ConstantBackoff(delay=BACKOFF)
        )
        if has_key:
            target = WithIdempotencyKey(world.env, target)
        world.endpoints += [self.instance, target]
        self.client = world.client(Acknowledged(target, self.orders))

    def lose_replies(self) -> None:
        """Lose what is sent back, until `HEAL`."""
        rule = self.world.network.partition(self.world.server, self.world.web, one_way=True)
        self.world.at(HEAL, lambda: self.world.network.heal(rule))

    def issue(self, *times: float, until: float = 30.0) -> list[tuple[float, Outcome]]:
        for time in times:
            self.world.at(time, lambda: self.world.callers.append(self.client.issue(Request("pay", "order"))))
        self.world.env.run(until=until)
        return ends(self.client)


def ends(client: Client) -> list[tuple[float, Outcome]]:
    columns = client.table.columns()
    return [
        (pytest.approx(float(end), abs=1e-12), Outcome(code))
        for end, code in zip(columns["end"], columns["outcome"], strict=True)
    ]


@pytest.mark.parametrize(("has_key", "has_store"), [(False, False), (False, True), (True, False)])
def test_retried_write_whose_reply_was_lost_is_applied_twice_and_counted_so(
    has_key: bool, has_store: bool
) -> None:
    writes = Writes(has_key=has_key, has_store=has_store)
    writes.lose_replies()
    assert writes.issue(0.0) == [(ATTEMPT + BACKOFF + 1.02, Outcome.OK)]
    now = writes.orders.statistics()
    assert (now.applied_count, now.distinct_count, now.applied_more_than_once_count) == (2, 1, 1)
    assert (now.acknowledged_count, now.lost_count, now.unacknowledged_count) == (1, 0, 0)
    assert writes.instance.statistics().completed_count == 2
    check_drained(writes.world)


def test_with_an_idempotency_key_it_is_applied_once_and_the_first_answer_is_replayed() -> None:
    writes = Writes(has_key=True)
    writes.lose_replies()
    # The second attempt costs a round trip and no work.
    assert writes.issue(0.0) == [(ATTEMPT + BACKOFF + 0.02, Outcome.OK)]
    now = writes.orders.statistics()
    assert (now.applied_count, now.distinct_count, now.applied_more_than_once_count) == (1, 1, 0)
    assert (now.acknowledged_count, now.lost_count, now.unacknowledged_count) == (1, 0, 0)
    store = writes.store.statistics()
    assert (store.worked_count, store.replayed_count) == (1, 1)
    assert writes.instance.statistics().call_count == 1
    check_drained(writes.world)


def test_retry_that_comes_while_the_first_attempt_is_still_worked_on_waits_for_it() -> None:
    # The work takes longer than the attempt: the first one's answer is nobody's, and the second waits for it.
    writes = Writes(has_key=True, work=2.0)
    assert writes.issue(0.0) == [(2.02, Outcome.OK)]
    assert writes.orders.applied_count == 1
    assert (writes.store.statistics().worked_count, writes.store.statistics().replayed_count) == (1, 1)
    check_drained(writes.world)


def test_two_orders_under_two_keys_are_two_orders() -> None:
    writes = Writes(has_key=True)
    assert writes.issue(0.0, 0.25) == [(1.02, Outcome.OK), (1.27, Outcome.OK)]
    assert writes.orders.applied_count == 2
    check_drained(writes.world)
