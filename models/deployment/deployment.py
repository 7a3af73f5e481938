"""A deployment: the controller that brings a service from one version to the next, and back.

It stands on a host of its own and looks every `interval` seconds: it exchanges orders and reports with the
agents on the hosts (see `agent`), compares what there is with what the present step wants (see `strategy`),
and orders what may be done now (see `moves`). An instance of which it has not heard at the last look is not
available. So whatever crashes, is cut off or never becomes ready holds the upgrade up, and nothing else:
the rest serves.

States of an upgrade: *under way* -> *complete*; or, when the judge or an operator says so, *going back* ->
*rolled back*; or *superseded* by another one that is ordered meanwhile, for which all that is there is old;
where its old set is to stay, that is the version which was the only one, and what came after it goes first.
It is *stuck* when nothing has moved for the strategy's deadline: that is written down, and nothing is done
about it. What was the only version when an upgrade was last complete is what going back goes back to.

The controller's host may crash. The present version, the upgrade, its step and all orders are on its disk,
and it goes on with that step when it is up again; how long the step has been watched, and what the monitors
have said, was in its memory, so that the watch of the step begins anew. Orders to it may be given at any
time, and are on the disk then; what they mean for the balancers is told to these when it is up again, and has
asked how things stand.

Kinds in the event log: "deploy" with the service as subject, and `version`, `old` and `step` in the detail;
`step` is "begin", the name of a step that is reached, "stuck", "goes on", "roll back" with a `reason`,
"complete", "rolled back" or "superseded".

Leaves out: instances of hosts that are lost for good (which an instance group replaces), hooks, schema
migrations, sessions. Source: Kubernetes, "Deployments"; Argo Rollouts.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from math import inf
from typing import Any

from simulator import CallFailed, Process

from ..balancing import Balancer
from ..infrastructure import Host
from ..instance_groups import HostSource, Member
from ..request import Request
from ..resilience import Timeout
from ..services import Instance, Service
from ..system import System
from .agent import Draining
from .bounds import Bounds, share_of
from .fleet import Fleet
from .monitor import CallMonitor, Question
from .moves import Moves, Stock, next_moves, proportional_moves
from .rolling import RollingUpgrade
from .rollout import Rollout
from .roster import Roster
from .routes import Routes, Split
from .strategy import Step, Strategy
from .version import Version
from .watch import Watch

_ROLLING = RollingUpgrade()
_DRAINING = Draining()
_ALL = Step(name="rest", share=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentStatistics:
    """What a deployment has done so far.

    Of `upgrade_count` upgrades `completed_count` came to their end, `rolled_back_count` back to where they
    had begun, and `superseded_count` were overtaken by another; the rest is under way. `started_count` and
    `stopped_count` instances were ordered to start and to stop; `running_count` are there now, those that
    are leaving included, and `available_count` were ready when last heard of.
    """

    upgrade_count: int
    completed_count: int
    rolled_back_count: int
    superseded_count: int
    stuck_count: int
    started_count: int
    stopped_count: int
    running_count: int
    available_count: int


class Deployment:
    """The deployment of `service` in a `system`, by a controller on `host`.

    - `hosts` is where hosts for new instances come from, and go back to; None: new instances stand in place,
      on the hosts of the old ones.
    - `draining` is how instances are taken out.
    - `routes` are needed by strategies that send requests by version (`BlueGreen`, `Canary` by weight).
    - `balancers` are those whose calls a judge looks at; by default all that the routes have, also those that
      come later.
    - `interval` (> 0 s) is the time between two looks, and how long the controller waits for an answer.

    `desired_count` is how many instances are wanted (an autoscaler may scale a deployment), `version` is the
    present one, `rollouts` are all upgrades so far. `fleet.running` is a gauge of the instances there are.
    Nobody else may manage the service, no instance group either: two would undo each other's work.

    Example::

        deployment = Deployment(system, shop, host=system.add_host("controller"))
        rollout = deployment.upgrade(Version(name="2", make_handler=make_new_handler))
        env.run(until=120.0)
        rollout.outcome
    """

    def __init__(
        self,
        system: System,
        service: Service,
        *,
        host: Host,
        hosts: HostSource | None = None,
        draining: Draining = _DRAINING,
        routes: Routes | None = None,
        balancers: Iterable[Balancer] | None = None,
        interval: float = 1.0,
    ) -> None:
        if not 0.0 < interval < inf:
            raise ValueError(f"interval must be finite and > 0 s, got {interval!r}")
        if routes is not None and routes.service is not service:
            raise ValueError(f"routes must be those of {service!r}, got those of {routes.service!r}")
        service.put_under(self)
        env = system.env
        self._env = env
        self.service = service
        self.name = service.name
        self.host = host
        self.interval = interval
        self.routes = routes
        self.version = Version.of(service)
        self.rollouts: list[Rollout] = []
        self.fleet = Fleet(
            env, system.network, service, host, draining=draining, hosts=hosts, patience=interval
        )
        self._roster = Roster(env, service)
        self.desired_count = len(self.fleet.entries)
        self._previous: Version | None = None
        self._network = system.network
        self._balancers = None if balancers is None else tuple(balancers)
        self._monitors: dict[Balancer, Timeout] = {}  # by the balancer that each stands beside
        self._process: Process | None = None
        self._is_short = False
        self._postponed: list[Rollout] = []  # orders that came while the host was down
        self._scaled_from: int | None = None  # the count that was desired before, until that is acted upon
        self._begin_anew()
        host.on_restart(self._restart)
        # Whoever else adds or removes instances: the controller has the registry, and sees that.
        service.on_added(lambda instance: self._wake())
        service.on_removed(lambda instance: self._wake())

    def __repr__(self) -> str:
        return f"Deployment({self.service.name!r})"

    # -- what there is, for whoever scales it

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The service's instances, of whichever version; those on their way out are in it no longer."""
        return self.service.instances

    @property
    def members(self) -> tuple[Member, ...]:
        """Their records: since when each has been as it is."""
        return self._roster.members()

    @property
    def pending_count(self) -> int:
        """How many are ordered that have no instance yet."""
        return max(0, self.fleet.staying_count - len(self.service.instances))

    # -- orders

    @property
    def rollout(self) -> Rollout | None:
        """The upgrade that is under way, if any."""
        last = self.rollouts[-1] if self.rollouts else None
        return last if last is not None and last.outcome == "under way" else None

    def upgrade(self, version: Version, strategy: Strategy = _ROLLING) -> Rollout:
        """Go to `version` by `strategy`; one that is under way is superseded.

        Raises `ValueError` for the version that it has or goes to already, and for a strategy that needs
        routes or balancers that are not there.
        """
        under_way = self.rollout
        target = self.version if under_way is None else under_way.target
        if version.name == target.name:
            raise ValueError(f"version must differ from the present one, got {version.name!r} again")
        self._require_means(strategy)
        if under_way is not None:
            self._end(under_way, "superseded")
        rollout = Rollout(
            version=version,
            old=self.version,
            strategy=strategy,
            steps=strategy.steps(),
            began_at=self._env.now,
        )
        self.rollouts.append(rollout)
        self._log(rollout, "begin")
        self._begin_anew()
        self._set_out(rollout)
        self._wake()
        return rollout

    def roll_back(self, reason: str = "by hand") -> bool:
        """Give up the upgrade that is under way, or undo the last one; say whether there is anything to do.

        One that goes back already is left to it.
        """
        rollout = self.rollout
        if rollout is not None:
            if not rollout.is_going_back:
                self._turn_back(rollout, reason)
                self._wake()
                return True
            return False
        if self._previous is None:
            return False
        last = self.rollouts[-1].strategy
        back = RollingUpgrade(
            bounds=last.bounds, min_ready_time=last.min_ready_time, progress_deadline=last.progress_deadline
        )
        self.upgrade(self._previous, back)
        return True

    def scale_to(self, count: int) -> None:
        """Want `count` (>= 0) instances from now on; during an upgrade its steps are shares of that."""
        given: object = count
        if not isinstance(given, int) or isinstance(given, bool) or given < 0:
            raise ValueError(f"count must be a whole number >= 0, got {count!r}")
        if self._scaled_from is None:
            self._scaled_from = self.desired_count
        self.desired_count = count
        self._wake()

    def _require_means(self, strategy: Strategy) -> None:
        parts = [step.traffic for step in strategy.steps() if step.traffic is not None]
        if parts and self.routes is None:
            raise ValueError(f"routes must be given to send requests by version, as {strategy!r} does")
        if self.routes is not None and any(part not in (0.0, 1.0) for part in parts):
            self.routes.require_weights()
        if strategy.judge is not None and not self._monitors_by_now():
            raise ValueError(f"balancers must be given for the judge of {strategy!r} to look at")

    # -- the loop

    def _wake(self) -> None:
        if self.host.is_up and (self._process is None or not self._process.is_alive):
            self._process = self.host.start(self._run(), f"deployment of {self.service.name}")

    def _restart(self) -> None:
        # Of the instances nothing has to be forgotten: they are asked anew before anything is decided.
        self._begin_anew()
        self._wake()

    def _begin_anew(self) -> None:
        """Know nothing of the present step but what is on the disk."""
        self._watch = Watch(self._env.now)

    def _run(self) -> Generator[Any, Any, None]:
        while True:
            self.desired_count = max(self.desired_count + self.fleet.take_stock(self.version), 0)
            yield from self.fleet.exchange()
            while self._postponed:
                self._set_out(self._postponed.pop(0))
            yield from self._ask_monitors()
            if self._act():
                continue  # orders go out at once
            if self.rollout is None and not self.fleet.is_leaving and not self._is_short:
                return
            yield self.interval

    def _act(self) -> bool:
        """Order what may be done, look whether the step is over; say whether there is anything to send."""
        rollout = self.rollout
        step = _ALL if rollout is None else rollout.step
        target = self.version if rollout is None else rollout.target
        strategy = _ROLLING if rollout is None else rollout.strategy
        new, old = self.fleet.of(target.name, strategy.min_ready_time)
        new_target = share_of(step.share, self.desired_count)
        old_target = self.desired_count if step.keeps_old else self.desired_count - new_target
        surge, unavailable = strategy.bounds.resolve(self.desired_count)
        moves = self._moves_to_scale(new, old, step, strategy.bounds) or next_moves(
            new,
            old,
            new_target=new_target,
            old_target=old_target,
            desired=self.desired_count,
            surge=surge,
            unavailable=unavailable,
        )
        has_ordered = self._carry_out(moves, target, step, strategy.min_ready_time)
        self._is_short = new.count < new_target or old.count < old_target
        if rollout is None:
            return has_ordered
        ready_count = sum(each.available_count for each in self.fleet.of(target.name, 0.0))
        if self._watch.has_moved(self._env.now, new, old, ready_count) and rollout.is_stuck:
            rollout.is_stuck = False
            self._log(rollout, "goes on")
        is_there = new == Stock(new_target, new_target) and old.count == old_target and not has_ordered
        return self._look(rollout, is_there=is_there) or has_ordered

    def _moves_to_scale(self, new: Stock, old: Stock, step: Step, bounds: Bounds) -> Moves | None:
        """Return what another desired count makes of both sets, in a step that replaces one by the other."""
        before, self._scaled_from = self._scaled_from, None
        desired = self.desired_count
        if before in (None, desired) or self.rollout is None or step.keeps_old or step.share < 1.0:
            return None
        if not new.count:  # as long as there is one set only, it is that one that is scaled
            return Moves(start_old=max(desired - old.count, 0), stop_old=max(old.count - desired, 0))
        count_max_before, count_max = (
            count and count + bounds.resolve(count)[0] for count in (before, desired)
        )
        if not old.count or not count_max_before:
            return None
        return proportional_moves(
            new.count, old.count, count_max_before=count_max_before, count_max=count_max
        )

    def _carry_out(self, moves: Moves, target: Version, step: Step, min_ready_time: float) -> bool:
        keeping = self.version.name if step.keeps_old else None
        started = [self.fleet.start(target) for _ in range(moves.start_new)]
        started += [self.fleet.start(self.version) for _ in range(moves.start_old)]
        leaving = self.fleet.first_to_go(
            target.name, moves.stop_old, min_ready_time, others=True, keeping=keeping
        )
        leaving += self.fleet.first_to_go(target.name, moves.stop_new, min_ready_time, others=False)
        self.fleet.stop(leaving)
        return any(started) or bool(leaving)

    def _look(self, rollout: Rollout, *, is_there: bool) -> bool:
        """Go on to the next step, back, or nowhere; say whether the step is another one now."""
        now, step, watch = self._env.now, rollout.step, self._watch
        if is_there and watch.reached_at is None:
            watch.reached_at = now
            self._send(rollout)
            self._log(rollout, step.name)
        judge = rollout.strategy.judge if step.is_judged else None
        verdict = True if judge is None else watch.verdict(judge)
        if verdict is False:
            self._turn_back(rollout, "verdict")
            return True
        if not watch.is_pausing(now, step.pause) and is_there and verdict:
            self._go_on(rollout)
            return True
        if not rollout.is_stuck and watch.stands_still_for(now) >= rollout.strategy.progress_deadline:
            rollout.is_stuck = True
            rollout.stuck_count += 1
            self._log(rollout, "stuck")
        return False

    def _go_on(self, rollout: Rollout) -> None:
        if rollout.step_index + 1 < len(rollout.steps):
            rollout.step_index += 1
            self._begin_anew()
            if not rollout.step.keeps_old:
                self._send(rollout)
            return
        self._end(rollout, "rolled back" if rollout.is_going_back else "complete")
        if not rollout.is_going_back:
            self._previous, self.version = self.version, rollout.version
            self.version.become_that_of(self.service)
        if self.routes is not None and self.routes.split is not None:
            self.routes.send(None)

    def _turn_back(self, rollout: Rollout, reason: str) -> None:
        rollout.is_going_back = True
        rollout.reason = reason
        self._log(rollout, "roll back", reason=reason)
        self._set_out(rollout)

    def _set_out(self, rollout: Rollout) -> None:
        """Begin what was ordered, there or back; a controller that is down does so when it is up again."""
        if not self.host.is_up:
            self._postponed.append(rollout)
        elif rollout.outcome == "under way" and rollout.is_going_back:
            self._set_out_back(rollout)
        elif rollout.outcome == "under way":
            self._prepare_routes(rollout)

    def _set_out_back(self, rollout: Rollout) -> None:
        # Where the old set is whole it takes all requests at once; else it would break down under them.
        whole, _ = self.fleet.of(self.version.name, rollout.strategy.min_ready_time)
        _, unavailable = rollout.strategy.bounds.resolve(self.desired_count)
        is_whole = whole.available_count >= self.desired_count - unavailable
        traffic = 1.0 if self.routes is not None and self.routes.split is not None and is_whole else None
        rollout.steps = (Step(name="way back", share=1.0, traffic=traffic),)
        rollout.step_index = 0
        self._begin_anew()
        self._send(rollout)

    def _end(self, rollout: Rollout, outcome: Any) -> None:
        rollout.outcome = outcome
        rollout.ended_at = self._env.now
        self._log(rollout, outcome)

    # -- routes

    def _prepare_routes(self, rollout: Rollout) -> None:
        """Before there is a new instance: no request goes to any, or requests go to all that come."""
        step = rollout.step
        if self.routes is not None and step.keeps_old and step.traffic is not None:
            self.routes.send(Split(rollout.version.name, 0.0))
        else:
            self._send(rollout)

    def _send(self, rollout: Rollout) -> None:
        """Let balancers send requests as the present step wants it."""
        routes, traffic = self.routes, rollout.step.traffic
        if routes is None:
            return
        if traffic is not None:
            routes.send(Split(rollout.target.name, traffic))
        elif routes.split is not None:
            routes.send(None)

    # -- monitors

    def _monitors_by_now(self) -> list[Timeout]:
        """Return the ways to the monitors, one beside each balancer, also beside those that are new."""
        routed = self.routes.balancers if self.routes is not None else ()
        for balancer in routed if self._balancers is None else self._balancers:
            if balancer not in self._monitors:
                monitor = CallMonitor(self._env, balancer)
                way = self._network.connect(self.host, monitor)
                self._monitors[balancer] = Timeout(self._env, way, self.interval, name=monitor.name)
        return list(self._monitors.values())

    def _ask_monitors(self) -> Generator[Any, Any, None]:
        rollout, watch = self.rollout, self._watch
        judge = rollout.strategy.judge if rollout is not None and rollout.step.is_judged else None
        if rollout is None or judge is None or watch.reached_at is None:
            return
        question = Question(judge.objective, rollout.version.name, watch.reached_at)
        asked = [self.host.start(self._ask(way, question, watch)) for way in self._monitors_by_now()]
        for each in asked:
            if each.is_alive:
                yield each

    def _ask(self, monitor: Timeout, question: Question, watch: Watch) -> Generator[Any, Any, None]:
        try:
            response = yield from monitor.call(Request(operation="calls", value=question))
        except CallFailed:
            return  # what it has said before stands
        watch.hear(monitor, response.value)

    # -- records

    def _log(self, rollout: Rollout, step: str, **detail: object) -> None:
        self._env.log(
            "deploy",
            self.service.name,
            version=rollout.version.name,
            old=rollout.old.name,
            step=step,
            **detail,
        )

    def statistics(self) -> DeploymentStatistics:
        """Return what has happened so far."""
        outcomes = [rollout.outcome for rollout in self.rollouts]
        entries = self.fleet.entries
        return DeploymentStatistics(
            upgrade_count=len(outcomes),
            completed_count=outcomes.count("complete"),
            rolled_back_count=outcomes.count("rolled back"),
            superseded_count=outcomes.count("superseded"),
            stuck_count=sum(rollout.stuck_count for rollout in self.rollouts),
            started_count=self.fleet.started_count,
            stopped_count=self.fleet.stopped_count,
            running_count=len(entries),
            available_count=sum(
                entry.is_available(self._env.now, 0.0) for entry in entries if not entry.is_leaving
            ),
        )
