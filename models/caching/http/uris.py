"""Target URIs: when two are the same, what origin one has, and what a reference in a response points to.

The primary key of a cache is the target URI (RFC 9111 section 2). Two of them are the same if they are after
these steps of RFC 9110 section 4.2.3: scheme and host in lower case, no default port, `/` for an empty path.
A fragment is no part of the target (RFC 9110 section 7.1). Escapes such as `%7E` are left as they are, since
to equate them is allowed and not asked for.

A model may use a bare path or a name as its URI; then all of them have one origin.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urljoin

_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#]*)(.*)", re.DOTALL)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# A cache meets the same URIs again and again, and a hit should be cheap.
_REMEMBERED = 65_536


@lru_cache(maxsize=_REMEMBERED)
def normalised_uri(uri: str) -> str:
    """Return the form of the URI that serves as a primary key."""
    target = uri.partition("#")[0]
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        return target
    scheme, authority = origin_of(target)
    rest = absolute[3]
    return f"{scheme}://{authority}{rest if rest.startswith('/') else f'/{rest}'}"


def origin_of(uri: str) -> tuple[str, str]:
    """Return scheme and authority, both empty for a URI that has no authority."""
    absolute = _ABSOLUTE.fullmatch(uri)
    if absolute is None:
        return "", ""
    scheme, authority = absolute[1].lower(), absolute[2].lower()
    return scheme, authority.removesuffix(_DEFAULT_PORTS.get(scheme, ":")).removesuffix(":")


def resolved(reference: str, base: str) -> str | None:
    """Return the URI that a reference points to from the base URI, or None if it is none."""
    try:
        return urljoin(base, reference)
    except ValueError:  # such as brackets around what is no address
        return None
