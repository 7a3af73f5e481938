"""Decisions: what a cache tells whoever moves the messages to do. Values; nothing happens by making one.

A request leads to one of three:

    Serve       answer with this, now; and perhaps validate in the background
    Forward     send this request towards the origin, and bring back what comes
    Refuse      answer with this 504

and what comes back for a Forward leads to an `Outcome`: what to answer, or what to ask instead; and what to
change in the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from .messages import HttpRequest, HttpResponse
from .reuse import Permission
from .stored_response import StoredResponse

Variants = tuple[StoredResponse, ...]


class ResponseStore(Protocol):
    """Where stored responses are: a mapping from a primary key to the variants under it. A dict will do."""

    def get(self, key: str, default: Variants, /) -> Variants:
        """Return the variants of a key, or the default if it holds none."""
        ...

    def __setitem__(self, key: str, variants: Variants, /) -> None:
        """Hold these variants, at least one, in place of all that were under the key. It may evict others."""
        ...

    def pop(self, key: str, default: Variants, /) -> object:
        """Let go of a key, which need not be there."""
        ...


class Reason(StrEnum):
    """Why a request goes on towards the origin."""

    MISS = "miss"  # nothing is stored for the URI
    OTHER_VARIANT = "other variant"  # what is stored varies, and not with this request
    VALIDATION = "validation"  # what is stored may not be used before the origin was asked
    WRITE_THROUGH = "write-through"  # a method that no stored response answers
    RANGE = "range"  # partial content is left out
    BACKGROUND = "background"  # the client has been answered
    RETRY = "retry"  # a 304 named nothing that is stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Send a request on.

    Attributes:
        request: the request to send.
        client_request: the one that is to be answered.
        matching: the stored responses that could have answered it, the best first.
        is_conditional: whether `request` asks about them.
        reason: why it goes on.
    """

    request: HttpRequest
    client_request: HttpRequest
    matching: Variants = ()
    is_conditional: bool = False
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """Answer from the store.

    Attributes:
        response: the answer: the stored response, or a 304 if that answers the client's own precondition.
        stored: the stored response.
        permission: by what right it is used.
        age: its age in seconds.
        revalidation: what to send in the background, or None.
    """

    response: HttpResponse
    stored: StoredResponse
    permission: Permission
    age: float
    revalidation: Forward | None = None

    @property
    def staleness(self) -> float:
        """For how many seconds it has been stale; less than 0 if it is fresh."""
        return self.age - self.stored.lifetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Answer with an error of the cache's own.

    Attributes:
        response: the answer, a 504.
    """

    response: HttpResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a key holds from now on.

    Attributes:
        key: the primary key.
        variants: the stored responses under it; none removes the key.
    """

    key: str
    variants: Variants = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What follows from an answer of the origin.

    Attributes:
        response: what to answer to the client; None if `retry` comes first.
        changes: what to change in the store.
        invalidated: the primary keys of what is invalid from now on, stored or not (section 4.4).
        retry: what to send instead, since the answer cannot be used.
        reused: the stored response that the answer was made from, or None if it is the origin's.
        permission: by what right that was used.
    """

    response: HttpResponse | None
    changes: tuple[Change, ...] = ()
    invalidated: tuple[str, ...] = ()
    retry: Forward | None = None
    reused: StoredResponse | None = None
    permission: Permission | None = None


def apply_changes(changes: Sequence[Change], store: ResponseStore) -> None:
    """Make the changes in the store."""
    for change in changes:
        if change.variants:
            store[change.key] = change.variants
        else:
            store.pop(change.key, ())
