"""Vary: which request fields a response was chosen by, and whether another request has the same.

Source: RFC 9111 section 4.1. Two requests have the same field if white space that the syntax allows, the
number of lines, and what the field's own definition makes no difference of are all that differs; a field that
is absent matches only where it is absent too. A `*` never matches.

Fields are compared as lists: white space around the commas goes. For a field that is unknown and no list this
equates a little too much ("a, b" and "a,b"); it is what the other rule, that two lines are one with a comma,
does anyway. The three fields of preferences below are of tokens, in any case and any order (RFC 9110 sections
12.5.2 to 12.5.4: order "cannot be relied upon"); in Accept parameters may be case-sensitive, so it is not
among them.

Left out: choosing among stored variants by the preferences (q values) of the request, which section 4.1
allows.
"""

from __future__ import annotations

from .headers import Headers

# Name of a request field, and its normal form, or None if it is absent.
Selecting = tuple[tuple[str, str | None], ...]

ANY = "*"
_PREFERENCES = frozenset({"accept-charset", "accept-encoding", "accept-language"})


def nominated_fields(headers: Headers) -> tuple[str, ...]:
    """Return the names that the Vary of a response nominates, sorted and in lower case; `*` among them."""
    return tuple(sorted({name.lower() for name in headers.members("vary")}))


def selecting_values(nominated: tuple[str, ...], request_headers: Headers) -> Selecting:
    """Return the nominated fields of a request in normal form."""
    return tuple((name, _normalised(name, request_headers)) for name in nominated)


def is_match(selecting: Selecting, request_headers: Headers) -> bool:
    """Return whether a request has the same nominated fields as the one that a stored response answered."""
    return all(name != ANY and _normalised(name, request_headers) == value for name, value in selecting)


def _normalised(name: str, headers: Headers) -> str | None:
    if name == ANY or not headers.lines_of(name):
        return None
    members = headers.members(name)
    if name in _PREFERENCES:
        members = sorted("".join(member.lower().split()) for member in members)
    return ", ".join(members)
