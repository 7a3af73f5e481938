"""How much moves when one shard is added to n.

At least 1/(n + 1), what the new one gets. A ring and jump hash move so much in expectation, of keys and of
the ranges of a table alike, since to them a range is another key. A range's number modulo n moves n/(n + 1)
where the table is a whole number of rounds of n (n + 1) ranges. In each round the first n ranges stay, so
that in a part of a round too many do: the share that stays is too large by at most n^2/((n + 1) R).

Source: Karger et al. (1997), Lamping and Veach (2014) for the first; the other counts.
"""

from __future__ import annotations

from ..stability import require_count


def least_moved_share(nodes_count: int) -> float:
    """Return the smallest share that moves from `nodes_count` (>= 1) to one more if shares stay even."""
    require_count("nodes_count", nodes_count, 1)
    return 1.0 / (nodes_count + 1)


def modulo_moved_share(nodes_count: int, range_count: int | None = None) -> float:
    """Return the share that moves if each number's place is its remainder.

    `range_count` (>= 1) numbers there are, from 0 on; `None`: very many.
    """
    require_count("nodes_count", nodes_count, 1)
    if range_count is None:
        return nodes_count / (nodes_count + 1)
    require_count("range_count", range_count, 1)
    rounds, rest = divmod(range_count, nodes_count * (nodes_count + 1))
    return 1.0 - (rounds * nodes_count + min(rest, nodes_count)) / range_count
