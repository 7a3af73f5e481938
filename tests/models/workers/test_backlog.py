"""The backlog: what a receipt is good for, what is seen of messages, and what is misuse."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host, Request, ServerError
from models.services import Instance
from models.workers import Backlog, BacklogSettings, Extend, Receipt, Receive, Send, sqs
from simulator import Environment

from .floor import Floor, keys, once


def test_message_that_was_received_is_shown_to_nobody_else_until_its_timeout_is_over() -> None:
    floor = Floor(BacklogSettings(visibility=30.0))
    floor.send("a")
    first = floor.take(1.0)
    early = floor.take(30.99)  # arrives at 31.00; the first was handed out at 1.01
    late = floor.take(31.01)
    floor.env.run()
    assert keys(once(first)) == ["a"]
    assert keys(once(early)) == []
    assert keys(once(late)) == ["a"]
    assert once(first)[0].receive_count == 1
    assert once(late)[0].receive_count == 2
    now = floor.backlog.statistics()
    assert (now.received_count, now.redelivered_count, now.expired_count) == (2, 1, 2)
    floor.check()


def test_message_that_was_deleted_is_gone() -> None:
    floor = Floor(BacklogSettings(visibility=5.0))
    floor.send("a")
    taken = floor.take(1.0)
    floor.env.run(until=2.0)
    floor.ask(floor.client.delete(once(taken)[0].receipt), 2.0)
    again = floor.take(10.0)
    floor.env.run()
    assert once(again) == ()
    assert floor.backlog.statistics().deleted_count == 1
    assert floor.backlog.size == 0


def test_late_delete_with_the_latest_receipt_still_deletes() -> None:
    floor = Floor(BacklogSettings(visibility=5.0))
    floor.send("a")
    taken = floor.take(1.0)
    floor.env.run(until=8.0)
    assert floor.backlog.statistics().visible_count == 1
    floor.ask(floor.client.delete(once(taken)[0].receipt), 8.0)
    after = floor.take(9.0)
    floor.env.run()
    assert floor.backlog.size == 0
    assert once(after) == ()
    assert floor.backlog.statistics().stale_count == 0


def test_delete_with_an_old_receipt_succeeds_and_deletes_nothing() -> None:
    floor = Floor(BacklogSettings(visibility=5.0))
    floor.send("a")
    first = floor.take(1.0)
    floor.take(7.0)
    floor.env.run(until=8.0)
    deleted = floor.ask(floor.client.delete(once(first)[0].receipt), 8.0)
    floor.env.run()
    assert once(deleted) is None
    assert floor.backlog.size == 1
    assert floor.backlog.statistics().stale_count == 1
    floor.check()


def test_second_delete_changes_nothing() -> None:
    floor = Floor()
    floor.send("a")
    taken = floor.take(1.0)
    floor.env.run(until=2.0)
    receipt = once(taken)[0].receipt
    ends = [floor.ask(floor.client.delete(receipt), at) for at in (2.0, 3.0)]
    floor.env.run()
    assert [once(each) for each in ends] == [None, None]
    assert floor.backlog.statistics().deleted_count == 1
    floor.check()


def test_receipt_that_was_never_given_deletes_nothing() -> None:
    floor = Floor()
    floor.send("a")
    floor.ask(floor.client.delete(Receipt(1, 0)), 1.0)
    floor.ask(floor.client.delete(Receipt(7, 1)), 1.0)
    floor.env.run()
    assert floor.backlog.size == 1
    assert floor.backlog.statistics().stale_count == 2


def test_extension_counts_from_when_it_arrives() -> None:
    floor = Floor(BacklogSettings(visibility=10.0))
    floor.send("a")
    taken = floor.take(1.0)
    floor.env.run(until=9.0)
    floor.ask(floor.client.extend(once(taken)[0].receipt, 4.0), 9.0)
    before, after = floor.take(13.0 - 0.005), floor.take(13.005)
    floor.env.run()
    assert keys(once(before)) == []
    assert keys(once(after)) == ["a"]


def test_extension_without_a_time_is_the_backlogs_own_timeout() -> None:
    floor = Floor(BacklogSettings(visibility=10.0))
    floor.send("a")
    taken = floor.take(1.0)
    floor.env.run(until=9.0)
    floor.ask(floor.client.extend(once(taken)[0].receipt), 9.0)
    before, after = floor.take(18.9), floor.take(19.1)
    floor.env.run()
    assert (keys(once(before)), keys(once(after))) == ([], ["a"])


@pytest.mark.parametrize("first", ["timer", "extension"])
def test_extension_at_the_very_instant_of_expiry_is_too_late_whichever_is_first(first: str) -> None:
    env = Environment(seed=1)
    backlog = Backlog(env, Host(env, "broker"), BacklogSettings(visibility=5.0))
    ends: list[Any] = []

    def ask(request: Request) -> Any:
        try:
            answer = yield from backlog.call(request)
        except ServerError as error:
            answer = error
        ends.append(answer)

    env.process(ask(Request("job", "a")))
    if first == "extension":
        # Scheduled before the timer, and so before it in the order of the same instant.
        env.call_later(6.0, lambda: env.process(ask(Request(value=Extend(Receipt(1, 1), 9.0)))))
    env.call_later(1.0, lambda: env.process(ask(Request(value=Receive()))))
    if first == "timer":
        env.run(until=2.0)
        env.call_later(4.0, lambda: env.process(ask(Request(value=Extend(Receipt(1, 1), 9.0)))))
    env.run(until=6.5)
    assert isinstance(ends[-1], ServerError)
    assert backlog.statistics().visible_count == 1
    assert backlog.statistics().expired_count == 1


def test_extension_with_an_old_receipt_fails_and_leaves_the_message_to_its_holder() -> None:
    floor = Floor(BacklogSettings(visibility=5.0))
    floor.send("a")
    first = floor.take(1.0)
    floor.take(7.0)
    floor.env.run(until=8.0)
    extended = floor.ask(floor.client.extend(once(first)[0].receipt, 60.0), 8.0)
    back = floor.take(12.5)
    floor.env.run(until=20.0)
    assert isinstance(once(extended), ServerError)
    assert keys(once(back)) == ["a"]


def test_message_is_kept_for_twelve_hours_in_all_and_no_longer() -> None:
    floor = Floor(sqs())
    floor.send("a")
    taken = floor.take(1.0)
    floor.env.run(until=2.0)
    receipt = once(taken)[0].receipt
    within = floor.ask(floor.client.extend(receipt, 43_200.0 - 10.0), 10.0)
    beyond = floor.ask(floor.client.extend(receipt, 43_200.0 - 10.0), 12.0)
    floor.env.run(until=100.0)
    assert once(within) is None
    assert isinstance(once(beyond), ServerError)
    assert floor.backlog.statistics().in_flight_count == 1


def test_twelve_hours_count_from_the_latest_receive() -> None:
    floor = Floor(BacklogSettings(visibility=10.0, visibility_max=20.0))
    floor.send("a")
    floor.env.run(until=30.0)
    taken = floor.take(30.0)
    floor.env.run(until=31.0)
    receipt = once(taken)[0].receipt
    ends = [floor.ask(floor.client.extend(receipt, left), 32.0) for left in (17.0, 19.0)]
    floor.env.run(until=33.0)
    assert once(ends[0]) is None, "49.01 s is within 20 s of 30.01 s"
    assert isinstance(once(ends[1]), ServerError)


def test_given_back_is_received_by_the_next_at_once() -> None:
    floor = Floor(BacklogSettings(visibility=30.0))
    floor.send("a")
    taken = floor.take(1.0)
    floor.env.run(until=2.0)
    floor.ask(floor.client.extend(once(taken)[0].receipt, 0.0), 2.0)
    back = floor.take(2.5)
    floor.env.run()
    assert keys(once(back)) == ["a"]
    now = floor.backlog.statistics()
    assert (now.returned_count, now.expired_count) == (1, 1)  # the second holder let it expire
    floor.check()


def test_receiver_may_set_his_own_timeout() -> None:
    floor = Floor(BacklogSettings(visibility=30.0))
    floor.send("a")
    floor.take(1.0, visibility=2.0)
    back = floor.take(3.02)
    floor.env.run(until=5.0)
    assert keys(once(back)) == ["a"]


# -- what is seen


def test_age_of_the_oldest_message_is_known_now_and_for_all_the_past() -> None:
    floor = Floor(keeps_history=True)
    floor.send("a", at=1.0)
    floor.send("b", at=3.0)
    taken = floor.take(4.0)
    floor.env.run(until=6.0)
    floor.ask(floor.client.delete(once(taken)[0].receipt), 6.0)
    floor.env.run(until=8.0)
    assert floor.backlog.oldest_age == pytest.approx(8.0 - 3.01)
    assert floor.backlog.statistics().oldest_age_max == pytest.approx(6.01 - 1.01)
    ages = floor.backlog.oldest_ages([0.5, 2.0, 5.0, 6.5])
    assert ages == pytest.approx([0.0, 2.0 - 1.01, 5.0 - 1.01, 6.5 - 3.01])


def test_oldest_message_is_found_behind_others_that_are_gone_already() -> None:
    floor = Floor()
    for number in range(5):
        floor.send(number, at=float(number))
    taken = floor.take(5.0, count=4)
    floor.env.run(until=6.0)
    for at, number in ((6.0, 1), (6.1, 2), (6.2, 0)):
        floor.ask(floor.client.delete(once(taken)[number].receipt), at)
    floor.env.run(until=8.0)
    assert floor.backlog.oldest_age == pytest.approx(8.0 - 3.01)
    floor.ask(floor.client.delete(once(taken)[3].receipt), 8.0)
    floor.env.run(until=9.0)
    assert floor.backlog.oldest_age == pytest.approx(9.0 - 4.01)


def test_levels_are_weighted_by_time() -> None:
    floor = Floor()
    floor.send("a", at=0.0)
    taken = floor.take(5.0)
    floor.env.run(until=8.0)
    floor.ask(floor.client.delete(once(taken)[0].receipt), 8.0)
    floor.env.run(until=10.0)
    now = floor.backlog.statistics()
    assert now.visible.mean == pytest.approx(5.0 / 10.0)  # from 0.01 to 5.01
    assert now.in_flight.mean == pytest.approx(3.0 / 10.0)
    assert (now.visible.maximum, now.in_flight.maximum) == (1, 1)


def test_history_is_kept_only_if_it_is_asked_for() -> None:
    with pytest.raises(ValueError, match="history"):
        Floor().backlog.oldest_ages([0.0])


# -- misuse


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"visibility": 0.0}, "visibility must be > 0"),
        ({"visibility": 50_000.0}, "at most visibility_max"),
        ({"visibility": float("inf"), "visibility_max": float("inf")}, "visibility must be finite"),
        ({"delay": -1.0}, "delay must be"),
        ({"delay": 2.0, "delay_max": 1.0}, "at most delay_max"),
        ({"wait_max": -1.0}, "wait_max must be >= 0"),
        ({"receives_max": 0}, "receives_max must be a whole number >= 1 or infinite, got 0"),
        ({"capacity": 0}, "capacity must be a whole number >= 1"),
        ({"batch_max": 2.5}, "batch_max must be a whole number >= 1 or infinite, got 2.5"),
        ({"in_flight_max": True}, "in_flight_max must be a whole number"),
        ({"receives_max": float("nan")}, "receives_max must be a whole number"),
        ({"order": "last"}, "order must be one of"),
        ({"work": -0.1}, "work must be"),
        ({"connections_max": 0}, "connections_max must be a whole number"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        BacklogSettings(**wrong)


def test_dead_letters_go_with_a_limit_of_receives_and_stand_on_the_same_host() -> None:
    env = Environment()
    host, other = Host(env, "broker"), Host(env, "other")
    graveyard = Backlog(env, other, name="graveyard")
    with pytest.raises(ValueError, match="dead_letters must be a Backlog with receives_max = 3, got None"):
        Backlog(env, host, BacklogSettings(receives_max=3))
    with pytest.raises(ValueError, match="receives_max must be finite"):
        Backlog(env, other, dead_letters=graveyard)
    with pytest.raises(ValueError, match="same host"):
        Backlog(env, host, BacklogSettings(receives_max=3), dead_letters=graveyard)
    with pytest.raises(TypeError, match="dead_letters must be a Backlog"):
        Backlog(env, host, BacklogSettings(receives_max=3), dead_letters=Instance(env, host, print))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="settings must be BacklogSettings"):
        Backlog(env, host, 30.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Receive(count=0),
        lambda: Receive(wait=-1.0),
        lambda: Receive(visibility=0.0),
        lambda: Extend(Receipt(1, 1), -1.0),
        lambda: Send(Request(), delay=float("inf")),
    ],
)
def test_operations_that_cannot_be_are_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        wrong()


def test_sqs_has_the_rules_of_amazons_standard_queues() -> None:
    rules = sqs(receives_max=5)
    assert (rules.visibility, rules.visibility_max) == (30.0, 12 * 3600.0)
    assert (rules.wait_max, rules.batch_max, rules.delay_max) == (20.0, 10, 15 * 60.0)
    assert (rules.in_flight_max, rules.receives_max, rules.is_durable) == (120_000, 5, True)
