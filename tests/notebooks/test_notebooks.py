"""Every notebook runs from top to bottom, and gives again what is committed in it."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from .committed_form import complaints, text_outputs, written
from .execution import committed, executed, notebook_paths

PATHS = notebook_paths()
by_name = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def test_there_are_lessons() -> None:
    assert len(PATHS) >= 3


@by_name
def test_a_notebook_is_in_its_committed_form(path: Path) -> None:
    assert complaints(path, committed(path)) == []
    assert path.read_text(encoding="utf-8") == written(committed(path)), "`make notebooks` puts it in form"
    nbformat.validate(committed(path))


@by_name
def test_a_notebook_needs_nothing_but_faces(path: Path) -> None:
    code = [
        line for cell in committed(path).cells if cell.cell_type == "code" for line in cell.source.split("\n")
    ]
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
    path.write_text(written(new_notebook(cells=[new_code_cell("1 / 0")])), encoding="utf-8")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        executed(path)


def _notebook(*outputs: nbformat.NotebookNode) -> nbformat.NotebookNode:
    figure = new_output("display_data", data={"image/png": "", "text/plain": "<Figure size 100x100>"})
    return new_notebook(cells=[new_code_cell("...", execution_count=1, outputs=[figure, *outputs])])


def _printed(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    return _notebook(new_output("stream", name=name, text=text))


@pytest.mark.parametrize(
    ("notebook", "complaint"),
    [
        (_printed("<Thing object at 0x7f00aa>"), "a memory address"),
        (_printed("done on 2026-01-31"), "a date"),
        (_printed("at 12:34:56"), "a time of day"),
        (_printed("Wall time: 3 s"), "a measured time"),
        (_printed("read " + "/" + "home/somebody/data.csv"), "a path of one machine"),
        (_printed(f"read {Path.cwd()}"), "of (this|one) machine"),
        (_printed("a warning", name="stderr"), "stderr"),
        (_printed("x" * 500_000), "bytes, at most"),
        (new_notebook(cells=[new_code_cell("...", execution_count=1)]), "has no figure"),
        (new_notebook(cells=[new_code_cell("...", execution_count=3)]), "not from top to bottom"),
        (new_notebook(cells=[new_code_cell("...")]), "run as number None"),
    ],
)
def test_what_must_not_be_committed_is_found(notebook: nbformat.NotebookNode, complaint: str) -> None:
    found = "\n".join(complaints(Path("lesson.ipynb"), notebook))
    assert re.search(complaint, found)


def test_good_outputs_draw_no_complaint() -> None:
    assert complaints(Path("lesson.ipynb"), _printed("availability: 91.7 %")) == []
