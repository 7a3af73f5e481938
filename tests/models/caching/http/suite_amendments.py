"""Cases of the public suite, version 0.4.5, that ask for something else than the RFC that was published.

That version is from before RFC 9111. Each case is named here with the clause that decides, and is judged by
what that asks for. The suite in its repository has since corrected the cases of Age and of stale answers in
this way, and made questions (`check`) of those of a 304 that are here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Case = dict[str, Any]
Amendment = Callable[[Case], Case]


def amended(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the groups with the cases below amended, and all others as they are."""

    def judged(case: Case) -> Case:
        _clause, amendment = AMENDMENTS.get(case["id"], ("", dict))
        return amendment(case)

    return [{**group, "tests": [judged(case) for case in group["tests"]]} for group in groups]


def _with_last_request(case: Case, **members: Any) -> Case:
    *others, last = case["requests"]
    return {**case, "requests": [*others, {**last, **members}]}


def _is_reused(case: Case) -> Case:
    return _with_last_request(case, expected_type="cached")


def _is_an_error(case: Case) -> Case:
    """Expect an answer that is not the origin's: a 504 has no number by which it could be `not_cached`."""
    error = {
        "disconnect": True,
        "expected_status": 504,
        "check_body": False,
        "expected_response_headers_missing": ["server-request-count"],
    }
    return {**case, "requests": [*case["requests"][:-1], error]}


def _is_an_error_in_shared_caches(case: Case) -> Case:
    return {**_is_an_error(case), "browser_skip": True}


def _is_updated(case: Case) -> Case:
    """Expect the value that the 304 brings, then and from then on."""
    first, validating, later = case["requests"]
    name = case["id"].removeprefix("304-etag-update-response-")
    (value,) = (line[1] for line in validating["response_headers"] if line[0] == name)
    expected = {"expected_response_headers": [[name, value]]}
    return {**case, "requests": [first, {**validating, **expected}, {**later, **expected}]}


def _is_open(case: Case) -> Case:
    return {**case, "kind": "check"}


def _is_sent(case: Case) -> Case:
    return _with_last_request(case, expected_status=200)


_AGE: Final = "RFC 9111 section 5.1: the first member counts, and what is no non-negative integer is ignored"
_ERROR: Final = "RFC 9111 section 5.2.2.2: an error, 504 if no other fits, rather than the stale response"
_SHARED: Final = "RFC 9111 sections 5.2.2.8 and 5.2.2.10: the same for shared caches, and for no others"
_UPDATE: Final = (
    "RFC 9111 section 3.2: each field but Content-Length; the prefix Content- is no signal, and such as "
    "Content-Range may be left out, not must"
)
_TAG: Final = "RFC 9111 section 4.3.4: a 304 with another strong tag updates nothing; it is asked again here"
_DATE: Final = "RFC 9111 section 4.3.2: the Date stands in for Last-Modified, and is later than was asked"

AMENDMENTS: Final[Mapping[str, tuple[str, Amendment]]] = {
    "age-parse-nonnumeric": (_AGE, _is_reused),
    "age-parse-negative": (_AGE, _is_reused),
    "age-parse-float": (_AGE, _is_reused),
    "age-parse-prefix-twoline": (_AGE, _is_reused),
    "age-parse-dup-0": (_AGE, _is_reused),
    "age-parse-dup-0-twoline": (_AGE, _is_reused),
    "age-parse-dup-old": (_AGE, _is_reused),
    "age-parse-parameter": (_AGE, _is_reused),
    "age-parse-numeric-parameter": (_AGE, _is_reused),
    "stale-close-must-revalidate": (_ERROR, _is_an_error),
    "stale-close-no-cache": (_ERROR, _is_an_error),
    "stale-close-proxy-revalidate": (_SHARED, _is_an_error_in_shared_caches),
    "stale-close-s-maxage=2": (_SHARED, _is_an_error_in_shared_caches),
    "304-etag-update-response-Content-Encoding": (_UPDATE, _is_updated),
    "304-etag-update-response-Content-MD5": (_UPDATE, _is_updated),
    "304-etag-update-response-Content-Range": (_UPDATE, _is_updated),
    "304-etag-update-response-ETag": (_TAG, _is_open),
    "conditional-lm-fresh-no-lm": (_DATE, _is_sent),
}

# Optimal, and left out by name (`models.caching.http.vary`): choosing a variant by preferences is allowed.
NOT_OPTIMAL: Final = frozenset({"vary-normalise-lang-select"})
