"""Cache-Control: the directives of a request and of a response, read once.

Sources: RFC 9111 section 5.2 (Cache-Control), 5.4 (Pragma), 4.2.1 (values that repeat, conflict or make no
sense); RFC 5861 sections 3 and 4; RFC 8246 section 2.

Section 4.2.1 leaves a choice where a directive repeats or makes no sense. The rule here is one: what cannot
be trusted restricts.

- A response's max-age or s-maxage that is invalid, or repeats with different values, is 0: stale at once.
- A request's limit (max-age, min-fresh) that is invalid is the strictest there is; of several the strictest.
- A permission (max-stale, stale-while-revalidate, stale-if-error) that is invalid is none; of several the
  least.
- A flag that restricts counts even with an argument that it must not have; one that permits (public,
  immutable) then does not.
- no-cache or private with an argument that is no list of field names counts as if it had none.

Unknown directives are ignored (section 5.2.3). Names may have any case; an argument may be a token or a
quoted string, whatever its directive (section 5.2). Spaces around the `=` make the argument invalid, not the
name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from .field_syntax import SECONDS_MAX, delta_seconds, is_token, list_members, unquoted
from .headers import Headers

# Directive: its arguments in order; None stands for no argument, "" for one that is neither token nor quoted.
Arguments = dict[str, list[str | None]]

_Choice = Callable[[Iterable[int]], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDirectives:
    """What a request asks of caches (RFC 9111 section 5.2.1); durations in seconds.

    Attributes:
        max_age: no response that is older than this.
        min_fresh: no response that is not fresh for so much longer.
        max_stale: a response that is stale by no more than this is welcome; infinite for any.
        no_cache: no stored response without validation; also what `Pragma: no-cache` says, if no
            Cache-Control does.
        no_store: store nothing of this exchange.
        only_if_cached: a stored response or none.
        stale_if_error: a response that is stale by no more than this will do if there is an error (RFC 5861).
    """

    max_age: int | None = None
    min_fresh: int | None = None
    max_stale: float | None = None
    no_cache: bool = False
    no_store: bool = False
    only_if_cached: bool = False
    stale_if_error: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseDirectives:
    """What a response asks of caches (RFC 9111 section 5.2.2); durations in seconds.

    Attributes:
        max_age, s_maxage: the freshness lifetime; the second for shared caches.
        no_cache: never reuse it without validation.
        no_cache_fields: fields, in lower case, that must not be reused without validation.
        no_store: store nothing of this exchange.
        is_private: no shared cache may store it.
        private_fields: fields, in lower case, that no shared cache may store.
        is_public: it may be stored although something else, such as Authorization, would forbid it.
        must_revalidate: never reuse it stale without validation.
        proxy_revalidate: the same for shared caches.
        must_understand: store it only if its status is understood, and then in spite of no-store.
        is_immutable: it does not change while it is fresh (RFC 8246).
        stale_while_revalidate: how long past expiry it may be reused while it is validated (RFC 5861).
        stale_if_error: how long past expiry it may be reused if there is an error (RFC 5861).
    """

    max_age: int | None = None
    s_maxage: int | None = None
    no_cache: bool = False
    no_cache_fields: frozenset[str] = frozenset()
    no_store: bool = False
    is_private: bool = False
    private_fields: frozenset[str] = frozenset()
    is_public: bool = False
    must_revalidate: bool = False
    proxy_revalidate: bool = False
    must_understand: bool = False
    is_immutable: bool = False
    stale_while_revalidate: int | None = None
    stale_if_error: int | None = None


_NO_REQUEST_DIRECTIVES = RequestDirectives()
_NO_RESPONSE_DIRECTIVES = ResponseDirectives()
# Few values of Cache-Control are in use in one system, and each is met again and again.
_REMEMBERED = 1024


def request_directives(headers: Headers) -> RequestDirectives:
    """Read what a request asks of caches."""
    if not headers.lines:
        return _NO_REQUEST_DIRECTIVES
    values = headers.lines_of("cache-control")
    if not values:
        # RFC 9111 section 5.4 deprecates Pragma; RFC 7234 section 5.4 asked for this reading of it.
        return RequestDirectives(no_cache=True) if _pragma_no_cache(headers) else _NO_REQUEST_DIRECTIVES
    return _read_request(values)


def response_directives(headers: Headers) -> ResponseDirectives:
    """Read what a response asks of caches."""
    values = headers.lines_of("cache-control")
    return _read_response(values) if values else _NO_RESPONSE_DIRECTIVES


def parse_directives(values: Iterable[str]) -> Arguments:
    """Return the arguments of each directive in the lines of a Cache-Control field, by name in lower case."""
    found: Arguments = {}
    for value in values:
        for member in list_members(value):
            name, equals, argument = member.partition("=")
            said = (unquoted(argument) or "") if equals else None
            if name != (name := name.rstrip(" \t")):
                said = ""
            if is_token(name):
                found.setdefault(name.lower(), []).append(said)
    return found


@lru_cache(maxsize=_REMEMBERED)
def _read_request(values: tuple[str, ...]) -> RequestDirectives:
    found = parse_directives(values)
    return RequestDirectives(
        max_age=_strictest(found, "max-age", invalid=0, choose=min),
        min_fresh=_strictest(found, "min-fresh", invalid=SECONDS_MAX, choose=max),
        max_stale=_max_stale(found),
        no_cache="no-cache" in found,
        no_store="no-store" in found,
        only_if_cached="only-if-cached" in found,
        stale_if_error=_permission(found, "stale-if-error"),
    )


@lru_cache(maxsize=_REMEMBERED)
def _read_response(values: tuple[str, ...]) -> ResponseDirectives:
    found = parse_directives(values)
    no_cache, no_cache_fields = _qualified(found, "no-cache")
    is_private, private_fields = _qualified(found, "private")
    return ResponseDirectives(
        max_age=_lifetime(found, "max-age"),
        s_maxage=_lifetime(found, "s-maxage"),
        no_cache=no_cache,
        no_cache_fields=no_cache_fields,
        no_store="no-store" in found,
        is_private=is_private,
        private_fields=private_fields,
        is_public=None in found.get("public", ()),
        must_revalidate="must-revalidate" in found,
        proxy_revalidate="proxy-revalidate" in found,
        must_understand="must-understand" in found,
        is_immutable=None in found.get("immutable", ()),
        stale_while_revalidate=_permission(found, "stale-while-revalidate"),
        stale_if_error=_permission(found, "stale-if-error"),
    )


def _pragma_no_cache(headers: Headers) -> bool:
    return any(member.lower() == "no-cache" for member in headers.members("pragma"))


def _lifetime(found: Arguments, name: str) -> int | None:
    if name not in found:
        return None
    values = {delta_seconds(argument) for argument in found[name]}
    (value,) = values if len(values) == 1 else (None,)
    return 0 if value is None else value


def _strictest(found: Arguments, name: str, *, invalid: int, choose: _Choice) -> int | None:
    if name not in found:
        return None
    values = (delta_seconds(argument) for argument in found[name])
    return choose(invalid if value is None else value for value in values)


def _permission(found: Arguments, name: str) -> int | None:
    values = [value for argument in found.get(name, ()) if (value := delta_seconds(argument)) is not None]
    return min(values) if values and len(values) == len(found[name]) else None


def _max_stale(found: Arguments) -> float | None:
    if "max-stale" not in found:
        return None
    values = [math.inf if said is None else delta_seconds(said) for said in found["max-stale"]]
    valid = [value for value in values if value is not None]
    return min(valid) if len(valid) == len(values) else None


def _qualified(found: Arguments, name: str) -> tuple[bool, frozenset[str]]:
    """Return whether the directive holds for the whole response, and else for which fields."""
    fields: set[str] = set()
    for argument in found.get(name, ()):
        names = [] if argument is None else list_members(argument)
        if not names or not all(map(is_token, names)):
            return True, frozenset()
        fields.update(field.lower() for field in names)
    return False, frozenset(fields)
