"""What must hold of a world, whatever has happened in it; each returns the breaches as texts."""

from __future__ import annotations

from math import inf, isinf
from typing import Any

from experiments.swarm.bookkeeping import books_of, negative_fields, statistics_of

from .plans import HEARTBEAT, KEYS, LOAD_END, PATIENCE, TICK, CachePlan
from .worlds import Asked, World, WriteBehindSeen, queue_of

SLACK = 1e-9


def breaches(world: World) -> list[str]:
    """Return all that does not hold at the end."""
    return [
        *ended(world),
        *drained(world),
        *books_add_up(world),
        *ages_are_true(world),
        *staleness_is_bounded(world),
        *writes_behind_arrive(world),
    ]


def ended(world: World) -> list[str]:
    """Each call has ended in one thing, but for the last one of a user who has died with his host."""
    last_calls = {asked.user: asked for asked in world.asked}
    found: list[str] = []
    for asked in world.asked:
        if asked.ended_at < inf:
            if (asked.response is None) == (not asked.failure):
                found.append(f"not one outcome: {asked}")
        elif last_calls[asked.user] is not asked or not world.may_have_died(asked.user):
            found.append(f"never ended: {asked}")
    return found


def drained(world: World) -> list[str]:
    """Nothing is left of what was under way; but a flush to what was stopped for good goes on for ever."""
    dirty = [seen.cache for seen in world.behind if len(queue_of(seen))]
    if dirty and any(process.has_stopped for process in world.processes):
        return []
    for server in world.servers:
        server.leases.deleted("looks at what is over")
    running = [process.name for host in world.hosts for process in host.running]
    return [
        *(f"{cache} is dirty still" for cache in dirty),
        *(f"{cache} loads still" for cache in world.caches if cache.loading_count),
        *(f"{server} has leases out" for server in world.servers if server.leases.out_count),
        *(f"{each} has calls still" for each in world.processes if each.in_service_count),
        # A memory dies with its process, and a worker of an outbox waits for more.
        *(f"{name} runs still" for name in running if not name.endswith((" memory", " worker"))),
    ]


def books_add_up(world: World) -> list[str]:
    """What the parts say of themselves adds up."""
    found: list[str] = []
    parts: list[Any] = [*world.caches, *(cache.store for cache in world.caches), *world.processes]
    parts += [server.store for server in world.servers] + world.asides
    is_idle = not drained(world) and not any(len(queue_of(seen)) for seen in world.behind)
    for part in parts:
        now, books = statistics_of(part), books_of(part)
        if negative := negative_fields(now):
            found.append(f"{part}: {negative} are negative")
        rules = (*books.always, *(books.idle if is_idle else ()))
        found.extend(f"{part}: {rule.text}: {now}" for rule in rules if not rule.holds(part, now))
    for seen in world.behind:
        now = queue_of(seen).statistics()
        parts_count = now.flushed_count + now.coalesced_count + now.lost_count + now.waiting_count
        if now.acknowledged_count != parts_count or now.acknowledged_count != len(seen.accepted):
            found.append(f"{seen.cache}: {now} with {len(seen.accepted)} accepted")
    return found


def ages_are_true(world: World) -> list[str]:
    """What was told as of an instant was the origin's then or since, and all else during the call.

    But for what a cache has acknowledged that is written behind: that it may tell as of then.
    """
    found: list[str] = []
    for asked in world.asked:
        response = asked.response
        if not asked.is_read or response is None:
            continue
        since = asked.begun_at if response.as_of is None else response.as_of
        if since > asked.ended_at:
            found.append(f"from the future: {asked}")
        if not world.was(asked.request.key, response.value, since, asked.ended_at) and not _was_accepted(
            world, asked
        ):
            found.append(f"was not so: {asked}; {world.history[asked.request.key]}")
    return found


def _was_accepted(world: World, asked: Asked) -> bool:
    assert asked.response is not None
    return any(
        key == asked.request.key and value == asked.response.value and at <= asked.ended_at
        for seen in world.behind
        for at, key, value in seen.accepted
    )


def staleness_is_bounded(world: World) -> list[str]:
    """No full answer is older than the times to live on its way, and the time that the questions took."""
    found: list[str] = []
    for number, chain in enumerate(world.plan.chains):
        way = chain if world.plan.at_origin is None else (world.plan.at_origin, *chain)
        if any(_has_no_bound(world, cache) for cache in way):
            continue
        bound = 0.0
        for cache in way:  # from the inside out: what goes by age gives nothing older of its own
            for _ in range(2 if cache.place == "cdn" and cache.shield else 1):
                bound = max(cache.ttl, bound) if cache.by_age else bound + cache.ttl
        bound += sum(each.longest for each in world.timed[number])
        bound += sum(2.0 for cache in way if cache.place == "aside")  # for the ways to its servers
        for asked in world.asked:
            if asked.chain != number or not asked.is_read or asked.response is None:
                continue
            if asked.response.degraded:
                continue
            as_of = asked.response.as_of
            if as_of is not None and asked.begun_at - as_of > bound + SLACK:
                found.append(f"{asked.begun_at - as_of} s old when asked for, more than {bound}: {asked}")
    return found


def _has_no_bound(world: World, cache: CachePlan) -> bool:
    loss = cache.place == "aside" and any(fault.kind == "loss" for fault in world.plan.faults)
    return cache.slides or cache.writes == "behind" or isinf(cache.ttl) or loss


def writes_behind_arrive(world: World) -> list[str]:
    """What a cache has acknowledged last arrives, or is listed as lost; what was lost unsent does not."""
    found: list[str] = []
    for seen in world.behind:
        lost = {(each.key, each.acknowledged_at): each for each in queue_of(seen).lost}
        for key in world.history:
            accepted = [(at, value) for at, of, value in seen.accepted if of == key]
            kept = [(at, value) for at, value in accepted if (key, at) not in lost]
            if key in queue_of(seen):
                kept = []
            told = [value for _, value in world.history[key]]
            if kept and kept[-1][1] not in told and not _went_on(world, seen, key, *kept[-1]):
                found.append(f"{seen.cache}: {key} = {kept[-1]} has not arrived, and is not lost; {told}")
            for at, value in accepted:
                loss = lost.get((key, at))
                if loss is not None and not loss.attempt_count and value is not None and value in told:
                    found.append(f"{seen.cache}: {key} = {value} was lost at {loss} and has arrived")
    return found


def writes_are_seen(world: World) -> list[str]:
    """Who reads through the only cache after a write through it is told that write, or a later one.

    That holds for whatever the write has ended in, if the origin had done it by then: what may have been done
    counts as done.
    """
    (notes,) = world.at_caches
    done = []
    for write in notes:
        if write.is_read or write.ended_at == inf:
            continue
        change = world.change(write.request.key, write.request.value, write.begun_at, write.ended_at)
        if change is not None:
            done.append((change, write))
    found: list[str] = []
    for read in notes:
        if not read.is_read or read.response is None:
            continue
        key = read.request.key
        before = [
            change for change, write in done if write.request.key == key and write.ended_at < read.begun_at
        ]
        change = max(before, default=0)
        if not world.was_since(key, read.response.value, change, read.ended_at):
            found.append(f"change {change} was not seen: {read}; {world.history[key]}")
    return found


def nothing_outlives_its_process(world: World) -> list[str]:
    """What the only cache tells is as of no instant before the last start of its process."""
    (starts,) = world.starts
    (notes,) = world.at_caches
    found: list[str] = []
    for read in notes:
        if not read.is_read or read.response is None or read.response.as_of is None:
            continue
        start = max((time for time in starts if time < read.begun_at), default=0.0)
        if read.response.as_of < start:
            found.append(f"from before the start at {start}: {read}")
    return found


def hits_do_not_go_back(world: World) -> list[str]:
    """What the only cache gives at once is as of no earlier than what it has given at once before.

    That is so where an entry goes for nothing but an invalidation, which voids the loads that are under way.
    """
    (cache,) = world.plan.caches
    if cache.writes != "around" or cache.ttl < LOAD_END or cache.capacity < len(KEYS) or not _keeps(cache):
        return []
    (notes,) = world.at_caches
    latest: dict[Any, float] = {}
    found: list[str] = []
    for read in notes:
        response = read.response
        if not read.is_read or response is None or response.degraded or response.as_of is None:
            continue
        if read.ended_at > read.begun_at:
            continue
        if response.as_of < latest.get(read.request.key, 0.0):
            found.append(f"as of before {latest[read.request.key]}: {read}")
        latest[read.request.key] = response.as_of
    return found


def _keeps(cache: CachePlan) -> bool:
    return cache.negative_ttl in (None, cache.ttl) and not cache.jitter


def invalidations_are_seen(world: World) -> list[str]:
    """A cache that is told of a write tells it, or a later one, once the message has had its time."""
    done = []
    for write in world.asked:
        if write.is_read or write.response is None:
            continue
        change = world.change(write.request.key, write.request.value, write.begun_at, write.ended_at)
        if change is not None:
            done.append((heard_at(world, write.ended_at), write.request.key, change))
    found: list[str] = []
    for read in world.at_caches[0]:
        if not read.is_read or read.response is None:
            continue
        key = read.request.key
        change = max((each for at, of, each in done if of == key and at < read.begun_at), default=0)
        if not world.was_since(key, read.response.value, change, read.ended_at):
            found.append(f"change {change} was not heard of: {read}; {world.history[key]}")
    return found


def heard_at(world: World, written_at: float) -> float:
    """Return by when a cache has heard of a write, or else flushes because it knows that it has not."""
    way = TICK if world.plan.ties else world.plan.latency
    silent = ("cut", "one way", "crash", "process")  # an origin that is down sends no heartbeats either
    cuts = [(each.start, each.end) for each in world.plan.faults if each.kind in silent]
    time, latest = written_at, written_at + way
    for start, end in sorted(cuts):
        if start <= latest + TICK:
            time = max(time, end)
            latest = time + HEARTBEAT + PATIENCE + 2 * way + TICK
    return latest


def acknowledged_writes_are_seen(world: World) -> list[str]:
    """Who reads through the only cache, written behind, is told what it acknowledged last, or later."""
    (seen,) = world.behind
    (notes,) = world.at_caches
    numbers = {
        (key, value): number for number, (_, key, value) in enumerate(seen.accepted) if value is not None
    }
    found: list[str] = []
    for read in notes:
        if not read.is_read or read.response is None:
            continue
        key = read.request.key
        before = [
            number for number, (at, of, _) in enumerate(seen.accepted) if of == key and at < read.begun_at
        ]
        told = read.response.value
        if told is None:
            removals = [n for n, (at, of, value) in enumerate(seen.accepted) if of == key and value is None]
            number = max((n for n in removals if seen.accepted[n][0] <= read.ended_at), default=-1)
        else:
            number = numbers[key, told]
        if before and number < before[-1]:
            found.append(f"{seen.accepted[before[-1]]} was not seen: {read}")
    return found


def writes_behind_keep_their_order(world: World) -> list[str]:
    """Where no flush was given up the origin has had the writes of a key in their order."""
    (seen,) = world.behind
    found: list[str] = []
    for key, changes in world.history.items():
        order = [value for _, of, value in seen.accepted if of == key and value is not None]
        places = [order.index(value) for _, value in changes if value is not None]
        if places != sorted(places):
            found.append(f"{key}: {changes}")
    return found


def servers_have_no_old_value(world: World) -> list[str]:
    """What a server has now was the origin's after each write of which the delete is acknowledged."""
    now = world.env.now
    found: list[str] = []
    for key in world.history:
        changes = [
            world.change(key, each.request.value, each.begun_at, each.ended_at)
            for each in world.asked
            if not each.is_read and each.request.key == key and each.response is not None
        ]
        last = max((change for change in changes if change is not None), default=0)
        for server in world.servers:
            entry = server.store.stale(key)
            if entry is not None and not world.was_since(key, entry.response.value, last, now):
                found.append(f"{server} has {entry.response} of {key} at {now}; {world.history[key]}")
    return found


def _went_on(world: World, seen: WriteBehindSeen, key: str, at: float, value: Any) -> bool:
    """Whether another cache that is written behind has acknowledged it since: then it is that one's."""
    return any(
        since >= at and of == key and what == value
        for other in world.behind
        for since, of, what in other.accepted
        if other is not seen
    )
