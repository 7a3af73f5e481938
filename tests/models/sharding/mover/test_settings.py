"""Settings of a mover: each is checked, and each flaw is known as one."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from models.sharding.mover import MoverFlaws, MoverSettings


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"pause": -1.0}, "pause"),
        ({"parallel_moves": 0}, "parallel_moves"),
        ({"rounds_max": -1}, "rounds_max"),
        ({"patience": 0.0}, "patience"),
        ({"copy_patience": float("inf")}, "copy_patience"),
        ({"freeze_max": 0.0}, "freeze_max"),
        ({"retry_pause": 0.0}, "retry_pause"),
        ({"review_interval": "soon"}, "review_interval"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises((TypeError, ValueError), match=says):
        MoverSettings(**given)


def test_mover_has_no_flaws_unless_one_is_planted() -> None:
    assert not MoverFlaws()
    for each in fields(MoverFlaws):
        assert MoverFlaws(**{each.name: True})
        with pytest.raises(TypeError, match=f"{each.name} must be a bool, got 'no'"):
            MoverFlaws(**{each.name: "no"})  # type: ignore[arg-type] # that is what is asked
