"""Every notebook runs from top to bottom, and gives again what is committed in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .committed_form import complaints, text_outputs, written
from .execution import committed, executed, notebook_paths

if TYPE_CHECKING:
    from nbformat import NotebookNode

PATHS = notebook_paths()
by_name = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def test_there_are_lessons() -> None:
    assert len(PATHS) >= 3


@pytest.mark.slow
@by_name
def test_a_notebook_is_in_its_committed_form(path: Path) -> None:
    import nbformat  # late, as in `committed_form`

    assert complaints(path, committed(path)) == []
    assert path.read_text(encoding="utf-8") == written(committed(path)), "`make notebooks` puts it in form"
    nbformat.validate(committed(path))


@by_name
def test_a_notebook_needs_nothing_but_faces(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]  # `nbformat` alone would take a second
    code = [line for cell in cells if cell["cell_type"] == "code" for line in cell["source"]]
    ours = ("simulator", "models", "experiments")
    imported = [line.split()[1] for line in code if line.startswith(tuple(f"from {name}" for name in ours))]
    assert imported
    root = path.parents[1]
    assert [name for name in imported if not (root / name.replace(".", "/") / "__init__.py").exists()] == []


@pytest.mark.slow
@by_name
def test_a_fresh_run_gives_the_committed_outputs(path: Path) -> None:
    before = committed(path)
    after = executed(path)
    assert complaints(path, after) == []
    assert text_outputs(after) == text_outputs(before)


@pytest.mark.slow
def test_a_cell_that_raises_fails_the_notebook(tmp_path: Path) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text(written(_notebook_of("1 / 0")), encoding="utf-8")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        executed(path)


def _notebook_of(code: str, *outputs: NotebookNode, number: int | None = None) -> NotebookNode:
    from nbformat.v4 import new_code_cell, new_notebook

    return new_notebook(cells=[new_code_cell(code, execution_count=number, outputs=list(outputs))])


def _printed(text: str, name: str = "stdout") -> NotebookNode:
    from nbformat.v4 import new_output

    figure = new_output("display_data", data={"image/png": "", "text/plain": "<Figure size 100x100>"})
    return _notebook_of("...", figure, new_output("stream", name=name, text=text), number=1)


@pytest.mark.slow  # to import `nbformat` takes a second
@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (partial(_printed, "<Thing object at 0x7f00aa>"), "a memory address"),
        (partial(_printed, "done on 2026-01-31"), "a date"),
        (partial(_printed, "at 12:34:56"), "a time of day"),
        (partial(_printed, "Wall time: 3 s"), "a measured time"),
        (partial(_printed, "read " + "/" + "home/somebody/data.csv"), "a path of one machine"),
        (partial(_printed, f"read {Path.cwd()}"), "of (this|one) machine"),
        (partial(_printed, "a warning", name="stderr"), "stderr"),
        (partial(_printed, "x" * 500_000), "bytes, at most"),
        (partial(_notebook_of, "...", number=1), "has no figure"),
        (partial(_notebook_of, "...", number=3), "not from top to bottom"),
        (partial(_notebook_of, "..."), "run as number None"),
    ],
)
def test_what_must_not_be_committed_is_found(make: Callable[[], NotebookNode], complaint: str) -> None:
    found = "\n".join(complaints(Path("lesson.ipynb"), make()))
    assert re.search(complaint, found)


@pytest.mark.slow
def test_good_outputs_draw_no_complaint() -> None:
    assert complaints(Path("lesson.ipynb"), _printed("availability: 91.7 %")) == []
