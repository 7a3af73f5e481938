"""Tables to begin with: even shares, those of placements, and ranges by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from models.hashing import HashRing, JumpBuckets, MaglevTable, ModuloBuckets
from models.sharding import LOWEST, RangePartitioner, even_table, hash_table, range_table
from models.sharding.tables import RANGES_MAX

NAMES = [f"shard-{number}" for number in range(1, 6)]


def counts(table: Any) -> Counter[str]:
    return Counter(assignment.shard for assignment in table.assignments)


def test_even_table_deals_ranges_out_in_turn() -> None:
    table = even_table(NAMES, range_count=12)
    assert counts(table) == {"shard-1": 3, "shard-2": 3, "shard-3": 2, "shard-4": 2, "shard-5": 2}
    assert len(even_table(NAMES).starts) == 80


@pytest.mark.slow
def test_modulo_is_even_and_jump_and_ring_are_so_on_the_average() -> None:
    assert set(counts(hash_table(ModuloBuckets(NAMES), range_count=1000)).values()) == {200}
    for placement in (JumpBuckets(NAMES), HashRing(NAMES, virtual_nodes=1000), MaglevTable(NAMES)):
        shares = counts(hash_table(placement, range_count=4000))
        assert len(shares) == 5
        # Of a binomial count the deviation is 25; of the ring's own shares it is 3 %.
        assert all(abs(count - 800) < 100 for count in shares.values()), shares


@pytest.mark.parametrize("kind", [HashRing, JumpBuckets])
def test_one_shard_more_takes_its_share_and_moves_nothing_between_others(kind: Any) -> None:
    before = hash_table(kind(NAMES[:4]), range_count=2000)
    after = hash_table(kind(NAMES), range_count=2000)
    moved = [
        (one.shard, other.shard)
        for one, other in zip(before.assignments, after.assignments, strict=True)
        if one != other
    ]
    assert {to for _, to in moved} == {"shard-5"}
    assert 0.12 < len(moved) / 2000 < 0.28  # a fifth


def test_one_shard_more_moves_four_fifths_under_modulo() -> None:
    before = hash_table(ModuloBuckets(NAMES[:4]), range_count=2000)
    after = hash_table(ModuloBuckets(NAMES), range_count=2000)
    moved = sum(one != other for one, other in zip(before.assignments, after.assignments, strict=True))
    assert moved == 1600


def test_range_table_has_a_shard_for_each_range() -> None:
    table = range_table(RangePartitioner(), ["h", "q"], ["one", "two", "one"])
    assert table.starts == (LOWEST, "h", "q")
    assert [table.find(key)[1].shard for key in ("a", "h", "z")] == ["one", "two", "one"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: even_table([]),
        lambda: even_table("one"),
        lambda: even_table(NAMES, range_count=4),
        lambda: even_table(["one", "two", "one"]),
        lambda: even_table(["one"], range_count=10**30),
        lambda: hash_table(ModuloBuckets(NAMES), range_count=RANGES_MAX + 1),
        lambda: range_table(RangePartitioner(), 3, ["one", "two"]),  # type: ignore[arg-type] # as above
        lambda: range_table(RangePartitioner(), "m", ["one", "two"]),
        lambda: hash_table("ring", range_count=4),  # type: ignore[arg-type] # that is what is asked
        lambda: hash_table(ModuloBuckets(NAMES), range_count=0),
        lambda: range_table(RangePartitioner(), ["m"], ["one"]),
        lambda: range_table(RangePartitioner(), [3], ["one", "two"]),
    ],
)
def test_nonsense_is_refused(make: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="must be"):
        make()
