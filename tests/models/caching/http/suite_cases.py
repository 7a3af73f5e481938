"""Cases of our own in the form of the public suite, some for each of its groups.

What a request config may say: `suite_driver` and `suite_checks`. Numbers in date fields are seconds from the
time of the answer; `pause_after` is three seconds. In the kinds of the suite, what the RFC demands is
`required`, what makes a cache useful `optimal`, and what it leaves open a `check`, whose answer here is what
this cache does.
"""

from __future__ import annotations

from typing import Any, Final

Case = dict[str, Any]

_CACHED: Final = {"expected_type": "cached"}
_NOT_CACHED: Final = {"expected_type": "not_cached"}
_DATE: Final = ["Date", 0]


def _control(value: str) -> list[str]:
    return ["Cache-Control", value]


def _answer(*lines: list[Any], pause: bool = False, **more: Any) -> Case:
    """Return a first request, which sets the stage, and what the origin answers to it."""
    return {
        "response_headers": list(lines),
        "setup": True,
        **({"pause_after": True} if pause else {}),
        **more,
    }


def _asks(*lines: list[str], **more: Any) -> Case:
    return {"request_headers": list(lines), **more}


def _case(id_: str, kind: str, *requests: Case, **more: Any) -> Case:
    return {"name": id_, "id": id_, "kind": kind, "requests": list(requests), **more}


def _fresh(*lines: list[Any], **more: Any) -> Case:
    return _answer(_control("max-age=1000"), _DATE, *lines, pause=True, **more)


def _stale(*lines: list[Any], **more: Any) -> Case:
    return _answer(_control("max-age=2"), _DATE, *lines, pause=True, **more)


_SHARED_ONLY: Final = {"browser_skip": True}
_PRIVATE_ONLY: Final = {"browser_only": True}

_FRESHNESS = [
    _case("own-max-age", "optimal", _answer(_control("max-age=4"), pause=True), _CACHED),
    _case("own-max-age-over", "required", _answer(_control("max-age=3"), pause=True), _NOT_CACHED),
    _case(
        "own-s-maxage",
        "required",
        _answer(_control("s-maxage=1, max-age=9"), pause=True),
        _NOT_CACHED,
        **_SHARED_ONLY,
    ),
    _case(
        "own-no-s-maxage",
        "required",
        _answer(_control("s-maxage=9, max-age=1"), pause=True),
        _NOT_CACHED,
        **_PRIVATE_ONLY,
    ),
]
_PARSING = [
    _case("own-max-age-twice", "check", _answer(_control("max-age=9, max-age=99"), pause=True), _NOT_CACHED),
    _case(
        "own-max-age-said",
        "required",
        _answer(_control('x="max-age=99", max-age=1'), pause=True),
        _NOT_CACHED,
    ),
    _case("own-max-age-quoted", "check", _answer(_control('max-age="99"'), pause=True), _CACHED),
]
_AGE = [
    _case("own-age-first", "required", _fresh(["Age", "999, 0"]), _NOT_CACHED),
    _case("own-age-first-line", "required", _fresh(["Age", "0"], ["Age", "9999"]), _CACHED),
    _case("own-age-nonsense", "required", _fresh(["Age", "-5"]), _CACHED),
    _case("own-age-no-number", "required", _fresh(["Age", "9999;a=1"]), _CACHED),
]
_EXPIRES = [
    _case("own-expires", "optimal", _answer(["Expires", 9], _DATE, pause=True), _CACHED),
    _case(
        "own-expires-fast-clocks",
        "required",
        _answer(["Expires", 2000], ["Date", 1998], pause=True),
        _NOT_CACHED,
    ),
]
_EXPIRES_PARSING = [
    _case(
        "own-expires-never",
        "required",
        _answer(["Expires", "never"], ["Last-Modified", -9999], _DATE),
        _NOT_CACHED,
    ),
    _case("own-expires-asctime", "optimal", _answer(["Expires", "Sat Jan  1 00:00:00 2050"], _DATE), _CACHED),
]
_RESPONSE = [
    _case("own-no-store", "required", _answer(_control("no-store, max-age=99, public")), _NOT_CACHED),
    _case(
        "own-private",
        "required",
        _answer(_control("public, private, max-age=99")),
        _NOT_CACHED,
        **_SHARED_ONLY,
    ),
    _case(
        "own-private-private", "optimal", _answer(_control("private, max-age=99")), _CACHED, **_PRIVATE_ONLY
    ),
    _case(
        "own-no-cache",
        "optimal",
        _answer(_control("no-cache"), ["ETag", '"1"']),
        {"expected_type": "etag_validated"},
    ),
    _case(
        "own-immutable",
        "optimal",
        _fresh(["ETag", '"1"'], _control("immutable")),
        {"cache": "no-cache", **_CACHED},
    ),
]
_HEURISTIC = [
    _case("own-heuristic", "optimal", _answer(["Last-Modified", -60], _DATE, pause=True), _CACHED),
    _case(
        "own-heuristic-403",
        "required",
        _answer(["Last-Modified", -6000], _DATE, response_status=[403, "Forbidden"]),
        {**_NOT_CACHED, "response_status": [403, "Forbidden"]},
    ),
]
_STATUS = [
    _case(
        f"own-status-{status}",
        "optimal",
        _fresh(response_status=[status, ""]),
        {"expected_status": status, **_CACHED},
    )
    for status in (301, 404, 451, 598)
]
_REQUEST = [
    _case("own-request-max-age", "check", _fresh(), _asks(_control("max-age=2"), **_NOT_CACHED)),
    _case("own-request-min-fresh", "check", _fresh(), _asks(_control("min-fresh=998"), **_NOT_CACHED)),
    _case("own-request-max-stale", "check", _stale(), _asks(_control("max-stale=2"), **_CACHED)),
    _case(
        "own-request-only-if-cached",
        "check",
        _asks(_control("only-if-cached"), expected_status=504, expected_response_text=None),
    ),
]
_PRAGMA = [
    _case("own-pragma", "check", _fresh(), _asks(["Pragma", "no-cache"], **_NOT_CACHED)),
    _case("own-pragma-of-a-response", "check", _fresh(["Pragma", "no-cache"]), _CACHED),
]
_VARY = [
    _case("own-vary", "optimal", _asks(["A", "1"], **_fresh(["Vary", "A, B"])), _asks(["A", "1"], **_CACHED)),
    _case(
        "own-vary-other",
        "required",
        _asks(["A", "1"], **_fresh(["Vary", "A"])),
        _asks(["A", "2"], **_NOT_CACHED),
    ),
    _case(
        "own-vary-more",
        "required",
        _asks(["A", "1"], **_fresh(["Vary", "A, B"])),
        _asks(["A", "1"], ["B", "2"], **_NOT_CACHED),
    ),
]
_VARY_PARSING = [_case("own-vary-star", "required", _fresh(["Vary", "a"], ["Vary", "*"]), _NOT_CACHED)]
_MODIFIED = [
    _case(
        "own-modified-since",
        "optimal",
        _fresh(["Last-Modified", -50]),
        _asks(["If-Modified-Since", -40], magic_ims=True, expected_status=304, **_CACHED),
        **_SHARED_ONLY,
    ),
    _case(
        "own-modified-validated", "optimal", _stale(["Last-Modified", -50]), {"expected_type": "lm_validated"}
    ),
]
_TAGS = [
    _case(
        "own-none-match",
        "optimal",
        _fresh(["ETag", 'W/"1"']),
        _asks(["If-None-Match", '"0", "1"'], expected_status=304, **_CACHED),
        **_SHARED_ONLY,
    ),
    _case("own-tag-validated", "optimal", _stale(["ETag", '"1"']), {"expected_type": "etag_validated"}),
]
_HEADERS = [
    _case(
        "own-fields-of-the-connection",
        "required",
        _answer(_control("max-age=99"), ["Connection", "X", False], ["X", "1", False], ["Y", "2"]),
        {
            **_CACHED,
            "expected_response_headers": [["Y", "2"]],
            "expected_response_headers_missing": ["x", "connection"],
        },
    ),
]
_UPDATE = [
    _case(
        "own-304-updates",
        "required",
        _answer(_control("max-age=2"), ["ETag", '"1"'], ["X", "1"], ["Content-Length", "9"], pause=True),
        {
            "response_headers": [
                _control("max-age=60"),
                ["ETag", '"1"'],
                ["X", "2"],
                ["Content-Length", "5", False],
            ],
            "expected_type": "etag_validated",
            "expected_response_headers": [["X", "2"], ["Content-Length", "9"]],
            "pause_after": True,
        },
        {**_CACHED, "expected_response_headers": [["X", "2"], ["Content-Length", "9"]]},
    ),
    _case(
        "own-304-updates-content-fields",
        "required",
        _stale(["ETag", '"1"'], ["Content-Encoding", "a"]),
        {
            "response_headers": [_control("max-age=60"), ["ETag", '"1"'], ["Content-Encoding", "b"]],
            "expected_type": "etag_validated",
        },
        {**_CACHED, "expected_response_headers": [["Content-Encoding", "b"]]},
    ),
]
_HEAD = [
    _case(
        "own-head-updates",
        "check",
        _stale(["X", "1"]),
        {
            "request_method": "HEAD",
            "expected_method": "HEAD",
            "response_headers": [_control("max-age=60"), ["X", "2"]],
        },
        {**_CACHED, "expected_response_headers": [["X", "2"]]},
    ),
]
_INVALIDATION = [
    _case(
        "own-patch-invalidates", "required", _fresh(), {"request_method": "PATCH", "setup": True}, _NOT_CACHED
    ),
    _case(
        "own-failed-patch-does-not",
        "optimal",
        _fresh(),
        {"request_method": "PATCH", "setup": True, "response_status": [409, "Conflict"]},
        _CACHED,
    ),
    _case(
        "own-location-invalidates",
        "check",
        _fresh(filename="made"),
        {
            "request_method": "POST",
            "setup": True,
            "response_headers": [["Location", "made"]],
            "magic_locations": True,
        },
        {"filename": "made", **_NOT_CACHED},
    ),
]
_PARTIAL = [
    _case(
        "own-ranges-go-to-the-origin",
        "check",
        _fresh(),
        _asks(
            ["Range", "bytes=0-1"],
            response_status=[206, "Partial Content"],
            response_body="01",
            **_NOT_CACHED,
        ),
        {"expected_type": "cached"},
    ),
]
_AUTHORIZATION = [
    _case(
        "own-authorization",
        "required",
        _asks(["Authorization", "x"], **_fresh()),
        _NOT_CACHED,
        **_SHARED_ONLY,
    ),
    _case(
        "own-authorization-public",
        "optimal",
        _asks(["Authorization", "x"], **_fresh(_control("public"))),
        _CACHED,
        **_SHARED_ONLY,
    ),
]
_OTHER = [
    _case(
        "own-age",
        "required",
        _fresh(["Age", "10"]),
        {**_CACHED, "expected_response_headers": [["Age", ">", 12], _DATE]},
    ),
    _case("own-query", "required", _fresh(query_arg="a=1"), {"query_arg": "a=2", **_NOT_CACHED}),
]
_STALE = [
    _case(
        "own-stale-if-error", "check", _stale(_control("stale-if-error=9")), {"disconnect": True, **_CACHED}
    ),
    _case(
        "own-stale-503",
        "check",
        _stale(_control("stale-if-error=9")),
        {"response_status": [503, "Busy"], "expected_status": 200, **_CACHED},
    ),
    *(
        _case(
            f"own-{said}",
            "required",
            _stale(_control(f"stale-if-error=9, {said}")),
            {"disconnect": True, "expected_status": 504, "check_body": False},
            **for_whom,
        )
        for said, for_whom in (
            ("must-revalidate", {}),
            ("no-cache", {}),
            ("proxy-revalidate", _SHARED_ONLY),
            ("s-maxage=2", _SHARED_ONLY),
        )
    ),
    _case(
        "own-proxy-revalidate-at-home",
        "check",
        _stale(_control("stale-if-error=9, proxy-revalidate, s-maxage=2")),
        {"disconnect": True, **_CACHED},
        **_PRIVATE_ONLY,
    ),
    _case(
        "own-while-revalidate",
        "optimal",
        _stale(_control("stale-while-revalidate=9"), ["X", "1"]),
        {"response_headers": [_control("max-age=99"), ["X", "2", False]], "pause_after": True, **_CACHED},
        {**_CACHED, "expected_response_headers": [["X", "2"]]},
    ),
]
_METHOD = [
    _case(
        "own-post",
        "optimal",
        _fresh(["Content-Location", ""], request_method="POST", request_body="x", magic_locations=True),
        _CACHED,
    ),
]
_INTERIM = [
    _case(
        "own-early-hints",
        "optimal",
        _fresh(
            interim_responses=[[103, [["Link", "</a>"]]]],
            expected_interim_responses=[[103, [["Link", "</a>"]]]],
        ),
        {**_CACHED, "expected_interim_responses": [], "expected_response_headers_missing": ["link"]},
    ),
]

GROUPS: Final[list[dict[str, Any]]] = [
    {"name": id_, "id": id_, "tests": tests}
    for id_, tests in {
        "cc-freshness": _FRESHNESS,
        "cc-parse": _PARSING,
        "age-parse": _AGE,
        "expires": _EXPIRES,
        "expires-parse": _EXPIRES_PARSING,
        "cc-response": _RESPONSE,
        "heuristic": _HEURISTIC,
        "status": _STATUS,
        "cc-request": _REQUEST,
        "pragma": _PRAGMA,
        "vary": _VARY,
        "vary-parse": _VARY_PARSING,
        "conditional-lm": _MODIFIED,
        "conditional-inm": _TAGS,
        "headers": _HEADERS,
        "update304": _UPDATE,
        "update-head": _HEAD,
        "invalidation": _INVALIDATION,
        "partial": _PARTIAL,
        "auth": _AUTHORIZATION,
        "other": _OTHER,
        "stale": _STALE,
        "method": _METHOD,
        "interim": _INTERIM,
    }.items()
]
