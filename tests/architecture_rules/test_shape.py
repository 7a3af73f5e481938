"""The rules on size and names fail on what is too long or says nothing."""

from __future__ import annotations

import pytest

from .shape import (
    FILE_LINES_MAX,
    FUNCTION_CODE_LINES_MAX,
    empty_name,
    long_file,
    long_functions,
    star_imports,
)
from .source import Source


def function_of(code_line_count: int) -> Source:
    """A function with so many lines of code, and as many again that are none."""
    statements = "    # why\n\n    x = 1\n" * (code_line_count - 1)
    return Source("models/link.py", f'def f():\n    """Many\n\n    words.\n    """\n{statements}')


def test_function_is_measured_in_lines_of_code() -> None:
    assert long_functions(function_of(FUNCTION_CODE_LINES_MAX)) == []
    assert len(long_functions(function_of(FUNCTION_CODE_LINES_MAX + 1))) == 1


def test_every_line_of_a_long_literal_counts() -> None:
    literal = "def f():\n    return '''\n" + "text\n" * FUNCTION_CODE_LINES_MAX + "'''\n"
    assert len(long_functions(Source("models/link.py", literal))) == 1


def test_method_and_inner_function_are_measured_too() -> None:
    body = "        x = 1\n" * FUNCTION_CODE_LINES_MAX
    assert len(long_functions(Source("models/link.py", f"class C:\n    async def f(self):\n{body}"))) == 1


def test_long_file_is_found() -> None:
    assert long_file(Source("models/link.py", "\n" * FILE_LINES_MAX)) == []
    assert len(long_file(Source("models/link.py", "\n" * (FILE_LINES_MAX + 1)))) == 1


@pytest.mark.parametrize("path", ["models/utils.py", "models/common/link.py", "tests/_helpers.py"])
def test_name_that_says_nothing_is_found(path: str) -> None:
    assert len(empty_name(path)) == 1


@pytest.mark.parametrize("path", ["models/network/link.py", "models/commonality.py", "docs/glossary.md"])
def test_name_of_a_concept_passes(path: str) -> None:
    assert empty_name(path) == []


def test_star_import_is_found() -> None:
    assert len(star_imports(Source("models/link.py", "from simulator import *"))) == 1
