"""Validation: asking whether a stored response still holds, and what the answer changes: RFC 9111, 4.3.

Asking. The request carries the entity tags of all stored responses that match it, and the Last-Modified of
one if that is the only one (section 4.3.1). A client's own If-None-Match is joined with them (section 4.3.2),
unless it is `*` or nothing stored has an entity tag: then the client's question goes as it is. A client's
If-Modified-Since gives way, since the answer must be about what is stored; the client's own question is
answered from the validated response.

A stored response that the request does not match is not asked about, though section 4.1 allows it: a 304
could name it, and it could not be used.

Answering. A 304 names what it validates by the first of (section 4.3.4): a strong entity tag; a weak one, or
Last-Modified, then the most recent; no validator at all, and nothing stored has one but one response. A
server need not repeat Last-Modified in a 304 (RFC 9110 section 15.4.5); so one without any validator that
answers a question about a single stored response, and about nothing of the client's, is about that one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .dates import parse_http_date
from .entity_tags import entity_tag, is_weak, strongly_equal, weakly_equal
from .headers import Headers
from .messages import HttpRequest, HttpResponse
from .stored_response import StoredResponse

# The preconditions that a cache evaluates and asks; If-Match and its like are for origins (section 4.3.2).
PRECONDITIONS = ("if-none-match", "if-modified-since")
# Metadata of content that a 304 does not carry; "SHOULD NOT generate representation metadata other than the
# above listed fields" (RFC 9110 section 15.4.5).
_OF_CONTENT = frozenset(
    {"content-encoding", "content-language", "content-length", "content-range", "content-type"}
)


def conditional_headers(headers: Headers, stored: Sequence[StoredResponse]) -> Headers | None:
    """Return the fields of a request that asks about these responses, or None if it cannot ask.

    Args:
        headers: the fields of the request that is to be answered.
        stored: the stored responses that match it, at least one.
    """
    asked = headers.members("if-none-match")
    tags = [one.entity_tag for one in stored if one.entity_tag is not None]
    if asked and ("*" in asked or not tags):
        return None
    single = stored[0].last_modified if len(stored) == 1 else None
    if not tags and single is None:
        return None
    conditional = headers.without(PRECONDITIONS)
    if tags:
        conditional = conditional.with_line("If-None-Match", ", ".join(dict.fromkeys((*asked, *tags))))
    if single is not None:
        conditional = conditional.with_line("If-Modified-Since", single)
    return conditional


def validated_responses(
    headers: Headers, candidates: Sequence[StoredResponse], *, is_ours: bool
) -> tuple[StoredResponse, ...]:
    """Return which of the stored responses a 304 with these fields is about (section 4.3.4).

    Args:
        headers: the fields of the 304.
        candidates: the stored responses that could have answered the request, the best first.
        is_ours: whether it answers a precondition of the cache, and none of the client (`asks_for_itself`).
    """
    tag = entity_tag(headers)
    modified = headers.first("last-modified")
    if tag is not None and not is_weak(tag):
        return tuple(one for one in candidates if _has_tag(one, tag, strongly_equal))
    if tag is not None:
        return _most_recent([one for one in candidates if _has_tag(one, tag, weakly_equal)])
    if modified is not None:
        return _most_recent([one for one in candidates if one.last_modified == modified])
    if len(candidates) == 1 and (is_ours or not candidates[0].has_validator):
        return tuple(candidates)
    return ()


def asks_for_itself(headers: Headers, stored: Sequence[StoredResponse]) -> bool:
    """Return whether a request names entity tags that no stored response has: the client's own question."""
    return any(
        all(one.entity_tag is None or not weakly_equal(tag, one.entity_tag) for one in stored)
        for tag in headers.members("if-none-match")
    )


def is_same_representation(stored: StoredResponse, head: Headers) -> bool:
    """Return whether the answer to HEAD describes the stored response (section 4.3.5).

    Each validator and the Content-Length that it brings must be that of the stored response.
    """
    return all(
        head.combined(name) == stored.response.headers.combined(name)
        for name in ("etag", "last-modified", "content-length")
        if name in head
    )


def is_not_modified(request: HttpRequest, stored: StoredResponse) -> bool:
    """Return whether the client's own precondition makes the answer a 304 (section 4.3.2).

    Only a stored 200 is compared. If-None-Match comes before If-Modified-Since, which is ignored if it is no
    date or repeats (RFC 9110 section 13.1.3); the Date stands in for a Last-Modified that is missing.
    """
    headers = request.headers
    if stored.response.status != 200:
        return False
    if "if-none-match" in headers:
        return _is_any_of(headers.members("if-none-match"), stored.entity_tag)
    since = headers.lines_of("if-modified-since")
    bound = parse_http_date(since[0], stored.response_time) if len(since) == 1 else None
    if bound is None:
        return False
    return stored.modified <= bound


def not_modified(headers: Headers) -> HttpResponse:
    """Return the 304 that stands for a stored response with these fields."""
    return HttpResponse(status=304, headers=headers.without(_OF_CONTENT))


def _is_any_of(asked: list[str], tag: str | None) -> bool:
    if "*" in asked:  # there is a current representation: the stored one
        return True
    return tag is not None and any(weakly_equal(one, tag) for one in asked)


def _has_tag(stored: StoredResponse, tag: str, equal: Callable[[str, str], bool]) -> bool:
    return stored.entity_tag is not None and equal(stored.entity_tag, tag)


def _most_recent(matching: Sequence[StoredResponse]) -> tuple[StoredResponse, ...]:
    return (max(matching, key=lambda one: (one.date, one.response_time)),) if matching else ()
