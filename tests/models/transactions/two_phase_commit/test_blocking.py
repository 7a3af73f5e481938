"""Who waits for whom, for how long, by hand; and what asking the others helps."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from models.transactions import Add, Ending, read, run
from models.transactions.two_phase_commit.messages import Inquiry, Vote

from ..shop import HOP, MONEY, NAMES, STOCK, SYNC_TIME, TWO_PHASE, TwoPhaseShop, order_changes

COMMIT = 4 * HOP + 2 * SYNC_TIME
"""To the coordinator, to the participants, a promise on the disk, back, a decision on the disk, back."""

VOTED = 2 * HOP + SYNC_TIME
"""When the votes go out; they arrive a hop later."""

DOWN_FOR = 10.0
ASKING = replace(TWO_PHASE, asks_peers=True)


def asked(shop: TwoPhaseShop, number: int = 1, account: str = "alice", *, at: float = 0.0) -> Any:
    return shop.ask(run(number, order_changes(number, account)), at=at)


def test_commit_takes_three_messages_and_two_syncs_after_the_clients() -> None:
    shop = TwoPhaseShop()
    told = asked(shop)
    shop.env.run(until=1.0)
    assert (told.end, told.time) == (Ending(is_done=True), pytest.approx(COMMIT))
    assert shop.data("orders") == {1: "approved"}
    assert shop.totals == (STOCK, 2 * MONEY)
    # Locked from PREPARE until the commit is on the participant's disk.
    assert shop.observer.locked_times() == [pytest.approx(3 * SYNC_TIME + 2 * HOP)] * 3


def test_refusal_of_one_aborts_at_all_and_is_an_answer() -> None:
    shop = TwoPhaseShop()
    told = asked(shop, account="poor")
    shop.env.run(until=1.0)
    assert told.end == Ending(is_done=False, reason="too little of 'poor'")
    # Payment writes nothing before it says no; the coordinator writes how this id has ended.
    assert told.time == pytest.approx(4 * HOP + SYNC_TIME)
    assert (shop.data("orders"), shop.data("stock")) == ({}, {"book": STOCK})
    assert shop.observer.open_count == 0


def test_abort_frees_the_locks_as_soon_as_it_is_heard() -> None:
    """No log is waited for: presumed abort. A commit is on the disk before they are free."""
    shop = TwoPhaseShop()
    asked(shop, account="poor")
    shop.env.run(until=1.0)
    locked = {stay.participant: stay.ended_at - stay.locked_at for stay in shop.observer.stays}
    assert locked == {"orders": pytest.approx(2 * HOP), "stock": pytest.approx(2 * HOP), "payment": 0.0}


def test_abort_that_a_crash_takes_back_is_in_doubt_again_and_aborted_again() -> None:
    shop = TwoPhaseShop()
    far = shop.nodes["payment"].network  # the refusal comes when the others have promised
    far.override(shop.hosts["coordinator"], shop.hosts["payment"], latency=0.02, one_way=True)
    asked(shop, account="poor")
    told_at = HOP + 0.02 + 2 * HOP
    shop.crash("stock", told_at + 0.5 * SYNC_TIME, 0.1)
    shop.crash("coordinator", told_at + 0.5 * SYNC_TIME, 1.0)
    shop.env.run(until=0.9)
    assert shop.nodes["stock"].locks.held_count == shop.observer.open_count == 1
    shop.env.run(until=2.0)
    assert shop.nodes["stock"].locks.held_count == shop.observer.open_count == 0
    assert shop.data("stock") == {"book": STOCK}
    assert [stay.end for stay in shop.observer.stays if stay.participant == "stock"] == ["abort", "abort"]


def test_reader_sees_the_old_value_until_the_commit_and_waits_for_nobody() -> None:
    shop = TwoPhaseShop()
    asked(shop)
    stock = shop.network.connect(shop.web, shop.nodes["stock"])
    during, after = (shop.ask(read("book"), at=at, target=stock) for at in (VOTED, 1.0))
    shop.env.run(until=2.0)
    assert (during.end, after.end) == (STOCK, STOCK - 1)
    assert during.time == pytest.approx(VOTED + 2 * HOP)


def test_second_order_of_an_item_waits_for_the_first() -> None:
    shop = TwoPhaseShop()
    first, second = asked(shop), asked(shop, 2, "bob", at=0.0001)
    shop.env.run(until=1.0)
    assert first.end.is_done
    assert second.end.is_done
    # It gets the lock when the first is on the stock's disk, a hop and a sync after that was decided.
    locked_until = COMMIT - HOP + HOP + SYNC_TIME
    assert second.time == pytest.approx(locked_until + SYNC_TIME + HOP + SYNC_TIME + HOP)


def test_two_that_wait_for_each_other_are_told_apart_by_a_timeout() -> None:
    """Each is first at one participant: the ways from the two coordinators differ."""
    shop = TwoPhaseShop()
    other = shop.second_coordinator()
    far = shop.nodes["orders"].network
    far.override(shop.hosts["coordinator"], shop.hosts["stock"], latency=0.02, one_way=True)
    far.override(other.target.host, shop.hosts["payment"], latency=0.02, one_way=True)
    tolds = [asked(shop), shop.ask(run(2, order_changes(2, "bob")), target=other)]
    shop.env.run(until=3.0)
    assert [told.end.is_done for told in tolds] == [False, False]
    assert {told.end.reason for told in tolds} == {"stock: locked", "payment: locked"}
    assert all(told.time == pytest.approx(TWO_PHASE.lock_timeout, abs=0.03) for told in tolds)
    assert shop.observer.open_count == 0


@pytest.mark.parametrize("process", [True, False])
def test_coordinator_that_dies_before_its_decision_is_on_the_disk_blocks_all_until_it_is_back(
    process: bool,
) -> None:
    shop = TwoPhaseShop()
    told = asked(shop)
    died_at = VOTED + 0.5 * HOP  # the votes are on the way
    shop.crash("coordinator", died_at, DOWN_FOR, process=process)
    shop.env.run(until=DOWN_FOR)
    assert shop.observer.open_count == 3
    assert told.end == ("ConnectionLost" if process else "silence")
    shop.env.run(until=DOWN_FOR + 1.0)
    assert shop.observer.open_count == 0
    assert shop.data("stock") == {"book": STOCK}  # nothing is known of it, so it was aborted
    times = shop.observer.locked_times()
    # They ask every tenth of a second, and are told a little after it is back.
    assert all(DOWN_FOR < time < DOWN_FOR + 0.15 for time in times)


def test_coordinator_that_dies_after_its_decision_is_on_the_disk_commits_when_it_is_back() -> None:
    shop = TwoPhaseShop()
    told = asked(shop)
    cut: list[Any] = []
    participants = [shop.hosts[name] for name in NAMES]
    # What it says goes nowhere from just before, and it dies just after.
    shop.at(
        COMMIT - 1.5 * HOP,
        lambda: cut.append(shop.network.partition(shop.hosts["coordinator"], participants)),
    )
    shop.crash("coordinator", COMMIT - 0.5 * HOP, DOWN_FOR)
    shop.at(5.0, lambda: shop.network.heal(cut[0]))
    shop.env.run(until=DOWN_FOR)
    assert told.end == Ending(is_done=True)  # it was told on the way
    assert shop.observer.open_count == 3
    shop.env.run(until=DOWN_FOR + 1.0)
    assert shop.data("orders") == {1: "approved"}
    assert shop.totals == (STOCK, 2 * MONEY)


def test_other_orders_of_the_item_fail_while_a_transaction_is_in_doubt_and_other_items_do_not() -> None:
    """A second coordinator for the same participants, so that somebody is there to ask."""
    shop = TwoPhaseShop()
    asked(shop)
    shop.crash("coordinator", VOTED + 0.5 * HOP, DOWN_FOR)
    other = shop.second_coordinator()
    blocked = shop.ask(run("b", order_changes("b", "bob")), at=1.0, target=other)
    free = shop.ask(run("c", {"stock": (Add("pen", 1),)}), at=1.0, target=other)
    later = shop.ask(run("d", order_changes("d", "bob")), at=DOWN_FOR + 1.0, target=other)
    shop.env.run(until=DOWN_FOR + 2.0)
    assert blocked.end == Ending(is_done=False, reason=blocked.end.reason)
    assert "locked" in blocked.end.reason
    assert blocked.time == pytest.approx(1.0 + 4 * HOP + TWO_PHASE.lock_timeout + SYNC_TIME)
    assert free.end.is_done
    assert later.end.is_done


def test_asking_the_others_ends_the_doubt_where_one_of_them_knows() -> None:
    """The commit has reached orders only: stock and payment hear it from there."""
    for settings, is_blocked in ((TWO_PHASE, True), (ASKING, False)):
        shop = TwoPhaseShop(settings=settings)
        asked(shop)
        others = [shop.hosts["stock"], shop.hosts["payment"]]
        shop.at(VOTED + 1.5 * HOP, shop.network.partition, shop.hosts["coordinator"], others)
        shop.env.run(until=5.0)
        assert shop.observer.open_count == (2 if is_blocked else 0)
        assert shop.data("stock") == {"book": STOCK if is_blocked else STOCK - 1}


def test_asking_the_others_ends_the_doubt_where_one_has_not_voted() -> None:
    """PREPARE never reaches payment, and the coordinator is gone: payment aborts, and says so."""
    for settings, is_blocked in ((TWO_PHASE, True), (ASKING, False)):
        shop = TwoPhaseShop(settings=settings)
        cut = shop.network.partition(shop.hosts["coordinator"], shop.hosts["payment"])
        asked(shop)
        shop.crash("coordinator", 2.5 * HOP, DOWN_FOR)
        shop.env.run(until=5.0)
        assert shop.observer.open_count == (2 if is_blocked else 0)
        shop.network.heal(cut)
        shop.env.run(until=DOWN_FOR + 2.0)
        assert shop.observer.open_count == 0
        assert shop.data("stock") == {"book": STOCK}


def test_asking_the_others_does_not_help_where_all_are_in_doubt() -> None:
    shop = TwoPhaseShop(settings=ASKING)
    asked(shop)
    shop.crash("coordinator", VOTED + 0.5 * HOP, DOWN_FOR)
    shop.env.run(until=DOWN_FOR)
    assert shop.observer.open_count == 3
    shop.env.run(until=DOWN_FOR + 1.0)
    assert shop.observer.open_count == 0


def test_client_who_asks_twice_with_one_id_gets_one_transaction() -> None:
    shop = TwoPhaseShop()
    first, second, later = asked(shop), asked(shop), asked(shop, at=0.5)
    shop.env.run(until=1.0)
    assert first.end == second.end == later.end == Ending(is_done=True)
    assert shop.data("stock") == {"book": STOCK - 1}


@pytest.mark.parametrize("crashes", [False, True])
def test_client_who_was_told_of_an_abort_is_told_so_for_ever(crashes: bool) -> None:
    """A copy of the request that comes late, when there is money, runs nothing; another id does."""
    shop = TwoPhaseShop()
    first = asked(shop, account="poor")
    shop.at(0.5, lambda: shop.nodes["payment"].store.write({("data", "poor"): 50}))
    if crashes:
        shop.crash("coordinator", 4 * HOP + SYNC_TIME, 0.1)  # the answer has just gone out
    copy, other = asked(shop, account="poor", at=1.0), asked(shop, 2, "poor", at=1.0)
    shop.env.run(until=2.0)
    assert first.end == copy.end == Ending(is_done=False, reason="too little of 'poor'")
    assert other.end == Ending(is_done=True)
    assert shop.data("orders") == {2: "approved"}


def test_client_who_asks_again_while_an_abort_is_being_written_is_told_when_it_is() -> None:
    shop = TwoPhaseShop()
    first, second = asked(shop, account="poor"), asked(shop, account="poor", at=2.5 * HOP)
    shop.env.run(until=1.0)
    assert first.end == second.end
    assert second.time == pytest.approx(4 * HOP + SYNC_TIME)


def test_client_who_gives_up_stops_nothing() -> None:
    shop = TwoPhaseShop()
    told = shop.ask(run(1, order_changes(1)), patience=2.5 * HOP)
    shop.env.run(until=1.0)
    assert told.end == "silence"
    assert shop.data("orders") == {1: "approved"}


def test_participant_that_is_asked_what_it_does_not_know_fails_and_lives() -> None:
    shop = TwoPhaseShop()
    told = [
        shop.ask(run(1, {}), target=shop.network.connect(shop.web, shop.nodes["stock"])),
        shop.ask(read(1)),
    ]
    shop.env.run(until=1.0)
    assert [each.end for each in told] == ["ServerError", "ServerError"]


def test_who_waits_for_a_lock_waits_no_more_when_it_is_told_to_abort() -> None:
    """The vote is over before the lock is to be had; and the first keeps it for long."""
    hasty = replace(TWO_PHASE, vote_timeout=0.05, lock_timeout=5.0)
    shop = TwoPhaseShop(settings=hasty)
    asked(shop)
    shop.crash("coordinator", VOTED + 0.5 * HOP, 1.0)
    second = shop.ask(run(2, order_changes(2, "bob")), at=0.1, target=shop.second_coordinator())
    shop.env.run(until=5.0)
    assert second.end == Ending(is_done=False, reason="no vote in time")
    stays = [stay for stay in shop.observer.stays if stay.name[0] == "other" and stay.participant == "stock"]
    assert stays == []  # it never got the lock, though that was free after a second


def test_participant_that_starts_again_asks_at_once() -> None:
    patient = replace(TWO_PHASE, inquiry_interval=50.0, retry_interval=50.0)
    shop = TwoPhaseShop(settings=patient)
    asked(shop)
    shop.crash("stock", VOTED + 0.5 * HOP, 1.0)  # its vote is on the way, and the decision will find nobody
    shop.env.run(until=VOTED + 0.5 * HOP + 1.0 + 2.5 * HOP + SYNC_TIME)
    assert shop.data("stock") == {"book": STOCK - 1}
    assert shop.observer.open_count == 0


def inquiries_to(shop: TwoPhaseShop, name: str) -> list[float]:
    """Return a list of when the node will be asked."""
    node, times = shop.nodes[name], []
    heard = node._receivers[Inquiry]

    def hear(inquiry: Inquiry) -> None:
        times.append(round(shop.env.now, 6))
        heard(inquiry)

    node.on(Inquiry, hear)
    return times


def test_participant_that_has_started_again_asks_as_often_as_before() -> None:
    patient = replace(TWO_PHASE, vote_timeout=50.0)
    shop = TwoPhaseShop(settings=patient)
    shop.network.partition(shop.hosts["payment"], shop.hosts["coordinator"], one_way=True)
    asked(shop)
    shop.hosts["orders"].crash()  # so that only stock asks
    shop.crash("stock", 0.01, 0.02)
    times = inquiries_to(shop, "coordinator")
    shop.env.run(until=1.0)
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert len(gaps) > 5
    assert gaps == [pytest.approx(TWO_PHASE.inquiry_interval)] * len(gaps)


def test_who_waits_for_a_lock_is_left_in_peace_by_the_others_while_the_coordinator_lives() -> None:
    """Stock is locked for longer than the others wait before they ask; the coordinator answers them."""
    settings = replace(ASKING, vote_timeout=5.0, lock_timeout=3.0)
    shop = TwoPhaseShop(settings=settings)
    shop.nodes["stock"].locks.take("somebody", ["book"])
    shop.at(1.0, shop.nodes["stock"].locks.release, "somebody")
    told, times = asked(shop), inquiries_to(shop, "stock")
    shop.env.run(until=5.0)
    assert told.end == Ending(is_done=True)
    assert told.time == pytest.approx(1.0, abs=0.02)
    assert times == []


def test_who_waits_for_a_lock_aborts_for_the_others_where_the_coordinator_is_silent() -> None:
    settings = replace(ASKING, vote_timeout=5.0, lock_timeout=3.0)
    shop = TwoPhaseShop(settings=settings)
    shop.nodes["stock"].locks.take("somebody", ["book"])
    asked(shop)
    shop.crash("coordinator", VOTED, DOWN_FOR)
    shop.env.run(until=VOTED + 2.0 * TWO_PHASE.inquiry_interval)
    assert shop.observer.open_count == 2  # asked the coordinator once, which may have been slow
    shop.env.run(until=VOTED + 2.0 * TWO_PHASE.inquiry_interval + 2.0 * HOP + SYNC_TIME + 1e-6)
    assert shop.observer.open_count == 0
    assert shop.nodes["stock"].locks.held_count == 1


def test_two_that_take_locks_of_one_participant_in_opposite_orders_are_told_apart_by_a_timeout() -> None:
    """The second comes between the two locks of the first: somebody else holds a third until then."""
    shop = TwoPhaseShop()
    shop.nodes["payment"].locks.take("somebody", ["bob"])
    shop.at(0.05, shop.nodes["payment"].locks.release, "somebody")
    orders = [["alice", "bob", "shop"], ["shop", "alice"]]
    tolds = [
        shop.ask(run(number, {"payment": [Add(key, 1) for key in keys]}), at=0.01 * number)
        for number, keys in enumerate(orders)
    ]
    third = shop.ask(run(3, {"payment": [Add("alice", 1), Add("shop", 1)]}), at=0.02)
    shop.env.run(until=3.0)
    # The first gives up, at which the second goes on, and then the third.
    assert [told.end.is_done for told in tolds] == [False, True]
    assert tolds[0].end.reason == "payment: locked"
    assert third.end.is_done
    assert shop.observer.open_count == shop.nodes["payment"].locks.held_count == 0


def test_who_has_aborted_for_the_others_says_so_when_it_is_asked_to_prepare() -> None:
    """Orders and stock do not hear the coordinator, nor payment its PREPARE, when they ask each other."""
    settings = replace(ASKING, vote_timeout=5.0)
    shop = TwoPhaseShop(settings=settings)
    far = shop.nodes["payment"].network
    far.override(shop.hosts["coordinator"], shop.hosts["payment"], latency=1.0, one_way=True)
    others = [shop.hosts["orders"], shop.hosts["stock"]]
    shop.at(VOTED, lambda: shop.network.partition(shop.hosts["coordinator"], others, one_way=True))
    told = asked(shop)
    shop.env.run(until=3.0)
    assert told.end == Ending(is_done=False, reason="aborted already")
    assert told.time == pytest.approx(HOP + 1.0 + HOP + SYNC_TIME + HOP)


def test_vote_that_comes_again_does_not_undo_a_commit() -> None:
    """COMMIT to stock is lost, and its vote comes once more before COMMIT is sent again."""
    shop = TwoPhaseShop(settings=NEVER_ASKS)
    told = asked(shop)
    way = shop.hosts["coordinator"], shop.hosts["stock"]
    rules: list[Any] = []
    shop.at(COMMIT - 1.5 * HOP, lambda: rules.append(shop.network.partition(*way, one_way=True)))
    shop.at(COMMIT - 0.5 * HOP, lambda: shop.network.heal(rules[0]))
    stock = shop.nodes["stock"]
    shop.at(0.05, lambda: stock.send(shop.nodes["coordinator"], Vote(("coordinator", 0, 1), stock, True)))  # type: ignore[arg-type]
    shop.env.run(until=0.05 + 5.0 * HOP)
    assert shop.observer.open_count == 1
    shop.env.run(until=1.0)
    assert told.end == Ending(is_done=True)
    assert shop.data("stock") == {"book": STOCK - 1}


def test_who_asks_while_a_commit_is_being_written_is_told_when_it_is() -> None:
    """Else a crash would take the commit back, of which one has heard."""
    shop = TwoPhaseShop(settings=replace(TWO_PHASE, inquiry_interval=0.5 * SYNC_TIME))
    asked(shop)
    written_at = VOTED + HOP + SYNC_TIME
    shop.crash("coordinator", written_at - 0.1 * SYNC_TIME, 0.5)
    shop.env.run(until=2.0)
    assert shop.observer.outcomes == {("coordinator", 0, 1): dict.fromkeys(NAMES, False)}
    assert shop.data("stock") == {"book": STOCK}


NEVER_ASKS = replace(TWO_PHASE, inquiry_interval=50.0)


def test_coordinator_tells_again_until_all_have_acknowledged() -> None:
    shop = TwoPhaseShop(settings=NEVER_ASKS)
    asked(shop)
    rules: list[Any] = []
    way = shop.hosts["coordinator"], shop.hosts["stock"]
    shop.at(VOTED + 0.5 * HOP, lambda: rules.append(shop.network.partition(*way)))
    shop.at(1.0, lambda: shop.network.heal(rules[0]))
    shop.env.run(until=1.0 + TWO_PHASE.retry_interval + HOP + SYNC_TIME)
    assert shop.data("stock") == {"book": STOCK - 1}
    shop.env.run(until=2.0)
    assert shop.nodes["coordinator"].store["committed"] == {}
    sent_count = shop.nodes["coordinator"].sent_count
    shop.env.run(until=4.0)
    assert shop.nodes["coordinator"].sent_count == sent_count


def test_coordinator_that_starts_again_tells_of_what_it_has_decided_at_once() -> None:
    shop = TwoPhaseShop(settings=NEVER_ASKS)
    asked(shop)
    rules: list[Any] = []
    ways = shop.hosts["coordinator"], [shop.hosts[name] for name in NAMES]
    shop.at(COMMIT - 1.5 * HOP, lambda: rules.append(shop.network.partition(*ways)))
    shop.at(0.5, lambda: shop.network.heal(rules[0]))
    shop.crash("coordinator", COMMIT - 0.5 * HOP, 1.0)
    back_at = COMMIT - 0.5 * HOP + 1.0 + SYNC_TIME  # its next life is on the disk
    shop.env.run(until=back_at + HOP + SYNC_TIME + 0.0001)
    assert shop.data("orders") == {1: "approved"}
    assert shop.observer.open_count == 0


def test_who_aborts_for_another_is_seen_to() -> None:
    shop = TwoPhaseShop(settings=ASKING)
    shop.network.partition(shop.hosts["coordinator"], shop.hosts["payment"])
    asked(shop)
    shop.crash("coordinator", 2.5 * HOP, DOWN_FOR)
    shop.env.run(until=5.0)
    ((name, outcomes),) = shop.observer.outcomes.items()
    assert name == ("coordinator", 0, 1)
    assert outcomes == dict.fromkeys(NAMES, False)
