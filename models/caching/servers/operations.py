"""What cache servers are asked: requests by operation, and what is in their answers.

    cache-get          what is kept under a key: a `Response`, or `None`
    cache-set          keep a response; the answer says whether it is kept: True or False
    cache-add          keep it if there is nothing fresh under the key
    cache-delete       keep nothing under the key; the answer says whether there was something fresh
    cache-lease-get    what is kept: a `Response`; or a `Token`, for who may load it; or `Busy`
    cache-lease-set    keep a response, if the token that comes with it is good still
    cache-lease-end    let the token be good no more: its holder has nothing to set

A cached response travels with its weight (`size_bytes`): there when it is set, back when it is found. So does
its `as_of`. Source: memcached's protocol (get, set, add, delete); Nishtala et al., "Scaling Memcache at
Facebook" (NSDI 2013), section 3.2.1, for the first two with leases; the third is ours.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from math import inf

from ...request import Request, Response

GET = "cache-get"
SET = "cache-set"
ADD = "cache-add"
DELETE = "cache-delete"
LEASE_GET = "cache-lease-get"
LEASE_SET = "cache-lease-set"
LEASE_END = "cache-lease-end"


@dataclass(frozen=True, slots=True)
class Kept:
    """A response to be kept for `ttl` s (`None`: as the server's store says), with the token of a lease.

    `ttl_max` (s) is the longest that it may be kept, whoever says for how long.
    """

    response: Response
    ttl: float | None = None
    token: int = 0
    ttl_max: float = inf


@dataclass(frozen=True, slots=True)
class Token:
    """The answer to whoever may load the value and set it; its `number` is never given twice."""

    number: int


@dataclass(frozen=True, slots=True)
class Busy:
    """The answer while somebody else has the token; `stale` is what was there before, if that is kept."""

    stale: Response | None = None


def get(key: Hashable) -> Request:
    """Return the request for what is kept under `key`."""
    return Request(GET, key)


def put(key: Hashable, response: Response, *, ttl: float | None = None, ttl_max: float = inf) -> Request:
    """Return the request that keeps `response` under `key`, whatever is there."""
    return _keeping(SET, key, Kept(response, ttl, ttl_max=ttl_max))


def add(key: Hashable, response: Response, *, ttl: float | None = None, ttl_max: float = inf) -> Request:
    """Return the request that keeps `response` under `key` if there is nothing."""
    return _keeping(ADD, key, Kept(response, ttl, ttl_max=ttl_max))


def delete(key: Hashable) -> Request:
    """Return the request that keeps nothing under `key`."""
    return Request(DELETE, key)


def lease_get(key: Hashable) -> Request:
    """Return the request for what is kept under `key`, or for a token."""
    return Request(LEASE_GET, key)


def lease_set(
    key: Hashable, response: Response, token: int, *, ttl: float | None = None, ttl_max: float = inf
) -> Request:
    """Return the request that keeps `response` under `key` if `token` is good."""
    return _keeping(LEASE_SET, key, Kept(response, ttl, token, ttl_max))


def lease_end(key: Hashable, token: int) -> Request:
    """Return the request that gives `token` back."""
    return Request(LEASE_END, key, token)


def _keeping(operation: str, key: Hashable, kept: Kept) -> Request:
    return Request(operation, key, kept, size_bytes=kept.response.size_bytes)
