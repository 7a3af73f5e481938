"""Cap: what each store still does on each side when the network is cut in two, and what that costs.

Users of a majority and of a minority of a store's nodes use it from both sides of an ocean (`places`,
`users`) when the network between is cut for a while. The stores are compared on equal terms (`designs`), and
what their users were told is written down and checked (`cap_run`): who was answered, how stale that was, what
of it is lost, and whether the history is linearizable. A store that claims to be and was not stops the run,
with seed and witness.

That nobody can have both is a theorem: where messages may be lost, no store answers all requests and has only
linearizable histories. What it does not say is what the choice costs when nothing is cut (PACELC: else
latency or consistency), for how long a side is refused (a failover takes its seconds), how stale the stale
is, and what is lost of what was acknowledged, which need not be anything. Nor does it make of everything that
refuses something that is consistent: one primary and asynchronous replicas are neither available nor
linearizable.

What to see (the default sweep): cut for 30 s, with the primary or leader on the majority's side, the single
process, the synchronous primary, Raft and strict quorums answer the majority everything and the minority
nothing, and all their histories are linearizable. The quorums do not promise it: with the minority's clocks
0.5 s behind, none is. Partial quorums and the multi-primary store answer everybody everything, and no history
is linearizable: 45 % of what the minority reads is stale, and 74 changes are overruled unseen, though no
order is lost. Their stalest read is 8.7 s behind, for each side soon replaces what it has; of what the other
side does it sees nothing as long as the cut lasts. Sloppy quorums refuse the minority until it knows for whom
to stand in, and answer 86 % of its reads. An asynchronous replica answers reads and is behind by up to 27.7
s. Where the primary is cut off, a failover serves 89 % of the majority's writes after all. Without a lease
the old primary goes on, and 84 orders and 75 changes that it has acknowledged are gone; with one of 3 s, 8
and 4. The synchronous primary and Raft lose none, serve 89 and 96 % of the majority's writes, and none of the
minority's. While nothing is cut, a write of the minority takes 1.4 ms with partial quorums or multi-primary,
80 ms with the single process, 75 with strict quorums, 83 with the synchronous primary and 85 with Raft, the
consistent ones, which ask across the ocean; and with Raft's leader on the wrong side, one of the majority
takes 0.17 s.

Sources: Gilbert and Lynch, "Brewer's Conjecture and the Feasibility of Consistent, Available,
Partition-Tolerant Web Services" (SIGACT News 2002); Abadi, "Consistency Tradeoffs in Modern Distributed
Database System Design" (IEEE Computer 2012), for PACELC; Kleppmann, "A Critique of the CAP Theorem" (2015),
for what is neither.
"""

from collections.abc import Callable, Mapping
from math import nan
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from models.consistency import Verdict
from models.faults import ClockSkew, FaultPlan, NetworkPartition
from models.replication import READ
from simulator import Environment
from simulator.randomness import Uniform

from ...design import Points
from ...misuse import Misuse
from ...parameters import Unit
from ...study import Measure, Run, study
from .cap_run import CapRun, watch_it_settle
from .designs import HAVE_ONE, StoreName, build_store
from .places import SIDES, Places, Side, two_sides
from .users import CHANGE, ORDER, PATIENCE, admit_users, is_order

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Cut = Literal["both ways", "to the minority", "to the majority"]

ROWS: tuple[Mapping[str, object], ...] = (
    {"store": "single process"},
    {"store": "asynchronous"},
    {"store": "synchronous"},
    {"store": "raft"},
    {"store": "strict quorums"},
    {"store": "strict quorums", "skew": -0.5},
    {"store": "sloppy quorums"},
    {"store": "partial quorums"},
    {"store": "multi-primary"},
    {"store": "asynchronous, failover", "cut_off": True},
    {"store": "asynchronous, fenced", "cut_off": True},
    {"store": "synchronous", "cut_off": True},
    {"store": "raft", "cut_off": True},
)
"""What is compared in the default sweep, at each of these lengths of the cut."""
LENGTHS = (2.0, 5.0, 10.0, 30.0)
BEFORE, AFTER = 10.0, 5.0
"""Seconds for which users come before the cut, and read on when it is over."""

_WARM_UP = 2.0
_OPERATIONS: Mapping[str, tuple[str, ...]] = {"read": (READ,), "write": (CHANGE, ORDER)}


def _by_side(name: str, description: str, unit: str = "") -> dict[str, Measure]:
    return {f"{side}_{name}": Measure(description=f"{side}: {description}", unit=unit) for side in SIDES}


MEASURES = {
    **_by_side("reads", "share of reads answered while cut"),
    **_by_side("writes", "share of writes answered while cut"),
    **{
        name: measure
        for kind in _OPERATIONS
        for percent in (50, 99)
        for name, measure in _by_side(
            f"{kind}_p{percent}", f"percentile {percent} of answered {kind}s before the cut", "s"
        ).items()
    },
    **{
        name: measure
        for kind in _OPERATIONS
        for name, measure in _by_side(
            f"{kind}_p99_cut", f"percentile 99 of answered {kind}s while cut", "s"
        ).items()
    },
    **_by_side("stale", "share of the reads answered while cut that were stale"),
    **_by_side("staleness", "the most stale of them, by how long ago it was replaced", "s"),
    **_by_side("versions_behind", "the most stale of them, by the number of newer writes"),
    "lost_orders": Measure(description="acknowledged orders sent while cut that are nowhere in the end"),
    "lost_changes": Measure(
        description="acknowledged changes sent while cut that the other side's replaced unseen"
    ),
    "unknown_writes": Measure(description="writes sent while cut of which nobody knows what became of them"),
    "promised": Measure(description="whether the store claims to be linearizable: 1 or 0"),
    "linearizable": Measure(
        description="whether the history is linearizable: 1 or 0; nan: the check gave up"
    ),
    "converged_time": Measure(
        description="from the heal until all copies are equal; inf: not in 30 s", unit="s"
    ),
}


def require_act(*, store: str, cut_off: bool, **_others: object) -> None:
    """Raise Misuse for what is special to be cut off where nothing is."""
    if cut_off and store not in HAVE_ONE:
        raise Misuse(f"cut_off must be false with store {store}, which has no primary, got true")


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.stores.cap import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..figures.stores.cap import figures_of_run

    return figures_of_run(run)


@study(
    name="cap",
    question="When the network is cut in two: what does each store still do on each side, and at what cost?",
    measures=MEASURES,
    sweep=Points([{**row, "partition": length} for row in ROWS for length in LENGTHS]),
    replications=5,
    check=require_act,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def cap(
    *,
    seed: int,
    store: Annotated[StoreName, Field(description="the store")] = "raft",
    partition: Annotated[
        float, Field(ge=2, le=600, allow_inf_nan=False, description="how long the network is cut"), Unit("s")
    ] = 10.0,
    cut_off: Annotated[
        bool,
        Field(description="whether the one process, the primary or the leader stands on the minority's side"),
    ] = False,
    cut: Annotated[
        Cut, Field(description="which messages are cut: between the sides, or to one of them")
    ] = "both ways",
    skew: Annotated[
        float,
        Field(ge=-60, le=60, allow_inf_nan=False, description="how far the minority's clocks are off"),
        Unit("s"),
    ] = 0.0,
    rate: Annotated[
        float,
        Field(gt=0, le=1_000, allow_inf_nan=False, description="operations of each side's users"),
        Unit("1/s"),
    ] = 10.0,
) -> Run:
    """Cut the network between two sides whose users use one store, and heal it."""
    run = run_cut(seed=seed, store=store, partition=partition, cut_off=cut_off, cut=cut, skew=skew, rate=rate)
    require_kept_promise(run, seed)
    return Run(measures=_measures(run, cut), detail=run)


def run_cut(
    *,
    seed: int,
    store: StoreName,
    partition: float,
    cut_off: bool,
    cut: Cut,
    skew: float,
    rate: float,
    watch: Callable[[Places], object] | None = None,
) -> CapRun:
    """Return the run of these parameters; `watch` is called before anything happens, for observers."""
    env = Environment(seed=seed)
    places = two_sides(env)
    if watch is not None:
        watch(places)
    if skew:
        for host in (*places.hosts["minority"], places.clients["minority"]):
            ClockSkew(host, skew).inject()
    built = build_store(store, env, places, special="minority" if cut_off else "majority")
    begin = env.now
    # At any moment between two signs of life.
    start = begin + BEFORE + env.sampler("moment", Uniform(0.0, 1.0))()
    end = start + partition
    FaultPlan(env).at(start, _partition(places, cut), end=end)
    users = admit_users(env, places, built, rate=rate, writes_until=end - PATIENCE, reads_until=end + AFTER)
    env.run(until=end)
    converged_time = watch_it_settle(env, built, end)
    if env.now < end + AFTER + PATIENCE:
        env.run(until=end + AFTER + PATIENCE)
    return CapRun(
        store=built,
        tables=users.tables,
        history=users.recorder.history(),
        log=env.event_log,
        begin=begin,
        start=start,
        end=end,
        held=built.contents(),
        converged_time=converged_time,
    )


def _partition(places: Places, cut: Cut) -> NetworkPartition:
    majority, minority = (places.regions[side] for side in SIDES)
    if cut == "to the majority":
        majority, minority = minority, majority
    return NetworkPartition(places.network, majority, minority, one_way=cut != "both ways", name="network")


def require_kept_promise(run: CapRun, seed: int) -> None:
    """Assert that a store which claims to be linearizable was."""
    found = run.verdict
    if run.store.is_linearizable and found.verdict is Verdict.NOT_LINEARIZABLE:
        raise AssertionError(f"{run.store.name} claims to be linearizable; seed {seed}: {found.text()}")


def share_of(verdict: Verdict) -> float:
    """Return a verdict as a measure: what is unknown counts neither way."""
    return nan if verdict is Verdict.UNKNOWN else float(verdict is Verdict.LINEARIZABLE)


def _measures(run: CapRun, cut: Cut) -> dict[str, float]:
    lost = run.lost()
    orders = sum(is_order(each.key) for each in lost)
    return {
        **{name: value for side in SIDES for name, value in _of_side(run, side).items()},
        "lost_orders": orders,
        "lost_changes": len(lost) - orders if cut == "both ways" else nan,
        "unknown_writes": run.unknown_count(),
        "promised": float(run.store.is_linearizable),
        "linearizable": share_of(run.verdict.verdict),
        "converged_time": run.converged_time,
    }


def _of_side(run: CapRun, side: Side) -> dict[str, float]:
    measures: dict[str, float] = {}
    for kind, operations in _OPERATIONS.items():
        measures[f"{side}_{kind}s"] = run.sent(side, operations, run.start, run.end - PATIENCE).availability()
        before = run.answered(side, operations, run.begin + _WARM_UP, run.start - PATIENCE)
        during = run.answered(side, operations, run.start, run.end - PATIENCE)
        for percent, value in zip((50, 99), before.percentiles([50.0, 99.0]), strict=True):
            measures[f"{side}_{kind}_p{percent}"] = float(value)
        measures[f"{side}_{kind}_p99_cut"] = float(during.percentiles([99.0])[0])
    reads = [
        each
        for each in run.staleness
        if each.read.site == side and run.start <= each.read.invoked_at < run.end - PATIENCE
    ]
    stale = [each for each in reads if each.versions_count]
    measures[f"{side}_stale"] = len(stale) / len(reads) if reads else nan
    measures[f"{side}_staleness"] = max((each.seconds for each in reads), default=nan)
    measures[f"{side}_versions_behind"] = float(max((each.versions_count for each in reads), default=nan))
    return measures
