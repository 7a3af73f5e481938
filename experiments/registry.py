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
from .study import Study


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
    return f"{study.function.__module__}:{study.function.__qualname__}" if study.is_importable() else None


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
    try:
        module = import_module(_module_name(place))
    except ImportError as error:
        raise Misuse(f"study {reference} must be in a module that can be imported, got: {error}") from None
    found: Any = module
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, Study):
        known = [name for name, value in vars(module).items() if isinstance(value, Study)]
        raise unknown_name(f"study in {place}", attribute, known)
    return found


def _module_name(place: str) -> str:
    path = Path(place)
    if path.suffix != ".py":
        folder, name = Path.cwd(), place
    elif path.is_file():
        # By its own name, with its folder on the path, so that worker processes (which get our path) can
        # import it too.
        folder, name = path.resolve().parent, path.stem
    else:
        raise Misuse(f"study file must exist, got {place}")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # last: a user's folder must not shadow a library
    return name
