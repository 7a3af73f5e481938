"""The face of the decisions: what a cache does with a request, with an answer, and without one.

`HttpCache` reads its store and changes nothing; whoever moves the messages, be it a simulated proxy or a test
with a clock of its own, carries the decisions out. Times are seconds since the Unix epoch, since dates in
messages are; the cache has no clock.

Left out: partial content (requests with Range are forwarded and nothing of their answers is stored), targeted
fields such as CDN-Cache-Control (RFC 9213), and collapsing concurrent requests, which is a matter of who
waits for whom (`may_collapse` says which may).
"""

from __future__ import annotations

from collections.abc import Mapping

from ...validation import require_kind
from .dates import format_http_date
from .decisions import Change, Forward, Outcome, Reason, Refuse, ResponseStore, Serve, Variants, apply_changes
from .directives import request_directives, response_directives
from .entity_tags import entity_tag, weakly_equal
from .headers import Headers
from .invalidation import invalidated_keys
from .messages import HttpRequest, HttpResponse
from .reuse import (
    ERROR_STATUSES,
    Permission,
    matching_responses,
    permission_after_error,
    permission_to_reuse,
)
from .rules import CacheRules
from .stored_response import StoredResponse, stored_response
from .storing import (
    end_to_end,
    forbids_storing,
    is_for_one_user,
    is_worth_storing,
    may_store,
    updated_headers,
)
from .uris import normalised_uri
from .validation import (
    PRECONDITIONS,
    asks_for_itself,
    conditional_headers,
    is_not_modified,
    is_same_representation,
    not_modified,
    validated_responses,
)

_GATEWAY_TIMEOUT = HttpResponse(status=504)
_NEVER_STORED = (Reason.WRITE_THROUGH, Reason.RANGE)
_COLLAPSED = (Reason.MISS, Reason.VALIDATION)
# What a client asks of caches is about its own answer, which it has by then: only-if-cached would have one
# on the way refuse the validation, max-stale have it confirm what is stale, and no-store lose the answer.
_OF_CLIENT = (*PRECONDITIONS, "cache-control", "pragma")


class HttpCache:
    """The decisions of one cache over one store.

    Example:
        cache = HttpCache(store={}, rules=CacheRules(is_shared=True))
        decision = cache.on_request(HttpRequest(uri="/item"), now)
        if isinstance(decision, Forward):
            outcome = cache.on_response(decision, answer, request_time=now, response_time=later)
            cache.apply(outcome)
    """

    def __init__(self, *, store: ResponseStore, rules: CacheRules) -> None:
        """Decide over this store, by these rules."""
        require_kind("rules", rules, CacheRules)
        self.store = store
        self.rules = rules

    def key(self, request: HttpRequest) -> str:
        """Return the primary key of a request."""
        return normalised_uri(request.uri)

    def on_request(self, request: HttpRequest, now: float) -> Serve | Forward | Refuse:
        """Decide on a request of a client."""
        if request.method not in ("GET", "HEAD"):
            return _passed_on(request, Reason.WRITE_THROUGH)
        asked = request_directives(request.headers)
        if "range" in request.headers:
            if asked.only_if_cached:
                return Refuse(response=_GATEWAY_TIMEOUT)
            return _passed_on(request, Reason.RANGE)
        variants = self.store.get(self.key(request), ())
        matching = matching_responses(variants, request.headers)
        if matching:
            permission = permission_to_reuse(matching[0], asked, now, self.rules)
            if permission is not None:
                return self._serve(request, matching, permission, now)
        if asked.only_if_cached:
            return Refuse(response=_GATEWAY_TIMEOUT)
        return _validating(request, matching, _reason(variants, matching))

    def may_collapse(self, forward: Forward) -> bool:
        """Return whether a request may wait for another one of its kind, and others for it.

        It is no use if what comes back will not be stored, as for HEAD or no-store, or if what is stored must
        not be used before the origin was asked for this very request (no-cache).
        """
        request = forward.client_request
        if forward.reason not in _COLLAPSED or request.method != "GET":
            return False
        asked = request_directives(request.headers)
        return not (asked.no_store or asked.no_cache)

    def on_response(
        self, forward: Forward, response: HttpResponse, *, request_time: float, response_time: float
    ) -> Outcome:
        """Decide on what came back for a request that was forwarded.

        Args:
            forward: the decision that led to the request.
            response: what came back. One that is not final (1xx) is passed on and changes nothing.
            request_time: when the request went out, in seconds since the epoch.
            response_time: when the response came.

        Raises:
            ValueError: the response came before the request went out.
        """
        if response_time < request_time:
            raise ValueError(
                f"the response must not come before its request: {response_time} s, {request_time} s"
            )
        if response.status < 200:
            return Outcome(response=response)
        response = _as_received(response, response_time)
        if response.status == 304 and forward.matching:
            return self._on_not_modified(forward, response, request_time, response_time)
        if response.status in ERROR_STATUSES:
            stale = self._after_error(forward, response_time, is_disconnected=False)
            if stale is not None:
                return Outcome(response=stale.response, reused=stale.stored, permission=stale.permission)
        if forward.request.method == "HEAD" and response.status == 200:
            changes = self._freshened_by_head(forward, response, request_time, response_time)
            return Outcome(response=response, changes=changes)
        invalid = invalidated_keys(forward.client_request, response)
        changes = self._stored(forward, response, invalid, request_time, response_time)
        return Outcome(response=response, changes=changes, invalidated=invalid)

    def on_error(self, forward: Forward, now: float) -> Serve | Refuse:
        """Decide what to answer when the origin cannot be reached: a stale response, or a 504."""
        stale = self._after_error(forward, now, is_disconnected=True)
        return Refuse(response=_GATEWAY_TIMEOUT) if stale is None else stale

    def apply(self, outcome: Outcome) -> None:
        """Make the changes of an outcome in the store."""
        apply_changes(outcome.changes, self.store)

    def _serve(self, request: HttpRequest, matching: Variants, permission: Permission, now: float) -> Serve:
        stored = matching[0]
        age = stored.age(now)
        # "a cache MUST generate an Age header field, replacing any present" (RFC 9111 section 4).
        headers = stored.headers_without_age.with_line("Age", str(int(age)))
        revalidation = None
        if permission is Permission.STALE_WHILE_REVALIDATE:
            revalidation = _in_background(request, matching)
        return Serve(
            response=_answer(request, stored, headers),
            stored=stored,
            permission=permission,
            age=age,
            revalidation=revalidation,
        )

    def _after_error(self, forward: Forward, now: float, *, is_disconnected: bool) -> Serve | None:
        if forward.reason in _NEVER_STORED:
            return None
        request = forward.client_request
        # Looked up again: meanwhile it may have been validated by another request, or invalidated.
        matching = matching_responses(self.store.get(self.key(request), ()), request.headers)
        if not matching:
            return None
        asked = request_directives(request.headers)
        permission = permission_to_reuse(matching[0], asked, now, self.rules)
        if permission is None:
            permission = permission_after_error(
                matching[0], asked, now, self.rules, is_disconnected=is_disconnected
            )
        return None if permission is None else self._serve(request, matching, permission, now)

    def _on_not_modified(
        self, forward: Forward, response: HttpResponse, request_time: float, response_time: float
    ) -> Outcome:
        client, newer = forward.client_request, response.headers
        is_ours = forward.is_conditional and not asks_for_itself(client.headers, forward.matching)
        validated = validated_responses(newer, forward.matching, is_ours=is_ours)
        updated = {old: self._freshened(old, newer, request_time, response_time) for old in validated}
        changes = self._replaced(
            forward, {old: self._kept(forward, old, new) for old, new in updated.items()}
        )
        if not forward.is_conditional:  # the client asked, so the answer is the client's
            return Outcome(response=response, changes=changes)
        if not validated:
            return _unusable(forward, response)
        reused = updated[validated[0]]
        # With all that the 304 has brought, also what is not stored (no-cache="set-cookie"): it is for this
        # client, and validated.
        headers = updated_headers(validated[0].response.headers, newer)
        return Outcome(
            response=_answer(client, reused, headers),
            changes=changes,
            reused=reused,
            permission=Permission.VALIDATED,
        )

    def _freshened_by_head(
        self, forward: Forward, response: HttpResponse, request_time: float, response_time: float
    ) -> tuple[Change, ...]:
        """Update what a HEAD describes, and remove what it does not (RFC 9111 section 4.3.5)."""
        updated: dict[StoredResponse, StoredResponse | None] = dict.fromkeys(forward.matching)
        for old in forward.matching:
            if is_same_representation(old, response.headers):
                new = self._freshened(old, response.headers, request_time, response_time)
                updated[old] = self._kept(forward, old, new)
        return self._replaced(forward, updated)

    def _freshened(
        self, old: StoredResponse, newer: Headers, request_time: float, response_time: float
    ) -> StoredResponse:
        headers = updated_headers(old.response.headers, newer)
        return stored_response(
            key=old.key,
            request_headers=old.request_headers,
            response=old.response.with_headers(headers),
            rules=self.rules,
            request_time=request_time,
            response_time=response_time,
        )

    def _kept(self, forward: Forward, old: StoredResponse, new: StoredResponse) -> StoredResponse | None:
        """Return what stays in the store: the updated response, or nothing if its new fields forbid it.

        And the old one as it was, where what has come is for one user alone.
        """
        directives, is_shared = new.directives, self.rules.is_shared
        if forbids_storing(new.response.status, directives, is_shared=is_shared):
            return None
        if is_shared and is_for_one_user(old.request_headers, directives):
            return None
        return old if is_shared and is_for_one_user(forward.client_request.headers, directives) else new

    def _replaced(
        self, forward: Forward, updated: Mapping[StoredResponse, StoredResponse | None]
    ) -> tuple[Change, ...]:
        """Return the change that puts the updated responses, or nothing for None, in place of the old ones.

        One that has left the store meanwhile, evicted or invalidated, does not come back.
        """
        if request_directives(forward.client_request.headers).no_store:
            return ()
        key = self.key(forward.client_request)
        current = self.store.get(key, ())
        variants = tuple(kept for old in current if (kept := updated.get(old, old)) is not None)
        return () if variants == current else (Change(key=key, variants=variants),)

    def _stored(
        self,
        forward: Forward,
        response: HttpResponse,
        invalid: tuple[str, ...],
        request_time: float,
        response_time: float,
    ) -> tuple[Change, ...]:
        """Return what a full response changes: what is invalid after it, and what it takes the place of."""
        request = forward.client_request
        key = self.key(request)
        current = self.store.get(key, ())
        variants: Variants = () if key in invalid else current
        new = self._new(request, response, request_time, response_time)
        if new is not None:
            matching = matching_responses(variants, request.headers)
            variants = (*(old for old in variants if old not in matching), new)
        elif forward.is_conditional and response.status < 500:
            # "indicates that none of the stored responses nominated in the conditional request are suitable"
            # (section 4.3.3); a server error indicates nothing of them.
            variants = tuple(old for old in variants if old not in forward.matching)
        others = tuple(Change(key=other) for other in invalid if other != key)
        return others if variants == current else (*others, Change(key=key, variants=variants))

    def _new(
        self, request: HttpRequest, response: HttpResponse, request_time: float, response_time: float
    ) -> StoredResponse | None:
        """Return the response as it is to be stored, or None if it may not be or need not be."""
        asked, directives = request_directives(request.headers), response_directives(response.headers)
        is_shared = self.rules.is_shared
        if not may_store(request, asked, response, directives, is_shared=is_shared):
            return None
        stored = stored_response(
            key=self.key(request),
            request_headers=request.headers,
            response=response,
            rules=self.rules,
            request_time=request_time,
            response_time=response_time,
        )
        is_worth_it = is_worth_storing(response.headers, directives, stored.lifetime, is_shared=is_shared)
        return stored if is_worth_it else None


def _reason(variants: Variants, matching: Variants) -> Reason:
    if matching:
        return Reason.VALIDATION
    return Reason.OTHER_VARIANT if variants else Reason.MISS


def _passed_on(request: HttpRequest, reason: Reason) -> Forward:
    return Forward(request=_with_headers(request, request.headers), client_request=request, reason=reason)


def _validating(request: HttpRequest, matching: Variants, reason: Reason) -> Forward:
    conditional = conditional_headers(request.headers, matching) if matching else None
    return Forward(
        request=_with_headers(request, request.headers if conditional is None else conditional),
        client_request=request,
        matching=matching,
        is_conditional=conditional is not None,
        reason=reason,
    )


def _in_background(request: HttpRequest, matching: Variants) -> Forward:
    """Return the GET that validates what has just been served, for the cache's own sake."""
    headers = request.headers.without(_OF_CLIENT)
    return _validating(HttpRequest(uri=request.uri, headers=headers), matching, Reason.BACKGROUND)


def _unusable(forward: Forward, response: HttpResponse) -> Outcome:
    """Decide on a 304 that names nothing that is stored: it is the client's, or the request goes again."""
    client = forward.client_request
    tag = entity_tag(response.headers)
    if tag is not None and any(weakly_equal(tag, one) for one in client.headers.members("if-none-match")):
        return Outcome(response=response)
    return Outcome(response=None, retry=_passed_on(client, Reason.RETRY))


def _with_headers(request: HttpRequest, headers: Headers) -> HttpRequest:
    kept = end_to_end(headers)
    if kept is request.headers:
        return request
    return HttpRequest(method=request.method, uri=request.uri, headers=kept, body=request.body)


def _as_received(response: HttpResponse, response_time: float) -> HttpResponse:
    """Return the response without the fields of one connection, and with a Date.

    "MUST record the time it was received and append a corresponding Date header field" (RFC 9110 section
    6.6.1).
    """
    headers = end_to_end(response.headers)
    if "date" not in headers:
        headers = headers.with_line("Date", format_http_date(response_time))
    return response.with_headers(headers)


def _answer(request: HttpRequest, stored: StoredResponse, headers: Headers) -> HttpResponse:
    """Return what a stored response, under these fields, answers to the request."""
    if is_not_modified(request, stored):
        return not_modified(headers)
    body = None if request.method == "HEAD" else stored.response.body
    return HttpResponse(status=stored.response.status, headers=headers, body=body)
