"""The checks of shards hold, and each differs where theory or simulation is changed a little."""

from __future__ import annotations

import pytest

from experiments.validation import TheoryCheck
from experiments.validation.closed_forms.sharding import ring_share_variation
from experiments.validation.sharding import CHECKS
from tests.theory import running
from tests.theory.running import changed, expecting, is_found_out, remembered, verdicts


def the(beginning: str) -> TheoryCheck:
    return running.the(beginning, CHECKS)


# What theory says of neighbours, which the runs of a check must refuse: shares of the circle for those of as
# many ranges as points, and of very many keys for those of a thousand.
NEIGHBOURS: dict[str, tuple[float, ...]] = {
    "a table of 100 ranges": (ring_share_variation(10, 10), 1 / 11),
    "shares of 1000 keys": (ring_share_variation(10, 100),),
}


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_check_holds(check: TheoryCheck) -> None:
    neighbour = next((numbers for name, numbers in NEIGHBOURS.items() if check.name.startswith(name)), None)
    once = remembered(check)
    effort = 0.1 if neighbour is None else 0.5
    assert set(verdicts(once, effort).values()) == {"holds"}
    if neighbour is not None:
        assert "differs" in verdicts(expecting(once, *neighbour), effort).values()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("beginning", "setup", "effort"),
    [
        ("distribution of a ring's shares, 1 points", {"virtual_nodes": 2}, 0.1),
        ("distribution of a ring's shares, 10 points", {"virtual_nodes": 9}, 0.5),
        ("distribution of a ring's shares, 10 points", {"nodes_count": 7}, 0.4),
        ("shares of 1000 keys", {"keys_count": 1_500}, 0.2),
        ("a table of 100 ranges", {"virtual_nodes": 8}, 0.3),
        ("a table of 100 ranges", {"nodes_count": 9}, 0.3),
        ("a table of 1000 ranges", {"range_count": 1_001}, 1.0),
        ("a table of 1024 ranges", {"nodes_count": 9}, 1.0),
        ("a query across 100 shards", {"shards_count": 60}, 0.1),
        ("a query across 20 shards", {"shards_count": 14}, 0.05),
        ("a scan of 20 shards", {"deadline": 4.4}, 0.2),
        ("sets of 2 of 8 nodes, 1 points", {"virtual_nodes": 2}, 0.1),
        ("sets of 2 of 8 nodes, 1000 points", {"virtual_nodes": 1}, 0.1),
        ("two keys' sets", {"size": 6}, 0.1),
        ("two keys' sets", {"virtual_nodes": 1}, 0.2),
    ],
)
def test_another_system_differs(beginning: str, setup: dict[str, object], effort: float) -> None:
    assert is_found_out(changed(the(beginning), **setup), effort)
