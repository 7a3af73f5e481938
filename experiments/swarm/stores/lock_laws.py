"""Laws of a resource behind locks: what the lock service promises, as an observer of all clients sees it."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

from .histories import broken
from .live_store import LiveStore
from .locked_store import LockedStore


def check_has_one_holder(live: LiveStore) -> None:
    """No two clients ever say at once, each by its own clock, that they hold a lock."""
    if isinstance(live.store, LockedStore) and live.store.sections.two_held is not None:
        time, who = live.store.sections.two_held
        raise broken(live, "has_one_holder", who, time=time)


def check_tokens_grow(live: LiveStore) -> None:
    """No token is given twice; who asks after another has been given one gets a higher one."""
    if not isinstance(live.store, LockedStore):
        return
    by_end = sorted(live.store.sections.grants, key=lambda each: each.given_at)
    ends = [each.given_at for each in by_end]
    highest = [0, *accumulate((each.token for each in by_end), max)]
    seen: dict[int, str] = {}
    for each in by_end:
        text = f"{each.client} asked for {each.lock!r} at {each.asked_at:.9g} s and got token {each.token}"
        if each.token in seen:
            detail = f"{text}, which {seen[each.token]} had got"
            raise broken(live, "tokens_grow", detail, time=each.given_at)
        seen[each.token] = each.client
        known = highest[bisect_left(ends, each.asked_at)]
        if each.token < known:
            detail = f"{text}, where {known} had been given before"
            raise broken(live, "tokens_grow", detail, time=each.given_at)


def check_lets_in_nothing_late(live: LiveStore) -> None:
    """Once a token has been shown to the resource it takes none that is lower, and so loses no update."""
    if isinstance(live.store, LockedStore):
        said = live.store.resource.statistics()
        if said.late_count or said.lost_update_count:
            detail = f"{said.late_count} accesses with a token that was too old were let in"
            detail += f", and {said.lost_update_count} writes have overwritten what was not read"
            raise broken(live, "lets_in_nothing_late", detail)


def check_gives_everything_back(live: LiveStore) -> None:
    """When all clients have left, in good order or not, no session and no lock is left."""
    if isinstance(live.store, LockedStore) and (left := live.store.left()):
        raise broken(live, "gives_everything_back", ", ".join(left))
