"""The study of idempotency: which orders are charged twice, and why."""

from __future__ import annotations

from functools import lru_cache

import pytest

from experiments import Run
from experiments.studies.idempotency import idempotency

from .what_is_said import means, what_to_see


@lru_cache
def ran(keys: str, timeout: float = 0.1, crashes: int = 6) -> Run:
    return idempotency(seed=1, keys=keys, timeout=timeout, crashes=crashes, duration=30.0)


@pytest.mark.slow
def test_without_a_key_short_timeouts_charge_twice() -> None:
    assert ran("no key").measures["charged_twice"] > 200.0
    assert ran("no key", 1.6).measures["charged_twice"] < 30.0


@pytest.mark.slow
def test_key_of_each_try_is_no_key() -> None:
    per_try, none = ran("key per try").measures, ran("no key").measures
    assert per_try["charged_twice"] == pytest.approx(none["charged_twice"], rel=0.2)
    assert per_try["replayed"] == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("keys", ["in memory", "durable"])
def test_store_charges_once_as_long_as_nothing_crashes(keys: str) -> None:
    measures = ran(keys, crashes=0).measures
    assert measures["charged_twice"] == 0.0
    assert measures["charges_per_order"] == 1.0
    assert measures["replayed"] > 100.0


@pytest.mark.slow
def test_durable_store_charges_once_across_crashes() -> None:
    assert ran("durable").measures["charged_twice"] == 0.0
    assert ran("in memory").measures["charged_twice"] > 0.0


@pytest.mark.slow
def test_gap_between_payment_and_record_charges_twice_after_a_crash() -> None:
    assert ran("separate").measures["charged_twice"] > 0.0
    assert ran("separate", crashes=0).measures["charged_twice"] == 0.0


@pytest.mark.slow
def test_client_is_told_of_more_orders_with_a_key() -> None:
    # An attempt that comes back finds the answer of the one before it.
    assert ran("durable").measures["paid"] > ran("no key").measures["paid"]


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(idempotency)
    none, per_try, memory, durable = (
        means(idempotency, keys=keys, timeout=0.1)
        for keys in ("no key", "key per try", "in memory", "durable")
    )
    assert f"{none['charged_twice']:.0f} of a thousand orders" in said
    assert none["charged_twice"] == per_try["charged_twice"]
    assert f"in memory lets {memory['charged_twice']:.1f} through" in said
    assert durable["charged_twice"] == 0.0
    assert f"it repeats {durable['replayed']:.0f} answers" in said
    assert means(idempotency, keys="no key", timeout=1.6)["charged_twice"] < 1.0
    separate = [
        means(idempotency, keys="separate", timeout=timeout)["charged_twice"] for timeout in (0.1, 1.6)
    ]
    assert "it is 5 to 6, whatever the timeout" in said
    assert 4.5 < min(separate) <= max(separate) < 6.5
