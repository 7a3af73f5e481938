"""What cache servers are asked: what requests weigh, and what they carry."""

from __future__ import annotations

from models.caching.servers import operations
from models.caching.servers.operations import Kept

from .cached import page


def test_a_value_weighs_on_the_way_to_the_server_and_a_question_nothing() -> None:
    response = page(size_bytes=700)
    for request in (
        operations.put("k", response),
        operations.add("k", response),
        operations.lease_set("k", response, 3),
    ):
        assert request.size_bytes == 700
    for request in (operations.get("k"), operations.delete("k"), operations.lease_get("k")):
        assert request.size_bytes == 0


def test_a_set_says_for_how_long_and_a_leased_one_by_which_token() -> None:
    response = page()
    assert operations.put("k", response, ttl=3.0).value == Kept(response, 3.0)
    assert operations.lease_set("k", response, 7).value == Kept(response, None, 7)
