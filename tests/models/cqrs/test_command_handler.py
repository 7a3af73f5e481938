from __future__ import annotations

from typing import Any

import pytest

from models import Host
from models.cqrs import (
    Accepted,
    Command,
    CommandHandler,
    CommandSettings,
    Declined,
    carry_out,
    repeated_commands,
    submit,
)
from models.cqrs.flaws import CommandFlaws
from models.cqrs.items import Cancel, ItemDecider, Reserve, Restock
from models.replication import read
from models.resilience import Retry, Timeout
from models.resilience.fallbacks import LastGoodAnswer
from models.storage import Disk, PeriodicSync

from .cqrs_plant import HOP, SYNC, CqrsPlant, on_disk, on_raft, plant_with_stock


def left(plant: CqrsPlant) -> int:
    """How many units of item 7 are left, by the log."""
    return (
        ItemDecider()
        .state_after(
            ItemDecider().initial(7), (event for commit in plant.commits() for event in commit.events)
        )
        .left
    )


@pytest.mark.parametrize("make_log", [on_disk(), on_raft], ids=["disk", "raft"])
def test_command_is_accepted_with_its_events_or_declined_with_a_reason(make_log: Any) -> None:
    plant = plant_with_stock(3, make_log=make_log)
    answer = plant.command(7, Reserve("order 1", "ann", 2))
    assert isinstance(answer, Accepted)
    assert (answer.position, answer.version, answer.events[0].units) == (2, 2, 2)
    declined = plant.command(7, Reserve("order 2", "bob", 2))
    assert declined == Declined(declined.command, "only 1 left", 3)
    assert plant.command(7, Cancel("order 2")).reason == "no such order"
    assert isinstance(plant.command(7, Cancel("order 1")), Accepted)
    assert isinstance(plant.command(7, Reserve("order 2", "bob", 3)), Accepted)
    assert plant.command(7, Reserve("order 2", "bob", 3)).events == ()  # has its units already


@pytest.mark.parametrize("ask", [carry_out, submit])
def test_what_can_never_be_done_is_declined_at_the_door_and_leaves_no_trace(ask: Any) -> None:
    plant = plant_with_stock()
    before = len(plant.commits())
    way = plant.way(plant.handlers[0])
    assert plant.now(way, ask(Command("c", 7, Reserve("o", "ann", 0)))).reason == "units must be >= 1, got 0"
    assert plant.now(way, ask(Command("c", 7, "set stock 3"))).reason == "nobody knows how to str"
    plant.run_on(1.0)
    assert len(plant.commits()) == before


def test_command_on_a_known_stream_takes_four_hops_and_a_sync() -> None:
    plant = plant_with_stock()
    start = plant.env.now
    told = plant.ask(plant.way(plant.handlers[0]), carry_out(Command("c", 7, Reserve("o", "ann"))), at=start)
    plant.run_on(1.0)
    assert told.time - start == pytest.approx(4 * HOP + SYNC)
    assert told.version == told.end.position


def test_command_and_question_cost_work_on_a_core() -> None:
    plant = plant_with_stock(settings=CommandSettings(work=0.01))
    way, start = plant.way(plant.handlers[0]), plant.env.now
    told = plant.told(way, carry_out(Command("c", 7, Reserve("o", "ann"))))
    assert told.time - start == pytest.approx(4 * HOP + SYNC + 0.01)
    start = plant.env.now
    assert plant.told(way, read(7)).time - start == pytest.approx(4 * HOP + 0.01)


def test_what_a_handler_knew_of_streams_is_gone_with_its_process() -> None:
    plant = plant_with_stock()
    handler = plant.handlers[0]
    handler.crash()
    handler.restart()
    plant.run_on(0.1)
    start = plant.env.now
    told = plant.told(plant.way(handler), carry_out(Command("c", 7, Reserve("o", "ann"))))
    assert told.time - start == pytest.approx(6 * HOP + SYNC)  # it reads the stream first


@pytest.mark.parametrize("handlers", [1, 3])
def test_users_who_want_the_same_units_at_once_never_get_more_than_there_are(handlers: int) -> None:
    plant = plant_with_stock(5, handlers=handlers)
    told = [
        plant.ask(
            plant.way(plant.handlers[number % handlers]),
            carry_out(Command(f"u{number}", 7, Reserve(number, "ann"))),
            at=plant.env.now,
        )
        for number in range(12)
    ]
    plant.run_on(5.0)
    answers = [each.end for each in told]
    assert sum(isinstance(each, Accepted) for each in answers) == 5
    assert sum(isinstance(each, Declined) for each in answers) == 7
    assert left(plant) == 0
    assert sum(handler.counts().conflict_count for handler in plant.handlers) > 0


def test_handler_that_ignores_versions_sells_what_is_not_there() -> None:
    plant = plant_with_stock(5, handlers=3, flaws=CommandFlaws(ignores_versions=True))
    for number in range(12):
        plant.ask(
            plant.way(plant.handlers[number % 3]),
            carry_out(Command(f"u{number}", 7, Reserve(number, "ann"))),
            at=plant.env.now,
        )
    plant.run_on(5.0)
    assert left(plant) < 0


def test_command_that_always_meets_others_is_given_up_and_nothing_is_done() -> None:
    plant = plant_with_stock(5, handlers=2, settings=CommandSettings(conflicts_max=0))
    command = carry_out(Command("mine", 7, Reserve("mine", "ann")))
    other = carry_out(Command("other", 7, Reserve("other", "bob")))
    plant.now(plant.way(plant.handlers[1]), read(7))  # both know the stream
    first = plant.ask(plant.way(plant.handlers[0]), other, at=plant.env.now)
    second = plant.ask(plant.way(plant.handlers[1]), command, at=plant.env.now)
    plant.run_on(1.0)
    assert (type(first.end), second.end) == (Accepted, "Unavailable")
    assert plant.handlers[1].counts().gave_up_count == 1
    assert "mine" not in {commit.command for commit in plant.commits()}
    again = Command("again", 7, Reserve("again", "ann"))  # whoever comes next is judged by what is there now
    assert isinstance(plant.now(plant.way(plant.handlers[1]), carry_out(again)), Accepted)


@pytest.mark.parametrize("intent", [Reserve("o", "ann", 2), Reserve("o", "ann", 9)], ids=["yes", "no"])
def test_command_that_comes_again_to_any_handler_is_answered_as_first(intent: Any) -> None:
    plant = plant_with_stock(3, handlers=2)
    command = carry_out(Command("c", 7, intent))
    first = plant.now(plant.way(plant.handlers[0]), command)
    plant.command(7, Restock(100))
    for handler in (*plant.handlers, *plant.handlers):
        assert plant.now(plant.way(handler), command) == first
        assert plant.now(plant.way(handler), read(7)).left == left(plant)  # it has not happened twice here
    assert repeated_commands(plant.commits()) == {}


def test_rejection_that_is_not_recorded_may_be_another_answer_later() -> None:
    plant = plant_with_stock(3, settings=CommandSettings(records_rejections=False))
    way = plant.way(plant.handlers[0])
    wanted = carry_out(Command("c", 7, Reserve("o", "ann", 9)))
    before = len(plant.commits())
    assert plant.now(way, wanted) == Declined("c", "only 3 left")
    assert len(plant.commits()) == before
    plant.command(7, Restock(100))
    assert isinstance(plant.now(way, wanted), Accepted)


def test_command_that_is_turned_down_by_memory_alone_and_meets_another_is_decided_anew() -> None:
    plant = plant_with_stock(1, handlers=2, settings=CommandSettings(records_rejections=False))
    first, second = plant.handlers
    plant.now(plant.way(first), read(7))
    plant.command(7, Restock(10), handler=second)  # of which the first one has not heard
    start = plant.env.now
    told = plant.ask(plant.way(first), carry_out(Command("c", 7, Reserve("o", "ann", 5))), at=start)
    other = carry_out(Command("other", 7, Reserve("o2", "bob", 2)))
    plant.ask(plant.way(second), other, at=start + HOP)  # between what the first one reads and appends
    plant.run_on(1.0)
    assert isinstance(told.end, Accepted)
    assert first.counts().conflict_count == 1
    assert left(plant) == 11 - 5 - 2


def test_command_that_comes_again_is_not_turned_down_for_what_it_has_done_itself() -> None:
    plant = plant_with_stock(3, handlers=2, settings=CommandSettings(records_rejections=False))
    plant.command(7, Reserve("o", "ann"))
    cancel = carry_out(Command("c", 7, Cancel("o")))
    first = plant.now(plant.way(plant.handlers[0]), cancel)
    assert isinstance(first, Accepted)
    assert [plant.now(plant.way(handler), cancel) for handler in plant.handlers] == [first, first]


def test_rejection_is_decided_by_what_is_true_and_not_by_what_one_handler_remembers() -> None:
    for records in (True, False):
        plant = plant_with_stock(1, handlers=2, settings=CommandSettings(records_rejections=records))
        for handler in plant.handlers:
            plant.now(plant.way(handler), read(7))
        plant.command(7, Restock(10), handler=plant.handlers[1])
        assert isinstance(plant.command(7, Reserve("o", "ann", 5)), Accepted)


def test_retries_around_a_handler_whose_answers_are_lost_carry_out_once() -> None:
    for forgets in (False, True):
        plant = plant_with_stock(30, flaws=CommandFlaws(forgets_ids=forgets))
        plant.run_on(1.0)
        host = plant.handlers[0].host
        cut = plant.network.partition(host, plant.web, one_way=True)
        # The intent is not idempotent by itself: units that have come.
        way = Retry(plant.env, Timeout(plant.env, plant.way(plant.handlers[0]), 0.1), attempts=5)
        plant.at(plant.env.now + 0.25, plant.network.heal, cut)
        told = plant.ask(way, carry_out(Command("c", 7, Restock(1))), at=plant.env.now)
        plant.run_on(5.0)
        assert isinstance(told.end, Accepted)
        assert (left(plant) == 31) == (not forgets)


def test_read_of_a_stream_is_its_state_as_of_now() -> None:
    plant = plant_with_stock(3, handlers=2)
    assert plant.now(plant.way(plant.handlers[1]), read(7)).left == 3
    plant.command(7, Reserve("o", "ann"), handler=plant.handlers[0])
    told = plant.told(plant.way(plant.handlers[1]), read(7))
    assert (told.end.left, told.version) == (2, 2)


def test_handler_that_does_not_reach_the_log_says_what_it_knows() -> None:
    plant = plant_with_stock(3)
    known, unknown = plant.handlers[0], plant.add_handler("new")
    plant.hosts["log"].crash()
    assert plant.command(7, Reserve("o", "ann"), handler=unknown) == "Unavailable"  # could not read
    assert plant.command(7, Reserve("o", "ann"), handler=known) == "TimedOut"
    assert plant.now(plant.way(known), read(7)) == "Unavailable"


def test_refusal_that_comes_after_a_lost_answer_is_not_taken_for_a_no() -> None:
    plant = plant_with_stock(3)
    host = plant.new_host("new")
    log: Any = Retry(plant.env, plant.log_client(host), attempts=2)
    handler = CommandHandler(plant.env, host, plant.network, log, ItemDecider())
    way = plant.way(handler)
    plant.now(way, read(7))
    cut = plant.network.partition(plant.hosts["log"], host, one_way=True)
    start = plant.env.now
    told = plant.ask(way, carry_out(Command("c", 7, Restock(1))), at=start)
    plant.at(start + 0.3, plant.network.heal, cut)
    plant.at(start + 0.3, plant.log.nodes[0].crash)  # so that the second attempt is refused
    plant.run_on(2.0)
    assert told.end == "TimedOut"
    plant.log.nodes[0].restart()
    plant.run_on(0.1)
    assert [commit.command for commit in plant.commits()].count("c") == 1


def test_what_was_told_of_an_earlier_commit_is_no_answer_of_the_log() -> None:
    plant = plant_with_stock(3)
    host = plant.new_host("new")
    log: Any = LastGoodAnswer(plant.env, plant.log_client(host), age_max=60.0)
    way = plant.way(CommandHandler(plant.env, host, plant.network, log, ItemDecider()))
    assert isinstance(plant.now(way, carry_out(Command("first", 7, Restock(1)))), Accepted)
    assert plant.now(way, read(7)).left == 4
    plant.log.nodes[0].crash()
    assert plant.now(way, carry_out(Command("second", 7, Restock(1)))) == "TimedOut"
    assert plant.now(way, read(7)) == "Unavailable"  # what it was is not what it is now


def test_handler_learns_that_the_log_has_lost_its_tail() -> None:
    plant = CqrsPlant(on_disk(PeriodicSync(interval=0.1)))
    plant.add_handler()
    plant.command(7, Restock(3))
    plant.run_on(1.0)
    plant.command(7, Restock(100))
    log = plant.hosts["log"]
    log.crash()
    log.restart()
    plant.run_on(0.1)
    assert plant.command(7, Reserve("o", "ann", 50)).reason == "only 3 left"
    plant.command(7, Restock(1))
    assert plant.now(plant.way(plant.handlers[0]), read(7)).left == 4


def test_command_that_came_before_teaches_nothing_about_a_log_that_has_lost_its_tail() -> None:
    """It was appended by another handler, to what has replaced the lost tail that this one knows."""
    plant = CqrsPlant(on_disk(PeriodicSync(interval=0.1)))
    knowing, other = plant.add_handler("knowing"), plant.add_handler("other")
    plant.command(7, Restock(3))
    plant.run_on(1.0)
    plant.command(7, Restock(100), handler=knowing)
    log = plant.hosts["log"]
    log.crash()
    log.restart()
    plant.run_on(0.1)
    plant.command(7, Restock(1), handler=other)
    again = carry_out(Command("again", 7, Restock(2)))
    first = plant.now(plant.way(other), again)
    assert plant.now(plant.way(knowing), again) == first
    assert plant.command(7, Reserve("o", "ann", 50), handler=knowing).reason == "only 6 left"


@pytest.mark.parametrize("crashes", [0, 1])
def test_rejection_that_is_recorded_makes_no_conflict_with_the_next_command(crashes: int) -> None:
    plant = plant_with_stock(3, settings=CommandSettings(conflicts_max=0))
    for _ in range(crashes):  # then it is recorded in another life of the log
        plant.log.nodes[0].crash()
        plant.log.nodes[0].restart()
        plant.run_on(1.0)
    assert isinstance(plant.command(7, Reserve("o", "ann", 4)), Declined)
    assert isinstance(plant.command(7, Reserve("o", "ann", 3)), Accepted)
    assert isinstance(plant.command(7, Restock(3)), Accepted)
    assert plant.handlers[0].counts().conflict_count == 0


@pytest.mark.parametrize("crashed", ["host", "process"])
@pytest.mark.parametrize("victim", ["log", "commands-1"])
def test_crash_at_any_step_of_a_command_that_is_asked_again_leaves_one_commit(
    victim: str, crashed: str
) -> None:
    for step in range(24):
        plant = plant_with_stock(3)
        node: Any = plant.log.nodes[0] if victim == "log" else plant.handlers[0]
        struck: Any = node.host if crashed == "host" else node
        start = plant.env.now
        way = Timeout(plant.env, plant.way(plant.handlers[0]), 0.6)
        told = plant.ask(Retry(plant.env, way, attempts=5), carry_out(Command("c", 7, Restock(4))), at=start)
        plant.at(start + 0.0001 + 0.0005 * step, struck.crash)
        plant.at(start + 0.05, struck.restart)
        plant.run_on(9.0)
        assert isinstance(told.end, Accepted), step
        assert [commit.command for commit in plant.commits()].count("c") == 1
        assert plant.commits()[told.end.position - 1].command == "c"
        assert plant.now(plant.way(plant.handlers[0]), read(7)).left == left(plant) == 7


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda env, net, log: {"log": "log"}, "log must be an Endpoint, got 'log'"),
        (lambda env, net, log: {"decider": None}, "decider must be a Decider, got None"),
        (lambda env, net, log: {"settings": 1}, "settings must be a CommandSettings, got 1"),
        (
            lambda env, net, log: {"disk": Disk(Host(env, "other"))},
            "disk must be one of host 'h', got that of 'other'",
        ),
        (
            lambda env, net, log: {"host": Host(env, "far")},
            r"log must be a client on Host\('far'\) as the handler is, got one on Host\('h'\)",
        ),
        (lambda *_: {"disk": 3}, "disk must be a Disk, got 3"),
        (
            lambda *_: {"flaws": CommandFlaws(forgets_ids=None)},  # type: ignore[arg-type]
            "forgets_ids must be a bool, got None",
        ),
        (lambda *_: CommandSettings(workers=0), "workers must be a whole number >= 1, got 0"),
        (lambda *_: CommandSettings(conflicts_max=-1), "conflicts_max must be a whole number >= 0, got -1"),
        (lambda *_: CommandSettings(queue_max=0), "queue_max must be a whole number >= 1, got 0"),
        (
            lambda *_: CommandSettings(queue_durability=PeriodicSync()),  # type: ignore[arg-type]
            "queue_durability must be SyncEachWrite, GroupCommit or None, got PeriodicSync",
        ),
        (lambda *_: carry_out("reserve"), "command must be a Command, got 'reserve'"),  # type: ignore[arg-type]
    ],
)
def test_misuse_is_one_clear_line(make: Any, message: str) -> None:
    plant = CqrsPlant()
    host = plant.new_host("h")
    log = plant.log.client(host)

    def build() -> CommandHandler:
        given = {"host": host, "log": log, "decider": ItemDecider(), **make(plant.env, plant.network, log)}
        places = (given.pop(name) for name in ("host", "log", "decider"))
        return CommandHandler(plant.env, next(places), plant.network, *places, **given)

    with pytest.raises((ValueError, TypeError), match=message):
        build()
