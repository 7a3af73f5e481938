"""Random chains of three to six wrappers over random targets, cut short at random.

The oracle and the invariants hold for them too, except that a difference is none where two things tie by
accident. In chains that is bound to happen. Calls that stand in one line end one call's length apart, and
equal backoffs keep them so: the next attempt of one begins just as another's ends. A sliding window repeats
the distances of what it has let pass. Two questions of one call end together, and want the one thread that is
free then. The crash of a process resets several calls at one instant.

Left out are caches outside of other caches, where something stands between them that does not tell at once
what it is told: it chooses, repeats an answer, or lets others overtake. Then an answer that was asked for
later may be as of earlier, which a cache looks at, and the oracle does not know the ages that come out of it.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from .bad_targets import BAD_TARGETS, BadTarget, crashing_host
from .catalogue import (
    WRAPPERS,
    Wrapper,
    breakers,
    caches,
    caches_aside,
    caches_placed,
    deadlines,
    early_caches,
    hedges,
    http_caches,
    links,
    rate_limits,
    retries,
    services,
    timeouts,
    written_behind,
)
from .comparison import CALLS, Difference, Interruption, compare, has_ties

# Times of crashes and interruptions are thousandths of a second plus a little, which nothing else is: no ties
# by accident.
instants = st.integers(0, 15_000).map(lambda number: number / 1_000 + 0.00037)
outages = st.integers(1, 4_000).map(lambda number: number / 1_000)
targets = st.one_of(
    st.sampled_from(BAD_TARGETS),
    st.builds(lambda start, length: crashing_host(start, start + length), instants, outages),
)
chains = st.lists(st.sampled_from(WRAPPERS), min_size=3, max_size=6, unique_by=str).map(tuple)
interruptions = st.one_of(
    st.none(),
    st.builds(
        Interruption,
        kind=st.sampled_from(["cancel", "kill", "web", "proxy"]),
        time=instants,
        is_last=st.just(False),
        call=st.sampled_from(CALLS),
        outage=outages,
    ),
)
CACHES = {
    wrapper
    for family in (caches, caches_aside, caches_placed, early_caches, http_caches)
    for wrapper in family.WRAPPERS
}
HEDGES, INSTANCES = set(hedges.WRAPPERS), set(services.WRAPPERS)
AT_ONCE = {
    wrapper
    for family in (breakers, deadlines, links, rate_limits, retries, timeouts)
    for wrapper in family.WRAPPERS
}
generated = settings(suppress_health_check=list(HealthCheck), print_blob=False)


def has_ages_that_run_backwards(chain: tuple[Wrapper, ...]) -> bool:
    """Whether something that does not tell at once what it is told stands between two caches."""
    places = [place for place, each in enumerate(chain) if each in CACHES]
    between = chain[places[0] : places[-1]] if places else ()
    return not CACHES.union(AT_ONCE).issuperset(between)


def has_loads_within_an_instance(chain: tuple[Wrapper, ...]) -> bool:
    """Whether a cache stands outside of a hedge, and an instance inside of that.

    The cache loads in a process of that instance, while the oracle takes all who call one for callers from
    elsewhere, who hear of its answers later in the same instant. So there a copy that waits for a thread
    gets it at the very instant at which the hedge takes it back. Nobody promises which of the two is first.
    """
    in_background = CACHES.union(written_behind.WRAPPERS)
    rest = iter(chain)
    return all(any(each in family for each in rest) for family in (in_background, HEDGES, INSTANCES))


def compare_unless_tied(
    chain: tuple[Wrapper, ...], target: BadTarget, interruption: Interruption | None
) -> None:
    assume(not has_ages_that_run_backwards(chain) and not has_loads_within_an_instance(chain))
    try:
        compare(chain, target, interruption=interruption)
    except Difference:
        if not has_ties(chain, target, interruption=interruption):
            raise
        reject()


@pytest.mark.slow
@settings(generated, max_examples=200)
@given(chains, targets, interruptions)
def test_random_chain_does_what_the_oracle_says(
    chain: tuple[Wrapper, ...], target: BadTarget, interruption: Interruption | None
) -> None:
    compare_unless_tied(chain, target, interruption)


@pytest.mark.slow
@pytest.mark.unwatched(reason="each comparison ends with the checks")
@settings(generated, max_examples=1_500)
@given(chains, targets, interruptions)
def test_many_random_chains_do_what_the_oracle_says(
    chain: tuple[Wrapper, ...], target: BadTarget, interruption: Interruption | None
) -> None:
    compare_unless_tied(chain, target, interruption)
