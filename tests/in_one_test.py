"""Many small cases in one test, which tells of all that fail.

A test that takes a thousandth of a second costs four more: each process collects it, and it is set up, sent
to and fro, and reported. So cases that are tiny and many are run by one test. It runs all of them, whatever
becomes of the first ones, checks after each what `tests/conftest.py` checks after a test, and names each that
has failed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import pytest

from .conformance.watching import Watch

Test = Callable[..., None]
Ids = Iterable[object] | Callable[[Any], object] | None


class CasesFailed(BaseExceptionGroup):
    """What the cases that fail have raised; the notes of each say which it is, the outermost name last."""

    def derive(self, excs: Sequence[BaseException]) -> CasesFailed:
        """Return a group of the same kind, for who splits this one."""
        return CasesFailed(self.message, excs)


@dataclass(frozen=True, slots=True)
class Case:
    """The values of some parameters, and what they are called."""

    values: dict[str, Any]
    name: str


def in_one_test(names: str | Sequence[str], cases: Iterable[Any], ids: Ids = None) -> Callable[[Test], Test]:
    """Return a decorator that stands where `pytest.mark.parametrize` would, with the same parameters.

    As there, several of them make all combinations, and whatever else the test asks for are fixtures; but all
    cases share one set of these. So it is not for a test that leaves something in a fixture, nor for one that
    may skip. Raises `ValueError` where there is no case.
    """
    columns = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    all_cases = _cases(columns, list(cases), ids)

    def decorate(test: Test) -> Test:
        parameters = inspect.signature(test).parameters
        fixtures = [each for each in parameters.values() if each.name not in columns]
        assert len(fixtures) == len(parameters) - len(columns), f"{test.__name__} must take {columns}"

        @wraps(test)
        def run_all(*, watch: Watch, **given: Any) -> None:
            if "watch" in parameters:
                given["watch"] = watch
            failed: list[BaseException] = []
            for case in all_cases:
                failed += _failures(test, case, given, watch)
            if failed:
                raise CasesFailed(f"{len(failed)} cases fail: {_named(failed)}", failed)

        run_all.__signature__ = _asking_for(fixtures)  # type: ignore[attr-defined] # what pytest reads
        return run_all

    return decorate


def _cases(columns: list[str], rows: list[Any], ids: Ids) -> list[Case]:
    if not rows:
        raise ValueError(f"there must be a case of {', '.join(columns)}")
    params = [row if isinstance(row, pytest.param().__class__) else _as_param(columns, row) for row in rows]
    assert not any(each.marks for each in params), "a case in one test with others has no marks of its own"
    named = [None] * len(rows) if ids is None or callable(ids) else list(ids)
    found = []
    for row, name in zip(params, named, strict=True):
        values = dict(zip(columns, row.values, strict=True))
        shown = row.id or name or ", ".join(_shown(*each, ids) for each in values.items())
        found.append(Case(values, str(shown)))
    return found


def _as_param(columns: list[str], row: Any) -> Any:
    return pytest.param(*row) if len(columns) > 1 else pytest.param(row)


def _shown(name: str, value: Any, ids: Ids) -> str:
    return str(ids(value)) if callable(ids) else f"{name}={value!r}"


def _failures(test: Test, case: Case, given: dict[str, Any], watch: Watch) -> list[BaseException]:
    """Return what one case has raised; where it is many cases itself, what each of these has."""
    try:
        test(**case.values, **given)
        watch.check()
    except CasesFailed as error:
        failed = list(error.exceptions)
    except (Exception, pytest.fail.Exception) as error:
        failed = [error]
    else:
        return []
    watch.made.clear()
    for error in failed:
        error.add_note(case.name)
    return failed


def _named(failed: list[BaseException]) -> str:
    return "; ".join(" - ".join(reversed(error.__notes__)) for error in failed)


def _asking_for(fixtures: list[inspect.Parameter]) -> inspect.Signature:
    names = dict.fromkeys(["watch", *(each.name for each in fixtures)])
    return inspect.Signature([inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names])
