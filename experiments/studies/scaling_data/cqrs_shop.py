"""The shop of `cqrs`, in two designs: one model for commands and questions, or one for each, by an event log.

Both sell the same items by the same rules and show the same pages. What a piece of work costs is the same
too: a command `COMMAND_WORK`, a question `QUESTION_WORK` and `RECORD_WORK` for each record that it looks at.
The difference is what is looked at: to show what a customer has ordered, one model looks through the records
of all items; a read model has a row for him, and has paid `EVENT_WORK` for each event to keep it.

    one model    one process and its disk: it decides, writes, and computes pages from its records
    cqrs         a host for the log and the command handler; read hosts, each with a read model of its own,
                 and users take turns among them, and ask again where one refuses
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from models import Endpoint, Host, Network, Request, Response
from models.balancing import Balancer, RoundRobin
from models.cqrs import (
    Accepted,
    CommandHandler,
    CommandSettings,
    Declined,
    DiskEventLog,
    Projection,
    ProjectionSettings,
    ReadModel,
)
from models.cqrs.commands import COMMAND, Command, Refusal
from models.cqrs.items import ItemDecider, Reserved
from models.cqrs.projections import Rows
from models.nodes import Node
from models.resilience import ConstantBackoff, Retry, Timeout
from models.storage import Disk, GroupCommit, Log
from simulator import Environment

ITEMS, CUSTOMERS, SHOWN = 50, 100, 20
"""Items, customers, and how many orders a page shows: the latest."""

COMMAND_WORK, QUESTION_WORK, RECORD_WORK, EVENT_WORK, LOG_WORK = 0.02, 0.01, 0.001, 0.005, 0.001
"""Seconds on a core."""

PATIENCE = 2.0
"""Seconds that a user waits for an answer."""

HOP, SYNC_TIME = 0.001, 0.004


class Pages(ReadModel):
    """The latest orders of each item and of each customer, the newest last."""

    __slots__ = ()

    def apply(self, event: Any, rows: Rows) -> None:
        """Put an order on both pages."""
        if isinstance(event, Reserved):
            for key in (event.item, event.customer):
                rows[key] = (*rows.get(key, ()), event.order)[-SHOWN:]


def item_key(number: int) -> tuple[str, int]:
    """Return the key of an item's page, which is its stream too."""
    return ("item", number)


def customer_key(number: int) -> tuple[str, int]:
    """Return the key of a customer's page."""
    return ("customer", number)


class OneModel(Node):
    """Commands and questions in one process, over one set of records."""

    __slots__ = ("_decider", "_log", "_pages", "_rows", "_states")

    def __init__(self, env: Environment, host: Host, network: Network) -> None:
        self._decider = ItemDecider()
        self._log: Log[Command] = Log(self, Disk(host, sync_time=SYNC_TIME), GroupCommit())
        self._pages = Pages()
        super().__init__(env, host, network, name="one model", threads=100_000)

    def remember(self) -> None:
        """Have no records; this study crashes it never."""
        self._states: dict[Any, Any] = {}
        self._rows: dict[Any, Any] = {}

    def answer(self, request: Request) -> Generator[Any, Any, Response]:
        """Carry a command out, or compute a page."""
        if request.operation == COMMAND:
            return (yield from self._carry_out(request.value))
        record_count = 1 if request.key[0] == "item" else ITEMS
        yield from self.work(QUESTION_WORK + RECORD_WORK * record_count)
        # What is found is what is kept here beside; what it costs to find it is paid above.
        return Response(self._rows.get(request.key))

    def _carry_out(self, command: Command) -> Generator[Any, Any, Response]:
        yield from self.work(COMMAND_WORK)
        state = self._states.get(command.stream) or self._decider.initial(command.stream)
        decision = self._decider.decide(state, command.intent)
        if isinstance(decision, Refusal):
            return Response(Declined(command.id, decision.reason))
        self._states[command.stream] = self._decider.state_after(state, decision)
        position = self._log.append(command)
        yield from self._log.commit(position)
        rows = Rows(self._rows)
        for event in decision:
            self._pages.apply(event, rows)
        self._rows.update(rows.changes)
        return Response(Accepted(command.id, command.stream, position, position, tuple(decision)))


class CqrsShop:
    """The other design: `log`, `handler`, and `projections` on `read_hosts` hosts.

    They read the log every `reading_interval` seconds; 0: they wait there for what comes next.
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        *,
        read_hosts: int,
        cores: int,
        reading_interval: float,
    ) -> None:
        self._env = env
        self._network = network
        self.write_host = Host(env, "write side", cores=cores)
        self.log = DiskEventLog(
            env,
            network,
            self.write_host,
            disk=Disk(self.write_host, sync_time=SYNC_TIME),
            request_work=LOG_WORK,
            threads=100_000,
        )
        self.handler = CommandHandler(
            env,
            self.write_host,
            network,
            self.log.client(self.write_host),
            ItemDecider(),
            settings=CommandSettings(work=COMMAND_WORK, conflicts_max=100),
            threads=100_000,
        )
        self.read_hosts = [Host(env, f"read side {n + 1}", cores=cores) for n in range(read_hosts)]
        settings = ProjectionSettings(
            wait=0.0 if reading_interval else 1.0,
            interval=reading_interval,
            event_work=EVENT_WORK,
            query_work=QUESTION_WORK + RECORD_WORK,
        )
        self.projections = [
            Projection(
                env,
                host,
                network,
                self.log.client(host),
                Pages(),
                settings=settings,
                disk=Disk(host, sync_time=SYNC_TIME),
                name=f"pages {number + 1}",
                threads=100_000,
            )
            for number, host in enumerate(self.read_hosts)
        ]

    def commands(self, web: Host) -> Endpoint:
        """Return a user's way to the command side."""
        return Timeout(self._env, self._network.connect(web, self.handler), PATIENCE)

    def queries(self, web: Host) -> Endpoint:
        """Return a user's way to the read side."""
        ways = [self._network.connect(web, projection) for projection in self.projections]
        balancer = Balancer(self._env, ways, policy=RoundRobin(), host=web)
        # Others take turns meanwhile, so that the next one may be the same.
        again = Retry(self._env, balancer, attempts=4, backoff=ConstantBackoff(delay=0.0))
        return Timeout(self._env, again, PATIENCE)


def bound(design: str, *, cores: int, read_hosts: int, command_rate: float) -> float:
    """Return how many questions per second can be answered, by what each takes, besides orders and looks."""
    look = QUESTION_WORK + RECORD_WORK
    if design == "one model":
        return (cores - command_rate * (COMMAND_WORK + look)) / (QUESTION_WORK + ITEMS * RECORD_WORK)
    return (read_hosts * (cores - command_rate * EVENT_WORK) - command_rate * look) / look


def work_times(hosts: Sequence[Host]) -> list[float]:
    """Return for how many core-seconds each of `hosts` has worked."""
    return [host.statistics().busy_time for host in hosts]


def latest_orders(state: Any) -> tuple[Any, ...]:
    """Return an item's page, made from its state on the command side."""
    orders: Mapping[Any, Any] = state.orders
    return tuple(orders)[-SHOWN:]
