"""Writers who expect versions, and ask again, while the log is struck: what they are told is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import CallFailed
from models.cqrs.log import Commit, Conflict, append_commit, read_stream
from models.storage import GroupCommit, SyncEachWrite

from .cqrs_plant import CqrsPlant, MakeLog, on_disk, on_raft

BEGIN, LOAD_END = 2.0, 4.0
"""Before it a leader is found; after it all is healed."""

PAUSE = 0.03
NOTHING_DONE = {"Unavailable", "Refused", "Rejected"}

Trouble = tuple[float, int, str, float]
"""When, of which of the log's nodes (-1: the leader), what, and how long."""

troubles = st.lists(
    st.tuples(
        st.floats(BEGIN, LOAD_END - 0.3),
        st.integers(-1, 2),
        st.sampled_from(["host", "process", "cut", "cut off"]),
        st.floats(0.01, 0.3),
    ),
    max_size=6,
)


@dataclass(slots=True)
class Written:
    """What a writer was told of one command; `failures` are of all attempts."""

    command: Any
    end: Commit | None = None
    failures: list[str] = field(default_factory=list)


def write(plant: CqrsPlant, number: int, told: list[Written]) -> Generator[Any, Any, None]:
    """Append to two streams in turn: each event says which version of its stream it was made by."""
    client, count = plant.log_client(plant.web), 0
    while plant.env.now < LOAD_END - 0.2:
        count += 1
        stream, written = "ab"[count % 2], Written((number, count))
        told.append(written)
        for _ in range(1 if number == 0 else 8):
            try:
                known = (yield from client.call(read_stream(stream))).value
                request = append_commit(
                    stream,
                    [known.version] * (1 + count % 2),
                    command=written.command,
                    expected=known.version,
                    expected_epoch=known.epoch,
                )
                answer = (yield from client.call(request)).value
            except CallFailed as failure:
                written.failures.append(type(failure).__name__)
                yield PAUSE
                continue
            if not isinstance(answer, Conflict):
                written.end = answer
                break
        yield PAUSE


def strike(plant: CqrsPlant, trouble: Trouble) -> None:
    at, which, kind, duration = trouble
    nodes: Sequence[Any] = plant.log.nodes

    def begin() -> None:
        leader = getattr(getattr(plant.log, "cluster", None), "leader", None)
        node = (leader or nodes[0]) if which < 0 else nodes[which % len(nodes)]
        host, ends = node.host, plant.env.now + duration
        if kind in ("cut", "cut off"):
            others = [each for each in plant.hosts.values() if each is not host]
            cut = plant.network.partition(
                host, others if kind == "cut off" else plant.web, one_way=kind == "cut"
            )
            plant.at(ends, plant.network.heal, cut)
        elif node.is_awake:
            (host if kind == "host" else node).crash()
            plant.at(ends, (host if kind == "host" else node).restart)

    plant.at(at, begin)


def play(make_log: MakeLog, schedule: Sequence[Trouble]) -> tuple[CqrsPlant, list[Written]]:
    plant, told = CqrsPlant(make_log, patience=0.15), list[Written]()
    for number in range(4):
        plant.at(BEGIN, lambda n=number: plant.env.process(write(plant, n, told)))
    # One thing at a time strikes a node: what is down is not crashed, nor restarted, by another.
    free_at = 0.0
    for trouble in sorted(schedule):
        if trouble[0] >= free_at:
            strike(plant, trouble)
            free_at = trouble[0] + trouble[3]
    plant.env.run(until=LOAD_END + 3.0)
    return plant, told


def check(plant: CqrsPlant, told: Sequence[Written]) -> None:
    commits = plant.commits()
    assert [commit.position for commit in commits] == list(range(1, len(commits) + 1))
    versions: Counter[Any] = Counter()
    for commit in commits:
        assert set(commit.events) == {versions[commit.stream]}, "made by the version that it has changed"
        versions[commit.stream] += len(commit.events)
        assert commit.version == versions[commit.stream]
    made = Counter(commit.command for commit in commits)
    assert max(made.values(), default=0) <= 1
    for written in told:
        if written.end is not None:
            assert commits[written.end.position - 1] == written.end
        elif set(written.failures) <= NOTHING_DONE:
            assert made[written.command] == 0, written


@pytest.mark.slow
@given(troubles, st.sampled_from([GroupCommit(), SyncEachWrite()]))
@settings(max_examples=40)
def test_log_on_a_disk_has_what_was_told_and_nothing_that_was_refused(
    schedule: list[Trouble], policy: Any
) -> None:
    check(*play(on_disk(policy), schedule))


@pytest.mark.slow
@given(troubles)
@settings(max_examples=20)
def test_log_on_raft_does_too_whoever_leads(schedule: list[Trouble]) -> None:
    check(*play(on_raft, schedule))


@pytest.mark.slow
@pytest.mark.parametrize("make_log", [on_disk(), on_raft], ids=["disk", "raft"])
def test_schedules_do_strike(make_log: MakeLog) -> None:
    """Else the others would hold because nothing happens."""
    kinds = ("host", "cut", "process", "cut off")
    schedule = [(BEGIN + 0.4 * number, -1, kind, 0.2) for number, kind in enumerate(kinds)]
    plant, told = play(make_log, schedule)
    check(plant, told)
    failures = {failure for written in told for failure in written.failures}
    assert "TimedOut" in failures
    assert any(written.failures and written.end is not None for written in told)
    assert sum(written.end is not None for written in told) > 40
