"""The dual write and the outbox: a crash at every instant, and what is lost, invented or done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from random import Random
from typing import Any

import pytest

from models import CallFailed, FunctionEndpoint, Host, Request, Unavailable
from models.storage import Disk
from models.transactions import Add, read
from models.transactions.events import (
    Audit,
    DatabaseFirst,
    Event,
    EventService,
    MessageFirst,
    OutboxFlaws,
    Publishing,
    Reaction,
    ThroughOutbox,
    audit,
)
from simulator.randomness import Exponential

from ..shop import HOP, SYNC_TIME, Shop, Told, instants

OUTBOX = ThroughOutbox(poll_interval=0.01, send_timeout=0.05)
NOTHING = Audit(lost_count=0, phantom_count=0, doubled_count=0)


def place(event: Event) -> Reaction:
    """Write an order, and tell of it."""
    return Reaction((Add(event.key, 1),), (Event("placed", event.key),))


def ship(event: Event) -> Reaction:
    return Reaction((Add(event.key, 1),))


class EventShop(Shop):
    """Orders, which tells shipping of each."""

    leader = "producer"

    def __init__(
        self,
        publishing: Publishing,
        *,
        has_inbox: bool = True,
        flaws: OutboxFlaws | None = None,
        **world: Any,
    ) -> None:
        super().__init__(**world)
        self.nodes["stock"] = EventService(
            self.env,
            self.disk("stock"),
            self.network,
            reactions={"placed": ship},
            publishing=OUTBOX,
            has_inbox=has_inbox,
            name="shipping",
        )
        producer = EventService(
            self.env,
            self.disk(self.leader),
            self.network,
            reactions={"place": place},
            publishing=publishing,
            flaws=flaws or OutboxFlaws(),
            name="orders",
        )
        producer.subscribe("placed", self.network.connect(producer.host, self.nodes["stock"]))
        self.nodes[self.leader] = producer

    def order(self, number: int = 1, *, at: float = 0.0, patience: float = 1.0) -> Told:
        return self.ask(Request("place", key=number), at=at, patience=patience)

    @property
    def audit(self) -> Audit:
        return audit(self.data(self.leader), self.data("stock"))


def times_of(publishing: Publishing) -> list[float]:
    shop = EventShop(publishing)
    shop.order()
    return instants(shop, 0.03)


def audits(
    publishing: Publishing, *, crashed: str = "producer", process: bool = False, **settings: Any
) -> Counter[Audit]:
    """Return what came of a crash at each instant of an order, by how often."""
    found: Counter[Audit] = Counter()
    for time in times_of(publishing):
        shop = EventShop(publishing, **settings)
        shop.order()
        shop.crash(crashed, time, 0.1, process=process)
        shop.env.run(until=1.0)
        found[shop.audit] += 1
    return found


def test_database_first_answers_after_both_and_the_outbox_after_one() -> None:
    times = {}
    for publishing in (DatabaseFirst(), MessageFirst(), OUTBOX):
        shop = EventShop(publishing)
        told = shop.order()
        shop.env.run(until=1.0)
        assert (told.end, shop.audit) == ("done", NOTHING)
        assert shop.data("stock") == {1: 1}
        times[type(publishing)] = told.time
    alone = 2 * HOP + SYNC_TIME
    assert times[ThroughOutbox] == pytest.approx(alone)
    assert times[DatabaseFirst] == times[MessageFirst] == pytest.approx(2 * alone + GAP)


@pytest.mark.parametrize("process", [True, False])
def test_crash_between_database_and_message_loses_the_message(process: bool) -> None:
    found = audits(DatabaseFirst(), process=process)
    assert set(found) == {NOTHING, Audit(lost_count=1, phantom_count=0, doubled_count=0)}


@pytest.mark.parametrize("process", [True, False])
def test_crash_between_message_and_database_leaves_a_message_of_nothing(process: bool) -> None:
    found = audits(MessageFirst(), process=process)
    assert set(found) == {NOTHING, Audit(lost_count=0, phantom_count=1, doubled_count=0)}


GAP = 0.001
"""What passes between the two writes, by default."""


def test_what_is_lost_or_invented_is_what_a_crash_between_the_two_has_struck() -> None:
    """By hand: written at 3 ms and sent at 4; or sent at 1 ms and written, by way of shipping, at 8."""
    written_at, sent_at = HOP + SYNC_TIME, HOP + SYNC_TIME + GAP
    told_at, kept_at = HOP, HOP + 2 * HOP + SYNC_TIME + GAP + SYNC_TIME
    cases = ((DatabaseFirst(), written_at, sent_at), (MessageFirst(), told_at, kept_at))
    for publishing, start, end in cases:
        for time in times_of(publishing):
            shop = EventShop(publishing)
            shop.order()
            shop.crash("producer", time, 0.1)
            shop.env.run(until=1.0)
            # A crash comes before what is due at its instant.
            assert (shop.audit != NOTHING) == (start + 1e-9 < time < end + 1e-9), (publishing, time)


@pytest.mark.parametrize("process", [True, False])
@pytest.mark.parametrize("crashed", ["producer", "stock"])
def test_outbox_loses_and_invents_nothing(crashed: str, process: bool) -> None:
    assert set(audits(OUTBOX, crashed=crashed, process=process)) == {NOTHING}


@pytest.mark.slow
def test_outbox_without_an_inbox_at_the_other_end_does_things_twice() -> None:
    found = audits(OUTBOX, has_inbox=False)
    assert set(found) == {NOTHING, Audit(lost_count=0, phantom_count=0, doubled_count=1)}


def test_receiver_that_is_down_gets_its_events_later_and_in_order() -> None:
    shop = EventShop(OUTBOX)
    shop.at(0.0, shop.hosts["stock"].crash)
    tolds = [shop.order(number, at=0.01 * number) for number in range(5)]
    shop.at(1.0, shop.hosts["stock"].restart)
    shop.env.run(until=0.9)
    assert [told.end for told in tolds] == ["done"] * 5  # nobody waits for shipping
    assert shop.data("stock") == {}
    shop.env.run(until=2.0)
    assert list(shop.data("stock")) == [0, 1, 2, 3, 4]
    assert shop.nodes["producer"].store["outbox"] == {}


def test_receiver_that_is_down_fails_the_dual_write_and_a_repetition_does_not_mend_it() -> None:
    shop = EventShop(DatabaseFirst())
    shop.at(0.0, shop.nodes["stock"].crash)
    shop.at(0.5, shop.nodes["stock"].restart)
    first, again = shop.order(), shop.order(at=0.6)
    shop.env.run(until=2.0)
    assert (first.end, again.end) == (
        "DependencyFailed",
        "done",
    )  # the order is known, and nothing is sent again
    assert shop.audit == Audit(lost_count=1, phantom_count=0, doubled_count=0)


def test_relay_reads_a_batch_at_a_time() -> None:
    shop = EventShop(ThroughOutbox(poll_interval=0.1, batch_size=2))
    for number in range(5):
        shop.order(number, at=0.001)
    round_trip = 2 * HOP + SYNC_TIME
    shop.env.run(until=0.1 + 5 * round_trip + 0.01)
    assert len(shop.data("stock")) == 5  # full batches follow each other without a pause
    shop.order(9, at=0.13)
    shop.env.run(until=0.19)
    assert 9 not in shop.data("stock")


def test_event_that_nobody_has_subscribed_to_is_sent_to_nobody() -> None:
    shop = EventShop(OUTBOX)
    producer: Any = shop.nodes["producer"]
    producer._subscribers.clear()
    shop.order()
    shop.env.run(until=1.0)
    assert producer.store["outbox"] == {}
    assert shop.audit.lost_count == 1


def test_all_that_have_subscribed_are_told_and_told_again_where_one_of_them_is_down() -> None:
    shop = EventShop(OUTBOX)
    producer: Any = shop.nodes["producer"]
    host = Host(shop.env, "mail")
    mail = EventService(
        shop.env, Disk(host), shop.network, reactions={"placed": ship}, publishing=OUTBOX, name="mail"
    )
    producer.subscribe("placed", shop.network.connect(producer.host, mail))
    shop.at(0.0, host.crash)
    shop.at(0.5, host.restart)
    shop.order(1)
    shop.order(2)
    shop.env.run(until=0.4)
    assert shop.data("stock") == {1: 1}  # and mail, which is down, holds up what comes next
    shop.env.run(until=2.0)
    assert shop.data("stock") == mail.data() == {1: 1, 2: 1}
    assert producer.store["outbox"] == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_outbox_keeps_the_order_whatever_crashes_is_lost_or_late(seed: int) -> None:
    rng = Random(seed)
    shop = EventShop(OUTBOX, loss=0.1, latencies=Exponential(mean=0.01))
    for number in range(40):
        shop.order(number, at=rng.uniform(0.0, 2.0))
    for name in ("producer", "stock"):
        at = 0.0
        while at < 3.0:
            at += rng.uniform(0.05, 0.5)
            shop.crash(name, at, 0.05, process=rng.random() < 0.5)
            at += 0.06
    shop.env.run(until=20.0)
    written, shipped = shop.data("producer"), shop.data("stock")
    assert len(written) > 15
    assert shop.audit == NOTHING
    assert list(shipped) == list(written)


def test_event_that_is_not_known_fails_and_a_read_does_not() -> None:
    shop = EventShop(OUTBOX)
    tolds = [shop.ask(Request("nonsense", key=1)), shop.order(), shop.ask(read(1), at=0.5)]
    shop.env.run(until=1.0)
    assert [told.end for told in tolds] == ["ServerError", "done", 1]


def test_there_is_a_crash_for_each_flaw() -> None:
    assert set(STRUCK) == set(OutboxFlaws.__dataclass_fields__)


STRUCK = {"sends_unlogged": "producer", "removes_before_sending": "stock"}
"""By whose crash a flaw is seen."""


@pytest.mark.slow
@pytest.mark.parametrize("flaw", STRUCK)
def test_planted_flaw_is_seen(flaw: str) -> None:
    eager = ThroughOutbox(poll_interval=0.0012, send_timeout=0.05)
    crashed = STRUCK[flaw]
    assert set(audits(eager, crashed=crashed)) == {NOTHING}
    assert set(audits(eager, crashed=crashed, flaws=OutboxFlaws(**{flaw: True}))) > {NOTHING}


def test_audit_counts_what_is_missing_invented_and_doubled() -> None:
    assert audit({1: 1, 2: 1, 3: 1}, {2: 1, 3: 2, 4: 1}) == Audit(
        lost_count=1, phantom_count=1, doubled_count=1
    )


def test_two_events_in_the_outbox_of_two_transactions_have_rows_of_their_own() -> None:
    shop = EventShop(OUTBOX)
    for number in range(3):
        shop.order(number)
    shop.env.run(until=HOP + 0.0001)
    assert len(shop.nodes["producer"].store["outbox"]) == 3


@pytest.mark.parametrize("publishing", [DatabaseFirst(), MessageFirst(), OUTBOX], ids=repr)
def test_event_that_comes_twice_at_once_is_done_once(publishing: Publishing) -> None:
    shop = EventShop(publishing)
    tolds = [shop.order(), shop.order(at=0.0001)]
    shop.env.run(until=1.0)
    assert [told.end for told in tolds] == ["done", "done"]
    assert shop.data("producer") == shop.data("stock") == {1: 1}


@pytest.mark.parametrize("publishing", [DatabaseFirst(), MessageFirst()])
def test_dual_write_that_fails_half_way_does_not_say_that_nothing_was_done(publishing: Publishing) -> None:
    shop = EventShop(publishing)
    told: list[CallFailed] = []

    def full(request: Request) -> Generator[Any, Any, None]:
        yield 0.01
        raise Unavailable("no quorum")

    def order() -> Generator[Any, Any, None]:
        try:
            yield from shop.client.call(Request("place", key=1))
        except CallFailed as failure:
            told.append(failure)

    producer = shop.nodes["producer"]
    assert isinstance(producer, EventService)
    producer.subscribe("placed", FunctionEndpoint(full, host=producer.host))
    shop.env.process(order())
    shop.env.run(until=1.0)
    assert shop.data("stock") == {1: 1}
    assert [(type(each), each.nothing_done) for each in told] == [(Unavailable, False)]
