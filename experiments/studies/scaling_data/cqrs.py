"""CQRS: a model for commands and another one for questions, what that buys, and what a user sees of it.

A shop decides by item, and is asked by customer. With one model a page is computed from the records of all
items; with two there is a read model that has each page ready, made from the log of what has happened (see
`cqrs_shop`: what a piece of work costs is the same in both). So two things are bought at once. A question
costs less, since it was answered in advance; and questions have hosts of their own, as many as they need,
on which no order waits. By what each takes, so many questions per second can be answered, with c cores a
host, o orders per second, each of which is looked at once, and n read hosts:

    one model    (c - o (20 + 11) ms) / 60 ms
    CQRS         (n (c - o 5 ms) - o 11 ms) / 11 ms

The first term of the second is the price: each read host applies all events. And the read model is behind.
Who looks at what he has just ordered may not find it, unless he waits for it, adds himself what he has done,
or asks the command side (see `models.cqrs.remedies`).

A read model can be lost, and made again: after a crash it goes on from where it had come to; a rebuild reads
the log from the beginning, 1,500 events and more, beside the rows that are asked, and on their cores.

What to see (the default sweep): by theory one model on 2 cores answers 28 questions per second besides 10
orders, and on 6 cores 95; CQRS with 1, 2 and 4 read hosts (4, 6 and 10 cores in all) 167, 345 and 699. With
25 questions per second orders of the one model take 145 ms, with 50 1.9 s, if they are answered at all; those
of CQRS 29 ms whatever is asked. Where more is asked than can be answered all wait in vain, since nobody is
turned away (see `shedding`). With 100 questions per second and 1 read host, which reads on at once, 14 % of
those who look do not find their own order; with 150, when it is busy for 90 %, 34 %. Where it reads every 0.5
s, 99.6 % do not. To wait takes them 298 ms to look and not 16 ms; to add one's own order costs nothing, and
4.9 % still lack an order of others; the command side takes 43 ms and lacks nothing, and is busy for 22 % and
not for 11 %. After 6 s without its process a read model has caught up in 0.39 s. Of the questions of the 24 s
around that 76 % are answered with 1 read host, and 99.9 % with 2, as users ask again. A rebuild takes 11.1 s,
and slows down what is asked beside it: questions of those 24 s take 101 ms, with 2 read hosts 14 ms. None is
refused.

Left out: an index that the one model keeps in the same transaction, which is a read model without lag, paid
by the orders; sides that share no log, but a table or a change feed; the cost of having two models to write.
Source: Young, "CQRS Documents" (2010); Fowler, "CQRS" (2011), who warns of it; Kleppmann, "Designing
Data-Intensive Applications" (2017), chapter 11; Newman, "Building Microservices" (1st ed. 2015), chapter 11,
"Scaling Databases".
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from models import Endpoint, Host, Network
from models.cqrs import FromTheCommandSide, OwnView, TwoSides, UntilItIsThere, carry_out, lag
from models.cqrs.commands import Command
from models.cqrs.items import Reserved, Restock
from models.cqrs.log import append_commit
from models.resilience import Timeout
from simulator import Environment, RequestTable

from ...design import Points
from ...misuse import Misuse
from ...parameters import Unit
from ...study import Measure, Run, study
from .cqrs_shop import (
    HOP,
    ITEMS,
    PATIENCE,
    CqrsShop,
    OneModel,
    Pages,
    bound,
    customer_key,
    item_key,
    latest_orders,
    work_times,
)
from .cqrs_users import Users

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

ShopDesign = Literal["one model", "cqrs"]
Remedy = Literal["none", "wait", "own view", "command side"]
Trouble = Literal["none", "crash", "rebuild"]

WARM_UP, DURATION = 5.0, 20.0
"""Seconds; with a trouble a history is read first, and more is seen."""

HISTORY = 1_500
"""Events that the log holds before users come, where there is a trouble."""

TROUBLE_WARM_UP, TROUBLE_AT, CRASH_TIME, TROUBLE_DURATION = 14.0, 16.0, 6.0, 40.0
_PROBE_INTERVAL = 0.02
_CAUGHT_UP = 0.1
"""Seconds that the oldest commit which is missing may be old, for a read model that has caught up."""

_STOCK = 1_000_000

MEASURES = {
    "answered": Measure(description="questions answered per second, within the users' patience", unit="1/s"),
    "answered_share": Measure(description="share of the questions that were"),
    "bound": Measure(description="what answered cannot exceed, by theory", unit="1/s"),
    "query_latency": Measure(description="mean time to the answer to a question", unit="s"),
    "query_p95": Measure(description="95th percentile of the same", unit="s"),
    "command_latency": Measure(description="mean time to the answer to an order", unit="s"),
    "look_latency": Measure(description="mean time to see the page of what one has just ordered", unit="s"),
    "look_failed": Measure(description="share of those looks that were not answered"),
    "own_missed": Measure(description="share of those that did not show one's own order"),
    "others_missed": Measure(description="share that lacked an order of others, accepted before"),
    "lag": Measure(description="mean age of the oldest commit that a read model lacks", unit="s"),
    "lag_max": Measure(description="the largest that it was", unit="s"),
    "write_busy": Measure(description="utilisation of the cores that carry out commands"),
    "read_busy": Measure(description="utilisation of the cores that answer questions"),
    "recovered_in": Measure(
        description="from the restart, or the beginning of the rebuild, until all is caught up", unit="s"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CqrsRun:
    """A run that is over: the `questions`, and by time (s) the age of the oldest commit that each lacks.

    `ages` has shape (times, read models).
    """

    questions: RequestTable
    times: tuple[float, ...]
    ages: tuple[tuple[float, ...], ...]


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.scaling_data.cqrs import figures_of_sweep

    return figures_of_sweep(result)


def require_act(
    *, design: str, remedy: str, trouble: str, read_hosts: int, reading_interval: float, **_others: object
) -> None:
    """Raise Misuse for what is of the read side, where there is none."""
    if design == "cqrs":
        return
    for name, value, default in (
        ("remedy", remedy, "none"),
        ("trouble", trouble, "none"),
        ("read_hosts", read_hosts, 1),
        ("reading_interval", reading_interval, 0.0),
    ):
        if value != default:
            raise Misuse(f"{name} must be {default} with design one model, got {value}")


RATES = (12.5, 25.0, 50.0, 150.0, 300.0, 600.0)
REMEDIES: tuple[Remedy, ...] = ("none", "wait", "own view", "command side")


@study(
    name="cqrs",
    question="What does separating commands and queries buy, and what does a user see right after a command?",
    measures=MEASURES,
    sweep=Points(
        [
            *(
                {"design": "one model", "cores": cores, "query_rate": rate}
                for cores in (2, 6)
                for rate in RATES[:-1]
            ),
            *({"read_hosts": hosts, "query_rate": rate} for hosts in (1, 2, 4) for rate in RATES),
            *(
                {"remedy": remedy, "reading_interval": interval}
                for interval in (0.0, 0.5)
                for remedy in REMEDIES
            ),
            *(
                {"trouble": trouble, "read_hosts": hosts}
                for trouble in ("crash", "rebuild")
                for hosts in (1, 2)
            ),
        ]
    ),
    replications=3,
    check=require_act,
    figures_of_sweep=_figures_of_sweep,
)
def cqrs(
    *,
    seed: int,
    design: Annotated[ShopDesign, Field(description="one model for all, or one for each side")] = "cqrs",
    cores: Annotated[int, Field(ge=1, le=64, description="cores of each host")] = 2,
    read_hosts: Annotated[int, Field(ge=1, le=20, description="hosts with a read model each")] = 1,
    query_rate: Annotated[
        float, Field(gt=0, le=2_000, allow_inf_nan=False, description="questions"), Unit("1/s")
    ] = 100.0,
    command_rate: Annotated[
        float, Field(gt=0, le=500, allow_inf_nan=False, description="orders"), Unit("1/s")
    ] = 10.0,
    remedy: Annotated[Remedy, Field(description="what users do about their own orders")] = "none",
    reading_interval: Annotated[
        float,
        Field(
            ge=0, le=60, description="from one reading of the log to the next; 0: as soon as there is more"
        ),
        Unit("s"),
    ] = 0.0,
    trouble: Annotated[Trouble, Field(description="what becomes of the first read model")] = "none",
) -> Run:
    """Let users ask and order, and look at what they have just ordered."""
    env = Environment(seed=seed)
    network = Network(env, latencies=HOP)
    web = Host(env, "web")
    start, end = (WARM_UP, DURATION) if trouble == "none" else (TROUBLE_WARM_UP, TROUBLE_DURATION)
    rates = {"query_rate": query_rate, "command_rate": command_rate, "start": start, "end": end}
    if design == "one model":
        return _run_one_model(env, network, web, cores, rates)
    shop = CqrsShop(env, network, read_hosts=read_hosts, cores=cores, reading_interval=reading_interval)
    commands, queries = shop.commands(web), shop.queries(web)
    history = shop.log.client(web) if trouble != "none" else None
    _run_first(env, _stock_up(network.connect(web, shop.handler), history))
    users = Users(env, queries, lambda: _client(remedy, commands, queries), **rates)
    watch = _Watch(env, shop, start)
    if trouble != "none":
        watch.strike(trouble)
    busy = _run_until(env, [[shop.write_host], shop.read_hosts], start, end)
    run = CqrsRun(questions=users.questions, times=tuple(watch.times), ages=tuple(watch.ages))
    most = bound(design, cores=cores, read_hosts=read_hosts, command_rate=command_rate)
    return _result(users, start, end, most, busy, watch.measures(), run)


def _run_one_model(
    env: Environment, network: Network, web: Host, cores: int, rates: Mapping[str, float]
) -> Run:
    host = Host(env, "shop", cores=cores)
    connection = network.connect(web, OneModel(env, host, network))
    way = Timeout(env, connection, PATIENCE)
    _run_first(env, _stock_up(connection, None))
    users = Users(env, way, lambda: way, **rates)
    start, end = rates["start"], rates["end"]
    busy = _run_until(env, [[host]], start, end)
    run = CqrsRun(questions=users.questions, times=(), ages=())
    no_lag = {"lag": 0.0, "lag_max": 0.0, "recovered_in": nan}
    most = bound("one model", cores=cores, read_hosts=1, command_rate=rates["command_rate"])
    return _result(users, start, end, most, [busy[0], busy[0]], no_lag, run)


def _run_first(env: Environment, work: Generator[Any, Any, None]) -> None:
    env.run(until=env.process(work, "stocking up"))


def _stock_up(commands: Endpoint, log: Endpoint | None) -> Generator[Any, Any, None]:
    """Let more units of each item come than are ever sold; and a history of orders, if there is to be one."""
    for number in range(ITEMS):
        yield from commands.call(carry_out(Command(("stock", number), item_key(number), Restock(_STOCK))))
    for number in range(0 if log is None else HISTORY):
        assert log is not None
        order = Reserved(("old item", number % ITEMS), f"old {number}", customer_key(number % 100), 1)
        yield from log.call(append_commit(("old item", number % ITEMS), [order]))


def _client(remedy: Remedy, commands: Endpoint, queries: Endpoint) -> Endpoint:
    if remedy == "wait":
        return UntilItIsThere(commands, queries, patience=PATIENCE)
    if remedy == "own view":
        return OwnView(commands, queries, Pages())
    if remedy == "command side":
        return FromTheCommandSide(commands, queries, latest_orders)
    return TwoSides(commands, queries)


# -- watching ---------------------------------------------------------------------------------------------


class _Watch:
    """An observer of the read models, and who strikes the first of them."""

    def __init__(self, env: Environment, shop: CqrsShop, start: float) -> None:
        self._env = env
        self._shop = shop
        self._start = start
        self._recovering_since = inf
        self._recovered_in = nan
        self.times: list[float] = []
        self.ages: list[tuple[float, ...]] = []
        env.process(self._look(), "watch")

    def strike(self, trouble: str) -> None:
        """Let the first read model's process crash for a while, or let it be rebuilt."""
        first, env = self._shop.projections[0], self._env
        if trouble == "crash":
            env.call_later(TROUBLE_AT - env.now, first.crash)
            env.call_later(TROUBLE_AT + CRASH_TIME - env.now, first.restart)
            self._recovering_since = TROUBLE_AT + CRASH_TIME
        else:
            env.call_later(TROUBLE_AT - env.now, first.rebuild)
            self._recovering_since = TROUBLE_AT

    def _look(self) -> Generator[Any, Any, None]:
        env, shop = self._env, self._shop
        first = shop.projections[0]
        while True:
            yield _PROBE_INTERVAL
            commits = shop.log.commits()
            ages = tuple(lag(each.position, commits, env.now).time for each in shop.projections)
            self.times.append(env.now)
            self.ages.append(ages)
            is_back = first.is_awake and not first.is_rebuilding and ages[0] < _CAUGHT_UP
            if env.now > self._recovering_since and is_back and np.isnan(self._recovered_in):
                self._recovered_in = env.now - self._recovering_since

    def measures(self) -> dict[str, float]:
        """Return what was seen from the start on."""
        seen = np.array(
            [each for time, each in zip(self.times, self.ages, strict=True) if time > self._start]
        )
        return {
            "lag": float(seen.mean()),
            "lag_max": float(seen.max()),
            "recovered_in": self._recovered_in,
        }


def _run_until(env: Environment, sides: list[list[Host]], start: float, end: float) -> list[float]:
    """Run to the end; return how busy each side's cores were from the start on."""
    env.run(until=start)
    before = [sum(work_times(hosts)) for hosts in sides]
    env.run(until=end)
    return [
        (sum(work_times(hosts)) - then) / (sum(host.cores for host in hosts) * (end - start))
        for hosts, then in zip(sides, before, strict=True)
    ]


def _result(
    users: Users,
    start: float,
    end: float,
    most: float,
    busy: list[float],
    read_side: Mapping[str, float],
    run: CqrsRun,
) -> Run:
    looks = users.looks
    sample = users.questions.sample(start, end - PATIENCE, by="start")
    answered = sample.where(sample.succeeded)
    measures = {
        "answered": len(answered) / (end - PATIENCE - start),
        "answered_share": sample.availability(),
        "bound": most,
        "query_latency": _mean(list(answered.latency)),
        "query_p95": float(answered.percentiles([95.0])[0]),
        "command_latency": _mean(looks.order_times),
        "look_latency": _mean(looks.times),
        "look_failed": looks.failed_count / looks.count if looks.count else nan,
        "own_missed": looks.own_missed_count / len(looks.times) if looks.times else nan,
        "others_missed": looks.others_missed_count / len(looks.times) if looks.times else nan,
        **read_side,
        "write_busy": busy[0],
        "read_busy": busy[1],
    }
    return Run(measures={name: measures[name] for name in MEASURES}, detail=run)


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else nan
