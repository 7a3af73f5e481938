"""What a fresh clone elsewhere needs: no trace of one machine, plain pins, exceptions that say why."""

from __future__ import annotations

import re
import tomllib
from pathlib import PurePosixPath

from .source import Source

# Data may hold any text; these are ours. No ending: a Makefile, a licence, a script.
TEXT_ENDINGS = frozenset({".py", ".md", ".toml", ".txt", ".ipynb", ".cfg", ".ini", ".yml", ".sh", ""})

_MACHINE_PATH = re.compile(
    r"(?<![\w./~])/(?:work|root|home|Users|tmp|opt|mnt|workspace)/[\w.]|\b[A-Z]:\\\\?Users"
)
_REGISTRY_HOST = re.compile(
    r"\b(?:pypi|pythonhosted|anaconda|conda|npmjs|crates)[.](?:org|com|io)\b|--(?:extra-)?index-url"
)
_PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][A-Za-z0-9._!+-]*")
_SUPPRESSION = re.compile(r"#\s*(?:ruff:\s*)?noqa\b")
_REASONED_SUPPRESSION = re.compile(r"noqa:\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*\s*(?:#|-)?\s*\w+\s+\w")
_IGNORED_RULE = re.compile(r'^\s*"[A-Z]+[0-9]*"')


def is_text(path: str) -> bool:
    """Return whether this is a text that we write, rather than data or a picture."""
    return PurePosixPath(path).suffix in TEXT_ENDINGS


def machine_traces(path: str, text: str) -> list[str]:
    """Return a complaint for each line with an absolute path of one machine or a package registry's host."""
    complaints = []
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _MACHINE_PATH.search(line):
            complaints.append(f"{path}:{number}: a path of one machine: {found.group()}")
        if found := _REGISTRY_HOST.search(line):
            complaints.append(f"{path}:{number}: pip's own settings choose the index: {found.group()}")
    return complaints


def unexplained_ignores(pyproject_text: str) -> list[str]:
    """Return a complaint for each rule that ruff is told to ignore with no reason beside it.

    An ignore table has one rule to a line, ended by a comment.
    """
    complaints = []
    listed = 0
    inside = False
    for number, line in enumerate(pyproject_text.splitlines(), start=1):
        opens = re.match(r'\s*(?:ignore|extend-ignore|"[^"]+") = \[', line)
        if opens and "select" not in line:
            inside = True
        if inside and _IGNORED_RULE.match(line):
            listed += 1
            if not re.search(r'",\s*#\s*\w+\W+\w', line):
                complaints.append(f"pyproject.toml:{number}: no reason beside {line.strip()}")
        if line.strip() == "]":
            inside = False
    expected = _ignored_rule_count(pyproject_text)
    if listed != expected:
        complaints.append(f"pyproject.toml: {expected} ignored rules, {listed} on a line of their own")
    return complaints


def unexplained_suppressions(source: Source) -> list[str]:
    """Return a complaint for each comment that quiets ruff on a line without naming a rule and then a reason.

    mypy's own comments are mypy's business: it wants the error's code in brackets.
    """
    return [
        f"{source.path}:{number}: a suppression names its rule and then a reason: {line.strip()}"
        for number, line in enumerate(source.text.splitlines(), start=1)
        if _SUPPRESSION.search(line) and not _REASONED_SUPPRESSION.search(line)
    ]


def plain_pins(text: str) -> list[str]:
    """Return a complaint for each line of a constraints file that is no `name==version` or a repeated one."""
    lines = text.splitlines()
    complaints = [
        f"constraints.txt:{number}: not name==version: {line}"
        for number, line in enumerate(lines, start=1)
        if not _PIN.fullmatch(line)
    ]
    names = [line.partition("==")[0].lower() for line in lines]
    if len(set(names)) != len(names):
        complaints.append("constraints.txt: a name stands twice")
    return complaints


def unpinned_dependencies(pyproject_text: str, constraints_text: str) -> list[str]:
    """Return a complaint for each direct dependency without a pin."""
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in constraints_text.splitlines()}
    unpinned = declared_dependencies(pyproject_text) - pinned
    return [f"{name} has no line in constraints.txt" for name in sorted(unpinned)]


def declared_dependencies(pyproject_text: str) -> set[str]:
    """Return the names of all dependencies in pyproject.toml, extras included."""
    project = tomllib.loads(pyproject_text)["project"]
    requirements = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        requirements += extra
    names = [re.split(r"[ <>=!~;\[]", requirement)[0] for requirement in requirements]
    return {name.lower().replace("_", "-") for name in names}


def _ignored_rule_count(pyproject_text: str) -> int:
    lint = tomllib.loads(pyproject_text)["tool"]["ruff"]["lint"]
    everywhere = len(lint.get("ignore", [])) + len(lint.get("extend-ignore", []))
    return everywhere + sum(len(rules) for rules in lint.get("per-file-ignores", {}).values())
