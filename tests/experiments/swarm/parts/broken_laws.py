"""How the laws of parts are tested: a sound system passes, and with a planted bug it breaks its law."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.swarm import Failed, Passed, SystemPlan, run_trial, trial


def assert_a_law_is_broken_by(
    mutant: Any, plan: SystemPlan, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check that the system of `plan` passes, and that `mutant` makes it break the law `rule`."""
    verdict = run_trial(plan, thorough=False, locate=False)
    assert isinstance(verdict, Passed), verdict.what
    mutant(monkeypatch)
    monkeypatch.setattr(trial, "_PATIENCES_OF_PARTS_MAX", 2)  # it has been settled sooner than that
    verdict = run_trial(plan, thorough=False, locate=False)
    assert isinstance(verdict, Failed)
    assert rule in verdict.what
