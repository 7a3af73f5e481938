"""The checks of transactions hold, and each differs where theory or simulation is changed a little."""

from __future__ import annotations

import pytest

from experiments.validation import TheoryCheck
from experiments.validation.transactions import CHECKS
from experiments.validation.transactions.locks import NO_PATIENCE
from models.transactions.events import DatabaseFirst, ThroughOutbox
from tests.theory import running
from tests.theory.running import changed, is_found_out, verdicts


def the(beginning: str) -> TheoryCheck:
    return running.the(beginning, CHECKS)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_check_does_not_differ(check: TheoryCheck) -> None:
    assert "differs" not in verdicts(check, 0.1).values()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("beginning", "setup", "effort"),
    [
        ("dual write, database first", {"publishing": DatabaseFirst(gap=0.06)}, 0.3),
        ("dual write, database first", {"publishing": ThroughOutbox()}, 0.1),
        ("dual write, message first", {"publishing": DatabaseFirst(gap=0.03)}, 0.1),
        ("locks of 1 participants", {"participants_count": 2}, 0.1),
        ("locks of 1 participants", {"patience": 0.02}, 0.2),
        ("locks of 2 participants", {"participants_count": 1}, 0.1),
        ("locks of 2 participants", {"rate": 10.0}, 0.3),
        ("lock of one participant", {"patience": NO_PATIENCE}, 0.2),
        ("lock of one participant", {"participants_count": 2}, 0.1),
        ("coordinator down", {"interval": 1.0}, 0.3),
        ("coordinator down", {"repair_mean": 3.5}, 0.5),
        ("sagas that see others", {"hop": 0.06}, 0.3),
        ("sagas that see others", {"rate": 6.0}, 0.3),
    ],
)
def test_another_system_differs(beginning: str, setup: dict[str, object], effort: float) -> None:
    assert is_found_out(changed(the(beginning), **setup), effort)
