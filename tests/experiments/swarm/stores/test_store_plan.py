"""The plan of a store survives its file, says no more than it must, and nonsense is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from experiments import Misuse
from experiments.swarm import draw_plan, write_plan
from experiments.swarm.stores import StorePlan, draw_store
from experiments.swarm.subjects import SYSTEMS, read_any_plan

SMALL: dict[str, Any] = {
    "store": "raft",
    "parameters": {"reads": "lease"},
    "hosts": [{"name": "node-1"}, {"name": "node-2"}],
    "clients": [{"name": "client-1", "operations": [{"at": 0.5, "does": "write"}, {"at": 1.0}]}],
    "faults": [
        {
            "kind": "cut",
            "name": "f",
            "start": 1.0,
            "end": 2.0,
            "parameters": {"inside": ["leader", "client-1"]},
        }
    ],
}


def written(tmp_path: Path, tree: Any) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    return path


@pytest.mark.parametrize("seed", range(1, 13))
def test_a_plan_comes_back_from_its_file_as_it_was(seed: int, tmp_path: Path) -> None:
    plan = draw_store(seed)
    subject, read = read_any_plan(write_plan(plan, tmp_path / "deep" / "down.json"))
    assert (subject.name, read) == ("stores", plan)


def test_a_file_says_by_itself_what_it_is_a_plan_of(tmp_path: Path) -> None:
    plan = draw_plan(3)
    assert read_any_plan(write_plan(plan, tmp_path / "system.json")) == (SYSTEMS, plan)


def test_what_is_as_simple_as_it_can_be_is_not_written() -> None:
    assert json.loads(StorePlan.model_validate_json(json.dumps(SMALL)).to_json()) == SMALL


def test_a_seed_is_always_the_same_plan_and_a_flaw_stands_in_it() -> None:
    assert draw_store(5) == draw_store(5) != draw_store(6)
    plan = draw_store(5, "no_fencing")
    assert (plan.store, plan.flaw) == ("primary_replica", "no_fencing")


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("store", "rafft", "store must be one of .*, got 'rafft' .did you mean 'raft'"),
        ("parameters", {"reads": "magic"}, "parameters.reads must be one of .*, got 'magic'"),
        ("parameters", {"leases": True}, "a key of parameters must be one of .*, got 'leases'"),
        ("flaw", "no_fencing", "flaw must be one of reads_unchecked, .*, got 'no_fencing'"),
        ("held_to", ["honour"], "held_to must be one of .*, got 'honour'"),
        ("hosts", [], "hosts must be at least 1 of them"),
        (
            "hosts",
            [{"name": "x"}, {"name": "x"}],
            "the names of hosts and clients must be given once, got 'x'",
        ),
        ("hosts", [{"name": f"{n}"} for n in range(6)], "hosts must be at most 5, got 6"),
        ("hosts", [{"name": "x", "zone": "moon"}], "the zone of x must be one of .*, got 'moon'"),
        ("hosts", [{"name": "x", "drift": -1.0}], "drift must be > -1, got -1.0"),
        (
            "clients",
            [{"name": "c", "operations": [{"does": "delete"}]}],
            "does must be one of .*, got 'delete'",
        ),
        ("clients", [{"name": "c", "operations": [{}, {}]}], "the times of .* must be given once, got '0.0'"),
        ("faults", [{"kind": "ufo", "name": "f", "start": 0.0, "end": 1.0}], "faults.0.kind must be one of"),
        (
            "faults",
            [{"kind": "hunt", "name": "f", "start": 2.0, "end": 1.0}],
            "faults.0.end must be >= start",
        ),
        (
            "faults",
            [{"kind": "cut", "name": "f", "start": 0.0, "end": 1.0, "parameters": {"inside": ["you"]}}],
            "faults.0.parameters.inside.0 must be one of .*, got 'you'",
        ),
        (
            "faults",
            [{"kind": "cut", "name": "f", "start": 0.0, "end": 1.0, "parameters": {"inside": []}}],
            "faults.0.parameters.inside must be a list of one host or more",
        ),
    ],
)
def test_nonsense_is_refused_in_one_line(key: str, value: Any, line: str, tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=line) as caught:
        read_any_plan(written(tmp_path, SMALL | {key: value}))
    assert "\n" not in str(caught.value)


def test_parameters_that_do_not_go_together_are_refused_too(tmp_path: Path) -> None:
    tree = SMALL | {"store": "quorums", "parameters": {"write_level": "any"}}
    with pytest.raises(Misuse, match="parameters: write_level ANY needs hints, got None"):
        read_any_plan(written(tmp_path, tree))
