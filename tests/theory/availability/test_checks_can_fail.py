"""A check is worth as much as what it refuses: a system that is slightly other than claimed must differ.

Other numbers of the same system are in test_checks_hold, where theory is changed and the runs are the same.
"""

from __future__ import annotations

from math import inf

import pytest

from simulator.randomness import Exponential
from tests.theory.running import changed, is_found_out

from .running import the


@pytest.mark.slow
@pytest.mark.parametrize(
    ("beginning", "setup", "effort"),
    [
        ("a repairer each: 3", {"repairers": 2}, 0.05),
        ("a repairer each, lognormal", {"repair": Exponential(1.2)}, 0.1),
        ("one repairer", {"repairers": inf}, 0.03),
        ("one repairer", {"hosts_count": 4, "needed_count": 2}, 0.03),
        ("two repairers", {"repairers": 3}, 0.1),
        ("at most two down", {"down_max": inf}, 0.05),
        ("at most two down", {"down_max": 3}, 0.05),
        ("2 of 3 hosts in 3 zones", {"zones_count": 1, "hosts_per_zone": 3}, 0.03),
        ("data loss, three replicas,", {"repairers": 1}, 0.05),
        ("data loss, three replicas and", {"repairers": 2}, 0.08),
        ("detection by 3 strikes", {"strikes": 2}, 0.05),
        ("detection by 4 strikes", {"counts_from": "start"}, 0.05),
        ("ejection after 3 failures", {"threshold": 4}, 0.05),
        ("ejection after 3 failures", {"ejection_time": 15.0}, 0.1),
        ("false marks by 2 strikes", {"successes": 2}, 0.05),
        ("replication that lags, exponential", {"rate": 3.4}, 0.2),
    ],
)
def test_slightly_another_system_differs(beginning: str, setup: dict[str, object], effort: float) -> None:
    assert is_found_out(changed(the(beginning), **setup), effort)
