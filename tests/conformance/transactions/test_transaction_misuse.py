"""Bad input of all parts of transactions is told at once, in one line: the name, the rule, the value."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Network, Request
from models.storage import Disk
from models.transactions import (
    Add,
    Orchestrator,
    Put,
    Saga,
    SagaObserver,
    SagaService,
    SagaStep,
    TwoPhaseCoordinator,
    TwoPhaseObserver,
    TwoPhaseParticipant,
    run,
)
from models.transactions.events import (
    DatabaseFirst,
    Event,
    EventService,
    OutboxFlaws,
    Reaction,
    ThroughOutbox,
)
from models.transactions.sagas import OrchestratorSettings, SagaFlaws
from models.transactions.two_phase_commit import HeuristicDecision, TwoPhaseFlaws, TwoPhaseSettings
from simulator import Environment


class World:
    def __init__(self) -> None:
        self.env = Environment(seed=1)
        self.network = Network(self.env)
        self.host = Host(self.env, "host")
        self.disk = Disk(self.host)

    def make(self, kind: Any, *arguments: Any, **settings: Any) -> Any:
        return kind(self.env, settings.pop("disk", self.disk), self.network, *arguments, **settings)


STEP = SagaStep("stock", (Add("book", -1),), (Add("book", 1),))
PIVOT = SagaStep("payment", (Add("alice", -1),))
NOTHING = FunctionEndpoint(lambda request: iter(()))  # type: ignore[arg-type, return-value]


def service(world: World, **settings: Any) -> Any:
    return world.make(SagaService, **{"observer": SagaObserver(world.env), "name": "stock", **settings})


def orchestrator(world: World, services: Any = None, **settings: Any) -> Any:
    observer = SagaObserver(world.env)
    return world.make(Orchestrator, services or {}, **{"observer": observer, **settings})


def participant(world: World, **settings: Any) -> Any:
    observer = TwoPhaseObserver(world.env)
    return world.make(TwoPhaseParticipant, **{"observer": observer, "name": "stock", **settings})


def coordinator(world: World, participants: Any, **settings: Any) -> Any:
    observer = TwoPhaseObserver(world.env)
    return world.make(TwoPhaseCoordinator, participants, **{"observer": observer, **settings})


def events(world: World, **settings: Any) -> Any:
    return world.make(
        EventService, **{"reactions": {}, "publishing": DatabaseFirst(), "name": "orders", **settings}
    )


BAD: dict[str, tuple[Callable[[World], Any], type[Exception]]] = {
    "disk must be a Disk, got 3": (lambda w: service(w, disk=3), TypeError),
    "data must be a Mapping, got [1]": (lambda w: service(w, data=[1]), TypeError),
    "observer must be a SagaObserver, got None": (lambda w: service(w, observer=None), TypeError),
    "flaws must be a SagaFlaws, got 1": (lambda w: service(w, flaws=1), TypeError),
    "request_work must be finite and >= 0 s, got -1": (lambda w: service(w, request_work=-1), ValueError),
    "transport must be one of tcp, datagram, got 'pigeon'": (
        lambda w: service(w, transport="pigeon"),
        ValueError,
    ),
    "services must be a Mapping, got [1]": (lambda w: orchestrator(w, [1]), TypeError),
    "service 'stock' must be an Endpoint, got 1": (lambda w: orchestrator(w, {"stock": 1}), TypeError),
    "settings must be an OrchestratorSettings, got 1": (lambda w: orchestrator(w, settings=1), TypeError),
    "step_timeout must be finite and > 0 s, got 0": (
        lambda w: OrchestratorSettings(step_timeout=0),
        ValueError,
    ),
    "pause must be finite and > 0 s, got inf": (lambda w: OrchestratorSettings(pause=inf), ValueError),
    "patience must be a number of seconds, got 'x'": (
        lambda w: OrchestratorSettings(patience="x"),  # type: ignore[arg-type]
        TypeError,
    ),
    "repeats_steps must be a bool, got 1": (lambda w: SagaFlaws(repeats_steps=1), TypeError),  # type: ignore[arg-type]
    "steps must be a list, each a SagaStep, got 1 alone": (lambda w: Saga(1, 0), TypeError),  # type: ignore[arg-type]
    "pivot must be the number of a step, 0..1, got 2": (lambda w: Saga((STEP, PIVOT), 2), ValueError),
    "pivot must be the number of a step, 0..1, got True": (lambda w: Saga((STEP, PIVOT), True), ValueError),
    "step 0 must have a compensation: it is before the pivot": (
        lambda w: Saga((PIVOT, PIVOT), 1),
        ValueError,
    ),
    "step 1 must have no compensation: it is never undone": (lambda w: Saga((PIVOT, STEP), 0), ValueError),
    "step 1, after the pivot, must have no change that can be refused, got Add(key='alice', amount=-1, "
    "lowest=0.0)": (lambda w: Saga((PIVOT, PIVOT), 0), ValueError),
    "has_semantic_locks must be a bool, got 1": (lambda w: Saga((PIVOT,), 0, 1), TypeError),  # type: ignore[arg-type]
    "compensation must have no change that can be refused, got Add(key=1, amount=-1, lowest=0.0)": (
        lambda w: SagaStep("stock", (Put(1, 2),), (Add(1, -1),)),
        ValueError,
    ),
    "service must not be empty, got ''": (lambda w: SagaStep("", ()), ValueError),
    "changes must be a list of changes, got 7": (lambda w: SagaStep("stock", 7), TypeError),  # type: ignore[arg-type]
    "observer must be a TwoPhaseObserver, got 2": (lambda w: participant(w, observer=2), TypeError),
    "settings must be a TwoPhaseSettings, got 2": (lambda w: participant(w, settings=2), TypeError),
    "flaws must be a TwoPhaseFlaws, got 2": (lambda w: participant(w, flaws=2), TypeError),
    "participants must be a Mapping, got 7": (lambda w: coordinator(w, 7), TypeError),
    "participant 'stock' must be a TwoPhaseParticipant, got 7": (
        lambda w: coordinator(w, {"stock": 7}),
        TypeError,
    ),
    "vote_timeout must be finite and > 0 s, got 0": (lambda w: TwoPhaseSettings(vote_timeout=0), ValueError),
    "lock_timeout must be finite and > 0 s, got -1": (
        lambda w: TwoPhaseSettings(lock_timeout=-1),
        ValueError,
    ),
    "asks_peers must be a bool, got 1": (lambda w: TwoPhaseSettings(asks_peers=1), TypeError),  # type: ignore[arg-type]
    "heuristic must be a HeuristicDecision, got 1": (
        lambda w: TwoPhaseSettings(heuristic=1),  # type: ignore[arg-type]
        TypeError,
    ),
    "after must be finite and > 0 s, got inf": (lambda w: HeuristicDecision(after=inf), ValueError),
    "votes_unlogged must be a bool, got 'no'": (lambda w: TwoPhaseFlaws(votes_unlogged="no"), TypeError),  # type: ignore[arg-type]
    "reactions must be a Mapping, got 1": (lambda w: events(w, reactions=1), TypeError),
    "publishing must be a Publishing, got 1": (lambda w: events(w, publishing=1), TypeError),
    "has_inbox must be a bool, got 1": (lambda w: events(w, has_inbox=1), TypeError),
    "kind must be a name, got 1": (lambda w: events(w).subscribe(1, NOTHING), TypeError),
    "subscriber must be an Endpoint, got 1": (lambda w: events(w).subscribe("placed", 1), TypeError),
    "gap must be finite and >= 0 s, got -1": (lambda w: DatabaseFirst(gap=-1), ValueError),
    "poll_interval must be finite and > 0 s, got 0": (lambda w: ThroughOutbox(poll_interval=0), ValueError),
    "batch_size must be a whole number >= 1, got 0": (lambda w: ThroughOutbox(batch_size=0), ValueError),
    "send_timeout must be finite and > 0 s, got 0": (lambda w: ThroughOutbox(send_timeout=0), ValueError),
    "sends_unlogged must be a bool, got 0": (lambda w: OutboxFlaws(sends_unlogged=0), TypeError),  # type: ignore[arg-type]
    "each of events must be an Event, got 1": (lambda w: Reaction(events=(1,)), TypeError),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("text", BAD)
def test_misuse_is_told_in_one_line(text: str) -> None:
    make, error = BAD[text]
    with pytest.raises(error) as raised:
        make(World())
    assert str(raised.value) == text


def test_two_coordinators_of_one_name_share_no_participant() -> None:
    """Their transactions would have the same names, and the votes for one would count for the other."""
    world = World()
    stock = participant(world)
    disks = [Disk(Host(world.env, name)) for name in ("one", "other", "third")]
    coordinator(world, {"stock": stock}, disk=disks[0])
    with pytest.raises(ValueError, match=r"^name of a coordinator must be unique among those of stock, got"):
        coordinator(world, {"stock": stock}, disk=disks[1])
    coordinator(world, {"stock": stock}, disk=disks[2], name="third")


def test_service_elsewhere_is_reached_over_the_network_only() -> None:
    world = World()
    elsewhere = service(world, disk=Disk(Host(world.env, "elsewhere")))
    with pytest.raises(ValueError, match=r"^service 'stock' must be reached over the network, got"):
        orchestrator(world, {"stock": elsewhere})


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (run(1, 3), "what is to be run must be a Saga, got 3"),
        (run(1, Saga((PIVOT,), 0)), "service of a step must be one of stock, got 'payment'"),
    ],
)
def test_orchestrator_is_asked_for_what_is_none(request_: Request, text: str) -> None:
    world = World()
    leader = orchestrator(world, {"stock": NOTHING})
    world.env.process(leader.call(request_))
    with pytest.raises((TypeError, ValueError), match=f"^{text}"):
        world.env.run(until=1.0)


@pytest.mark.parametrize(
    ("work", "text"),
    [
        (3, "what is to be run must be a Mapping, got 3"),
        ({}, "participants must be some of stock, got none"),
        ({"payment": ()}, "participants must be some of stock, got payment"),
        ({"stock": 3}, "changes of 'stock' must be a list of changes, got 3"),
    ],
)
def test_coordinator_is_asked_for_what_is_none(work: Any, text: str) -> None:
    world = World()
    leader = coordinator(world, {"stock": participant(world)}, disk=Disk(Host(world.env, "leader")))
    world.env.process(leader.call(run(1, work)))
    with pytest.raises((TypeError, ValueError), match=f"^{text}"):
        world.env.run(until=1.0)


def test_event_that_is_none_is_told_when_it_is_made() -> None:
    assert Reaction(events=[Event("placed", 1)]).events == (Event("placed", 1),)  # type: ignore[arg-type]
