"""A cache between two ends: the client of a test, and an origin that answers at once."""

from __future__ import annotations

from models.caching.http import (
    CacheRules,
    Forward,
    Headers,
    HttpCache,
    HttpRequest,
    HttpResponse,
    Outcome,
    Refuse,
    Serve,
    StoredResponse,
)

from .exchanges import NONE, NOW, SHARED

URI = "http://example.com/item"


class Proxy:
    """A cache and an origin that answers at once with what it is given."""

    def __init__(self, rules: CacheRules = SHARED) -> None:
        self.store: dict[str, tuple[StoredResponse, ...]] = {}
        self.cache = HttpCache(store=self.store, rules=rules)

    def on_request(
        self, fields: Headers = NONE, *, after: float = 0.0, method: str = "GET", uri: str = URI
    ) -> Serve | Forward | Refuse:
        return self.cache.on_request(HttpRequest(method=method, uri=uri, headers=fields), NOW + after)

    def forwarded(
        self, fields: Headers = NONE, *, after: float = 0.0, method: str = "GET", uri: str = URI
    ) -> Forward:
        decision = self.on_request(fields, after=after, method=method, uri=uri)
        assert isinstance(decision, Forward)
        return decision

    def served(
        self, fields: Headers = NONE, *, after: float = 0.0, method: str = "GET", uri: str = URI
    ) -> Serve:
        decision = self.on_request(fields, after=after, method=method, uri=uri)
        assert isinstance(decision, Serve)
        return decision

    def answered(self, forward: Forward, response: HttpResponse, *, after: float = 0.0) -> Outcome:
        then = NOW + after
        outcome = self.cache.on_response(forward, response, request_time=then, response_time=then)
        self.cache.apply(outcome)
        return outcome

    def fetch(
        self,
        response: Headers,
        asked: Headers = NONE,
        *,
        after: float = 0.0,
        status: int = 200,
        method: str = "GET",
        body: object = "content",
        uri: str = URI,
    ) -> Outcome:
        """Forward a request and answer it."""
        forward = self.forwarded(asked, after=after, method=method, uri=uri)
        return self.answered(forward, HttpResponse(status=status, headers=response, body=body), after=after)
