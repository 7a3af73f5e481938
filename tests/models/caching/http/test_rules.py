"""What is left to whoever runs a cache is checked at once."""

from math import nan

import pytest

from models.caching.http import CacheRules


@pytest.mark.parametrize("value", [-0.1, 1.1, nan])
def test_the_heuristic_fraction_is_a_share(value: float) -> None:
    with pytest.raises(ValueError, match="heuristic_fraction must lie in"):
        CacheRules(is_shared=True, heuristic_fraction=value)


@pytest.mark.parametrize("value", [-1.0, nan])
def test_durations_are_not_negative(value: float) -> None:
    with pytest.raises(ValueError, match="heuristic_lifetime_max must be >= 0 s"):
        CacheRules(is_shared=True, heuristic_lifetime_max=value)
    with pytest.raises(ValueError, match="stale_if_disconnected must be >= 0 s"):
        CacheRules(is_shared=True, stale_if_disconnected=value)
