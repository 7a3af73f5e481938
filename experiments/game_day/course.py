"""The course of a game day: when it was really broken, when really healed, and who hangs to the end.

Planned faults come and go as planned. Chaos does not: its first failure is some time after its start, and
what is down at its end is repaired in its own time. So the trouble lasts until the last repair, and "after"
begins when that, and the recovery, are over. If something is still broken when the last user comes, there is
no "after", and nothing can be said about it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan

from models.faults import Fault
from models.workload import OpenLoop
from simulator import Environment

from .plan import GameDay

WINDOW = 1.0
"""How often (s) it is looked whether chaos is over, and availability is counted."""

_SETTLING = 300.0  # s after the last user in which queued orders may still get through


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """`phases` as they came: start and end (s); an "after" that did not come starts and ends with the day.

    Of `fault_count` faults the first was injected at `struck_at` (nan: none was) and the last healed at
    `healed_at` (infinity: not while users came). `hung` requests of each phase have no end.
    """

    phases: Mapping[str, tuple[float, float]]
    fault_count: int
    struck_at: float
    healed_at: float
    hung: Mapping[str, int]


def run_course(env: Environment, game_day: GameDay, chaos: Sequence[Fault], users: OpenLoop) -> Course:
    """Run until all is said and done; `chaos` are the faults that come and go at random."""
    start, end, duration = game_day.trouble_start, game_day.trouble_end, game_day.duration
    env.run(until=end)
    while any(fault.is_injected for fault in chaos) and env.now < duration:
        env.run(until=min(env.now + WINDOW, duration))
    if any(fault.is_injected for fault in chaos):
        healed_at = inf
    else:
        healed_at = max([end] + [record.time for record in env.event_log.of_kind("fault.end")])
    after = min(max(healed_at + game_day.recovery, env.now), duration)
    if after > env.now:
        env.run(until=after)
    sent_until_after = users.table.issued
    if duration > env.now:
        env.run(until=duration)
    sent = users.table.issued
    env.run(until=duration + _SETTLING)
    struck = [record.time for record in env.event_log.of_kind("fault.start")]
    ended = len(users.table.sample(after, inf, by="start"))
    hung_after = sent - sent_until_after - ended
    return Course(
        phases={
            "before": (game_day.warm_up, start),
            "during": (start, min(healed_at, duration)),
            "after": (after, duration),
        },
        fault_count=len(struck),
        struck_at=min(struck, default=nan),
        healed_at=healed_at,
        # Who was under way when the trouble began, and has no end, belongs to it, as those that failed do.
        hung={"before": 0, "during": users.in_flight - hung_after, "after": hung_after},
    )
