"""Entity tags: reading them from ETag and If-None-Match, and the two ways to compare them.

Source: RFC 9110 section 8.8.3. A strong comparison holds if neither tag is weak and both are the same; a weak
one if they are the same but for `W/`.

A tag that breaks the grammar, such as one without quotes, is the text that it is: equal to itself, and to
nothing that is written otherwise. It is passed on as it came.
"""

from __future__ import annotations

from .headers import Headers

_WEAK = "W/"  # "case-sensitive": RFC 9110 section 8.8.3


def entity_tag(headers: Headers) -> str | None:
    """Return the entity tag of a response, or None if it has none, or several that differ."""
    tags = set(headers.lines_of("etag"))
    return tags.pop() if len(tags) == 1 else None


def is_weak(tag: str) -> bool:
    """Return whether the tag is a weak one."""
    return tag.startswith(_WEAK)


def strongly_equal(first: str, second: str) -> bool:
    """Return whether both are the same strong tag."""
    return first == second and not is_weak(first)


def weakly_equal(first: str, second: str) -> bool:
    """Return whether both are the same tag, weak or not."""
    return first.removeprefix(_WEAK) == second.removeprefix(_WEAK)
