"""Caches behind each other, each with the time to live T: how often the one behind is asked, and ages.

    told_age                 the mean age of what a cache tells that is asked at random
    behind_two_hit_ratio     of a cache behind those of two readers
    behind_two_age           the mean age of what it tells them, its misses among it, which are 0 s old
    passed_on_hit_ratio      of a cache behind those of some readers, where ages are passed on

Each reader asks by a Poisson process of rate l; nothing takes time; a = l T.

**Asked at random**, a cache answers a share h = a/(1 + a) by itself, T/2 after it was told itself on average.
So it adds h T/2 to the age of what comes to it, whatever is behind it.

**A cache behind others** is not asked at random: each of these asks it at most once in a life of its own,
which is as long. Let the question of one reader fill it at 0, and the other's next question come at s. If
s < T that is a hit, at age s. From T on the first reader's cache is empty, from T + s on the other's; who
comes first then, after a wait of 1/l on average, fills it again, and of the other's cache r is left: max(0, s
- X) for a wait X, or nothing if s was no hit. His next question comes at r and a wait. So from one filling to
the next s goes one wait forward and one back, without drift, and begins anew when it has passed T. Such a
walk is found the less often the nearer to T: in units of 1/l, the densities f of s and g of r obey f' = g - f
and g' = g - f up to a, with f(0) = P(r = 0) and g(a) = 0. So f falls linearly,

    f(s) = (1 + a - s) / (1 + a + a²/2),

and if both ask without end a hit is T/3 old on average, and not T/2. For more than two readers the walks
depend on each other, and we know of no closed form.

**Where each cache counts the age that came along** whatever came by one question to the origin ends
everywhere when that is T old, and the first reader to come then asks the origin: any number of caches is one
that is asked by all. That is `told_age` with the rates of all readers. In between each of the others asks
the cache behind once at most, with probability 1 - exp(-a).

Sources: Jung, Berger, Balakrishnan, "Modeling TTL-based Internet Caches" (INFOCOM 2003), for h; Cohen and
Kaplan, "Aging Through Cascaded Caches" (SIGCOMM 2001), on ages that are passed on; the rest by the argument
above, which a chain that is solved on a grid confirms in the tests.
"""

from __future__ import annotations

from math import exp


def told_age(rate: float, ttl: float, came_with: float = 0.0) -> float:
    """Return the mean age (s) of what a cache tells that is asked at `rate` (1/s).

    What comes to it is `came_with` s old on average.
    """
    return came_with + 0.5 * ttl * rate * ttl / (1.0 + rate * ttl)


def behind_two_hit_ratio(rate: float, ttl: float) -> float:
    """Return the hit ratio of the cache behind those of two readers, who ask at `rate` (1/s) each.

    Example::

        >>> behind_two_hit_ratio(rate=1.0, ttl=1.0)
        0.375
    """
    asked = rate * ttl
    return 0.5 * asked * (2.0 + asked) / (1.0 + asked) ** 2


def behind_two_age(rate: float, ttl: float) -> float:
    """Return the mean age (s) of what the cache behind those of two readers tells them."""
    asked = rate * ttl
    return ttl * asked * (3.0 + asked) / (6.0 * (1.0 + asked) ** 2)


def passed_on_hit_ratio(readers: int, rate: float, ttl: float) -> float:
    """Return the hit ratio of the cache behind those of `readers` (>= 1), who ask at `rate` (1/s) each.

    Each cache counts the age that came along.
    """
    hits = (readers - 1) * (1.0 - exp(-rate * ttl))
    return hits / (1.0 + hits)
