"""Any schedule of crashes and cuts: each command once, and in the end each read model the fold of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cqrs import (
    Accepted,
    Command,
    CommandSettings,
    Declined,
    ProjectionSettings,
    carry_out,
    differences,
    has_converged,
    repeated_commands,
    submit,
)
from models.cqrs.commands import Refusal, Submitted
from models.cqrs.flaws import CommandFlaws
from models.cqrs.items import Cancel, ItemDecider, Reserve, Restock
from models.cqrs.projections import Checkpointing
from models.resilience import ConstantBackoff, Retry, Timeout
from models.storage import Disk, GroupCommit, PeriodicSync, SyncEachWrite

from .cqrs_plant import MODELS, SYNC, CqrsPlant, Told, on_disk, on_raft

END = 3.0
"""Until then there are faults; afterwards all is healed."""

VICTIMS = ("log", "commands-1", "commands-2", "stock", "orders", "sellers")

Fault = tuple[float, str, str, float]
"""When, of whom, what (the host, the process, a cut from the log, a rebuild), and how long."""

faults = st.lists(
    st.tuples(
        st.floats(0.0, END - 0.5),
        st.sampled_from(VICTIMS),
        st.sampled_from(["host", "process", "cut", "rebuild"]),
        st.floats(0.001, 0.5),
    ),
    max_size=8,
)
INTENTS = (
    lambda n: Restock(1 + n % 3),
    lambda n: Reserve(f"o{n}", f"customer {n % 4}", 1 + n % 2),
    lambda n: Reserve(f"o{n}", f"customer {n % 4}", 1),
    lambda n: Cancel(f"o{n - 4}"),
)


def node_on(plant: CqrsPlant, victim: str) -> Any:
    nodes = [*plant.log.nodes, *plant.handlers, *plant.projections]
    return next(node for node in nodes if node.host is plant.hosts[victim])


def strike(plant: CqrsPlant, fault: Fault) -> None:
    at, victim, kind, duration = fault
    host = plant.hosts[victim]
    node = node_on(plant, victim)

    def begin() -> None:
        if kind == "rebuild":
            if victim in VICTIMS[3:] and node.is_awake and not node.is_rebuilding:
                node.rebuild()
        elif kind == "cut":
            if victim != "log":
                cut = plant.network.partition(host, plant.hosts["log"])
                plant.at(plant.env.now + duration, plant.network.heal, cut)
        elif host.is_up and (kind == "host" or node.is_awake):
            (host if kind == "host" else node).crash()
            plant.at(plant.env.now + duration, end)

    def end() -> None:
        if not host.is_up:
            host.restart()
        elif not host.runs(node):
            node.restart()

    plant.at(at, begin)


def run(
    schedule: Sequence[Fault],
    *,
    plant: CqrsPlant,
    flaws: CommandFlaws,
    order: Checkpointing,
    sync_time: float = SYNC,
) -> list[tuple[Any, Told]]:
    """Let users give commands through retries while faults strike; return what each was told."""
    handling = CommandSettings(queue_durability=GroupCommit(), retry_pause=0.02, workers=2)
    for number in (1, 2):
        plant.add_handler(f"commands-{number}", settings=handling, flaws=flaws)
    views = ProjectionSettings(
        checkpointing=order, batch_max=3, retry_pause=0.02, wait=0.0, interval=0.02, patience=0.1
    )
    for model, name in zip(MODELS, ("stock", "orders", "sellers"), strict=True):
        disk = Disk(plant.new_host(name), sync_time=sync_time)
        plant.add_projection(model, name, disk=disk, settings=views)
    told = []
    for number in range(40):
        way = plant.way(plant.handlers[number % 2])
        user = Retry(plant.env, Timeout(plant.env, way, 0.1), attempts=60, backoff=ConstantBackoff(delay=0.1))
        command = Command(number, number // 2 % 3, INTENTS[number % 4](number))
        ask = submit if number % 5 == 4 else carry_out
        told.append((command, plant.ask(user, ask(command), at=0.12 * (number // 2))))
    for fault in schedule:
        strike(plant, fault)
    plant.env.run(until=END + 12.0)
    return told


def check(plant: CqrsPlant, told: list[tuple[Any, Told]]) -> None:
    commits = {commit.command: commit for commit in plant.commits()}
    assert repeated_commands(plant.commits()) == {}
    for command, each in told:
        assert isinstance(each.end, Accepted | Declined | Submitted), (command, each)
        commit = commits[command.id]
        if isinstance(each.end, Accepted):
            assert (commit.position, commit.version) == (each.end.position, each.end.version)
        elif isinstance(each.end, Declined):
            assert (commit.position, commit.rejection) == (each.end.position, each.end.reason)
    check_decisions(plant, {command.id: command.intent for command, _ in told})
    for projection in plant.projections:
        assert has_converged(projection, plant.commits()), differences(projection, plant.commits())


@pytest.mark.slow
@given(faults)
@settings(max_examples=40)
def test_each_command_once_and_each_read_model_the_fold_of_the_log(schedule: list[Fault]) -> None:
    plant = CqrsPlant(patience=0.1)
    check(plant, run(schedule, plant=plant, flaws=CommandFlaws(), order=Checkpointing.TOGETHER))


def check_decisions(plant: CqrsPlant, intents: dict[Any, Any]) -> None:
    """Each commit is what its command was to do in the state that it has changed, and nothing else."""
    decider = ItemDecider()
    states = {item: decider.initial(item) for item in range(3)}
    for commit in plant.commits():
        state = states[commit.stream]
        decision = decider.decide(state, intents[commit.command])
        made = Refusal(commit.rejection) if commit.rejection is not None else list(commit.events)
        assert decision == made, (commit, state)
        states[commit.stream] = decider.state_after(state, commit.events)
        assert states[commit.stream].left >= 0


SCHEDULE: tuple[Fault, ...] = tuple(
    (0.15 + 0.13 * number, VICTIMS[(number * 5) % 6], ("host", "process")[number % 2], 0.05)
    for number in range(18)
)
OF_PROJECTIONS: tuple[Fault, ...] = tuple(
    (0.1 + 0.0473 * number, VICTIMS[3 + number % 3], ("host", "process")[number % 2], 0.02)
    for number in range(50)
)


@pytest.mark.slow
def test_one_schedule_of_crashes_of_projections_alone() -> None:
    plant = CqrsPlant(patience=0.1)
    check(plant, run(OF_PROJECTIONS, plant=plant, flaws=CommandFlaws(), order=Checkpointing.TOGETHER))


@pytest.mark.slow
@pytest.mark.parametrize("make_log", [on_disk(), on_disk(SyncEachWrite()), on_raft])
def test_one_schedule_of_many_crashes(make_log: Any) -> None:
    plant = CqrsPlant(make_log, patience=0.1)
    if make_log is on_raft:
        plant.hosts["log"] = plant.hosts["log-a"]
    told = run(SCHEDULE, plant=plant, flaws=CommandFlaws(), order=Checkpointing.TOGETHER)
    check(plant, told)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flaws", "order"),
    [
        (CommandFlaws(forgets_ids=True), Checkpointing.TOGETHER),
        (CommandFlaws(ignores_versions=True), Checkpointing.TOGETHER),
        (CommandFlaws(), Checkpointing.AFTER),
        (CommandFlaws(), Checkpointing.BEFORE),
    ],
    ids=str,
)
def test_planted_flaws_are_found(flaws: CommandFlaws, order: Checkpointing) -> None:
    schedule = OF_PROJECTIONS if order is not Checkpointing.TOGETHER else SCHEDULE
    plant = CqrsPlant(patience=0.1)
    told = run(schedule, plant=plant, flaws=flaws, order=order, sync_time=0.015)
    with pytest.raises((AssertionError, KeyError)):
        check(plant, told)


@pytest.mark.slow
def test_log_that_loses_its_tail_takes_what_was_told_and_read_models_follow_it() -> None:
    plant = CqrsPlant(on_disk(PeriodicSync(interval=0.2)), patience=0.1)
    run(SCHEDULE, plant=plant, flaws=CommandFlaws(), order=Checkpointing.TOGETHER)
    statistics = plant.log.statistics()  # type: ignore[attr-defined]
    assert statistics.lost_shown_count > 0
    assert all(has_converged(projection, plant.commits()) for projection in plant.projections)
