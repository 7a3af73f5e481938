"""The backlog hands out: polls that wait, the order, delays, limits, and what nobody is to be given again."""

from __future__ import annotations

import pytest

from models import Rejected, Request, ServerError
from models.resilience.idempotency import IdempotencyStore
from models.workers import BacklogClient, BacklogSettings, MessageState, sqs

from .floor import Floor, keys, once

THERE, ROUND_TRIP = 0.01, 0.02


def test_poll_of_no_wait_is_answered_at_once_with_nothing() -> None:
    floor = Floor()
    ends = floor.take(1.0)
    floor.env.run()
    assert ends == [(1.0 + ROUND_TRIP, ())]
    assert floor.backlog.statistics().empty_count == 1


def test_long_poll_is_answered_when_a_message_comes() -> None:
    floor = Floor()
    ends = floor.take(1.0, wait=20.0)
    floor.send("a", at=5.0)
    floor.env.run(until=30.0)
    ((at, messages),) = ends
    assert at == pytest.approx(5.0 + ROUND_TRIP)
    assert keys(messages) == ["a"]


def test_long_poll_ends_with_nothing_when_its_wait_is_over() -> None:
    floor = Floor()
    ends = floor.take(1.0, wait=20.0)
    floor.send("a", at=22.0)
    floor.env.run(until=30.0)
    ((at, messages),) = ends
    assert at == pytest.approx(21.0 + ROUND_TRIP)
    assert messages == ()
    assert floor.backlog.statistics().visible_count == 1


def test_message_that_comes_at_the_very_end_of_a_poll_is_not_lost() -> None:
    floor = Floor(BacklogSettings(visibility=2.0))
    ends = floor.take(1.0, wait=4.0)
    floor.send("a", at=5.0)
    floor.env.run(until=6.0)
    ((_, messages),) = ends
    now = floor.backlog.statistics()
    assert (keys(messages) == ["a"]) == (now.in_flight_count == 1)
    assert now.visible_count + now.in_flight_count == 1


def test_polls_are_served_in_the_order_in_which_they_came() -> None:
    floor = Floor()
    polls = [floor.take(1.0 + number, wait=20.0) for number in range(3)]
    floor.send("a", "b", "c", at=10.0)
    floor.env.run(until=15.0)
    assert [keys(once(poll)) for poll in polls] == [["a"], ["b"], ["c"]]


def test_poll_hears_of_what_expires_and_of_what_is_given_back() -> None:
    floor = Floor(BacklogSettings(visibility=5.0))
    floor.send("a")
    floor.take(1.0)
    second, third = floor.take(2.0, wait=20.0), floor.take(2.5, wait=20.0)
    floor.env.run(until=8.0)
    ((at, messages),) = second
    assert at == pytest.approx(1.0 + THERE + 5.0 + THERE)
    floor.ask(floor.client.extend(messages[0].receipt, 0.0), 8.0)
    floor.env.run(until=9.0)
    assert once(third)[0].receive_count == 3


def test_several_messages_are_received_at_once_as_many_as_there_are() -> None:
    floor = Floor(sqs())
    floor.send(*range(13))
    ends = [floor.take(at, count=10) for at in (1.0, 2.0)]
    too_many = floor.take(3.0, count=11)
    floor.env.run(until=5.0)
    assert [keys(once(each)) for each in ends] == [list(range(10)), [10, 11, 12]]
    assert isinstance(once(too_many), ServerError)


def test_jobs_weigh_on_their_way_to_who_receives_them_what_they_weighed_when_they_were_sent() -> None:
    floor = Floor()
    floor.network.override(floor.broker, floor.web, bandwidth=1_000.0, one_way=True)
    for key in "ab":
        floor.at(0.0, lambda key=key: floor.users.issue(Request("job", key, size_bytes=150)))  # type: ignore[misc]
    ends = floor.take(1.0, count=2)
    floor.env.run(until=5.0)
    ((at, messages),) = ends
    assert keys(messages) == ["a", "b"]
    assert at == pytest.approx(1.02 + 0.3)


def test_message_handed_to_a_poll_whose_caller_has_gone_comes_back_later() -> None:
    floor = Floor(BacklogSettings(visibility=5.0))
    floor.client.patience = 0.5
    floor.ask(floor.client.receive(wait=3.0), 1.0)
    floor.env.run(until=2.0)
    (caller,) = (process for process in floor.env.processes if process.name == "run")
    caller.kill()
    floor.send("a", at=2.5)
    floor.env.run(until=3.0)
    assert floor.backlog.statistics().in_flight_count == 1
    back = floor.take(7.6)
    floor.env.run()
    assert keys(once(back)) == ["a"]
    floor.check()


# -- order, delay, limits


def test_first_come_is_first_served_and_what_comes_back_is_last() -> None:
    floor = Floor(BacklogSettings(visibility=2.0))
    floor.send("a", "b", "c")
    first = floor.take(1.0)
    rest = [floor.take(at) for at in (4.0, 4.1, 4.2)]
    floor.env.run(until=5.0)
    assert keys(once(first)) == ["a"]
    assert [keys(once(each)) for each in rest] == [["b"], ["c"], ["a"]]


def test_priority_goes_first_and_first_come_among_equals() -> None:
    floor = Floor(BacklogSettings(order="priority"))
    floor.send("low", at=0.0)
    floor.send("high 1", "high 2", at=0.1, priority=2)
    floor.send("middle", at=0.2, priority=1)
    ends = [floor.take(at) for at in (1.0, 1.1, 1.2, 1.3)]
    floor.env.run(until=5.0)
    assert [keys(once(each))[0] for each in ends] == ["high 1", "high 2", "middle", "low"]


def test_low_priority_starves_as_long_as_there_is_more_important_work_than_workers_do() -> None:
    floor = Floor(BacklogSettings(order="priority"))
    floor.hire(1.0)
    floor.send("low", at=0.5)
    for second in range(100):
        floor.send(f"high {second}", at=0.9 * second, priority=1)
    floor.env.run(until=85.0)
    assert floor.log.applications("low") == 0
    assert floor.backlog.statistics().oldest_age > 80.0
    floor.env.run(until=130.0)
    assert floor.log.applications("low") == 1


def test_delay_passes_before_anybody_sees_a_message() -> None:
    floor = Floor(BacklogSettings(delay=3.0))
    floor.send("a")
    ends = floor.take(1.0, wait=20.0)
    floor.env.run(until=2.0)
    assert floor.backlog.statistics().delayed_count == 1
    assert keys(floor.backlog.messages(MessageState.DELAYED)) == ["a"]
    floor.env.run(until=10.0)
    ((at, _),) = ends
    assert at == pytest.approx(THERE + 3.0 + THERE)


def test_sender_may_have_no_delay_where_the_backlog_has_one() -> None:
    floor = Floor(BacklogSettings(delay=10.0))
    floor.ask(floor.client.send(Request("job", "a"), delay=0.0))
    floor.ask(floor.client.send(Request("job", "b")))
    floor.env.run(until=1.0)
    assert keys(floor.backlog.messages(MessageState.VISIBLE)) == ["a"]
    assert keys(floor.backlog.messages(MessageState.DELAYED)) == ["b"]


def test_sender_may_set_the_delay_within_limits() -> None:
    floor = Floor(sqs())
    floor.ask(floor.client.send(Request("job", "a"), delay=900.0))
    too_long = floor.ask(floor.client.send(Request("job", "b"), delay=901.0))
    floor.env.run(until=1.0)
    assert isinstance(once(too_long), ServerError)
    assert floor.backlog.statistics().delayed_count == 1
    assert floor.backlog.size == 1


def test_job_that_is_sent_again_with_its_key_is_there_once_behind_an_idempotency_store() -> None:
    # What SQS' FIFO queues do for five minutes, by their deduplication identifier.
    floor = Floor()
    store = IdempotencyStore(floor.env, floor.backlog, ttl=300.0, is_durable=True)
    client = BacklogClient(floor.env, floor.network.connect(floor.web, store))
    for at, key in ((0.0, "k"), (1.0, "k"), (2.0, "another"), (400.0, "k")):
        floor.ask(client.send(Request("job", at, idempotency_key=key)), at)
    floor.env.run(until=3.0)
    assert keys(floor.backlog.messages()) == [0.0, 2.0]
    floor.env.run(until=401.0)
    assert floor.backlog.size == 3


def test_full_backlog_rejects() -> None:
    floor = Floor(BacklogSettings(capacity=2))
    floor.send("a", "b", "c")
    floor.env.run()
    assert floor.users.table.counts()["rejected"] == 1
    assert floor.users.rejected_by == {"jobs": 1}
    assert floor.backlog.statistics().rejected_count == 1
    floor.check()


def test_beyond_the_limit_of_messages_in_flight_nothing_is_handed_out_until_one_is_deleted() -> None:
    floor = Floor(BacklogSettings(in_flight_max=1))
    floor.send("a", "b")
    first, second = floor.take(1.0), floor.take(1.5, wait=20.0)
    floor.env.run(until=3.0)
    assert second == []
    floor.ask(floor.client.delete(once(first)[0].receipt), 3.0)
    floor.env.run(until=4.0)
    assert keys(once(second)) == ["b"]


def test_beyond_the_limit_of_messages_in_flight_a_poll_that_does_not_wait_is_rejected_as_sqs_does() -> None:
    floor = Floor(BacklogSettings(in_flight_max=1))
    floor.send("a", "b")
    floor.take(1.0)
    short, long = floor.take(2.0), floor.take(2.0, wait=1.0)
    floor.env.run(until=5.0)
    assert isinstance(once(short), Rejected)
    assert once(long) == ()
    now = floor.backlog.statistics()
    assert (now.over_limit_count, now.empty_count, now.rejected_count) == (1, 1, 0)
    floor.check()


def test_requests_cost_the_backlogs_host_what_they_cost() -> None:
    floor = Floor(BacklogSettings(work=0.5))
    floor.send("a")
    floor.env.run()
    ends = floor.users.table.columns()["end"]
    assert list(ends) == [pytest.approx(0.52)]
    assert floor.broker.statistics().work_done == pytest.approx(0.5)


def test_polls_hold_connections_and_there_are_so_many() -> None:
    floor = Floor(BacklogSettings(connections_max=1))
    floor.take(1.0, wait=20.0)
    refused = floor.take(2.0)
    floor.env.run(until=3.0)
    assert isinstance(once(refused), Rejected)


def test_job_is_taken_as_it_is_but_for_its_deadline() -> None:
    floor = Floor()
    job = Request("mail", "a", value=7, size_bytes=100, priority=3, deadline=0.5, idempotency_key="k")
    floor.at(0.0, lambda: floor.users.issue(job))
    ends = floor.take(1.0)
    floor.env.run(until=2.0)
    (message,) = once(ends)
    assert message.job == Request("mail", "a", value=7, size_bytes=100, priority=3, idempotency_key="k")
    assert message.sent_at == pytest.approx(THERE)


# -- dead letters


def test_message_received_as_often_as_allowed_is_a_dead_letter_when_it_would_be_received_again() -> None:
    floor = Floor(BacklogSettings(visibility=1.0, receives_max=3))
    floor.send("bad", "good")
    bad = [floor.take(at) for at in (1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0)]
    floor.env.run(until=20.0)
    assert [keys(once(each)) for each in bad] == [
        ["bad"], ["good"], ["bad"], ["good"], ["bad"], ["good"], [],
    ]  # fmt: skip
    assert floor.graveyard is not None
    assert keys(floor.graveyard.messages()) == ["bad", "good"]
    now = floor.backlog.statistics()
    assert (now.dead_count, now.received_count) == (2, 6)
    floor.check()


def test_dead_letters_keep_when_they_were_sent_and_are_as_old_as_they_are_dead() -> None:
    floor = Floor(BacklogSettings(visibility=1.0, receives_max=1))
    floor.send("bad")
    floor.take(1.0)
    floor.take(50.0)
    floor.env.run(until=60.0)
    assert floor.graveyard is not None
    (message,) = floor.graveyard.messages()
    assert message.sent_at == pytest.approx(THERE)
    assert floor.graveyard.oldest_age == pytest.approx(60.0 - 50.01)


def test_dead_letters_that_do_not_listen_take_nothing_and_the_message_goes_round_once_more() -> None:
    floor = Floor(BacklogSettings(visibility=1.0, receives_max=1))
    assert floor.graveyard is not None
    floor.send("bad")
    floor.take(1.0)
    floor.at(2.5, floor.graveyard.instance.crash)
    again = floor.take(3.0)
    floor.at(5.0, floor.graveyard.instance.restart)
    floor.take(6.0)
    floor.env.run(until=10.0)
    assert once(again)[0].receive_count == 2
    assert keys(floor.graveyard.messages()) == ["bad"]
    floor.check()
