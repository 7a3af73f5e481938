"""Commands that are taken on at once, and carried out later."""

from __future__ import annotations

from typing import Any

import pytest

from models.cqrs import (
    Accepted,
    Command,
    CommandHandler,
    CommandSettings,
    ask_fate,
    repeated_commands,
    submit,
)
from models.cqrs.commands import UNHEARD_OF, Submitted
from models.cqrs.items import ItemDecider, Reserve, Restock
from models.storage import Disk, GroupCommit

from .cqrs_plant import HOP, SYNC, CqrsPlant, plant_with_stock


def test_submitted_command_is_answered_at_once_and_its_fate_is_known_later() -> None:
    plant = plant_with_stock(3)
    way = plant.way(plant.handlers[0])
    start = plant.env.now
    told = plant.ask(way, submit(Command("c", 7, Reserve("o", "ann"))), at=start)
    early = plant.ask(way, ask_fate("c"), at=start + 0.0001)
    plant.run_on(1.0)
    assert (told.end, told.time - start) == (Submitted("c"), pytest.approx(2 * HOP))
    assert early.end == Submitted("c")
    assert isinstance(plant.now(way, ask_fate("c")), Accepted)
    assert plant.now(way, ask_fate("never sent")) == UNHEARD_OF
    assert plant.now(way, submit(Command("c", 7, Reserve("o", "ann")))) == Submitted("c")
    plant.run_on(1.0)
    assert repeated_commands(plant.commits()) == {}
    counts = plant.handlers[0].counts()
    assert (counts.submitted_count, counts.accepted_count) == (1, 2)  # and the stock


def test_full_queue_takes_no_more() -> None:
    plant = plant_with_stock(3, settings=CommandSettings(queue_max=2))
    way = plant.way(plant.handlers[0])
    told = [plant.ask(way, submit(Command(n, 7, Reserve(n, "ann"))), at=plant.env.now) for n in range(4)]
    plant.run_on(1.0)
    assert [each.end for each in told] == [Submitted(0), Submitted(1), "Rejected", "Rejected"]


@pytest.mark.parametrize("crashed", ["host", "process"])
@pytest.mark.parametrize("durability", [None, GroupCommit()], ids=["memory", "disk"])
def test_crash_at_any_step_loses_what_was_only_in_memory_and_does_nothing_twice(
    durability: Any, crashed: str
) -> None:
    lost_count = 0
    for step in range(24):
        plant = plant_with_stock(30, settings=CommandSettings(queue_durability=durability, retry_pause=0.01))
        handler, start = plant.handlers[0], plant.env.now
        told = [
            plant.ask(
                plant.way(handler), submit(Command(n, 7, Restock(1))), at=start + 0.001 * n, patience=0.5
            )
            for n in range(8)
        ]
        victim: Any = handler.host if crashed == "host" else handler
        plant.at(start + 0.0002 + 0.002 * step, victim.crash)
        plant.at(start + 0.2, victim.restart)
        plant.run_on(3.0)
        taken_on = {each.end.command for each in told if isinstance(each.end, Submitted)}
        done = {commit.command for commit in plant.commits()}
        counts = handler.counts()
        if durability is None:
            assert counts.lost_count >= len(taken_on - done)
            lost_count += counts.lost_count
        else:
            assert not taken_on - done
            assert counts.lost_count == 0
        assert counts.pending_count == 0
        assert repeated_commands(plant.commits()) == {}
        for number in taken_on - done:
            assert plant.now(plant.way(handler), ask_fate(number)) == UNHEARD_OF
    assert (lost_count > 0) == (durability is None)


DURABLE = CommandSettings(queue_durability=GroupCommit(), retry_pause=0.01)


def test_what_is_submitted_twice_at_once_is_on_the_disk_before_anybody_is_told() -> None:
    plant = plant_with_stock(3, settings=DURABLE)
    way, start = plant.way(plant.handlers[0]), plant.env.now
    told = [plant.ask(way, submit(Command("c", 7, Restock(1))), at=start + at) for at in (0.0, 0.001)]
    plant.run_on(1.0)
    assert [each.time for each in told] == [pytest.approx(start + 2 * HOP + SYNC)] * 2


def test_what_a_handler_says_that_it_has_outlives_the_next_crash_too() -> None:
    plant = plant_with_stock(3, settings=DURABLE)
    handler, log = plant.handlers[0], plant.log.nodes[0]
    log.crash()
    start = plant.env.now
    plant.ask(plant.way(handler), submit(Command("c", 7, Restock(1))), at=start, patience=0.01)
    plant.at(start + HOP + SYNC / 2.0, handler.crash)  # the operating system has it, and the disk has not
    plant.run_on(0.05)
    handler.restart()
    plant.run_on(0.05)
    assert plant.now(plant.way(handler), ask_fate("c")) == Submitted("c")
    handler.host.crash()
    handler.host.restart()
    log.restart()
    plant.run_on(1.0)
    assert [commit.command for commit in plant.commits()].count("c") == 1


def test_command_that_is_done_before_its_queue_is_synced_is_not_lost_by_a_crash() -> None:
    plant = CqrsPlant()
    host = plant.new_host("commands")
    handler = CommandHandler(
        plant.env,
        host,
        plant.network,
        plant.log_client(host),
        ItemDecider(),
        settings=DURABLE,
        disk=Disk(host, sync_time=0.1),
    )
    for number in range(2):  # the second one drops the first, which is done
        assert plant.now(plant.way(handler), submit(Command(number, 7, Restock(1)))) == Submitted(number)
        assert len(plant.commits()) == number + 1
        plant.run_on(1.0)
    host.crash()
    host.restart()
    plant.run_on(1.0)
    counts = handler.counts()
    assert (counts.submitted_count, counts.lost_count, counts.pending_count) == (2, 0, 0)


def test_submitted_commands_wait_until_the_log_is_there_again() -> None:
    plant = plant_with_stock(3)
    log = plant.hosts["log"]
    log.crash()
    assert plant.now(plant.way(plant.handlers[0]), submit(Command("c", 7, Reserve("o", "ann")))) == Submitted(
        "c"
    )
    plant.run_on(3.0)
    log.restart()
    plant.run_on(3.0)
    assert isinstance(plant.now(plant.way(plant.handlers[0]), ask_fate("c")), Accepted)


def test_workers_carry_out_several_at_a_time_and_one_in_order() -> None:
    for workers in (1, 4):
        plant = plant_with_stock(100, settings=CommandSettings(workers=workers))
        start = plant.env.now
        for number in range(8):
            plant.ask(plant.way(plant.handlers[0]), submit(Command(number, number, Restock(1))), at=start)
        plant.run_on(5.0)
        times = [commit.time - start for commit in plant.commits() if commit.position > 1]
        order = [commit.command for commit in plant.commits() if commit.position > 1]
        assert len(order) == 8
        if workers == 1:
            assert order == list(range(8))
            slowest = max(times)
        else:
            assert max(times) < slowest / 2
