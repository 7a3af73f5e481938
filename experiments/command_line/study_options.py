"""A study's parameters as options: `--timeout 0.5`, `--timeout=0.5`, `--jitter`, `--no-jitter`.

Typer knows no study when it builds its options, so it passes on what it does not know and this module reads
it, by the parameters' own rules. `-` and `_` in names are the same.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from ..design import Grid
from ..misuse import Misuse
from ..parameters import ParameterSpace

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Typer's context settings for a command that takes a study's parameters."""


def read_options(space: ParameterSpace, words: Sequence[str]) -> dict[str, Any]:
    """The parameters in `words`, the part of the command line that Typer passed on; raises Misuse."""
    found: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or word == "--":
            raise Misuse(f"options must be written --name value, got {word!r}")
        written, equals, text = word[2:].partition("=")
        name = written.replace("-", "_")
        if not equals and name.removeprefix("no_") != name and _is_switch(space, name.removeprefix("no_")):
            name, text = name.removeprefix("no_"), "false"
        elif not equals and _is_switch(space, name) and (not rest or rest[0].startswith("--")):
            text = "true"
        elif not equals:
            space.require(name)
            if not rest:
                raise Misuse(f"{name} must have a value, got none: write --{written} VALUE")
            text = rest.pop(0)
        if name in found:
            raise Misuse(f"{name} must be given once, got it twice")
        found[name] = space.parse(name, text)
    return found


def read_settings(space: ParameterSpace, settings: Iterable[str]) -> dict[str, Any]:
    """The parameters in texts `name=value`."""
    found: dict[str, Any] = {}
    for setting in settings:
        name, text = _split("set", setting)
        if name in found:
            raise Misuse(f"{name} must be set once, got it twice")
        found[name] = space.parse(name, text)
    return found


def read_grid(space: ParameterSpace, texts: Iterable[str]) -> Grid | None:
    """The grid in texts `name=a,b,c`, None if there are none."""
    values: dict[str, list[Any]] = {}
    for text in texts:
        name, listed = _split("grid", text)
        space.require(name)
        if name in values:
            raise Misuse(f"grid of {name} must be given once, got it twice")
        values[name] = [space.parse(name, item.strip()) for item in listed.split(",")]
        if len(values[name]) != len(set(map(repr, values[name]))):
            raise Misuse(f"grid of {name} must have values that differ, got {listed}")
    return Grid(values) if values else None


def read_whole_number(name: str, text: str, least: int) -> int:
    """An option of our own as a number; Typer's message for a bad one would leave out the value."""
    number = int(text) if text.lstrip("+-").isdecimal() else None
    if number is None or number < least:
        raise Misuse(f"{name} must be a whole number >= {least}, got {text}")
    return number


def _split(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        form = "name=a,b,c" if option == "grid" else "name=value"
        raise Misuse(f"--{option} must be written {form}, got {text!r}")
    if not value.strip():
        raise Misuse(f"--{option} {name} must have at least one value, got {text!r}")
    return name.strip().replace("-", "_"), value


def _is_switch(space: ParameterSpace, name: str) -> bool:
    return name in space.names and space.is_switch(name)
