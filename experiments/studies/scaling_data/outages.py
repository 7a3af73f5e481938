"""When each shard was out, as its users saw it: from the first who was not answered to the next who was."""

from collections.abc import Iterable, Mapping, Sequence

from models.consistency import Ending, Operation
from models.sharding import RoutingTable

Span = tuple[float, float]


def outages_by_shard(
    history: Sequence[Operation], table: RoutingTable, since: float, until: float
) -> Mapping[str, tuple[Span, ...]]:
    """Return the outages of each shard of `table` among what was asked from `since` on and before `until`.

    One begins when somebody asked who was not answered, and ends when the next asked who was. With r requests
    a second for the shard both are late by 1/r on average, so that the length is right.
    """
    asked: dict[str, list[Operation]] = {shard: [] for shard in table.shards}
    for each in history:
        if since <= each.invoked_at < until:
            asked[table.find(each.key)[1].shard].append(each)
    return {shard: tuple(_outages(operations, until)) for shard, operations in asked.items()}


def time_covered(spans: Iterable[Span]) -> float:
    """Return how much time lies in one or more of `spans`, in seconds."""
    total, reach = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reach))
        reach = max(reach, end)
    return total


def _outages(operations: Sequence[Operation], until: float) -> Iterable[Span]:
    since: float | None = None
    for each in operations:
        if since is None and each.ending is not Ending.OK:
            since = each.invoked_at
        elif since is not None and each.ending is Ending.OK:
            yield since, each.invoked_at
            since = None
    if since is not None:
        yield since, until
