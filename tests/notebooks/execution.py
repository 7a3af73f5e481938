"""Runs a notebook afresh, in an empty folder, with the packages of this checkout.

`python -m tests.notebooks.execution`, which is what `make notebooks` does, runs all of them and writes them
back with their outputs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from matplotlib import font_manager  # noqa: F401 - its cache is made now, or the first figure would speak of it

from ..architecture_rules.source import CHECKOUT
from .committed_form import complaints, normalised, written

if TYPE_CHECKING:
    from nbformat import NotebookNode

FOLDER = CHECKOUT / "notebooks"
CELL_SECONDS_MAX = 120


def notebook_paths() -> list[Path]:
    """Return the notebooks in the order of the lessons."""
    return sorted(FOLDER.glob("*.ipynb"))


def committed(path: Path) -> NotebookNode:
    """Return a notebook as it stands."""
    import nbformat  # late, as in `committed_form`

    return nbformat.read(path, as_version=4)


def executed(path: Path) -> NotebookNode:
    """Run a notebook from top to bottom and return it with its outputs; raises where a cell does."""
    from nbclient import NotebookClient

    notebook = committed(path)
    with TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=CELL_SECONDS_MAX,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,  # how a kernel cuts its output into pieces is a matter of timing
            resources={"metadata": {"path": folder}},
        )
        manager = client.create_kernel_manager()
        if os.name == "posix":  # a socket in the file system, not a port: nobody else can reach it
            manager.transport, manager.ip = "ipc", str(Path(folder) / "kernel")
        client.execute(env=_environment(folder))
    return normalised(notebook)


def _environment(folder: str) -> dict[str, str]:
    """Return an environment in which no setting of the user's reaches the kernel's outputs."""
    return {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT),
        "IPYTHONDIR": folder,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


def main() -> int:
    """Rewrite all notebooks with fresh outputs; say what must not be committed."""
    found = []
    for path in notebook_paths():
        notebook = executed(path)
        path.write_text(written(notebook), encoding="utf-8")
        found += complaints(path, notebook)
        print(f"{path.name}: {path.stat().st_size // 1000} kB")
    for complaint in found:
        print(complaint, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
