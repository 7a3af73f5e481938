"""Checks that `simulator`, `models` and `experiments` come from one checkout or installation.

Their names are plain words: a folder or file called `models` in the current directory or on PYTHONPATH
shadows ours, and results would then be another program's. The command line looks before it imports either.
"""

from importlib.util import find_spec
from pathlib import Path

from ..misuse import Misuse
from ..provenance import ROOT


def require_one_checkout() -> None:
    """Raise Misuse, naming both places, unless the three packages lie side by side."""
    for name in ("simulator", "models"):
        found = _folder_of(name)
        wanted = ROOT / name
        if found is None:
            raise Misuse(f"package {name} must lie at {wanted}, beside the running experiments, got none")
        if found != wanted:
            raise Misuse(
                f"package {name} must be the one at {wanted}, beside the running experiments, got {found}: "
                f"a foreign {name} shadows ours (look at PYTHONPATH and the current directory)"
            )


def _folder_of(package: str) -> Path | None:
    spec = find_spec(package)
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin).resolve() if spec.origin else None
