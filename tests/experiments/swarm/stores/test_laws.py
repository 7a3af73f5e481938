"""Each law holds of what it allows, and is broken by the smallest history that it does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from experiments.swarm import BrokenInvariant
from experiments.swarm.stores import DESIGNS, LAWS
from experiments.swarm.stores.histories import contents_text
from experiments.swarm.stores.laws import ALWAYS, check_laws
from models.consistency import Ending, Operation

OK, FAILED, UNKNOWN = Ending.OK, Ending.FAILED, Ending.UNKNOWN


def asked(
    at: float,
    kind: str,
    value: Any = None,
    result: Any = None,
    *,
    by: int = 1,
    ending: Ending = OK,
    key: str = "a",
) -> Operation:
    """Return an operation that takes a second, from `at` on."""
    is_known = ending is not UNKNOWN
    return Operation(
        process=by,
        kind=kind,
        key=key,
        value=value,
        result=result,
        invoked_at=at,
        ended_at=at + 1.0 if is_known else float("inf"),
        ending=ending,
        invoked_order=int(10 * at),
        ended_order=int(10 * at) + 5,
        session=by,
    )


def checked(law: str, *history: Operation, **held: Any) -> Any:
    """Check a law where a node holds this in the end, and return the live store."""
    contents = {"node": held}
    live = SimpleNamespace(
        history=lambda: history,
        store=SimpleNamespace(contents=lambda: contents),
        plan=SimpleNamespace(store="raft"),
        design=DESIGNS["raft"],
        env=SimpleNamespace(now=99.0),
        laws=frozenset({law}),
        undecided_count=0,
    )
    check_laws(live)  # type: ignore[arg-type] # all that laws look at
    return live


W1, W2 = asked(0.0, "write", "x"), asked(2.0, "write", "y", by=2)
SEEN_X = asked(6.0, "read", None, "x", by=3)

SEEN = asked(0.0, "set-add", "x"), asked(2.0, "read", None, frozenset("x"))

BREACHES: dict[str, list[tuple[tuple[Operation, ...], dict[str, Any]]]] = {
    "is_linearizable": [
        ((W1, W2, asked(4.0, "read", None, "x")), {"a": "y"}),
        ((asked(0.0, "append", "x"), asked(2.0, "append", "y"), asked(4.0, "read", None, ("y", "x"))), {}),
        ((asked(0.0, "add", 1, key="n"), asked(2.0, "read", None, 2, key="n")), {}),
    ],
    "keeps_sessions": [
        ((W1, W2, asked(4.0, "read", None, "y"), asked(6.0, "read", None, "x")), {"a": "y"}),
    ],
    "reads_own_writes": [((W1, asked(2.0, "write", "y"), asked(4.0, "read", None, "x")), {"a": "y"})],
    "reads_are_monotonic": [
        ((W1, W2, asked(4.0, "read", None, "y"), asked(6.0, "read", None, "x")), {"a": "y"}),
    ],
    "reads_are_fresh": [((W1, W2, asked(4.0, "read", None, "x", by=3)), {"a": "y"})],
    "keeps_what_it_acknowledges": [
        ((W1, W2), {"a": "x"}),
        ((W1,), {}),
        ((asked(0.0, "append", "x"),), {"a": ()}),
        ((asked(0.0, "add", 1),), {"a": 0}),
        ((asked(0.0, "add", 1),), {"a": 2}),
    ],
    "keeps_what_it_shows": [
        ((asked(0.0, "write", "x", ending=UNKNOWN), SEEN_X), {}),
        ((W2, asked(4.0, "write", "x", ending=UNKNOWN), SEEN_X), {"a": "y"}),
        ((asked(0.0, "compare-and-set", (None, "x"), ending=UNKNOWN), SEEN_X), {}),
    ],
    "keeps_what_is_written_once": [((W1,), {})],
    "deleted_stays_deleted": [((W1, asked(2.0, "delete")), {"a": "x"})],
    "keeps_the_newest": [
        ((W1, W2), {"a": "x"}),
        ((W1,), {}),
        ((W1, asked(0.0, "write", "y", by=2), asked(2.0, "write", "z", by=3)), {"a": ("x", "y")}),
    ],
    "counters_balance": [((asked(0.0, "add", 1),), {"a": 0}), ((asked(0.0, "add", 1),), {"a": 2})],
    "sets_keep_their_items": [
        ((asked(0.0, "set-add", "x"),), {}),
        ((asked(0.0, "set-add", "x"), asked(2.0, "set-add", "y")), {"a": frozenset("y")}),
        ((asked(0.0, "set-add", "x"), asked(2.0, "set-remove", "x", ending=FAILED)), {"a": frozenset()}),
    ],
    "removed_stays_removed": [((*SEEN, asked(4.0, "set-remove", "x")), {"a": frozenset("x")})],
    "siblings_stay_until_seen": [
        ((W1, W2), {"a": "y"}),
        ((W1,), {}),
        ((W1, asked(2.0, "read", None, "x"), W2), {"a": "y"}),
        ((W1, asked(2.0, "delete", by=2)), {}),
    ],
    # What holds always:
    "works_again": [
        ((W1, asked(2.0, "read", None, "z")), {}),
        ((W1,), {"a": "z"}),
        ((asked(0.0, "write", "x", ending=FAILED), asked(2.0, "read", None, "x")), {}),
        ((asked(0.0, "write", "x", ending=FAILED),), {"a": "x"}),
        ((asked(0.0, "append", "x", ending=FAILED), asked(2.0, "read", None, ("x",))), {}),
        ((asked(0.0, "set-add", "x"), asked(2.0, "read", None, frozenset("xz"))), {}),
        ((asked(0.0, "set-add", "x", ending=FAILED),), {"a": frozenset("x")}),
    ],
}


@pytest.mark.parametrize(
    ("law", "number"), [(law, n) for law, each in BREACHES.items() for n in range(len(each))]
)
def test_a_breach_is_found(law: str, number: int) -> None:
    history, held = BREACHES[law][number]
    with pytest.raises(BrokenInvariant) as caught:
        checked(law, *history, **held)
    always = {"invents_nothing", "fails_without_effect"}
    assert caught.value.rule in (always if law == "works_again" else {law})
    assert caught.value.kind == f"raft: {caught.value.rule}"


@pytest.mark.parametrize("law", LAWS)
def test_what_is_as_it_should_be_breaks_nothing(law: str) -> None:
    history = (
        W1,
        asked(2.0, "read", None, "x", by=2),
        asked(4.0, "write", "y", by=2),
        asked(6.0, "read", None, "y"),
    )
    checked(law, *history, a="y")


@pytest.mark.parametrize("law", LAWS)
def test_what_nobody_knows_of_may_or_may_not_be(law: str) -> None:
    doubtful = asked(0.0, "write", "x", ending=UNKNOWN)
    checked(law, doubtful, asked(2.0, "read", None, "x", by=2), a="x")
    checked(law, doubtful, asked(2.0, "read", None, None, by=2))


def test_items_that_were_shown_are_kept_where_nothing_is_lost() -> None:
    history = asked(0.0, "append", "x", ending=UNKNOWN), asked(2.0, "read", None, ("x",))
    live = checked("keeps_what_it_shows", *history, a=())
    live.laws |= {"keeps_what_it_acknowledges"}
    with pytest.raises(BrokenInvariant, match="keeps_what_it_shows"):
        check_laws(live)


def test_what_was_shown_and_replaced_then_is_not_lost() -> None:
    doubtful = asked(0.0, "write", "x", ending=UNKNOWN)
    checked("keeps_what_it_shows", doubtful, SEEN_X, asked(8.0, "write", "y"), a="y")
    checked("keeps_what_it_shows", doubtful, asked(6.0, "read", None, None, by=3))


def test_a_list_is_read_item_by_item_and_so_are_siblings() -> None:
    history = (asked(0.0, "append", "x"), asked(2.0, "append", "y"), asked(4.0, "read", None, ("x", "y")))
    checked("is_linearizable", *history, a=("x", "y"))


def test_a_comparison_that_fails_writes_nothing() -> None:
    refused = asked(2.0, "compare-and-set", ("z", "y"), False)
    checked("is_linearizable", W1, refused, asked(4.0, "read", None, "x"), a="x")
    with pytest.raises(BrokenInvariant, match="invents_nothing"):
        checked("is_linearizable", W1, refused, asked(4.0, "read", None, "y"), a="y")


def test_a_delete_beside_a_write_that_nobody_knows_of_promises_nothing() -> None:
    doubtful = asked(0.0, "write", "x", by=2, ending=UNKNOWN)
    checked("deleted_stays_deleted", doubtful, asked(2.0, "delete"), a="x")


def test_what_merges_may_keep_both_and_bring_back_what_was_not_seen() -> None:
    both = (W1, asked(0.0, "write", "y", by=2))
    for law in ("keeps_the_newest", "siblings_stay_until_seen"):
        checked(law, *both, a=("x", "y"))
    checked("keeps_the_newest", *both, a="y")
    replaced = asked(2.0, "read", None, ("x", "y"), by=2), asked(4.0, "write", "z", by=2)
    checked("siblings_stay_until_seen", *both, *replaced, a="z")
    added, read = SEEN
    by_another = asked(4.0, "set-remove", "x", by=2)
    checked("removed_stays_removed", added, read, by_another, a=frozenset("x"))
    checked("removed_stays_removed", added, read, asked(4.0, "set-remove", "x"), a=frozenset())
    checked("sets_keep_their_items", added, read, by_another, a=frozenset())


def test_what_an_observer_knows_to_be_gone_is_told() -> None:
    live = checked("nothing_is_gone", W1, a="x")
    live.design = SimpleNamespace(lost_count=lambda store: 2)
    with pytest.raises(BrokenInvariant, match="2 acknowledged writes are lost"):
        check_laws(live)


def test_sets_are_told_in_one_order_in_every_process() -> None:
    text = contents_text({"set": {"node-1": frozenset("zaqx"), "node-2": None}})
    assert text == "{'set': {'node-1': ['a', 'q', 'x', 'z'], 'node-2': None}}"


def test_all_promises_are_laws() -> None:
    assert all(design.at_its_best <= set(LAWS) for design in DESIGNS.values())
    assert len(ALWAYS) == 2
