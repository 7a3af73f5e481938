"""One store under fire, run and judged: it has passed, or it has failed and how.

1. Until `load_end` clients ask, and faults come and go; what still lasts then is healed. A store that asserts
   what must hold of it (Raft) does so at each step.
   Messages that breed messages would never end: more of them in a second than any store here has a use for
   are a failure.
2. All is well. If the store promises to work again, each client writes and reads a key of its own, again and
   again until it is answered, which must be before the time that the design has to settle. If it promises to
   converge, nodes must then come to hold the same.
3. Clients go. Nobody asks any more, and everything must end: no call may go on, and no process but those
   that nodes always have.
4. The laws are checked on the history, and on what is held (see `laws`).
5. A thorough trial runs the same plan twice more, with a trace: histories and traces must be the same, to the
   last bit.

An AssertionError of a store about itself is the breach of a law, named by what it says.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from itertools import count
from typing import Any

from models import CallFailed
from models.replication import read, write

from ..invariants import BrokenInvariant
from ..repeated_runs import tried
from ..verdict import Passed, Verdict, is_sampled
from .building import LAST_PATIENCE, build_store
from .histories import broken, contents_text
from .laws import check_laws
from .live_store import LiveClient, LiveStore
from .plan import StorePlan

_LOOK_EVERY = 0.25
_PAUSE = 0.05
_PATIENCES_MAX = 6
_LOOKS_COUNT = 5
_LOOKS_APART = 0.0137
_WATCH_EVERY = 0.05
_MESSAGES_MAX = 100_000.0  # a second, of all nodes: a hundred for each operation of the busiest clients
_ASSERTED = re.compile(r"^(?P<law>[\w -]+) is broken at ")


def run_store_trial(plan: StorePlan, *, thorough: bool | None = None) -> Verdict:
    """Run `plan` and judge it; `thorough` or not as `is_sampled` says of its seed, if not given.

    Raises Misuse for a plan that cannot be built.
    """
    thorough = is_sampled(plan.seed) if thorough is None else thorough
    live, failed = tried(partial(build_store, plan), _run, _seen, broken, thorough=thorough)
    return failed or Passed(len(live.history()), live.undecided_count)


def _run(live: LiveStore) -> None:
    try:
        _play(live)
    except AssertionError as error:
        if isinstance(error, BrokenInvariant) or (said := _ASSERTED.match(str(error))) is None:
            raise
        raise broken(live, said["law"], str(error)) from error
    check_laws(live)


def _seen(live: LiveStore) -> str:
    return blake2b(repr((live.history(), live.store.contents())).encode(), digest_size=16).hexdigest()


# -- the run


def _play(live: LiveStore) -> None:
    env, end = live.env, live.plan.load_end
    _watch(live, 0)
    env.run(until=end)
    settled_by = end + live.design.settle
    if "works_again" in live.laws:
        _wait_until_it_works(live, settled_by)
    if "converges" in live.laws:
        _wait_until_it_agrees(live)
        if live.design.tidy(live.store):
            _wait_until_it_agrees(live)
    if "works_again" in live.laws:  # or it may try for ever to come to work again
        _say_goodbye(live)
        _wait_until_it_is_empty(live)


def _watch(live: LiveStore, sent_before: int) -> None:
    sent = sum(node.sent_count for node in live.nodes())
    if sent - sent_before > _MESSAGES_MAX * _WATCH_EVERY:
        raise broken(live, "messages do not breed", f"{sent - sent_before} in {_WATCH_EVERY} s")
    live.env.call_later(_WATCH_EVERY, _watch, live, sent)


def _wait_until_it_works(live: LiveStore, settled_by: float) -> None:
    waiting = {each.plan.name: None for each in live.clients}
    for each in live.clients:
        live.env.process(_try_again(live, each, waiting), f"{each.plan.name} tries again")
    while waiting:
        if live.env.now >= settled_by:
            raise broken(live, "works_again", f"not for {', '.join(waiting)}, whose calls all fail")
        live.env.run(until=live.env.now + _LOOK_EVERY)


def _wait_until_it_agrees(live: LiveStore) -> None:
    settled_by = live.env.now + live.design.settle
    while differences := live.design.disagreement(live.store):
        if live.env.now >= settled_by:
            raise broken(live, "converges", contents_text(differences))
        live.env.run(until=live.env.now + _LOOK_EVERY)


def _try_again(live: LiveStore, client: LiveClient, waiting: dict[str, None]) -> Generator[Any, Any, None]:
    """Write a key of one's own until that is acknowledged, and then read it until there is an answer."""
    key = f"last of {client.plan.name}"
    for number in count(1):
        with suppress(CallFailed):
            yield from client.patient.call(write(key, f"{client.plan.name}, try {number}"))
            break
        yield _PAUSE
    while client.plan.name in waiting:
        with suppress(CallFailed):
            yield from client.patient.call(read(key))
            del waiting[client.plan.name]
            return
        yield _PAUSE


def _say_goodbye(live: LiveStore) -> None:
    """Let clients go when each has its last answer."""
    if goodbyes := list(live.design.goodbyes(live.store)):
        over = live.plan.load_end + max((each.plan.patience for each in live.clients), default=0.0)
        if live.env.now <= over:
            live.env.run(until=over + _PAUSE)
        for goodbye in goodbyes:
            live.env.process(goodbye, "goodbye")


def _wait_until_it_is_empty(live: LiveStore) -> None:
    """Run until no call goes on; nodes' memories and timers stay.

    A message that is being worked on at one instant is not there at another.
    """
    env = live.env
    patience = max([LAST_PATIENCE, *(each.plan.patience for each in live.clients)])
    for _ in range(_PATIENCES_MAX):
        env.run(until=env.now + patience)
        for _ in range(_LOOKS_COUNT):
            if not _under_way(live):
                return
            env.run(until=env.now + _LOOKS_APART)
        patience *= 2
    raise broken(live, "everything ends", ", ".join(_under_way(live)))


def _under_way(live: LiveStore) -> list[str]:
    calls = [
        f"{node.name} has {said.in_service_count} calls in service and {said.waiting_count} waiting"
        for node in live.nodes()
        if (said := node.statistics()).in_service_count or said.waiting_count
    ]
    return calls + sorted(
        process.name for process in live.env.processes if not process.name.endswith(live.design.standing)
    )
