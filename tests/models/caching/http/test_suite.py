"""Cases in the form of the public suite: our own, and the suite itself where its export is at hand.

The suite is http-tests/cache-tests on GitHub, and `http-cache-tests` among npm's packages, version 0.4.5:
`node export.mjs > suite.json` there prints its cases. With the path of that file in HTTP_CACHE_TESTS_JSON the
last tests run them all, in both kinds of cache. Where that version asks for something else than RFC 9111,
`suite_amendments` says what and why; the tally is that of this very version.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from models.caching.http import CacheRules, HttpCache

from .exchanges import KINDS, PRIVATE, SHARED, kind
from .suite_amendments import AMENDMENTS, NOT_OPTIMAL, amended
from .suite_cases import GROUPS
from .suite_checks import Result, judge, judge_suite, tally

SUITE = os.environ.get("HTTP_CACHE_TESTS_JSON", "")
# Left out by name: ranges, fields for one kind of cache (RFC 9213, Surrogate-Control), collapsing.
LEFT_OUT = {"partial", "cdn-cache-control", "surrogate-control", "collapse"}

CASES = [case for group in GROUPS for case in group["tests"]]


@pytest.mark.parametrize("rules", KINDS, ids=kind)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_own_cases_pass_in_both_kinds_of_cache(case: dict[str, Any], rules: CacheRules) -> None:
    verdict = judge(case, rules)
    is_for_the_other = case.get("browser_skip") if rules is PRIVATE else case.get("browser_only")
    assert verdict.result is (Result.SKIPPED if is_for_the_other else Result.PASS), verdict.complaint


def _case(*requests: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "case", "requests": list(requests), **more}


FRESH = {"response_headers": [["Cache-Control", "max-age=60"], ["X", "1"]], "setup": True}


class TestTheJudge:
    """A judge that finds nothing wrong would let any cache pass."""

    @pytest.mark.parametrize(
        ("request_", "member"),
        [
            ({"expected_type": "not_cached"}, "expected_type"),
            (
                {"expected_type": "cached", "expected_response_headers": [["X", "2"]]},
                "expected_response_headers",
            ),
            ({"expected_type": "cached", "expected_response_headers": ["Y"]}, "expected_response_headers"),
            (
                {"expected_type": "cached", "expected_response_headers": [["Age", ">", 9]]},
                "expected_response_headers",
            ),
            (
                {"expected_type": "cached", "expected_response_headers": [["X", "=", "Date"]]},
                "expected_response_headers",
            ),
            (
                {"expected_type": "cached", "expected_response_headers_missing": ["x"]},
                "expected_response_headers_missing",
            ),
            (
                {"expected_type": "cached", "expected_response_headers_missing": [["x", "1"]]},
                "expected_response_headers_missing",
            ),
            ({"expected_type": "cached", "expected_status": 304}, "expected_status"),
            ({"expected_type": "cached", "expected_response_text": "other"}, "expected_response_text"),
            (
                {"expected_type": "cached", "expected_interim_responses": [[103]]},
                "expected_interim_responses",
            ),
            ({"expected_type": "etag_validated"}, "expected_type"),
            ({"expected_request_headers": ["A"]}, "expected_request_headers"),
            ({"expected_method": "GET"}, "expected_method"),
        ],
    )
    def test_it_sees_what_is_wrong(self, request_: dict[str, Any], member: str) -> None:
        verdict = judge(_case(FRESH, request_), SHARED)
        assert verdict.result is Result.FAIL
        assert verdict.complaint.startswith(member)

    @pytest.mark.parametrize(
        ("request_", "member"),
        [
            (
                {"request_headers": [["A", "1"]], "expected_request_headers_missing": ["a"]},
                "expected_request_headers_missing",
            ),
            (
                {"request_headers": [["A", "1"]], "expected_request_headers": [["A", "2"]]},
                "expected_request_headers",
            ),
            ({"expected_type": "cached"}, "expected_type"),
            ({"expected_method": "HEAD"}, "expected_method"),
        ],
    )
    def test_it_sees_what_is_wrong_at_the_origin(self, request_: dict[str, Any], member: str) -> None:
        verdict = judge(_case({"setup": True}, request_), SHARED)
        assert verdict.result is Result.FAIL
        assert verdict.complaint.startswith(member)

    def test_what_is_marked_as_setup_is_no_failure(self) -> None:
        wrong = {"expected_type": "not_cached"}
        assert judge(_case(FRESH, {**wrong, "setup": True}), SHARED).result is Result.SETUP
        assert judge(_case(FRESH, {**wrong, "setup_tests": ["expected_type"]}), SHARED).result is Result.SETUP
        assert (
            judge(_case(FRESH, {**wrong, "setup_tests": ["expected_status"]}), SHARED).result is Result.FAIL
        )

    def test_a_status_that_nobody_expects_is_a_broken_stage(self) -> None:
        refused = {"request_headers": [["Cache-Control", "only-if-cached"]]}
        assert judge(_case(refused), SHARED).result is Result.SETUP

    def test_a_question_that_should_have_been_conditional_is_a_failure(self) -> None:
        verdict = judge(_case({"setup": True}, {"expected_type": "etag_validated"}), SHARED)
        assert (verdict.result, verdict.complaint[:13]) == (Result.FAIL, "expected_type")

    def test_what_depends_on_a_failure_says_nothing(self) -> None:
        good = _case(FRESH, {"expected_type": "cached"})
        bad = {**_case(FRESH, {"expected_type": "not_cached"}), "id": "bad"}
        group = {"id": "g", "tests": [bad, {**good, "kind": "check", "depends_on": ["bad"]}]}
        verdicts = judge_suite([group], SHARED)
        assert verdicts["case"].result is Result.DEPENDENCY
        assert tally([group], verdicts) == {
            ("g", "required"): {Result.FAIL: 1},
            ("g", "check"): {Result.DEPENDENCY: 1},
        }

    def test_a_cache_that_stores_nothing_fails_what_is_optimal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(HttpCache, "apply", lambda self, outcome: None)
        failed = {
            id_ for id_, verdict in judge_suite(GROUPS, SHARED).items() if verdict.result is Result.FAIL
        }
        assert {"own-max-age", "own-expires", "own-vary", "own-tag-validated", "own-stale-if-error"} <= failed
        assert not failed & {"own-no-store", "own-max-age-over", "own-vary-star"}

    def test_a_cache_that_takes_all_for_fresh_fails_what_is_required(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        decide = HttpCache.on_request
        early = 1_000_000.0
        monkeypatch.setattr(
            HttpCache, "on_request", lambda self, request, now: decide(self, request, now - early)
        )
        failed = {
            id_ for id_, verdict in judge_suite(GROUPS, SHARED).items() if verdict.result is Result.FAIL
        }
        assert {"own-max-age-over", "own-s-maxage", "own-max-age-said", "own-must-revalidate"} <= failed


needs_the_suite = pytest.mark.skipif(
    not SUITE, reason="HTTP_CACHE_TESTS_JSON names no export of http-tests/cache-tests"
)
both_kinds = pytest.mark.parametrize("rules", KINDS, ids=kind)

# Of 324 cases: passed, failed, without a stage to fail on, not for this kind of cache.
TALLIES = {
    SHARED: {"required": (155, 0, 0, 3), "optimal": (77, 1, 0, 2), "check": (49, 34, 3, 0)},
    PRIVATE: {"required": (143, 0, 0, 15), "optimal": (59, 1, 0, 20), "check": (44, 32, 3, 7)},
}


def _suite() -> list[dict[str, Any]]:
    groups = json.loads(Path(SUITE).read_text("utf-8"))
    return [group for group in groups if group["id"] not in LEFT_OUT]


def _lenient(rules: CacheRules) -> CacheRules:
    # So that the cases of what must not be served stale have something to tell it from.
    return CacheRules(is_shared=rules.is_shared, stale_if_disconnected=60.0)


@needs_the_suite
@pytest.mark.slow
@both_kinds
def test_the_public_suite_has_no_required_or_optimal_case_that_fails(rules: CacheRules) -> None:
    groups = amended(_suite())
    verdicts = judge_suite(groups, _lenient(rules))
    asked = {
        case["id"]
        for group in groups
        for case in group["tests"]
        if case.get("kind", "required") != "check" and case["id"] not in NOT_OPTIMAL
    }
    assert asked
    assert {
        id_: verdicts[id_] for id_ in asked if verdicts[id_].result not in (Result.PASS, Result.SKIPPED)
    } == {}


@needs_the_suite
@pytest.mark.slow
@both_kinds
def test_the_tally_of_the_public_suite(rules: CacheRules) -> None:
    groups = amended(_suite())
    counts: dict[str, Counter[Result]] = {"required": Counter(), "optimal": Counter(), "check": Counter()}
    for (_group, asked), results in tally(groups, judge_suite(groups, _lenient(rules))).items():
        counts[asked].update(results)
    order = (Result.PASS, Result.FAIL, Result.SETUP, Result.SKIPPED)
    found = {asked: tuple(results[each] for each in order) for asked, results in counts.items()}
    assert found == TALLIES[rules]
    assert sum(map(sum, found.values())) == sum(len(group["tests"]) for group in groups)


@needs_the_suite
@pytest.mark.slow
def test_each_amendment_is_needed_in_some_kind_of_cache() -> None:
    groups = _suite()
    passed = [
        {
            id_
            for id_, verdict in judge_suite(groups, _lenient(rules)).items()
            if verdict.result is Result.PASS
        }
        for rules in KINDS
    ]
    cases = {case["id"] for group in groups for case in group["tests"]}
    assert (AMENDMENTS.keys() | NOT_OPTIMAL) <= cases
    assert not (AMENDMENTS.keys() | NOT_OPTIMAL) & set.intersection(*passed)
