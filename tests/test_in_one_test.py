"""All cases of a test that holds many are run, watched and named, as if each were a test of its own."""

from __future__ import annotations

import inspect

import pytest

from simulator import Environment, Permits

from .conformance.watching import Watch
from .in_one_test import CasesFailed, in_one_test


def test_all_combinations_are_run(watch: Watch) -> None:
    run: list[tuple[str, int, int]] = []

    @in_one_test("outer", "abc")
    @in_one_test(("inner", "number"), [(1, 2), pytest.param(3, 4, id="three and four")])
    def check(outer: str, inner: int, number: int) -> None:
        run.append((outer, inner, number))

    check(watch=watch)
    assert run == [(outer, *pair) for outer in "abc" for pair in ((1, 2), (3, 4))]


def test_all_that_fail_are_told_by_name_and_the_others_are_run(watch: Watch) -> None:
    run: list[tuple[int, str]] = []

    @in_one_test("number", [1, 2, 3])
    @in_one_test("text", ["x", "y"], ids=lambda text: f"text {text}")
    def check(number: int, text: str) -> None:
        run.append((number, text))
        assert number != 2, "it is two"
        if (number, text) == (3, "y"):
            pytest.fail("three times")

    with pytest.raises(CasesFailed) as caught:
        check(watch=watch)
    assert len(run) == 6
    assert caught.value.message == ("3 cases fail: number=2 - text x; number=2 - text y; number=3 - text y")
    assert [str(each).partition("\n")[0] for each in caught.value.exceptions] == [
        "it is two",
        "it is two",
        "three times",
    ]


def test_names_are_those_of_pytest(watch: Watch) -> None:
    for ids, names in (
        (["one", "two"], "one; two"),
        (None, "number=1; number=2"),
        (hex, "0x1; 0x2"),
    ):

        @in_one_test("number", [1, 2], ids=ids)
        def check(number: int) -> None:
            raise RuntimeError

        with pytest.raises(CasesFailed, match=f"2 cases fail: {names}$"):
            check(watch=watch)


def test_fixtures_and_other_parameters_are_asked_for_and_given(watch: Watch) -> None:
    given: list[tuple[int, str, Watch]] = []

    @in_one_test("number", [1, 2])
    def check(number: int, fixture: str, watch: Watch) -> None:
        given.append((number, fixture, watch))

    assert sorted(inspect.signature(check).parameters) == ["fixture", "watch"]
    check(watch=watch, fixture="given")
    assert given == [(1, "given", watch), (2, "given", watch)]


def test_what_a_case_has_built_is_watched_and_is_no_trouble_of_the_next(watch: Watch) -> None:
    def build_what_may_be_wrong(is_wrong: bool) -> None:
        permits = Permits(Environment(seed=1), 1)
        if is_wrong:
            permits.free = 2  # more than there are

    build_what_may_be_wrong(False)
    watch.check()
    with pytest.raises(CasesFailed, match=r"^1 cases fail: is_wrong=True$"):
        in_one_test("is_wrong", [False, True, False])(build_what_may_be_wrong)(watch=watch)


def test_no_cases_prove_nothing() -> None:
    with pytest.raises(ValueError, match="there must be a case of number"):
        in_one_test("number", [])


def test_a_case_that_is_to_be_marked_needs_a_test_of_its_own() -> None:
    with pytest.raises(AssertionError, match="no marks of its own"):
        in_one_test("number", [pytest.param(1, marks=pytest.mark.slow)])


def test_a_parameter_that_is_not_taken_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="must take"):
        in_one_test("number", [1])(lambda other: None)
