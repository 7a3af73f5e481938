"""Judges what happened in a case of the suite's form, and whole suites of them.

A check that fails is a failure of the case, unless the case marks it as setup (`setup`, `setup_tests`): then
the case could not test what it is about. A case whose `depends_on` did not pass says nothing either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.caching.http import CacheRules, Headers

from .suite_driver import NO_CONTENT, Config, Exchanges, Received, Seen, body_of, expected_line, run_case


class Result(StrEnum):
    """How a case ended."""

    PASS = "pass"
    FAIL = "fail"
    SETUP = "setup failed"
    DEPENDENCY = "depends on one that did not pass"
    SKIPPED = "not for this cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of a case, and the first check that failed."""

    result: Result
    complaint: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A check that failed: which member of the request's config asked for it, and what was wrong."""

    config: Config
    member: str
    words: str
    is_always_setup: bool = False

    @property
    def is_setup(self) -> bool:
        """Whether the case could not test what it is about."""
        is_marked = self.config.get("setup") is True or self.member in self.config.get("setup_tests", ())
        return self.is_always_setup or is_marked


def judge(case: Config, rules: CacheRules) -> Verdict:
    """Run a case and return its verdict; dependencies are for `judge_suite`."""
    if not is_for(case, rules):
        return Verdict(result=Result.SKIPPED)
    exchanges = run_case(case, rules)
    complaint = next(complaints(case, exchanges), None)
    if complaint is None:
        return Verdict(result=Result.PASS)
    result = Result.SETUP if complaint.is_setup else Result.FAIL
    return Verdict(result=result, complaint=f"{complaint.member}: {complaint.words}")


def judge_suite(groups: Iterable[Mapping[str, Any]], rules: CacheRules) -> dict[str, Verdict]:
    """Return the verdict of each case by its id."""
    cases = {case["id"]: case for group in groups for case in group["tests"]}
    verdicts = {id_: judge(case, rules) for id_, case in cases.items()}
    passed = {id_ for id_, verdict in verdicts.items() if verdict.result is Result.PASS}
    for id_, case in cases.items():
        missing = [other for other in case.get("depends_on", ()) if other not in passed]
        if missing and verdicts[id_].result is not Result.SKIPPED:
            verdicts[id_] = Verdict(result=Result.DEPENDENCY, complaint=", ".join(missing))
    return verdicts


def tally(
    groups: Iterable[Mapping[str, Any]], verdicts: Mapping[str, Verdict]
) -> dict[tuple[str, str], Counter[Result]]:
    """Return how many cases of each group and kind ended how."""
    counts: dict[tuple[str, str], Counter[Result]] = {}
    for group in groups:
        for case in group["tests"]:
            key = (group["id"], case.get("kind", "required"))
            counts.setdefault(key, Counter())[verdicts[case["id"]].result] += 1
    return counts


def is_for(case: Config, rules: CacheRules) -> bool:
    """Return whether the case is about a cache of this kind, and can be run one request after the other."""
    is_about_others = case.get("cdn_only") or case.get(
        "browser_skip" if not rules.is_shared else "browser_only"
    )
    return not is_about_others and not any(config.get("async") for config in case["requests"])


def complaints(case: Config, exchanges: Exchanges) -> Iterator[Complaint]:
    """Yield what is wrong with what happened, in the order in which the suite's own client looks."""
    for number, (config, received) in enumerate(
        zip(case["requests"], exchanges.received, strict=True), start=1
    ):
        yield from _wrong_type(config, number, received)
        yield from _wrong_status(config, received)
        yield from _wrong_fields(config, received)
        yield from _wrong_interim(config, received)
        yield from _wrong_body(case, config, received)
    yield from _wrong_at_origin(case, exchanges)


def _count(headers: Headers) -> int | None:
    value = headers.first("server-request-count")
    return None if value is None else int(value)


def _wrong_type(config: Config, number: int, received: Received) -> Iterator[Complaint]:
    numbers = (received.response.headers.first("request-numbers") or "").split()
    if len(numbers) != len(set(numbers)):
        yield Complaint(config, "retry", f"the origin was asked twice: {numbers}", is_always_setup=True)
    count, expected = _count(received.response.headers), config.get("expected_type")
    is_bare_304 = received.response.status == 304 and count is None
    if expected == "cached" and not is_bare_304 and (count is None or count >= number):
        yield Complaint(config, "expected_type", f"response {number} does not come from the cache")
    if expected == "not_cached" and count != number:
        yield Complaint(config, "expected_type", f"response {number} comes from the cache")


def _wrong_status(config: Config, received: Received) -> Iterator[Complaint]:
    status = received.response.status
    if "expected_status" in config:
        if config["expected_status"] not in (None, status):
            yield Complaint(config, "expected_status", f"status {status}")
        return
    if status == 999 and "response_status" not in config:
        yield Complaint(config, "expected_type", "the request to the origin should have been conditional")
    elif status != config.get("response_status", [200])[0]:
        yield Complaint(config, "response_status", f"status {status}", is_always_setup=True)


def _wrong_fields(config: Config, received: Received) -> Iterator[Complaint]:
    headers = received.response.headers
    for line in config.get("expected_response_headers", ()):
        if not _has_field(line, config, headers):
            name = line if isinstance(line, str) else line[0]
            words = f"{line}, but got {headers.combined(name)!r}"
            yield Complaint(config, "expected_response_headers", words)
    for line in config.get("expected_response_headers_missing", ()):
        name, value = (line, "") if isinstance(line, str) else line
        found = headers.combined(name)
        if found is not None and value in found:
            yield Complaint(config, "expected_response_headers_missing", f"{name}: {found!r}")


def _has_field(line: Any, config: Config, headers: Headers) -> bool:
    if isinstance(line, str):
        return line in headers
    found = headers.combined(line[0])
    if len(line) == 2:
        return found == expected_line(line, config, headers)[1]
    if found is None:
        return False
    _name, operator, bound = line
    return found == headers.combined(bound) if operator == "=" else int(found) > bound


def _wrong_interim(config: Config, received: Received) -> Iterator[Complaint]:
    if "expected_interim_responses" not in config:
        return
    got = [(one.status, set(one.headers.names())) for one in received.interim]
    expected = [
        (status, {name.lower() for name, _value in (rest[0] if rest else ())})
        for status, *rest in config["expected_interim_responses"]
    ]
    if got != expected:
        yield Complaint(config, "expected_interim_responses", f"{got}, not {expected}")


def _wrong_body(case: Config, config: Config, received: Received) -> Iterator[Complaint]:
    if config.get("check_body") is False:
        return
    response = received.response
    got = response.body or ""
    if "expected_response_text" in config:
        if config["expected_response_text"] not in (None, got):
            yield Complaint(config, "expected_response_text", f"content {got!r}")
        return
    is_stated = config.get("response_body") is not None
    is_empty = response.status in NO_CONTENT or config.get("request_method") == "HEAD"
    if (is_stated or not is_empty) and got != (config["response_body"] if is_stated else body_of(case)):
        yield Complaint(config, "response_body", f"content {got!r}", is_always_setup=True)


def _wrong_at_origin(case: Config, exchanges: Exchanges) -> Iterator[Complaint]:
    seen = iter(exchanges.seen)
    for number, (config, received) in enumerate(
        zip(case["requests"], exchanges.received, strict=True), start=1
    ):
        if config.get("expected_type") == "cached":
            continue  # the origin does not see it
        at_origin = next(seen, None)
        yield from _wrong_validation(config, number, at_origin)
        yield from _wrong_request(config, at_origin)
        if at_origin is None:
            continue
        for name in at_origin.promised.names():
            got, promised = received.response.headers.combined(name), at_origin.promised.combined(name)
            if name != "date" and got != promised:
                words = f"{name}: {got!r}, not {promised!r}"
                yield Complaint(config, "response_headers", words, is_always_setup=True)


def _wrong_validation(config: Config, number: int, at_origin: Seen | None) -> Iterator[Complaint]:
    expected = config.get("expected_type")
    if expected == "not_cached" and (at_origin is None or at_origin.number != number):
        yield Complaint(config, "expected_type", f"request {number} did not come to the origin")
    precondition = {"etag_validated": "if-none-match", "lm_validated": "if-modified-since"}.get(
        expected or ""
    )
    if precondition and (at_origin is None or precondition not in at_origin.request.headers):
        yield Complaint(config, "expected_type", f"request {number} came without {precondition}")


def _wrong_request(config: Config, at_origin: Seen | None) -> Iterator[Complaint]:
    headers = Headers() if at_origin is None else at_origin.request.headers
    for line in config.get("expected_request_headers", ()):
        is_right = line in headers if isinstance(line, str) else headers.combined(line[0]) == line[1]
        if not is_right:
            yield Complaint(config, "expected_request_headers", f"{line}, but got {list(headers)}")
    for line in config.get("expected_request_headers_missing", ()):
        is_wrong = line in headers if isinstance(line, str) else headers.combined(line[0]) == line[1]
        if is_wrong:
            yield Complaint(config, "expected_request_headers_missing", f"{line}")
    if "expected_method" in config and (
        at_origin is None or at_origin.request.method != config["expected_method"]
    ):
        yield Complaint(config, "expected_method", f"{at_origin and at_origin.request.method}")
