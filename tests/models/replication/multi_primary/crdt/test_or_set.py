"""A set that several add to and remove from at once."""

from __future__ import annotations

from models.replication.multi_primary.crdt import OrSet


def test_what_was_added_is_in_until_it_is_removed() -> None:
    cart = OrSet().with_added("a", "book").with_added("b", "pen").with_added("a", "book")
    assert cart.elements == cart.shown() == {"book", "pen"}
    assert cart.with_removed("b", "book").elements == {"pen"}


def test_of_an_add_and_a_remove_at_once_the_add_wins() -> None:
    before = OrSet().with_added("a", "book")
    added, removed = before.with_added("a", "book"), before.with_removed("b", "book")
    assert added.merged(removed).elements == removed.merged(added).elements == {"book"}


def test_a_remove_takes_what_its_remover_has_seen_and_nothing_else() -> None:
    seen, unseen = OrSet().with_added("a", "book"), OrSet().with_added("c", "book")
    removed = seen.with_removed("b", "book")
    assert removed.merged(seen).elements == frozenset()
    assert removed.merged(unseen).elements == {"book"}


def test_an_old_set_does_not_bring_back_what_was_removed() -> None:
    old = OrSet().with_added("a", "book")
    new = old.with_removed("b", "book")
    assert new.merged(old) is new
    assert old.merged(new).elements == frozenset()


def test_what_was_removed_can_be_added_again() -> None:
    cart = OrSet().with_added("a", "book").with_removed("a", "book").with_added("a", "book")
    assert cart.merged(OrSet().with_added("a", "book")).elements == {"book"}


def test_removes_of_two_at_once_are_one() -> None:
    before = OrSet().with_added("a", "book")
    assert before.with_removed("a", "book").merged(before.with_removed("b", "book")).elements == frozenset()


def test_a_set_is_not_changed_by_what_is_made_of_it() -> None:
    cart = OrSet().with_added("a", "book")
    cart.with_added("a", "pen")
    cart.with_removed("a", "book")
    cart.merged(OrSet().with_added("b", "cup"))
    assert cart.elements == {"book"}
    assert dict(cart.context) == {"a": 1}


def test_a_set_weighs_16_bytes_for_each_dot_and_each_writer() -> None:
    cart = OrSet().with_added("a", "book").with_added("a", "book").with_added("b", "pen")
    assert cart.weight() == 4 * 16
