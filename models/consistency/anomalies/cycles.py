"""Cycles of dependencies: what no serial order explains, each with the worst name that fits.

    G0        write cycle: only ww
    G1c       circular information flow: ww and wr, at least one wr
    G-single  read skew: exactly one rw
    G2-item   at least two rw (write skew is one)

In each strongly connected component one cycle of each kind is reported, a short one. The work is bounded: of
a component with very many rw edges only some are tried, so that a G-single may be reported as G2-item;
whether there is a cycle at all is always found. Source: Adya (1999); names and order after Kingsbury and
Alvaro, "Elle" (2020). Components: Tarjan (1972), without recursion.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from .anomaly import Anomaly
from .dependencies import Dependency
from .transaction import Transaction

_Graph = dict[int, list[Dependency]]

_TRIES_FOR_A_SHORT_ONE = 50

_RW_EDGES_TRIED = 1_000


def cycle_anomalies(
    transactions: Sequence[Transaction], dependencies: Iterable[Dependency]
) -> Iterator[Anomaly]:
    """Return one anomaly for each kind of cycle in each component."""
    graph: _Graph = {}
    for each in dict.fromkeys(dependencies):
        graph.setdefault(each.before, []).append(each)
    for component in _components(graph):
        inside = {
            node: [edge for edge in graph.get(node, ()) if edge.after in component]
            for node in sorted(component)
        }
        yield from (_anomaly(transactions, name, cycle) for name, cycle in _cycles(inside))


def _cycles(graph: _Graph) -> Iterator[tuple[str, list[Dependency]]]:
    """One cycle of each name in a component."""
    for name, closing, kinds in (("G0", "ww", ("ww",)), ("G1c", "wr", ("ww", "wr"))):
        cycle = _short_cycle(graph, closing, kinds)
        if cycle is not None:
            yield name, cycle
    yield from _cycles_with_rw(graph)


def _short_cycle(graph: _Graph, closing: str, kinds: tuple[str, ...]) -> list[Dependency] | None:
    """A short cycle of edges of `kinds`, one of them `closing`.

    Such an edge within a component of these kinds is on a cycle; the shortest of a few is taken.
    """
    narrowed = {node: [edge for edge in edges if edge.kind in kinds] for node, edges in graph.items()}
    best: list[Dependency] | None = None
    for component in _components(narrowed):
        closers = [
            edge
            for node in sorted(component)
            for edge in narrowed[node]
            if edge.kind == closing and edge.after in component
        ]
        for edge in closers[:_TRIES_FOR_A_SHORT_ONE]:
            path = _path(narrowed, edge.after, edge.before, kinds)
            if path is not None and (best is None or len(path) + 1 < len(best)):
                best = [edge, *path]
    return best


def _cycles_with_rw(graph: _Graph) -> Iterator[tuple[str, list[Dependency]]]:
    """A cycle with one rw edge, if its way back has none; and one with more, if some edge has only such."""
    found: dict[str, list[Dependency]] = {}
    edges = [edge for those in graph.values() for edge in those if edge.kind == "rw"]
    for edge in edges[:_RW_EDGES_TRIED]:
        name, path = "G-single", _path(graph, edge.after, edge.before, ("ww", "wr"))
        if path is None and "G2-item" not in found:
            name, path = "G2-item", _path(graph, edge.after, edge.before, ("ww", "wr", "rw"))
        if path is not None and (name not in found or len(path) + 1 < len(found[name])):
            found[name] = [edge, *path]
    yield from sorted(found.items())


def _path(graph: _Graph, start: int, goal: int, kinds: tuple[str, ...]) -> list[Dependency] | None:
    """The shortest path along edges of these kinds."""
    reached: dict[int, Dependency | None] = {start: None}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        if node == goal:
            return _walked(reached, goal)
        for edge in graph.get(node, ()):
            if edge.kind in kinds and edge.after not in reached:
                reached[edge.after] = edge
                waiting.append(edge.after)
    return None


def _walked(reached: dict[int, Dependency | None], goal: int) -> list[Dependency]:
    path = []
    edge = reached[goal]
    while edge is not None:
        path.append(edge)
        edge = reached[edge.before]
    return path[::-1]


def _anomaly(transactions: Sequence[Transaction], name: str, cycle: list[Dependency]) -> Anomaly:
    count = len(cycle)
    steps = [
        f"{edge.kind}: T{number} {edge.why} T{number % count + 1}{edge.then}"
        for number, edge in enumerate(cycle, 1)
    ]
    return Anomaly(
        name=name,
        operations=tuple(transactions[edge.before].operation for edge in cycle),
        steps=tuple(steps),
    )


def _components(graph: _Graph) -> list[set[int]]:
    """The strongly connected components of more than one node."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    on_stack: dict[int, None] = {}
    found = []
    for root in graph:
        if root in index:
            continue
        work: list[tuple[int, Iterator[Dependency]]] = [_entered(root, graph, index, low, on_stack)]
        while work:
            node, edges = work[-1]
            edge = next(edges, None)
            if edge is not None:
                if edge.after not in index:
                    work.append(_entered(edge.after, graph, index, low, on_stack))
                elif edge.after in on_stack:
                    low[node] = min(low[node], index[edge.after])
                continue
            work.pop()
            if work:
                parent = work[-1][0]
                low[parent] = min(low[parent], low[node])
            if low[node] == index[node]:
                component = _taken_off(on_stack, node)
                if len(component) > 1:
                    found.append(component)
    return found


def _entered(
    node: int, graph: _Graph, index: dict[int, int], low: dict[int, int], on_stack: dict[int, None]
) -> tuple[int, Iterator[Dependency]]:
    index[node] = low[node] = len(index)
    on_stack[node] = None
    return node, iter(graph.get(node, ()))


def _taken_off(on_stack: dict[int, None], node: int) -> set[int]:
    component = set()
    while True:
        last, _ = on_stack.popitem()
        component.add(last)
        if last == node:
            return component
