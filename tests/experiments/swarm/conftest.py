"""The swarm checks what it builds by itself, and some of its tests break it on purpose."""

from __future__ import annotations

import pytest

from tests.conformance.watching import Watch


@pytest.fixture(autouse=True)
def nobody_watches(watch: Watch, invariants_hold_at_the_end: None) -> None:
    """Let the watch over all tests look away: it would keep thousands of parts of systems that are over."""
    watch.is_on = False
