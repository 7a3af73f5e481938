"""How a study is named outside Python: on the command line, in a results file, in a replay command.

A study is named by its own name if it is in the explicit list of `experiments.studies`, else as
`module:function` or `path/to/file.py:function`. No folder is scanned and nothing registers itself on import.
"""

import shlex
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from .misuse import Misuse, unknown_name
from .parameters import to_text
from .replication import failure_text
from .study import Study

# Module names of files that were asked for by path, for replay commands to name them so.
_loaded_files: dict[str, Path] = {}


def registered_studies() -> tuple[Study, ...]:
    """The studies that `gameday list` shows."""
    # Late, for studies import this package; they also import all models, which nobody waits for without need.
    from .studies import STUDIES

    return STUDIES


def find_study(reference: str) -> Study:
    """The study that a name, `module:function` or `file.py:function` refers to; raises Misuse."""
    if ":" in reference:
        return _imported(reference)
    by_name = {study.name: study for study in registered_studies()}
    if reference not in by_name:
        raise unknown_name("study", reference, by_name)
    return by_name[reference]


def reference_of(study: Study) -> str | None:
    """What `find_study` finds `study` by, in any process; None for a notebook's or script's own."""
    listed = sys.modules.get("experiments.studies")  # not imported: then it cannot hold this study
    if any(study is item for item in getattr(listed, "STUDIES", ())):
        return study.name
    if not study.is_importable():
        return None
    module = study.function.__module__
    path = _loaded_files.get(module)
    if path is not None and path.parent != Path.cwd():  # another process would not find it by name
        inside = path.is_relative_to(Path.cwd())
        module = (path.relative_to(Path.cwd()) if inside else path).as_posix()
    return f"{module}:{study.function.__qualname__}"


def replay_command(study: Study, values: Mapping[str, Any], seed: int) -> str:
    """The shell command (for a notebook's study the Python call) that runs `study` to the same result."""
    reference = reference_of(study)
    if reference is None:
        arguments = ", ".join(f"{name}={value!r}" for name, value in {**values, "seed": seed}.items())
        return f"{study.function.__qualname__}({arguments})"
    words = ["gameday", "run", reference]
    for name, value in values.items():
        text = to_text(value)
        # A value that looks like an option, or is empty, needs the = to be taken for a value.
        words += [f"--{name}={text}"] if text.startswith("-") or not text else [f"--{name}", text]
    return shlex.join([*words, "--seed", str(seed)])


def _imported(reference: str) -> Study:
    place, _, attribute = reference.rpartition(":")
    name = _module_name(place)
    try:
        module = import_module(name)
    except (Exception, SystemExit) as error:  # a module is somebody's code: anything can happen in it
        plain = isinstance(error, (ImportError, SyntaxError)) or not name.strip(".")
        said = str(error) if plain else failure_text(error)
        raise Misuse(f"study {reference} must be in a module that can be imported, got: {said}") from None
    _require_the_file(place, name, getattr(module, "__file__", None))
    found: Any = module
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, Study):
        known = [name for name, value in vars(module).items() if isinstance(value, Study)]
        raise unknown_name(f"study in {place}", attribute, known)
    return found


def _require_the_file(place: str, name: str, loaded: str | None) -> None:
    """Refuse a file whose name another module has: that one was loaded in its stead."""
    if place.endswith(".py") and (loaded is None or Path(loaded).resolve() != _loaded_files[name]):
        raise Misuse(
            f"study file must have a name that no other module has, got {place}: "
            f"{name} is {loaded or 'a part of Python'}"
        )


def _module_name(place: str) -> str:
    path = Path(place)
    if path.suffix != ".py":
        folder, name = Path.cwd(), place
    elif path.is_file():
        # By its own name, with its folder on the path, so that worker processes (which get our path) can
        # import it too.
        folder, name = path.resolve().parent, path.stem
        _loaded_files[name] = path.resolve()
    else:
        raise Misuse(f"study file must exist, got {place}")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # last: a user's folder must not shadow a library
    return name
