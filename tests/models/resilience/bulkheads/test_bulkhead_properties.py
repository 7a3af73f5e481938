"""Whatever callers do, permits, connections and threads add up at every instant, and none is lost or made."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import Endpoint, FunctionEndpoint, Host, Rejected, Request
from models.resilience import Timeout
from models.resilience.bulkheads import Bulkhead, ConnectionPool, ThreadPoolBulkhead
from simulator import Environment, Process
from tests.models.resilience.bulkheads.thread_pools import assert_adds_up, assert_empty
from tests.models.resilience.scripted import call_at

# Whole numbers of seconds, so that everything ties with everything.
Caller = tuple[int, int, int]
callers = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 6), st.integers(1, 9)), max_size=14)
"""When they come, how long their calls take, and after how long they give up."""

ends = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 13), st.sampled_from([Process.cancel, Process.kill])),
    max_size=5,
)
"""When whose caller is cut short, and how."""


class Work:
    """A target whose n-th caller's call takes as long as that caller says; knows who is inside."""

    def __init__(self, env: Environment, durations: list[int]) -> None:
        self.env = env
        self.durations = durations
        self.begun: dict[int, float] = {}
        self.inside = 0

    def caller(self, number: int, endpoint: Callable[[Endpoint], Endpoint]) -> Endpoint:
        def work(request: Request) -> Generator[Any, Any, int]:
            self.begun[number] = self.env.now
            self.inside += 1
            try:
                yield self.durations[number]
            finally:
                self.inside -= 1
            return number

        return endpoint(FunctionEndpoint(work))


def end_some(env: Environment, processes: list[Process], cut_short: list[Any]) -> None:
    for time, number, end in cut_short:
        if number < len(processes):
            env.call_later(time, end, processes[number])


@pytest.mark.slow
@given(
    size=st.integers(1, 3),
    room=st.integers(0, 3),
    wait_max=st.integers(1, 5),
    callers=callers,
    cut_short=ends,
    leaks=st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from(["leak", "return", "always", "never"])), max_size=5
    ),
)
@settings(max_examples=60)
def test_permits_of_a_shared_pool_add_up(
    size: int,
    room: int,
    wait_max: int,
    callers: list[Caller],
    cut_short: list[Any],
    leaks: list[tuple[int, str]],
) -> None:
    env = Environment()
    pool = ConnectionPool(env, size, waiting_max=room, wait_max=wait_max if room else inf)
    work = Work(env, [duration for _, duration, _ in callers])
    limits: list[Bulkhead] = []
    processes = []
    for number, (begin, _, patience) in enumerate(callers):
        limit = work.caller(number, lambda target: Bulkhead(env, target, pool))
        assert isinstance(limit, Bulkhead)
        limits.append(limit)
        [seen] = call_at(env, Timeout(env, limit, patience), begin)
        processes.append(seen.process)
    end_some(env, processes, cut_short)
    acts: dict[str, Callable[[], None]] = {
        "leak": pool.leak,
        "return": pool.return_leaked,
        "always": lambda: setattr(pool, "leak_probability", 1.0),
        "never": lambda: setattr(pool, "leak_probability", 0.0),
    }
    for time, act in leaks:
        env.call_later(time, acts[act])
    while env.peek() < inf:
        env.step()
        seen_now = pool.statistics()
        assert seen_now.free_count + seen_now.held_count + seen_now.leaked_count == size
        assert min(seen_now.free_count, seen_now.held_count, seen_now.leaked_count) >= 0
        assert pool.waiting_count == seen_now.waiting_count <= room
        assert not (seen_now.free_count and seen_now.waiting_count)
        assert work.inside <= seen_now.held_count <= size
        everybody = [limit.statistics() for limit in limits]
        assert work.inside == sum(each.in_flight_count for each in everybody)
        # One that a permit was passed to, and who has not gone on yet, holds it for the pool, and waits still
        # for the bulkhead.
        on_the_way = sum(each.waiting_count for each in everybody) - seen_now.waiting_count
        assert on_the_way == seen_now.held_count - work.inside
        assert seen_now.full_count == sum(each.full_count for each in everybody)
        assert seen_now.waited_too_long_count == sum(each.waited_too_long_count for each in everybody)
    last = pool.statistics()
    assert (last.held_count, last.waiting_count, work.inside) == (0, 0, 0)
    # Whoever got a permit at all got it no later than those that came after. (Of two that come free at one
    # instant, one may go to who comes just then, before who was waiting has gone on with the other.)
    in_order_of_coming = sorted(work.begun, key=lambda number: (callers[number][0], number))
    begun_at = [work.begun[number] for number in in_order_of_coming]
    assert begun_at == sorted(begun_at)


class Threads:
    """Callers of a thread pool, on the host it stands on or from elsewhere.

    `inside` are at work for those who came since the last restart, `inside_before` for others: those from
    elsewhere, whom no crash has reached.
    """

    pool: ThreadPoolBulkhead

    def __init__(self, durations: list[int], is_on_host: bool) -> None:
        self.env = Environment()
        self.host = Host(self.env, "web")
        self.target = FunctionEndpoint(self.work, host=self.host)
        self.durations = iter(durations * 2)
        self.is_on_host = is_on_host
        self.callers: list[Process] = []
        self.restart_count = self.inside = self.inside_before = 0
        self.host.on_restart(self.restart)

    def restart(self) -> None:
        self.restart_count += 1
        self.inside_before += self.inside
        self.inside = 0

    def work(self, request: Request) -> Generator[Any, Any, str]:
        assert self.host.is_up or not self.is_on_host, "something runs on a dead host"
        self.count(request, 1)
        try:
            yield next(self.durations)
        finally:
            self.count(request, -1)
        return "answer"

    def count(self, request: Request, change: int) -> None:
        if request.key == self.restart_count:
            self.inside += change
        else:
            self.inside_before += change

    def come(self, patience: int) -> None:
        if not self.is_on_host:
            self.callers.append(self.env.process(self.call(patience)))
        elif self.host.is_up:
            self.callers.append(self.host.start(self.call(patience)))

    def call(self, patience: int) -> Generator[Any, Any, None]:
        with self.env.move_on_after(patience), suppress(Rejected):
            yield from self.pool.call(Request(key=self.restart_count))

    def cut_short(self, number: int, end: Callable[[Process], None]) -> None:
        if number < len(self.callers):
            end(self.callers[number])


@pytest.mark.slow
@given(
    threads=st.integers(1, 3),
    room=st.integers(0, 3),
    interrupts=st.booleans(),
    callers=callers,
    cut_short=ends,
    crashes=st.lists(st.integers(0, 12), max_size=2, unique=True),
    is_on_host=st.booleans(),
)
@settings(max_examples=60)
def test_threads_add_up(
    threads: int,
    room: int,
    interrupts: bool,
    callers: list[Caller],
    cut_short: list[Any],
    crashes: list[int],
    is_on_host: bool,
) -> None:
    world = Threads([duration for _, duration, _ in callers], is_on_host)
    env, host = world.env, world.host
    pool = world.pool = ThreadPoolBulkhead(
        env, world.target, threads=threads, queue_size_max=room, interrupts=interrupts
    )
    for begin, _, patience in callers:
        env.call_later(begin, world.come, patience)
    for time, number, end in cut_short:
        env.call_later(time, world.cut_short, number, end)
    for time in crashes:
        env.call_later(time, lambda: host.crash() if host.is_up else None)
        env.call_later(time + 0.5, lambda: host.restart() if not host.is_up else None)
    while env.peek() < inf:
        env.step()
        assert_adds_up(pool)
        seen = pool.statistics()
        assert world.inside <= seen.busy_count <= threads
        assert not (is_on_host and world.inside_before)
        assert seen.waiting_count <= room
        assert not seen.waiting_count or seen.busy_count == threads
        assert not (interrupts and seen.abandoned_count)
        assert host.is_up or not host.running
        assert all(process.is_alive for process in host.running)
    assert_empty(pool)
    assert world.inside == world.inside_before == 0
    assert not host.running
    assert not env.processes
