"""Which failures a policy acts on is checked when it is made."""

from __future__ import annotations

from typing import Any

import pytest

from models.failures import BreakerOpen, CallFailed, Rejected, TimedOut
from models.resilience.failure_kinds import require_apart, require_failures


class Unheard(CallFailed):
    """A failure that a user has added."""


@pytest.mark.parametrize("kinds", [(), (CallFailed,), (TimedOut, Rejected), (Unheard,)])
def test_tuples_of_failures_pass(kinds: Any) -> None:
    require_failures("drops_on", kinds)


@pytest.mark.parametrize("kinds", [TimedOut, [TimedOut], None, "TimedOut"])
def test_what_is_no_tuple_is_named(kinds: Any) -> None:
    with pytest.raises(TypeError, match="drops_on must be a tuple of CallFailed classes, got"):
        require_failures("drops_on", kinds)


@pytest.mark.parametrize("kinds", [(ValueError,), (TimedOut, "Rejected"), (TimedOut(),), (BaseException,)])
def test_what_is_no_failure_is_named(kinds: Any) -> None:
    with pytest.raises(TypeError, match="drops_on must hold CallFailed classes only, got"):
        require_failures("drops_on", kinds)


def test_two_tuples_that_have_nothing_in_common_are_apart() -> None:
    require_apart("retries_on", (CallFailed,), "gives_up_on", (BreakerOpen,))
    require_apart("retries_on", (CallFailed,), "gives_up_on", ())


def test_a_class_in_both_is_named() -> None:
    both = (TimedOut, Rejected)
    with pytest.raises(ValueError, match="on and but must have no class in common, got Rejected, TimedOut"):
        require_apart("on", both, "but", both)


def test_there_must_be_something_to_act_on() -> None:
    with pytest.raises(ValueError, match="on must name at least one class, got none"):
        require_apart("on", (), "but", ())


@pytest.mark.parametrize(("kinds", "others"), [((ValueError,), ()), ((TimedOut,), (ValueError,))])
def test_both_are_checked(kinds: Any, others: Any) -> None:
    with pytest.raises(TypeError, match="must hold CallFailed classes only"):
        require_apart("on", kinds, "but", others)
