"""What a node has: updates in their turn, and which of them are in conflict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.replication.multi_primary import MultiPrimaryFlaws
from models.replication.multi_primary.holdings import Holdings
from models.replication.multi_primary.messages import Update
from models.replication.versions import Cell
from models.storage import Log
from tests.models.replication.multi_primary.building import World


def update(name: str, seen: Mapping[str, int], *, key: str = "x", at: float = 0.0) -> Update:
    """An update called "a1": the first of origin "a"."""
    return Update(name[0], int(name[1:]), key, Cell(name, at), seen, at)


class Held:
    """Holdings, with a log of their own, and the conflicts they have met, by the names of their updates."""

    def __init__(self) -> None:
        node = World(count=1).nodes[0]
        self.log: Log[Update] = Log(node, node.disk, node.settings.durability)
        self.conflicts: list[tuple[str, str]] = []
        self.holdings = Holdings(MultiPrimaryFlaws(), self._note)

    def _note(self, one: Update, other: Update) -> None:
        self.conflicts.append((one.version.value, other.version.value))

    def take(self, *updates: Update) -> list[str]:
        """Take what is in its turn, and return what was taken."""
        taken = []
        for each in updates:
            for ready in self.holdings.in_turn(each):
                self.holdings.append(ready, self.log)
                taken.append(ready.version.value)
        return taken

    def heads(self, key: str = "x") -> list[Any]:
        return [head.version.value for head in self.holdings.latest[key].heads]


def test_what_comes_before_its_turn_waits_for_it() -> None:
    held = Held()
    assert held.take(update("a3", {}), update("a2", {})) == []
    assert held.take(update("b1", {})) == ["b1"]
    assert held.take(update("a1", {})) == ["a1", "a2", "a3"]
    assert held.holdings.appended == {"a": 3, "b": 1}


def test_two_of_which_neither_has_seen_the_other_are_in_conflict_and_both_heads() -> None:
    held = Held()
    held.take(update("a1", {}), update("b1", {}))
    assert held.conflicts == [("b1", "a1")]
    assert held.heads() == ["a1", "b1"]


def test_one_that_has_seen_both_is_the_only_head() -> None:
    held = Held()
    held.take(update("a1", {}), update("b1", {}), update("c1", {"a": 1, "b": 1}))
    assert held.heads() == ["c1"]
    assert held.conflicts == [("b1", "a1")]


def test_one_that_a_head_has_seen_is_none_though_it_comes_later() -> None:
    held = Held()
    held.take(update("b1", {"a": 1}), update("a1", {}))
    assert held.heads() == ["b1"]
    # Nobody is in conflict with what has been replaced: whoever made this one had b1, and not a1.
    held.take(update("c1", {"b": 1}))
    assert held.conflicts == []
    assert held.heads() == ["c1"]


def test_updates_of_other_keys_are_no_conflict() -> None:
    held = Held()
    held.take(update("a1", {}), update("b1", {}, key="y"))
    assert held.conflicts == []


def test_shown_is_what_is_committed_and_latest_what_is_there() -> None:
    held = Held()
    held.take(update("a1", {}, at=1.0), update("a2", {"a": 1}, at=2.0))
    held.holdings.show_until(held.log, 1)
    assert held.holdings.shown["x"].version.value == "a1"
    assert held.holdings.latest["x"].version.value == "a2"
    assert held.holdings.committed == {"a": 1}
    held.holdings.show_until(held.log, 2)
    held.holdings.show_until(held.log, 1)
    assert held.holdings.shown["x"].version.value == "a2"
    assert held.holdings.position == 2
