"""URIs as primary keys: RFC 9110 section 4.2.3 and RFC 9111 section 2."""

import pytest

from models.caching.http.uris import normalised_uri, origin_of, resolved


@pytest.mark.parametrize(
    "uri",
    ["http://example.com", "http://example.com:80/", "HTTP://EXAMPLE.com:/", "http://example.com/#part"],
)
def test_equivalent_uris_have_one_key(uri: str) -> None:
    # RFC 9110 section 4.2.3: "scheme and host are case-insensitive", default port and empty path are normal.
    assert normalised_uri(uri) == "http://example.com/"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("http://example.com/a", "http://example.com/A"),
        ("http://example.com/a", "http://example.com/a?"),
        ("http://example.com/a?b=1", "http://example.com/a?b=2"),
        ("http://example.com/a", "https://example.com/a"),
        ("http://example.com/a", "http://example.com:8080/a"),
        ("http://example.com:443/a", "http://example.com/a"),
        ("/a", "/a?b"),
    ],
)
def test_other_uris_have_other_keys(first: str, second: str) -> None:
    assert normalised_uri(first) != normalised_uri(second)


def test_a_bare_path_is_its_own_key() -> None:
    assert normalised_uri("/items/7?x=1") == "/items/7?x=1"
    assert normalised_uri("item 7") == "item 7"


def test_an_origin_is_scheme_host_and_port() -> None:
    """RFC 9110 section 4.3.1: "the triple of scheme, host, and port"."""
    assert origin_of("HTTPS://Example.com:443/a") == origin_of("https://example.com/b")
    assert origin_of("http://example.com/") != origin_of("https://example.com/")
    assert origin_of("http://example.com:8080/") != origin_of("http://example.com/")
    assert origin_of("/a") == origin_of("/b") == ("", "")


def test_a_reference_is_resolved_from_the_target() -> None:
    assert resolved("b", "http://example.com/a/x") == "http://example.com/a/b"
    assert resolved("/b", "/a/x") == "/b"
    assert resolved("http://other.example/b", "http://example.com/a") == "http://other.example/b"
    assert resolved("http://[nonsense", "http://example.com/a") is None
