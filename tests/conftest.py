"""Every test ends with a check of the invariants, for everything that it has built."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .conformance.watching import Watch


@pytest.fixture(scope="session")
def watch() -> Watch:
    """The one that watches over all tests of this process."""
    return Watch()


UNWATCHED = {
    "test_a_run_that_is_over_stays_as_it_was_when_it_is_thrown_away": "asks that nobody holds what it makes",
}


@pytest.fixture(autouse=True)
def invariants_hold_at_the_end(watch: Watch, request: pytest.FixtureRequest) -> Iterator[None]:
    """Check, after each test, that what it has built adds up and that nothing is leaked."""
    watch.made.clear()
    watch.is_on = request.node.name not in UNWATCHED
    yield
    watch.check()
