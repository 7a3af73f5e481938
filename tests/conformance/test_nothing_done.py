"""A call that fails with `nothing_done` has done nothing and never will, whatever stands between.

The target does some requests of which it never says so (the answer is lost, or an error), and turns the
others away: so the last attempt of a call that has been done may be turned away. Every wrapper alone, and
every pair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

from models import (
    CallFailed,
    ConnectionLost,
    Endpoint,
    FunctionEndpoint,
    Refused,
    Rejected,
    Request,
    ServerError,
    TimedOut,
    Unavailable,
)
from simulator import PARKED

from .bad_targets import BadTarget, Verdict
from .catalogue import WRAPPERS, Wrapper, build_chain, name_of, named
from .comparison import CALLS, END
from .world import World

Turn = tuple[bool, type[CallFailed] | None]
"""Whether the request is done, and what its caller is told; `None`: nothing."""

TURNS: tuple[tuple[Turn, ...], ...] = (
    ((True, None), (False, Refused)),
    ((True, ConnectionLost), (False, Rejected)),
    ((False, Unavailable), (True, ServerError), (False, Unavailable)),
    ((True, TimedOut), (False, Refused), (False, Refused)),
)

READING = named("Session", "Until it is there", "Until it is there, or less", "AgreedStock", "SplitStock")
"""The first three ask everything as a read here, and after a read there is nothing to conclude; the last two
read before they write, and the target cannot tell which is which."""

CHAINS = [wrapper for wrapper in WRAPPERS if wrapper not in READING]


class Calls:
    """What each call has ended in, and how often the target has done it, by the number of the call."""

    def __init__(self, chain: tuple[Wrapper, ...], turns: tuple[Turn, ...]) -> None:
        self.world = World()
        self.done: Counter[int] = Counter()
        self.failures: dict[int, CallFailed] = {}
        self._turns = turns
        self._count = 0
        target = BadTarget(name="doing", build=self._build, verdict=_unasked)
        endpoint = build_chain(self.world, target, chain)
        for number, time in enumerate(CALLS):
            self.world.env.process(self._ask(endpoint, number, time))
        self.world.env.run(until=END)
        self.world.end()

    def _build(self, world: World) -> Endpoint:
        return world.link(FunctionEndpoint(self._do, host=world.server, name="doing"))

    def _do(self, request: Request) -> Generator[Any, Any, None]:
        does, failure = self._turns[self._count % len(self._turns)]
        self._count += 1
        self.done[request.value] += does
        if failure is None:
            yield PARKED
        else:
            yield 0.1
            raise failure("target")

    def _ask(self, endpoint: Endpoint, number: int, time: float) -> Generator[Any, Any, None]:
        yield time
        try:
            yield from endpoint.call(Request("add", "key", number))
        except CallFailed as failure:
            self.failures[number] = failure.with_traceback(None)

    def check(self) -> None:
        for number, failure in self.failures.items():
            assert not (failure.nothing_done and self.done[number]), (
                f"call {number} was done {self.done[number]} times, and told {failure!r}"
            )


def _unasked(time: float, number: int) -> Verdict:
    raise AssertionError("no oracle is asked here")


def _check_all(*chains: tuple[Wrapper, ...]) -> None:
    errors = []
    for chain in chains:
        for turns in TURNS:
            try:
                Calls(chain, turns).check()
            except AssertionError as error:
                error.add_note(f"{name_of(chain)} over {turns}")
                errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} cases conclude too much", errors)


@pytest.mark.parametrize("wrapper", CHAINS, ids=repr)
def test_whoever_is_told_that_nothing_was_done_may_believe_it(wrapper: Wrapper) -> None:
    _check_all((wrapper,))


@pytest.mark.slow
@pytest.mark.unwatched(reason="thousands of worlds, of which only the endings matter")
@pytest.mark.parametrize("outer", CHAINS, ids=repr)
def test_pairs_may_be_believed(outer: Wrapper) -> None:
    _check_all(*((outer, inner) for inner in CHAINS))


def test_calls_are_told_that_nothing_was_done_where_it_was_not() -> None:
    calls = Calls(named("link"), TURNS[1])
    told = {number: failure.nothing_done for number, failure in calls.failures.items()}
    assert told == {number: number % 2 == 1 for number in range(len(CALLS))}
    assert [calls.done[number] for number in told] == [1, 0, 1, 0, 1, 0, 1]
