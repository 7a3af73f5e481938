"""A number that a lesson says of what was just seen stands in what was printed, and not in a picture only.

The outputs themselves are held by `test_notebooks`: a fresh run must give them again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from .committed_form import code_cells, text_outputs
from .execution import FOLDER, committed

if TYPE_CHECKING:
    from nbformat import NotebookNode

pytestmark = pytest.mark.slow  # to import `nbformat` takes a second or two

LESSONS = ("14-sharding", "15-cqrs-and-sagas", "16-caching-where", "17-http-caching")
SAID = re.compile(r"(?<![\w.^])(\d+(?:\.\d+)?)(?=(?:,| and \d+(?:\.\d+)?)* (?:%|ms|s)(?![\w]))")
WRITTEN = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")


def numbers_not_printed(notebook: NotebookNode) -> list[str]:
    """Return the shares and durations said of results that are none of the numbers printed so far.

    What stands after a headline is about what comes next, and no result.
    """
    return [number for number, printed in _said(notebook) if not _is_among(number, printed)]


def _said(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    outputs = iter(text_outputs(notebook))
    printed, follows = "", False
    for cell in notebook.cells:
        if cell.cell_type == "code":
            printed += "\n".join([cell.source, *(text for kind, text in next(outputs) if "html" not in kind)])
            follows = True
        elif follows:
            yield from ((number, printed) for number in SAID.findall(cell.source.split("## ")[0]))
            follows = False


def _is_among(number: str, printed: str) -> bool:
    """Return whether `number`, to its digits, is one of those that are printed."""
    digits = len(number.partition(".")[2])
    return any(f"{float(each):.{digits}f}" == number for each in WRITTEN.findall(printed))


@pytest.mark.parametrize("lesson", LESSONS)
def test_what_a_lesson_says_of_a_result_was_printed(lesson: str) -> None:
    notebook = committed(FOLDER / f"{lesson}.ipynb")
    assert len(list(_said(notebook))) > 10
    assert numbers_not_printed(notebook) == []


def _lesson(text: str) -> NotebookNode:
    # Here, as it takes two seconds and each process of the tests collects this file.
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    output = new_output("stream", name="stdout", text="20.44 % of 300 in 61 ms")
    return new_notebook(cells=[new_code_cell("pause = 0.2", outputs=[output]), new_markdown_cell(text)])


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("It was 20 %, or 20.4 %, in 61 ms, every 0.2 s.", []),
        ("It was 21 %.", ["21"]),
        ("It was 20.5 % and 62 ms, in a text of 7 words.", ["20.5", "62"]),
        ("It was 61 and 63 ms.", ["63"]),
        ("Fine.\n\n## And then\n\nWait for 9 s.", []),
    ],
)
def test_numbers_that_nothing_printed_are_found(text: str, missing: list[str]) -> None:
    notebook = _lesson(text)
    assert len(code_cells(notebook)) == 1
    assert numbers_not_printed(notebook) == missing
