"""Histories made to be hard: the search ends, and says so when it gives up."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace
from math import inf

import pytest

from models.consistency import Verdict, check_linearizability
from models.consistency.linearizability import SearchLimits, SearchOutcome, search, specification_named
from tests.models.consistency.written_histories import append, compare_and_set, done, only_key, read, write


def test_search_that_is_given_up_is_unknown() -> None:
    history = [done(process, "add", 0, 100, 2**process) for process in range(30)]
    history.append(read(40, 50, 201, 2**30))
    found = check_linearizability(history, limits=SearchLimits(steps=5_000))
    assert found.verdict is Verdict.UNKNOWN
    assert found.undecided_keys == ("x",)
    assert "given up for 'x'" in found.text()


def test_key_that_is_not_linearizable_decides_although_another_is_given_up() -> None:
    hard = [done(process, "add", 0, 100, 2**process, key="hard") for process in range(30)]
    hard.append(read(40, 50, 201, 2**30, key="hard"))
    wrong = [read(50, 0, 1, 7, key="wrong")]
    found = check_linearizability([*hard, *wrong], limits=SearchLimits(steps=1_000))
    assert (found.verdict, found.undecided_keys) == (Verdict.NOT_LINEARIZABLE, ("hard",))


@pytest.mark.parametrize(("name", "value"), [("steps", 0), ("configurations", 0), ("steps", 1.5)])
def test_limit_that_is_none_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a whole number >= 1"):
        SearchLimits(**{name: value})  # type: ignore[arg-type]  # wrong on purpose


def test_configurations_are_bounded_as_steps_are() -> None:
    history = [done(process, "add", 0, 100, 2**process) for process in range(20)]
    history.append(read(40, 50, 201, 2**20))
    outcome = search(specification_named("counter"), only_key(history), SearchLimits(configurations=100))
    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.steps_count < 2_000


def test_many_unknown_writes_of_few_values_are_decided() -> None:
    """Two hundred writes that nobody knows the end of, of five values: those alike are interchangeable."""
    rng = random.Random(7)
    unknown = [write(number, number, inf, number % 5) for number in range(200)]
    reads = [read(1000, 300 + 2 * number, 301 + 2 * number, rng.randrange(5)) for number in range(100)]
    assert check_linearizability([*unknown, *reads]).verdict is Verdict.LINEARIZABLE
    found = check_linearizability([*unknown, *reads, read(1000, 900, 901, 5)])
    assert found.verdict is Verdict.NOT_LINEARIZABLE
    (witness,) = found.witnesses
    assert witness.operations[-1] == read(1000, 900, 901, 5)


@pytest.mark.slow
def test_texts_of_fifty_clients_on_one_key_are_decided() -> None:
    """Texts tell of which values they are made: the search has next to nothing to try."""
    rng = random.Random(3)
    effects = sorted(
        (rng.uniform(20 * turn, 20 * turn + 10), client) for turn in range(6) for client in range(50)
    )
    text, history = "", []
    for number, (at, client) in enumerate(effects):
        begin, end = at - rng.uniform(0, 5), at + rng.uniform(0, 5)
        kind = rng.choice(("read", "append", "append", "append", "write" if number % 25 == 0 else "read"))
        value = None if kind == "read" else f"x {client} {number} y"
        if value is not None:
            text = value if kind == "write" else text + value
        history.append(done(client, kind, begin, end, value, text if kind == "read" else None))
    assert check_linearizability(history, "kv").verdict is Verdict.LINEARIZABLE
    told = [each for each in history if each.kind == "read" and len(each.result) > 100]
    first, last = told[0], told[-1]
    swapped = [replace(last, result=first.result) if each is last else each for each in history]
    assert check_linearizability(swapped, "kv").verdict is Verdict.NOT_LINEARIZABLE


@pytest.mark.slow
def test_a_text_that_grows_takes_no_memory_with_the_square_of_its_length() -> None:
    """Its 1000 beginnings have 4.4 million characters in all."""
    values = [f"x 0 {number} y" for number in range(1_000)]
    history = [append(0, 2 * number, 2 * number + 1, value) for number, value in enumerate(values)]
    history.append(read(1, 5_000, 5_001, "".join(values)))
    tracemalloc.start()
    try:
        verdict = check_linearizability(history, "kv").verdict
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert verdict is Verdict.LINEARIZABLE
    assert peak < 5_000_000


def test_operations_that_are_only_passed_over_cost_steps() -> None:
    """Where hundreds of reads are under way, to look at each of them again takes longer than all else."""
    history = [write(number, 0, 100 + number, number) for number in range(6)]
    history.append(compare_and_set(10, 200, 201, 7, 8, True))
    crowd = [read(100 + number, 0, 300, None) for number in range(400)]
    alone = search(specification_named("cas-register"), only_key(history)).steps_count
    crowded = search(specification_named("cas-register"), only_key([*history, *crowd])).steps_count
    assert crowded > 30 * alone


def test_unknown_writes_of_a_value_are_used_up() -> None:
    unknown = [write(number, number, inf, 1) for number in range(3)]
    seen = [
        each
        for number in range(4)
        for each in (
            write(1000, 100 + 10 * number, 101 + 10 * number, 0),
            read(1000, 102 + 10 * number, 103 + 10 * number, 1),
        )
    ]
    assert check_linearizability([*unknown, *seen[:6]]).verdict is Verdict.LINEARIZABLE
    assert check_linearizability([*unknown, *seen]).verdict is Verdict.NOT_LINEARIZABLE


@pytest.mark.parametrize("told", [30, 31])
def test_operations_that_are_alike_are_not_tried_in_all_orders(told: int) -> None:
    """Thirty clients add 1 at once: only how many of them took effect matters."""
    history = [done(process, "add", 0, 100, 1) for process in range(30)]
    outcome = search(specification_named("counter"), only_key([*history, read(40, 50, 201, told)]))
    assert (outcome.verdict is Verdict.LINEARIZABLE) == (told == 30)
    assert outcome.steps_count < 5_000


def test_beginning_whose_search_is_given_up_is_not_said_to_be_explained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history = [append(0, 0, 1, "b"), read(1, 2, 3, ("b",)), append(0, 4, inf, "a"), read(1, 5, 6, ("a", "c"))]
    given_up = SearchOutcome(verdict=Verdict.UNKNOWN, steps_count=1)
    monkeypatch.setattr("models.consistency.linearizability.reduction.search", lambda *_, **__: given_up)
    (witness,) = check_linearizability(history, "list-append").witnesses
    assert witness.breaking == history[-1]
    assert (witness.explained_count, witness.is_minimal) == (None, False)
    assert "what ended before the following one did is not linearizable with it" in witness.text()


def test_appends_that_nobody_reads_cost_nothing() -> None:
    """Fifty clients append at once: the orders of what nobody reads need not be tried."""
    history = [append(process, 0, 100, process) for process in range(50)]
    history.append(read(60, 200, 201, tuple(range(25))))
    outcome = search(specification_named("list-append"), only_key(history))
    assert outcome.verdict is Verdict.NOT_LINEARIZABLE
    history[-1] = read(60, 50, 60, tuple(range(25)))
    outcome = search(specification_named("list-append"), only_key(history))
    assert outcome.verdict is Verdict.LINEARIZABLE
    assert outcome.steps_count < 10_000


def test_long_past_is_cut_off_the_proof() -> None:
    """What the value can be is known some time before, so that the thousand operations need not be shown."""
    history = [
        each
        for number in range(500)
        for each in (
            write(0, 4 * number, 4 * number + 1, number % 3),
            read(1, 4 * number + 2, 4 * number + 3, number % 3),
        )
    ]
    history.append(read(1, 3000, 3001, 0))
    (witness,) = check_linearizability(history).witnesses
    assert witness.breaking == history[-1]
    assert witness.explained_count == 1000
    assert len(witness.operations) <= 3
    assert witness.operations[-1] == history[-1]
    assert witness.since is not None
    assert "all that was asked until then, as it was answered, leaves only the value" in witness.text()


def test_proof_without_its_past_starts_from_what_the_past_leaves() -> None:
    past = [write(0, 0, 1, 1), write(0, 2, 3, 1), *(read(1, 10 + turn, 10.5 + turn, 1) for turn in range(9))]
    wrong = read(5, 50, 60, 2)
    (witness,) = check_linearizability([*past, wrong, read(6, 51, 52, 1)]).witnesses
    assert witness.operations == (wrong,)
    assert witness.could_be == (1,)


@pytest.mark.parametrize(("values", "shown"), [(8, 8), (9, 3)])
def test_past_that_leaves_many_values_is_cut_off_where_it_leaves_fewer(values: int, shown: int) -> None:
    history = [write(number, 0, 10 + number, number) for number in range(values)]
    history += [compare_and_set(20, 30 + turn, 30.5 + turn, 77, 78, False) for turn in range(9)]
    history.append(read(21, 60, 61, 55))
    (witness,) = check_linearizability(history).witnesses
    assert len(witness.could_be) == shown


def test_long_proof_is_cut_short_in_the_text() -> None:
    """A sum that is one too high by then: each of the adds is needed, to the last."""
    history = [done(0, "add", number, number + 0.5, 1) for number in range(40)]
    history.append(read(1, 10.2, 100, 41))
    witness = check_linearizability(history).witnesses[0]
    assert len(witness.text().splitlines()) < 40
