"""A call is cut short at every point of its way: what it had is given back, the others see what they should.

The instants at which anything happens are taken from an undisturbed run. The caller is cancelled, or killed,
or its host or another crashes or goes for good: at each of them, before all else that is due then and after
it (the same time as the answer, the timeout, the wake-up of a retry), and half-way between two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle, islice, pairwise

import pytest

from tests.in_one_test import in_one_test

from .bad_targets import BAD_TARGETS, BadTarget, crashing_host, crashing_process
from .catalogue import WRAPPERS, Wrapper, build_chain, name_of, named
from .comparison import Interruption, compare
from .world import World

# The calls: one into the trouble, three that share with it what there is to share, and two later.
CALLS = (0.0, 0.29113, 0.33127, 2.21371, 7.61539, 13.37273)
END = 16.00019
# The call that is interrupted, and the time until which that may be.
VICTIM, LATEST = 0.29113, 4.5

TARGETS = {target.name: target for target in BAD_TARGETS}
PARTS = {
    "cancel": (
        "healthy",
        "silent",
        "slow by turns",
        "refused",
        "erring by turns",
        "instant",
        "host down 0.51 to 4",
    ),
    "kill": ("healthy", "silent", "erring by turns", "host down 0.51 to 4"),
    "web": ("healthy", "erring by turns"),
    "proxy": ("healthy", "slow by turns", "erring"),
    "process": ("healthy", "erring"),
    "release": ("healthy",),
}


def instants(chain: tuple[Wrapper, ...], target: BadTarget) -> list[float]:
    """The times at which anything happens while the call is under way, as the engine computes them."""
    world = World()
    world.issue(world.client(build_chain(world, target, chain)), *CALLS)
    times = {VICTIM}
    while (time := world.env.peek()) <= LATEST:
        if time >= VICTIM:
            times.add(time)
        world.env.step()
    return sorted(times)


def interruptions(kind: str, chain: tuple[Wrapper, ...], target: BadTarget) -> Iterator[Interruption]:
    times = instants(chain, target)
    for time in times:
        for is_last in (False, True):
            yield Interruption(kind=kind, call=VICTIM, time=time, is_last=is_last)
    for before, after in pairwise([*times, LATEST]):
        yield Interruption(kind=kind, call=VICTIM, time=(before + after) / 2, is_last=False)


def check_all_interruptions(
    kind: str, chain: tuple[Wrapper, ...], target: BadTarget, *, one_in: int = 1
) -> None:
    for interruption in islice(interruptions(kind, chain, target), 0, None, one_in):
        try:
            compare(chain, target, calls=CALLS, end=END, interruption=interruption)
        except AssertionError as error:
            error.add_note(f"over {target}, with {interruption}")
            raise


@pytest.mark.slow
@pytest.mark.unwatched(reason="each comparison ends with the checks")
@pytest.mark.parametrize("kind", PARTS)
@pytest.mark.parametrize(
    "chain", [(), *((wrapper,) for wrapper in WRAPPERS)], ids=lambda chain: name_of(chain) or "nothing"
)
def test_wrapper_is_cut_short_anywhere(kind: str, chain: tuple[Wrapper, ...]) -> None:
    for name in PARTS[kind]:
        check_all_interruptions(kind, chain, TARGETS[name])


LINK, INSTANCE = named("link", "Instance")


@pytest.mark.slow
@pytest.mark.unwatched(reason="each comparison ends with the checks")
@pytest.mark.parametrize("wrapper", WRAPPERS, ids=repr)
def test_wrapper_in_the_process_of_an_instance_dies_with_it(wrapper: Wrapper) -> None:
    check_all_interruptions("process", (LINK, wrapper, INSTANCE), TARGETS["healthy"], one_in=2)


# Before the call, on its way, as it arrives, while it is served, as it is done, on the way back, as the
# answer is there, and after.
CRASHES = (0.0, 0.005, 0.01, 0.011, 0.5, 1.01, 1.0101, 1.015, 1.02, 1.03)


@pytest.mark.slow
@pytest.mark.parametrize("wrapper", WRAPPERS, ids=repr)
@in_one_test("crashing", [crashing_host, crashing_process])
def test_server_crashes_anywhere_in_a_call(
    wrapper: Wrapper, crashing: Callable[[float, float], BadTarget]
) -> None:
    for time in CRASHES:
        compare((wrapper,), crashing(time, 2.0), calls=(0.0, 1.31071, 4.11093), end=12.00019)


SOME_KINDS = ("cancel", "kill", "web", "proxy", "release")


@pytest.mark.parametrize(("wrapper", "kind"), list(zip(WRAPPERS, cycle(SOME_KINDS), strict=False)), ids=str)
def test_caller_or_host_is_cut_short_at_some_points(wrapper: Wrapper, kind: str) -> None:
    """A part of the first test, one kind by turns for each wrapper, among the fast ones."""
    check_all_interruptions(kind, (wrapper,), TARGETS["healthy"], one_in=11)
