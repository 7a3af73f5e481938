"""The small grammar that header field values share: lists, quoted strings, numbers of seconds.

Source: RFC 9110 sections 5.6.1 (lists: a recipient skips empty members), 5.6.2 (tokens), 5.6.4 (quoted
strings); RFC 9111 section 1.2.2 (delta-seconds: digits alone, and what overflows counts as 2^31).
"""

from __future__ import annotations

import re

# "MUST consider the value to be 2147483648 (2^31)": RFC 9111 section 1.2.2.
SECONDS_MAX = 2**31

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_DIGITS = re.compile(r"[0-9]+")  # not \d, which takes digits of other scripts too
# A member is anything up to a comma that stands outside a quoted string; an unclosed quote runs to the end.
_MEMBER = re.compile(r'(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|[^",])+', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def is_token(text: str) -> bool:
    """Return whether the text is a token, as the names of fields and of directives are."""
    return _TOKEN.fullmatch(text) is not None


def list_members(value: str) -> list[str]:
    """Return the members of a comma-separated list, without the spaces around them and without empty ones.

    >>> list_members('a, "b, c",, d')
    ['a', '"b, c"', 'd']
    """
    if '"' not in value:
        return [member for part in value.split(",") if (member := part.strip(" \t"))]
    return [member for part in _MEMBER.findall(value) if (member := part.strip(" \t"))]


def unquoted(text: str) -> str | None:
    """Return what a token or a quoted string says, or None if the text is neither."""
    if is_token(text):
        return text
    quoted = _QUOTED.fullmatch(text)
    return None if quoted is None else _ESCAPED.sub(r"\1", quoted[1])


def delta_seconds(text: str | None) -> int | None:
    """Return the number of seconds, at most 2^31, or None if the text is not digits alone.

    A sign, a fraction or a unit makes it invalid: what an invalid number means is for the field to say.
    """
    if text is None or _DIGITS.fullmatch(text) is None:
        return None
    significant = text.lstrip("0")
    if len(significant) > 10:  # longer than 2^31; int() refuses thousands of digits
        return SECONDS_MAX
    return min(int(significant or "0"), SECONDS_MAX)
