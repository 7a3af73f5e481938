"""Who waits for whom, for how long, by hand; what asking the others helps, and what deciding alone costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models.transactions import Add, Ending, read, run
from models.transactions.two_phase_commit import HeuristicDecision, TwoPhaseSettings

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
    assert told.time == pytest.approx(4 * HOP)  # payment writes nothing before it says no
    assert (shop.data("orders"), shop.data("stock")) == ({}, {"book": STOCK})
    assert shop.observer.open_count == 0


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
    assert blocked.time == pytest.approx(1.0 + 4 * HOP + TWO_PHASE.lock_timeout)
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


def heuristic(*, is_commit: bool) -> TwoPhaseSettings:
    return replace(TWO_PHASE, heuristic=HeuristicDecision(after=1.0, is_commit=is_commit))


@pytest.mark.parametrize("is_commit", [True, False])
@pytest.mark.parametrize("is_decided", [True, False])
def test_who_decides_alone_frees_its_locks_and_may_be_wrong(is_decided: bool, is_commit: bool) -> None:
    shop = TwoPhaseShop(settings=heuristic(is_commit=is_commit))
    asked(shop)
    if is_decided:  # the commit reaches nobody but orders, for a while
        others = [shop.hosts["stock"], shop.hosts["payment"]]
        rules: list[Any] = []
        shop.at(
            VOTED + 1.5 * HOP,
            lambda: rules.append(shop.network.partition(shop.hosts["coordinator"], others)),
        )
        shop.at(DOWN_FOR, lambda: shop.network.heal(rules[0]))
    else:
        shop.crash("coordinator", VOTED + 0.5 * HOP, DOWN_FOR)
    alone = 2 if is_decided else 3
    shop.env.run(until=2.0)
    assert shop.observer.heuristic_count == alone
    assert shop.observer.open_count == 0
    shop.env.run(until=DOWN_FOR + 5.0)
    # A coordinator that knows nothing would run it again for a client who asks again.
    damage = 0 if is_decided == is_commit else alone
    assert shop.observer.damage_count == damage
    assert shop.data("stock") == {"book": STOCK - 1 if is_commit else STOCK}
    if is_decided and damage:
        assert shop.totals == (STOCK + 1, 2 * MONEY)  # an order without its book
    assert shop.observer.unfinished() == []


def test_client_who_asks_twice_with_one_id_gets_one_transaction() -> None:
    shop = TwoPhaseShop()
    first, second, later = asked(shop), asked(shop), asked(shop, at=0.5)
    shop.env.run(until=1.0)
    assert first.end == second.end == later.end == Ending(is_done=True)
    assert shop.data("stock") == {"book": STOCK - 1}


def test_client_who_was_told_of_an_abort_may_ask_again() -> None:
    shop = TwoPhaseShop()
    first = asked(shop, account="poor")
    shop.at(0.5, lambda: shop.nodes["payment"].store.write({("data", "poor"): 50}))
    second = asked(shop, account="poor", at=1.0)
    shop.env.run(until=2.0)
    assert (first.end.is_done, second.end.is_done) == (False, True)


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
