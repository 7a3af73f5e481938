"""Requests and responses as values."""

import pytest

from models.caching.http import Headers, HttpRequest, HttpResponse
from models.caching.http.messages import SAFE_METHODS


def test_a_request_is_a_get_without_fields_unless_it_says_otherwise() -> None:
    request = HttpRequest(uri="/item")
    assert (request.method, len(request.headers), request.body) == ("GET", 0, None)


@pytest.mark.parametrize("status", [0, 99, 1000])
def test_a_status_has_three_digits(status: int) -> None:
    # RFC 9110 section 15: "All valid status codes are within the range of 100 to 599"; a cache meets others.
    with pytest.raises(ValueError, match="status must be from 100 to 999"):
        HttpResponse(status=status)


def test_safe_methods_are_those_of_the_rfc() -> None:
    """RFC 9110 section 9.2.1: "the GET, HEAD, OPTIONS, and TRACE methods are defined to be safe"."""
    assert frozenset({"GET", "HEAD", "OPTIONS", "TRACE"}) == SAFE_METHODS


def test_a_response_with_other_fields_is_another_one() -> None:
    response = HttpResponse(status=404, headers=Headers([("Age", "1")]), body="nothing")
    assert response.with_headers(response.headers) is response
    assert response.with_headers(Headers()) == HttpResponse(status=404, body="nothing")
