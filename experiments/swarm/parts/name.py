"""Balancers in front of one service that clients find by a name, as DNS has them: what is believed, how long.

A name server on a host of its own answers which addresses there are; clients ask it, or a resolver on their
way. Somebody may take an address out for a while.

Laws (RFC 1034, RFC 2181 section 8; `models.naming`):

- Nobody calls an address that no answer has had for longer than its time to live and its propagation: the
  time for which answers may be on their way. Who keeps what he knows for longer (`ttl_min`) may do so for
  that long; who falls back on what is stale is left out.
- A name is asked for no more often than it is called.
- When all faults have healed the server has all addresses again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from models import Call, Endpoint, Host, Refused, Request, System, TimedOut, Wrapper
from models.faults import Fault
from models.naming import Addresses, ByName, NameServer, Resolver
from models.resilience import Timeout
from simulator import Environment

from ..choices import Choice, NameOf, OwnHosts, PartOf
from ..fault_kind import FaultKind
from ..invariants import BrokenInvariant
from ..live_system import LiveSystem
from ..part_kind import Builder, LivePart, PartKind
from ..plan import PartPlan, WayPlan, WrapperPlan

_PATIENCE = 0.3  # with which the name is asked for (s)
_LIMIT = 0.5  # of a call to one address (s)
_ROUNDING = 1e-9


@dataclass(slots=True)
class _Answers:
    """When each address was last in an answer of the server (s), and calls that came later than they may."""

    last: dict[Endpoint, float] = field(default_factory=dict)
    too_late: list[str] = field(default_factory=list)


class _AnswerLog(Wrapper):
    """Answers as `target`, a name server, and writes down what it answers."""

    def __init__(self, env: Environment, target: Endpoint, answers: _Answers, *, name: str) -> None:
        super().__init__(target, name=name)
        self._env = env
        self._answers = answers

    def call(self, request: Request) -> Call:
        """Answer a query."""
        response = yield from self.target.call(request)
        if isinstance(response.value, Addresses):
            for address in response.value.endpoints:
                self._answers.last[address] = self._env.now
        return response


class _Address(Wrapper):
    """The way to one `address`; notes a call when no answer of the last `age_max` s has had that."""

    def __init__(
        self, env: Environment, target: Endpoint, address: Endpoint, answers: _Answers, age_max: float
    ) -> None:
        super().__init__(target, name=f"way to {address.name}")
        self._env = env
        self._address = address
        self._answers = answers
        self._age_max = age_max

    def call(self, request: Request) -> Call:
        """Answer as the address does."""
        age = self._env.now - self._answers.last.get(self._address, float("-inf"))
        if age > self._age_max + _ROUNDING:
            called = f"{self._address.name!r} called at {self._env.now!r} s"
            self._answers.too_late.append(f"{called}, {age!r} s after the last answer with it")
        return self.target.call(request)


class NamedService(LivePart):
    """A service that is found by a name: its `server`, the `resolver` if there is one, and who asks."""

    def __init__(
        self,
        plan: PartPlan,
        server: NameServer,
        resolver: Resolver | None,
        answers: _Answers,
        front: Endpoint,
        given: dict[str, Any],
    ) -> None:
        self.name = plan.name
        self.server = server
        self.resolver = resolver
        self.addresses = server.targets
        self.askers: list[ByName] = []
        self._answers = answers
        self._front = front
        self._given = given

    @property
    def counting(self) -> Iterable[object]:
        """Who asks, and the resolver."""
        return [*self.askers, *([] if self.resolver is None else [self.resolver])]

    @property
    def age_max(self) -> float:
        """How old an answer may be by which somebody calls (s)."""
        given = self._given
        hops = 1 if self.resolver is None else 2
        tries = len(self.addresses) * _LIMIT if given["next_on"] else 0.0
        return float(max(given["ttl"], given["ttl_min"]) + hops * _PATIENCE + tries)

    def connect(self, builder: Builder, source: Host, way: WayPlan) -> Endpoint:
        """Return a client on `source` that calls what the name stands for."""
        env, given = builder.live.env, self._given

        def around(connection: Any) -> Endpoint:
            noted = _Address(env, connection, connection.target, self._answers, self.age_max)
            return Timeout(env, noted, _LIMIT)

        asker = ByName(
            env,
            builder.live.system.network,
            source,
            builder.connect(source, self._front, WayPlan(service=self.name)),
            self.server.name,
            around=around,
            next_on=(Refused, TimedOut) if given["next_on"] else (),
            ttl_min=given["ttl_min"],
            patience=_PATIENCE,
            serves_stale=given["serves_stale"],
            transport=way.transport,
            propagate_cancellation=way.propagate_cancellation,
        )
        self.askers.append(asker)
        return asker

    def unsettled(self, live: LiveSystem) -> BrokenInvariant | None:
        """Return the breach unless all addresses are there."""
        if set(self.server.available) == set(self.addresses):
            return None
        rule = "a name has all its addresses when all faults have healed"
        return self.broken(live, self.server, rule, f"{len(self.server.available)} of {len(self.addresses)}")

    def check(self, live: LiveSystem) -> None:
        """Raise `BrokenInvariant` for an answer that was believed for too long."""
        if self._answers.too_late and not self._given["serves_stale"]:
            rule = "no answer is believed for longer than its time to live and its propagation"
            raise self.broken(live, self.server, rule, self._answers.too_late[0])

    check_end = check


class AddressRemoved(Fault):
    """The last address of a name is taken out of it, and put back in the end."""

    def __init__(self, system: System, part: NamedService, *, name: str) -> None:
        super().__init__(system.env, name, "address removed")
        self._server = part.server
        self._removed: Endpoint | None = None

    def _start(self) -> None:
        # One at least must stay, and one that is out is another's to put back.
        self._removed = None
        if len(self._server.targets) > 1:
            self._removed = self._server.targets[-1]
            self._server.remove(self._removed)

    def _stop(self) -> None:
        if self._removed is not None:
            self._server.add(self._removed)


def _build(builder: Builder, plan: PartPlan, **given: Any) -> NamedService:
    system, env = builder.live.system, builder.live.env
    # What a balancer waits for must end, too.
    limit = WrapperPlan(kind="timeout", name=f"limit in {plan.name}", parameters={"delay": _LIMIT})
    way = WayPlan(service=given["service"], links=(limit,))
    balancers = [
        builder.inner_way(system.host(name), f"{plan.name} at {name}", way) for name in given["hosts"]
    ]
    home = system.host(given["server_host"][0])
    server = NameServer(env, plan.name, balancers, ttl=given["ttl"], rotates=given["rotates"], host=home)
    answers = _Answers()
    front: Endpoint = _AnswerLog(env, server, answers, name=f"answers of {plan.name}")
    resolver = None
    if given["has_resolver"]:
        resolver = Resolver(
            env,
            builder.connect(home, front, WayPlan(service=plan.name)),
            plan.name,
            host=home,
            patience=_PATIENCE,
            name=f"resolver of {plan.name}",
        )
        front = resolver
    return NamedService(plan, server, resolver, answers, front, given)


NAME = PartKind(
    parameters={
        "service": NameOf(("services",)),
        "server_host": OwnHosts(1, 1),
        "hosts": OwnHosts(1, 3),
        "ttl": Choice(0.5, 0.0, 2.0),
        "ttl_min": Choice(0.0, 1.0),
        "rotates": Choice(True, False),
        "next_on": Choice(False, True),
        "serves_stale": Choice(False, True),
        "has_resolver": Choice(False, True),
    },
    build=_build,
    faults={
        "address_removed": FaultKind(
            parameters={"part": PartOf(("name",))},
            build=lambda system, name, part: AddressRemoved(
                system, system.part(part, NamedService), name=name
            ),
        ),
    },
    is_asked=True,
)
