"""What requests carry: a deadline is set without losing anything else, and kept where requests change."""

from dataclasses import dataclass, fields, replace

import pytest

from models import Request
from models.resilience.deadlines import keeping_deadline, with_deadline

FULL = Request("buy", "book", 3, 120, 2, 9.0, "key-1", "web")


def test_a_request_gets_a_deadline_and_keeps_everything_else() -> None:
    # Also for whoever gives requests another field: it must be copied too.
    assert all(getattr(FULL, field.name) != field.default for field in fields(Request))
    stamped = with_deadline(FULL, 4.0)
    assert stamped == replace(FULL, deadline=4.0)
    assert (FULL.deadline, stamped.deadline) == (9.0, 4.0)
    assert with_deadline(FULL, None).deadline is None


def test_a_users_own_kind_of_request_stays_one() -> None:
    @dataclass
    class Signed(Request):
        signature: str = ""

    signed = Signed("buy", signature="me")
    assert with_deadline(signed, 4.0) == Signed("buy", deadline=4.0, signature="me")


@pytest.mark.parametrize(
    ("received", "own", "wanted"),
    [(None, None, None), (None, 5.0, 5.0), (3.0, None, 3.0), (3.0, 5.0, 3.0), (5.0, 3.0, 3.0)],
)
def test_the_earlier_deadline_is_kept(
    received: float | None, own: float | None, wanted: float | None
) -> None:
    new = Request("reserve", deadline=own)
    ask = keeping_deadline(lambda request: new)
    asked = ask(Request("buy", deadline=received))
    assert (asked.operation, asked.deadline, new.deadline) == ("reserve", wanted, own)
