"""The one form in which notebooks are committed, and what must not stand in one.

Outputs are committed, so that a reader sees them without running anything. Hence nothing may stand in them
that another machine or another day would write otherwise: then a fresh run gives the same file.

The libraries of notebooks are imported where they are used: they take seconds, and the collection of the
tests, which every process does for itself, need not wait for them.
"""

from __future__ import annotations

import getpass
import re
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..architecture_rules.portability import machine_traces
from ..architecture_rules.source import CHECKOUT

if TYPE_CHECKING:
    from nbformat import NotebookNode

BYTES_MAX = 400_000
"""So large may a notebook be with its figures."""

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""What a notebook says of its kernel: no version, which would differ from machine to machine."""

_CHANGES_WITH_EACH_RUN = {
    "a memory address": re.compile(r"\bat 0x[0-9a-f]+"),
    "a date": re.compile(r"\b20\d\d-\d\d-\d\d\b"),
    "a time of day": re.compile(r"\b\d{1,2}:\d\d:\d\d\b"),
    "a measured time": re.compile(r"Wall time|CPU times|\bper loop\b|\bit/s\b"),
}


def normalised(notebook: NotebookNode) -> NotebookNode:
    """Return `notebook` without what its kernel and editor say of themselves."""
    import nbformat

    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        for output in cell.get("outputs", []):
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})
    return notebook


def written(notebook: NotebookNode) -> str:
    """Return `notebook` as the text of its file."""
    import nbformat

    return nbformat.writes(normalised(notebook)).rstrip("\n") + "\n"


def text_outputs(notebook: NotebookNode) -> list[list[tuple[str, str]]]:
    """Return for each code cell what it put out, by kind; of a picture only that there is one.

    The bytes of a picture depend on the version of the library that drew it.
    """
    return [[piece for output in cell.outputs for piece in _pieces(output)] for cell in code_cells(notebook)]


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells that run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def complaints(path: Path, notebook: NotebookNode) -> list[str]:
    """Return what is wrong with the outputs of a notebook: missing, failed, noisy, or of one machine."""
    found = []
    if (size := len(written(notebook).encode())) > BYTES_MAX:
        found.append(f"{path.name} has {size} bytes, at most {BYTES_MAX} are allowed")
    for number, cell in enumerate(code_cells(notebook), start=1):
        where = f"{path.name}, code cell {number}"
        if cell.execution_count != number:
            found.append(f"{where}: run as number {cell.execution_count}, not from top to bottom")
        for kind, text in (piece for output in cell.outputs for piece in _pieces(output)):
            found += [f"{where}: {complaint}" for complaint in _complaints_of_text(kind, text)]
    pieces = [kind for cell in text_outputs(notebook) for kind, _ in cell]
    if not any(kind.startswith("image/") for kind in pieces):
        found.append(f"{path.name} has no figure")
    return found


def _complaints_of_text(kind: str, text: str) -> Iterator[str]:
    if kind in ("stderr", "error"):
        yield f"{kind}: {text}"
    for name, pattern in _CHANGES_WITH_EACH_RUN.items():
        if match := pattern.search(text):
            yield f"{name}: {match.group()}"
    yield from machine_traces("output", text)
    for trace in _traces_of_this_machine():
        if re.search(rf"(?<!\w){re.escape(trace)}(?!\w)", text):
            yield f"a trace of this machine: {trace}"


def _traces_of_this_machine() -> list[str]:
    places = [CHECKOUT, Path(sys.prefix), Path(tempfile.gettempdir()), Path.home()]
    # A user called `web` or a host called `a` would be found in every lesson.
    names = [name for name in (socket.gethostname(), getpass.getuser()) if len(name) > 5]
    return [*(str(place) for place in places if len(place.parts) > 1), *names]


def _pieces(output: NotebookNode) -> list[tuple[str, str]]:
    if output.output_type == "stream":
        return [(output.name, output.text)]
    if output.output_type == "error":
        return [("error", f"{output.ename}: {output.evalue}")]
    return [
        (kind, "" if kind.startswith("image/") else str(text)) for kind, text in sorted(output.data.items())
    ]
