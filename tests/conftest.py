"""Every test ends with a check of the invariants, for everything that it has built."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

from .conformance.watching import Watch

# Property tests take their examples from no chance, and as long as they need: main is not red by luck, or on
# a loaded machine. (They are not the same for ever: Hypothesis mixes in constants of the modules that are
# loaded.) Others are tried with `--hypothesis-profile=exploring`.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("exploring", deadline=None)
settings.load_profile("repeatable")


def pytest_collection_finish() -> None:
    """Spare the garbage collector the tests themselves, which stay: many tests ask it to look everywhere.

    And let it look seldom at what has been there for a while: it goes through all that a long queue holds,
    which took a study with long ones a sixth of its time. What is new it looks at while that is still in the
    processor's cache: at twenty thousand new objects a look took twice as long as ten at two thousand.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 50, 10)


@pytest.fixture(scope="session")
def watch() -> Watch:
    """The one that watches over all tests of this process."""
    return Watch()


@pytest.fixture(autouse=True)
def invariants_hold_at_the_end(watch: Watch, request: pytest.FixtureRequest) -> Iterator[None]:
    """Check, after each test, that what it has built adds up and that nothing is leaked."""
    watch.made.clear()
    watch.is_on = request.node.get_closest_marker("unwatched") is None
    yield
    watch.check()
