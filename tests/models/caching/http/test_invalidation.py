"""What an unsafe request makes invalid: RFC 9111 section 4.4."""

import pytest

from models.caching.http import Headers, HttpRequest, HttpResponse
from models.caching.http.invalidation import invalidated_keys

from .exchanges import NONE, headers

TARGET = "http://example.com/a/item"


def keys(method: str, status: int = 200, fields: Headers = NONE, uri: str = TARGET) -> tuple[str, ...]:
    return invalidated_keys(HttpRequest(method=method, uri=uri), HttpResponse(status=status, headers=fields))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "UNKNOWN"])
def test_an_unsafe_method_invalidates_the_target(method: str) -> None:
    # "an unsafe request method (including methods whose safety is unknown)".
    assert keys(method) == (TARGET,)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_a_safe_method_invalidates_nothing(method: str) -> None:
    assert keys(method, fields=headers(Location="b")) == ()


@pytest.mark.parametrize(
    ("status", "invalidates"),
    [
        (199, False),
        (200, True),
        (204, True),
        (299, True),
        (301, True),
        (399, True),
        (400, False),
        (404, False),
        (500, False),
    ],
)
def test_only_an_answer_that_is_no_error_does(status: int, invalidates: bool) -> None:
    # "A "non-error response" is one with a 2xx (Successful) or 3xx (Redirection) status code".
    assert bool(keys("POST", status)) is invalidates


@pytest.mark.parametrize("name", ["Location", "Content-Location"])
@pytest.mark.parametrize("reference", ["b", "/a/b", "http://example.com/a/b", "HTTP://EXAMPLE.COM:80/a/b"])
def test_locations_of_the_same_origin_go_too(name: str, reference: str) -> None:
    # "the URI(s) in the Location and Content-Location response header fields (if present) are candidates".
    assert keys("POST", 201, Headers([(name, reference)])) == (TARGET, "http://example.com/a/b")


@pytest.mark.parametrize(
    "reference",
    [
        "http://other.example/a/b",
        "https://example.com/a/b",
        "http://example.com:8080/a/b",
        "//other.example/",
        "http://[x",
    ],
)
def test_locations_of_another_origin_stay(reference: str) -> None:
    # "MUST NOT trigger an invalidation under these conditions if the origin ... differs".
    assert keys("POST", 201, headers(Location=reference, Content_Location=reference)) == (TARGET,)


def test_each_key_is_named_once() -> None:
    fields = headers(Location="b", Content_Location="http://example.com/a/b")
    assert keys("PUT", fields=fields) == (TARGET, "http://example.com/a/b")
    assert keys("PUT", fields=headers(Content_Location=TARGET)) == (TARGET,)


def test_bare_paths_are_of_one_origin() -> None:
    assert keys("POST", fields=headers(Location="/items/7"), uri="/items") == ("/items", "/items/7")
