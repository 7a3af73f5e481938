"""In simulator and models the environment has the only clock and the only random numbers.

A value that depends on the process's hash seed is as bad as a random one, hence the rule on `hash`. Left out:
an order taken from a set or from `id`, which no reading of the source can tell; the trace digest under two
hash seeds does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .source import Source

DETERMINISTIC_PACKAGES = frozenset({"simulator", "models"})
# Module: why it must not be imported where a run must be repeatable.
BANNED_MODULES = {
    "time": "env.now is the only clock",
    "random": "draw from env.stream(name)",
    "secrets": "draw from env.stream(name)",
    "uuid": "number things in order, or draw from env.stream(name)",
}
WALL_CLOCK_METHODS = frozenset({"now", "utcnow", "today"})
# Of numpy.random, what a generator is made of; everything else is a global state or a seed of its own.
GENERATOR_PARTS = {
    "simulator": frozenset({"Generator", "BitGenerator", "PCG64", "PCG64DXSM", "SeedSequence"}),
    "models": frozenset({"Generator"}),
}


def sources_of_chance(source: Source) -> list[str]:
    """Return a complaint for each use of the wall clock, global random numbers or the hash seed."""
    if source.package not in DETERMINISTIC_PACKAGES:
        return []
    rules = (_banned_imports, _wall_clock_calls, _numpy_random, _hash_calls)
    return [complaint for rule in rules for complaint in rule(source)]


def _banned_imports(source: Source) -> Iterator[str]:
    for node in source.statements:
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module or ""]
        else:
            continue
        for module in modules:
            if module in BANNED_MODULES:
                yield source.at(node, f"no {module} here: {BANNED_MODULES[module]}")


def _wall_clock_calls(source: Source) -> Iterator[str]:
    for node in source.nodes:
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in WALL_CLOCK_METHODS:
            yield source.at(node, f"{ast.unparse(called)}() reads a clock: {BANNED_MODULES['time']}")


def _numpy_random(source: Source) -> Iterator[str]:
    allowed = GENERATOR_PARTS[source.package]
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and _is_numpy_random(node.value):
            names = [node.attr]
        elif isinstance(node, ast.ImportFrom) and node.module == "numpy.random":
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name not in allowed:
                yield source.at(node, f"no numpy.random.{name} here: {BANNED_MODULES['random']}")


def _is_numpy_random(node: ast.expr) -> bool:
    """Return whether this is `np.random` or `numpy.random`."""
    is_random = isinstance(node, ast.Attribute) and node.attr == "random"
    return is_random and isinstance(node.value, ast.Name) and node.value.id in ("np", "numpy")


def _hash_calls(source: Source) -> Iterator[str]:
    in_hash_methods = {
        id(call)
        for function in source.statements
        if isinstance(function, ast.FunctionDef) and function.name == "__hash__"
        for call in ast.walk(function)
    }
    for node in source.nodes:
        calls_hash = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash"
        if calls_hash and id(node) not in in_hash_methods:
            yield source.at(node, "hash() differs from process to process; use hashlib.blake2b")
