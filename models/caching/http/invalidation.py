"""Invalidation: which URIs lose their stored responses when something is changed (RFC 9111 section 4.4).

A method that is not safe, or not known to be, and an answer that is no error invalidate the target URI; and
the URIs in Location and Content-Location, if they are of the same origin: "MUST NOT trigger an invalidation"
of another origin's. Invalidating is removing here, the first of the two ways that the section offers.
"""

from __future__ import annotations

from .messages import SAFE_METHODS, HttpRequest, HttpResponse
from .uris import normalised_uri, origin_of, resolved


def invalidated_keys(request: HttpRequest, response: HttpResponse) -> tuple[str, ...]:
    """Return the primary keys whose stored responses are invalid after this exchange."""
    if request.method in SAFE_METHODS or not 200 <= response.status < 400:
        return ()
    references = (response.headers.first(name) for name in ("location", "content-location"))
    named = (resolved(reference, request.uri) for reference in references if reference is not None)
    origin = origin_of(request.uri)
    of_same_origin = [uri for uri in named if uri is not None and origin_of(uri) == origin]
    return tuple(dict.fromkeys(map(normalised_uri, (request.uri, *of_same_origin))))
