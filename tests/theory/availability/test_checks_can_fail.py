"""A check is worth as much as what it refuses: a system that is slightly other than claimed must differ."""

from __future__ import annotations

from math import inf

import pytest

from simulator.randomness import Constant, Exponential

from .running import changed, the, verdicts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("beginning", "setup", "effort"),
    [
        ("a repairer each: 3", {"repairers": 2}, 0.05),
        ("a repairer each: 3", {"between": Exponential(4.6)}, 0.1),
        ("a repairer each, lognormal", {"repair": Exponential(1.2)}, 0.1),
        ("one repairer", {"repairers": inf}, 0.03),
        ("one repairer", {"hosts_count": 4, "needed_count": 2}, 0.03),
        ("two repairers", {"repairers": 3}, 0.1),
        ("at most two down", {"down_max": inf}, 0.05),
        ("at most two down", {"down_max": 3}, 0.05),
        ("2 of 3 hosts in 3 zones", {"host_down": 0.013}, 0.06),
        ("2 of 3 hosts in 3 zones", {"zones_count": 1, "hosts_per_zone": 3}, 0.03),
        ("3 of 5 hosts in 1 zones", {"zone_down": 0.0013}, 0.15),
        ("data loss, mirror", {"mttr": 12.5}, 0.2),
        ("data loss, three replicas,", {"repairers": 1}, 0.05),
        ("data loss, three replicas and", {"repairers": 2}, 0.08),
        ("detection by 1 strikes", {"timeout": 2.5}, 0.2),
        ("detection by 3 strikes", {"strikes": 2}, 0.05),
        ("detection by 2 strikes", {"timeout": 2.8}, 0.2),
        ("detection by 4 strikes", {"counts_from": "start"}, 0.05),
        ("ejection after 5 failures", {"failure_probability": 0.52}, 0.2),
        ("ejection after 3 failures", {"threshold": 4}, 0.05),
        ("ejection after 3 failures", {"ejection_time": 15.0}, 0.1),
        ("false marks by 3 strikes", {"failure_probability": 0.32}, 0.2),
        ("false marks by 2 strikes", {"successes": 2}, 0.05),
        ("outliers among 20 equals", {"stdev_factor": 2.2}, 0.25),
        ("replication that lags, constant", {"lag": Constant(0.56)}, 0.35),
        ("replication that lags, exponential", {"rate": 3.4}, 0.2),
        ("replication that lags, lognormal", {"lag": Exponential(0.23)}, 0.2),
    ],
)
def test_slightly_another_system_differs(beginning: str, setup: dict[str, object], effort: float) -> None:
    assert "differs" in verdicts(changed(the(beginning), **setup), effort).values()
