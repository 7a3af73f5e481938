"""Cases in the form of the public suite: our own, and the suite itself where its export is at hand.

The suite is http-tests/cache-tests on GitHub; `node export.mjs > suite.json` there prints its cases. With the
path of that file in HTTP_CACHE_TESTS_JSON the last test runs them all, in both kinds of cache.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from models.caching.http import CacheRules, HttpCache

from .exchanges import KINDS, PRIVATE, SHARED, kind
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


@pytest.mark.slow
@pytest.mark.skipif(not SUITE, reason="HTTP_CACHE_TESTS_JSON names no export of http-tests/cache-tests")
@pytest.mark.parametrize("rules", KINDS, ids=kind)
def test_the_public_suite_has_no_required_case_that_fails(rules: CacheRules) -> None:
    groups = [group for group in json.loads(Path(SUITE).read_text("utf-8")) if group["id"] not in LEFT_OUT]
    # So that the cases of what must not be served stale have something to tell it from.
    lenient = CacheRules(is_shared=rules.is_shared, stale_if_disconnected=60.0)
    verdicts = judge_suite(groups, lenient)
    required = {
        case["id"]
        for group in groups
        for case in group["tests"]
        if case.get("kind", "required") == "required"
    }
    wrong = {
        id_: verdicts[id_] for id_ in required if verdicts[id_].result not in (Result.PASS, Result.SKIPPED)
    }
    assert wrong == {}
    assert required
