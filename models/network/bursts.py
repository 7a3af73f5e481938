"""Trouble in bursts: a rule that lets another one judge for a while, and then not, by turns.

Two states: *gap*, in which every message passes, and *burst*, in which the inner rule judges. Both last for
exponential times, so this is a two-state Markov chain in continuous time. With `PacketLoss` inside it is the
channel of Gilbert (in a burst each packet is lost with a probability, in a gap none), which Elliott extended
to losses in gaps as well: install a second `PacketLoss` for those. A message meets the state of its moment,
whatever became of the one before; so unlike `tc netem loss gemodel` and Toxiproxy's `packet_loss`, which step
from packet to packet, it is as bad for a quiet link as for a busy one.

Nothing is scheduled: the chain is brought up to date when a message is judged. It takes its random numbers
from time alone, and so bursts come at the same times whatever the traffic. It is stationary: at any time, the
first instant included, it is in a burst with probability burst_mean / (burst_mean + gap_mean).

Source: Gilbert, "Capacity of a Burst-Noise Channel" (Bell System Technical Journal 39, 1960); Elliott,
"Estimates of Error Rates for Codes on Burst-Noise Channels" (Bell System Technical Journal 42, 1963).
"""

from __future__ import annotations

from math import inf

from simulator import Environment
from simulator.randomness import Exponential, Uniform

from ..infrastructure import Host
from .rules import PASS, Rule, Verdict


class InBursts(Rule):
    """Lets `rule` judge in bursts of `burst_mean` seconds on average, with gaps of `gap_mean` between them.

    Both are finite and > 0. Streams: "network/bursts/<name>/burst", ".../gap" and ".../start".

    Example::

        loss = PacketLoss(env, web, payment, 0.5, name="web to payment")
        network.install(InBursts(env, loss, burst_mean=0.2, gap_mean=5.0, name="web to payment"))
    """

    def __init__(
        self, env: Environment, rule: Rule, *, burst_mean: float, gap_mean: float, name: str
    ) -> None:
        for parameter, value in (("burst_mean", burst_mean), ("gap_mean", gap_mean)):
            if not 0.0 < value < inf:
                raise ValueError(f"{parameter} must be finite and > 0 s, got {value!r}")
        self.rule = rule
        self.burst_mean = burst_mean
        self.gap_mean = gap_mean
        self._env = env
        # Exponential times have no memory: to begin anew in the state of the moment is to be in the midst.
        start = env.sampler(f"network/bursts/{name}/start", Uniform(0.0, 1.0))
        self._is_in_burst = start() * (burst_mean + gap_mean) < burst_mean
        self._lengths = {
            True: env.sampler(f"network/bursts/{name}/burst", Exponential(burst_mean)),
            False: env.sampler(f"network/bursts/{name}/gap", Exponential(gap_mean)),
        }
        self._until = env.now + self._lengths[self._is_in_burst]()

    @property
    def is_in_burst(self) -> bool:
        """Whether the inner rule judges now."""
        now = self._env.now
        while self._until <= now:
            self._is_in_burst = not self._is_in_burst
            self._until += self._lengths[self._is_in_burst]()
        return self._is_in_burst

    def judge(self, source: Host, target: Host) -> Verdict:
        """Let the inner rule judge in a burst, and everything pass in a gap."""
        return self.rule.judge(source, target) if self.is_in_burst else PASS
