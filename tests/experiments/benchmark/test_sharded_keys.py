"""The store whose memory is measured serves what it says, and holds each key once when all is over."""

import pytest

from experiments.benchmark.own_process import measure_in_own_process
from experiments.benchmark.sharded_keys_probe import RANGES, SHARDS, key_of, serve_and_move


@pytest.mark.slow
def test_all_keys_are_served_while_a_fifth_of_them_moves():
    store, clients, mover = serve_and_move(2_000)
    assert clients.wrong == 0
    assert clients.served > 1_000
    held = [key for values in store.contents().values() for key in values]
    assert sorted(held) == sorted(key_of(number) for number in range(2_000))
    counts = {shard: len(store.table.places_of(shard)) for shard in store.shards}
    assert set(counts.values()) == {RANGES // (SHARDS + 1)}
    assert mover.move_statistics().first_count == len(store.contents()["new"]) == pytest.approx(400, rel=0.2)


@pytest.mark.slow
def test_its_process_tells_what_it_has_held():
    found = measure_in_own_process("sharded_keys_probe", 20_000)
    assert (found["keys"], found["wrong"]) == (20_000, 0)
    assert found["moved"] == pytest.approx(4_000, rel=0.1)
    assert 20 < found["peak_mib"] < 150
