"""Leasing: its numbers."""

from __future__ import annotations

from typing import Any

import pytest

from models.caching.aside import Leasing


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"wait": 0.0}, "wait must be finite and > 0 s"),
        ({"waits_max": -1}, "waits_max must be a whole number >= 0"),
    ],
)
def test_wrong_numbers_are_refused(settings: dict[str, Any], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        Leasing(**settings)
