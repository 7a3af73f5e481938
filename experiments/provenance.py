"""Where results come from: versions, commit and a fingerprint of the code that made them.

Rows of two versions must not be mixed in one file: a resumed sweep compares what is recorded here. The
fingerprint covers the sources of `simulator` and `models` and the module that defines the study, in a
notebook the study's function and the functions, classes and plain values of other cells that it needs; it
leaves out figures, command line and whatever else a study imports, which the recorded commit names.
"""

import dis
import hashlib
import inspect
import platform
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path
from types import CodeType, FunctionType, NoneType
from typing import Any

from .study import Study

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds the three packages: a checkout, or site-packages."""

_LIBRARIES = ("simpy", "numpy", "scipy")
_LOADS_A_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")
_PLAIN = (bool, int, float, str, bytes, NoneType)


def provenance(study: Study) -> dict[str, Any]:
    """What identifies the code behind a result: where it is equal, equal runs give equal rows."""
    versions = {"gameday": gameday_version(), "python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    versions.update({name: metadata.version(name) for name in _LIBRARIES})
    return {**versions, "code fingerprint": code_fingerprint(study)}


def circumstances() -> dict[str, Any]:
    """What is worth noting beside a result but may differ within a file: commit, Python, platform."""
    return {"commit": git_commit(), "python_full": platform.python_version(), "platform": platform.platform()}


def gameday_version() -> str:
    """The version in this checkout's pyproject.toml, else of the installed distribution, else "unknown"."""
    project = ROOT / "pyproject.toml"
    if project.is_file():
        declared = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
        if declared.get("name") == "gameday":
            return str(declared.get("version", "unknown"))
    try:
        return metadata.version("gameday")
    except metadata.PackageNotFoundError:
        return "unknown"


def git_commit() -> str | None:
    """The commit of this checkout, with "+" where tracked files differ from it; None outside a repository."""
    if not (ROOT / ".git").exists():
        return None
    head = _git("rev-parse", "--verify", "HEAD")
    if not head:
        return None
    return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def code_fingerprint(study: Study) -> str:
    """Sixteen hexadecimal digits over the sources of the engine, the models and the study."""
    digest = hashlib.blake2b(digest_size=8)
    for package in ("simulator", "models"):
        for path in sorted((ROOT / package).rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(_source_of(study))
    return digest.hexdigest()


def file_fingerprint(path: Path) -> str:
    """Sixteen hexadecimal digits over a file's contents: what a parameter that names a file stands for."""
    digest = hashlib.blake2b(digest_size=8)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _source_of(study: Study) -> bytes:
    module = study.function.__module__
    if module != "__main__":
        spec = util.find_spec(module) if module in sys.modules else None
        if spec is not None and spec.origin is not None and Path(spec.origin).is_file():
            return Path(spec.origin).read_bytes()
        return _source_of_function(study.function)
    return b"\0".join(_sources_in_main(study.function))


def _sources_in_main(first: Any) -> Iterator[bytes]:
    """Yield the source of a function of a notebook or script, and of all of theirs that it needs.

    What it needs is spread over other cells: classes, functions and plain values, found by the names in the
    code. A name that is looked up by text, or a value inside a container, is not found.
    """
    waiting, seen = [("", first)], set()
    while waiting:
        name, item = waiting.pop()
        if isinstance(item, _PLAIN) and not name.startswith("__"):  # Python's own, such as a line number
            yield f"{name} = {item!r}".encode()
        if getattr(item, "__module__", None) != "__main__" or id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, type):
            members = sorted(vars(item).items())
            waiting += [(member, _function_of(value)) for member, value in members]
            waiting += [("", base) for base in item.__bases__]
        elif isinstance(item := _function_of(item), FunctionType):
            yield _source_of_function(item)
            waiting += [(name, item.__globals__.get(name)) for name in sorted(_globals_in(item.__code__))]
        else:
            waiting.append(("", type(item)))


def _function_of(value: Any) -> Any:
    """Return the function inside a method, property, study or the like; anything else as it is."""
    for attribute in ("__wrapped__", "__func__", "fget"):
        value = getattr(value, attribute, value)
    return value


def _globals_in(code: CodeType) -> set[str]:
    found = {str(step.argval) for step in dis.get_instructions(code) if step.opname in _LOADS_A_GLOBAL}
    inner = [item for item in code.co_consts if isinstance(item, CodeType)]
    return found.union(*map(_globals_in, inner))


def _source_of_function(function: Any) -> bytes:
    try:
        return inspect.getsource(function).encode()
    except (OSError, TypeError):
        return _bytes_of_code(function.__code__)


def _bytes_of_code(code: CodeType) -> bytes:
    # Sets among the constants are left out: their order, and so their text, follows the hash seed of the
    # process.
    constants = [
        _bytes_of_code(item) if isinstance(item, CodeType) else repr(item).encode()
        for item in code.co_consts
        if not isinstance(item, frozenset)
    ]
    return code.co_code + b"\0".join([" ".join(code.co_names).encode(), *constants])


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
