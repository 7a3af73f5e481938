"""What all checks of `gameday validate` have in common: one contract, whatever they are about.

One test for all of them, and asked for in the test: to import them takes each process a second or two.
"""

from __future__ import annotations

import pickle
import pkgutil
from collections import Counter
from collections.abc import Iterator
from importlib import import_module

import pytest

from experiments import validation
from experiments.validation import TheoryCheck, all_checks


def listed_anywhere() -> Iterator[TheoryCheck]:
    """Yield what is in the `CHECKS` of any module below `experiments.validation`."""
    for module in pkgutil.walk_packages(validation.__path__, f"{validation.__name__}."):
        yield from getattr(import_module(module.name), "CHECKS", ())


@pytest.mark.slow
def test_all_that_are_listed_anywhere_are_run_and_no_others() -> None:
    assert set(listed_anywhere()) == set(all_checks())


@pytest.mark.slow
def test_names_differ_as_random_numbers_come_from_them() -> None:
    counts = Counter(check.name for check in all_checks())
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.slow
def test_other_processes_can_be_sent_them() -> None:
    for check in all_checks():
        sent = pickle.loads(pickle.dumps(check))
        assert (sent.name, sent.group, sent.claims) == (check.name, check.group, check.claims)


@pytest.mark.slow
def test_same_seed_gives_the_same_values() -> None:
    changing = [check.name for check in all_checks() if check.simulate(3, 0.01) != check.simulate(3, 0.01)]
    assert changing == []


@pytest.mark.slow
def test_another_seed_gives_others_where_something_continuous_is_measured() -> None:
    """Elsewhere small counts may be equal by chance, or nothing is random."""
    efforts = dict.fromkeys(("backoff", "breaker", "cqrs", "queueing", "tail", "transactions"), 0.01)
    efforts["replication"] = 0.1  # shares of some hundreds of reads
    checks = [check for check in all_checks() if check.group in efforts]
    assert {check.group for check in checks} == set(efforts)
    values = {each.name: {each.simulate(seed, efforts[each.group]) for seed in (3, 4)} for each in checks}
    assert [name for name, both in values.items() if len(both) < 2] == []
