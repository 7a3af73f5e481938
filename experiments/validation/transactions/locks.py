"""Locks of two-phase commit, through the real coordinator and participants: who finds one taken.

All transactions change the same key, and come at random, l per second. A lock is held from PREPARE until the
commit is heard, which takes as long as the votes do; their ways take exponential times here, and nothing else
takes any.

    no patience         a transaction that finds the lock taken is aborted: a queue of one server and no place
                        to wait. With a = l E[H] that is a / (1 + a) of them, whatever the law of the time H
                        (Erlang). Two participants are locked and freed at the same instants; H is the longer
                        of two votes, 3/2 of one on average
    constant patience   it waits for `lock_timeout` at the most: M/M/1 with constant patience

Sources: Sevastyanov, "An Ergodic Theorem for Markov Processes and Its Application to Telephone Systems with
Refusals" (Theory of Probability 2, 1957), for Erlang's loss formula whatever the law; Barrer, "Queuing with
Impatient Customers and Indifferent Clerks" (Operations Research 5, 1957).
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from models import Host, Network
from models.storage import Disk
from models.transactions import Add, TwoPhaseCoordinator, TwoPhaseObserver, TwoPhaseParticipant, run
from models.transactions.two_phase_commit import TwoPhaseSettings
from simulator import Environment
from simulator.randomness import Exponential

from ..closed_forms import constant_patience_abandonment, erlang_b
from ..experiment import Claim, TheoryCheck

VOTE_TIME = 0.1
"""Seconds that a vote is on its way, on average."""

NO_PATIENCE = 1e-9
_LONG = 1e6


def refused(
    seed: int, effort: float, *, participants_count: int, rate: float, patience: float, count: int
) -> tuple[float]:
    """Return the share of transactions that are aborted, as their lock is taken for longer than `patience`.

    `rate` per second come, `effort` times `count` of them.
    """
    env = Environment(seed=seed)
    network = Network(env, latencies=0.0)
    observer = TwoPhaseObserver(env)
    settings = TwoPhaseSettings(vote_timeout=_LONG, lock_timeout=patience, inquiry_interval=_LONG)
    names = [f"service {number}" for number in range(participants_count)]
    participants = {
        name: TwoPhaseParticipant(
            env, _disk(env, name), network, observer=observer, settings=settings, name=name
        )
        for name in names
    }
    coordinator = TwoPhaseCoordinator(
        env, _disk(env, "leader"), network, participants, observer=observer, settings=settings
    )
    for participant in participants.values():
        network.override(participant.host, coordinator.host, latency=Exponential(VOTE_TIME), one_way=True)
    until_next = env.sampler("users", Exponential(1.0 / rate))
    changes = {name: (Add("key", 1),) for name in names}
    ends: list[bool] = []

    def ask(number: int) -> Generator[Any, Any, None]:
        response = yield from coordinator.call(run(number, changes))
        ends.append(response.value.is_done)

    def come() -> Generator[Any, Any, None]:
        for number in range(round(effort * count)):
            yield until_next()
            env.process(ask(number))

    env.process(come())
    env.run(until=2.0 * count / rate)
    return (1.0 - sum(ends) / len(ends),)


def _disk(env: Environment, name: str) -> Disk:
    return Disk(Host(env, name), sync_time=0.0)


def _check(name: str, source: str, expected: float, **setup: Any) -> TheoryCheck:
    return TheoryCheck(
        name=name,
        group="transactions",
        source=source,
        claims=(Claim("share of transactions aborted", expected, precision=0.1),),
        simulate=partial(refused, count=1_000, **setup),
    )


def _no_patience(participants_count: int, rate: float) -> TheoryCheck:
    held = VOTE_TIME * sum(1.0 / number for number in range(1, participants_count + 1))
    load = rate * held
    return _check(
        f"locks of {participants_count} participants, offered {load:g} and not waited for",
        "Erlang's loss formula for one server, a / (1 + a), insensitive (Sevastyanov 1957)",
        erlang_b(1, load),
        participants_count=participants_count,
        rate=rate,
        patience=NO_PATIENCE,
    )


def _constant_patience(rate: float, patience: float) -> TheoryCheck:
    return _check(
        f"lock of one participant, offered {rate * VOTE_TIME:g} and waited for {patience:g} s",
        "M/M/1 with constant patience (Barrer 1957)",
        constant_patience_abandonment(rate, patience, 1.0 / VOTE_TIME),
        participants_count=1,
        rate=rate,
        patience=patience,
    )


CHECKS = (_no_patience(1, 5.0), _no_patience(2, 8.0), _constant_patience(12.0, 0.1))
"""One lock; two that are taken and freed together; and one that is waited for."""
