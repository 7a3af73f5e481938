"""Changes of the table: each is made once, whatever becomes of the messages, or is judged anew."""

from __future__ import annotations

from collections.abc import Callable, Generator
from itertools import count
from typing import Any

import pytest

from models import Host, Network
from models.faults import DiskLoss
from models.network import Network as _Network
from models.replication import SingleNodeStore
from models.sharding import Directory, RoutingTable, even_table
from models.sharding.mover import MoverSettings
from models.sharding.mover.table_editor import TableEditor
from models.storage import Disk
from simulator import Environment

HOP = 0.01
FIRST = even_table(["a", "b"], range_count=2)


class Desk:
    """An editor on a host, a directory on another, and what changes have come to."""

    def __init__(self) -> None:
        self.env = Environment(seed=1)
        self.network: _Network = Network(self.env, latencies=HOP)
        self.here, self.there = Host(self.env, "here"), Host(self.env, "there")
        self.disk = Disk(self.there)
        self.store = SingleNodeStore(self.env, self.network, self.there, disk=self.disk, name="directory")
        self.numbers = count()
        self.editor = self.new_editor(self.here)
        self.ended: list[tuple[str, Any, float]] = []

    def new_editor(self, host: Host) -> TableEditor:
        directory = Directory(self.store.client(host), FIRST)
        settings = MoverSettings(patience=0.3, retry_pause=0.1)
        return TableEditor(self.env, host, directory, settings, lambda: next(self.numbers))

    def change(self, name: str, edit: Callable[..., Any], editor: TableEditor | None = None) -> None:
        def run() -> Generator[Any, Any, None]:
            changed = yield from (editor or self.editor).change(edit)
            self.ended.append((name, changed, self.env.now))

        self.env.process(run())

    @property
    def table(self) -> RoutingTable:
        held = self.store.contents()["directory"].get("routing table")
        return FIRST if held is None else held


def split(bound: int) -> Callable[[RoutingTable, Any], RoutingTable | None]:
    def edit(table: RoutingTable, nonce: Any) -> RoutingTable | None:
        if bound in table.starts:
            return None
        return table.split(table.find_token(bound), bound, nonce=nonce)

    return edit


def test_change_is_made_and_known() -> None:
    desk = Desk()
    desk.change("split", split(5))
    desk.env.run(until=1.0)
    assert [name for name, _, _ in desk.ended] == ["split"]
    assert desk.ended[0][1] is desk.table is desk.editor.table
    assert desk.table.starts == (0, 5, 2**63)


def test_changes_that_are_asked_for_at_once_are_all_made_one_after_the_other() -> None:
    desk = Desk()
    for bound in range(1, 6):
        desk.change(f"split at {bound}", split(bound))
    desk.env.run(until=2.0)
    assert [name for name, _, _ in desk.ended] == [f"split at {bound}" for bound in range(1, 6)]
    assert desk.table.starts == (0, 1, 2, 3, 4, 5, 2**63)
    assert desk.table.version == 5


def test_change_that_leaves_nothing_to_be_done_asks_nobody() -> None:
    desk = Desk()
    desk.change("none", split(0))
    desk.env.run(until=1.0)
    assert desk.ended == [("none", None, 0.0)]
    assert desk.table is FIRST


def test_change_is_judged_anew_where_somebody_else_was_quicker() -> None:
    desk = Desk()
    other = desk.new_editor(Host(desk.env, "other"))
    desk.change("theirs", split(5), other)
    desk.env.run(until=1.0)
    desk.change("ours", split(7))
    desk.change("the same", split(5))
    desk.env.run(until=2.0)
    assert desk.table.starts == (0, 5, 7, 2**63)
    assert [(name, changed is None) for name, changed, _ in desk.ended[1:]] == [
        ("ours", False),
        ("the same", True),
    ]


def test_change_whose_answer_is_lost_is_known_by_reading_and_made_once() -> None:
    desk = Desk()
    rule = desk.network.partition(desk.there, desk.here, one_way=True)
    desk.change("split", split(5))
    desk.env.run(until=2.0)
    assert desk.ended == []
    assert desk.table.version == 1
    desk.network.heal(rule)
    desk.env.run(until=4.0)
    assert [(name, changed) for name, changed, _ in desk.ended] == [("split", desk.table)]
    assert desk.table.version == 1


def test_attempts_that_come_late_and_all_at_once_are_one_change() -> None:
    desk = Desk()
    desk.network.override(desk.here, desk.there, latency=1.0, one_way=True)
    desk.change("split", split(5))
    desk.env.run(until=0.9)
    desk.network.override(desk.here, desk.there, latency=HOP, one_way=True)
    desk.env.run(until=1.4)  # an attempt in time was made first
    desk.change("another", split(7))
    desk.env.run(until=5.0)
    assert [name for name, _, _ in desk.ended] == ["split", "another"]
    assert desk.table.starts == (0, 5, 7, 2**63)
    assert desk.table.version == 2


@pytest.mark.parametrize("down_for", [0.5, 3.0, 50.0])
def test_directory_that_is_down_is_waited_for(down_for: float) -> None:
    desk = Desk()
    desk.there.crash()
    desk.change("split", split(5))
    desk.env.run(until=down_for)
    desk.there.restart()
    desk.env.run(until=down_for + 1.0)
    assert [name for name, _, _ in desk.ended] == ["split"]
    assert desk.table.version == 1


def test_table_that_a_directory_has_forgotten_is_not_taken_back() -> None:
    desk = Desk()
    desk.change("split", split(5))
    desk.env.run(until=1.0)
    loss = DiskLoss(desk.disk)
    loss.inject()
    desk.env.run(until=2.0)
    loss.heal()
    desk.env.run(until=3.0)
    assert desk.table is FIRST
    looking = desk.env.process(desk.editor.look())
    desk.env.run(until=looking)
    assert desk.editor.table.starts == (0, 5, 2**63)


def test_who_gives_up_lets_others_go_on_and_his_change_is_made_or_not() -> None:
    desk = Desk()
    rule = desk.network.partition(desk.there, desk.here, one_way=True)

    def impatient() -> Generator[Any, Any, None]:
        with desk.env.move_on_after(0.05):
            yield from desk.editor.change(split(5))

    desk.env.process(impatient())
    desk.env.run(until=0.2)
    desk.network.heal(rule)
    desk.change("another", split(7))
    desk.env.run(until=2.0)
    assert [name for name, _, _ in desk.ended] == ["another"]
    assert desk.table.starts == (0, 5, 7, 2**63)
