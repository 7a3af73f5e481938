"""AvailSim's elections term by term, without events: another program than the nodes, for the same numbers.

The set-up is that of `models.consensus.raft.time_to_leader`. Between two terms nothing is under way, as long
as the shortest timeout is longer than three of the longest latencies: whoever asks in a term does so before
the first request has reached him, each request is answered within two latencies, and nobody's timer rings
before the shortest timeout is over. So a term is a few arrays: when each timer rings, who asks (his rings
before a request has come), whom the others vote for (whose request comes first), when the votes are back.

Where all latencies are the same, a term is split with a probability that an integral gives: the first to ask
gets all votes but those of nodes that ask within a latency of him, who vote for themselves.

Source: `ongardie/availsim`, made for chapter 9 of Ongaro, "Consensus: Bridging Theory and Practice" (2014);
Ongaro and Ousterhout 2014, section 9.3, for the same measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
import scipy  # its parts are loaded when first used, and a study wants the numbers without the integral

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionOdds:
    """Mean time to a leader (s) and the probability of a split vote, each with its standard error."""

    time_mean: float
    time_error: float
    split: float
    split_error: float


def election_odds(
    *, node_count: int, failed_count: int, latency: Range, timeout: Range, trials_count: int = 40_000
) -> ElectionOdds:
    """Return what so many trials give; always the same ones. Latencies and timeouts are uniform, in seconds.

    Raises `ValueError` for timeouts so short that terms overlap, and for fewer than three nodes.
    """
    if node_count < 3:
        raise ValueError(f"node_count must be >= 3, got {node_count!r}")
    if not timeout[0] > 3.0 * latency[1]:
        raise ValueError(f"timeout must begin above three latencies ({3.0 * latency[1]} s), got {timeout!r}")
    rng = np.random.default_rng(14)
    alive, majority = node_count - failed_count, node_count // 2 + 1
    rings = rng.uniform(*timeout, (trials_count, alive))
    times: list[Floats] = []
    first_count = 0
    while len(rings):
        won_at, rings = _term(rng, rings, majority, latency, timeout)
        is_over = np.isfinite(won_at)
        first_count = first_count or int(is_over.sum())
        times.append(won_at[is_over])
        rings = rings[~is_over]
    found = np.concatenate(times)
    split = 1.0 - first_count / trials_count
    return ElectionOdds(
        time_mean=float(found.mean()),
        time_error=float(found.std()) / sqrt(trials_count),
        split=split,
        split_error=sqrt(split * (1.0 - split) / trials_count),
    )


def _term(
    rng: np.random.Generator, rings: Floats, majority: int, latency: Range, timeout: Range
) -> tuple[Floats, Floats]:
    """Return when a leader was elected in each trial (infinite: in none), and when timers ring next."""
    count, alive = rings.shape
    arrivals = rings[:, :, None] + rng.uniform(*latency, (count, alive, alive))  # from, to
    asks = _who_asks(rings, arrivals)
    requests = np.where(asks[:, :, None], arrivals, np.inf)
    heard_at, choice = requests.min(axis=1), requests.argmin(axis=1)
    votes = heard_at + rng.uniform(*latency, (count, alive))
    is_for = ~asks[:, None, :] & (choice[:, None, :] == np.arange(alive)[None, :, None])
    answers = np.sort(np.where(is_for, votes[:, None, :], np.inf), axis=2)
    won_at = np.where(asks, answers[:, :, majority - 2], np.inf).min(axis=1)  # one vote is his own
    return won_at, np.where(asks, rings, heard_at) + rng.uniform(*timeout, (count, alive))


def _who_asks(rings: Floats, arrivals: Floats) -> npt.NDArray[np.bool_]:
    """Return whose timers ring before a request has come; only who rings earlier can have sent one."""
    count, alive = rings.shape
    trials = np.arange(count)
    asks = np.zeros((count, alive), dtype=np.bool_)
    heard_at = np.full((count, alive), np.inf)
    for node in np.argsort(rings, axis=1).T:
        does = rings[trials, node] < heard_at[trials, node]
        asks[trials, node] = does
        sent = np.where(does[:, None], arrivals[trials, node], np.inf)
        heard_at = np.minimum(heard_at, sent)
    return asks


def split_probability(*, node_count: int, failed_count: int, latency: float, timeout: Range) -> float:
    """Return the probability that the first term is split, where each message takes `latency` seconds.

    Of m nodes that are up others than the first ask too within a latency of him, each with the probability
    latency / (what is left of the range above his timeout); with more than m - majority of them he lacks
    votes.
    """
    alive, majority = node_count - failed_count, node_count // 2 + 1
    width = latency / (timeout[1] - timeout[0])

    def density(place: float) -> float:
        """At the first timeout's place in the range, in [0, 1]."""
        share = min(1.0, width / (1.0 - place)) if place < 1.0 else 1.0
        too_many = scipy.special.bdtrc(alive - majority, alive - 1, share)  # the binomial's upper tail
        return float(alive * (1.0 - place) ** (alive - 1) * too_many)

    found: float = scipy.integrate.quad(density, 0.0, 1.0, points=[max(0.0, 1.0 - width)], limit=200)[0]
    return found
