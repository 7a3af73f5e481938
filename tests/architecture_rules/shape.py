"""The size of things: lengths of functions and files, and file names that say nothing."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import PurePosixPath

from .source import Source

# The outer limits; the usual is 25 and 300.
FUNCTION_CODE_LINES_MAX = 60
FILE_LINES_MAX = 500
# Where the noun is missing, the design is.
EMPTY_NAMES = frozenset(
    {
        "base2",
        "common",
        "helper",
        "helpers",
        "manager",
        "managers",
        "misc",
        "stuff",
        "util",
        "utils",
    }
)

_NO_CODE = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def long_functions(source: Source) -> list[str]:
    """Return a complaint for each function with too many lines of code.

    Docstrings, comments and blank lines do not count.
    """
    suspects = [
        node
        for node in source.statements
        if isinstance(node, _Function) and len(_lines_of(node)) > FUNCTION_CODE_LINES_MAX
    ]
    if not suspects:
        return []  # to split every source into tokens takes seconds
    code = code_lines(source)
    counts = ((node, len(code.intersection(_lines_of(node)))) for node in suspects)
    return [
        source.at(node, f"{node.name} has {count} lines of code")
        for node, count in counts
        if count > FUNCTION_CODE_LINES_MAX
    ]


def code_lines(source: Source) -> set[int]:
    """Return the numbers of the lines that hold code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines - _docstring_lines(source.tree)


def long_file(source: Source) -> list[str]:
    """Return a complaint if the file has too many lines of any kind."""
    count = len(source.text.splitlines())
    if count <= FILE_LINES_MAX:
        return []
    return [f"{source.path}: {count} lines, more than {FILE_LINES_MAX}; split it"]


def empty_name(path: str) -> list[str]:
    """Return a complaint if a folder or file on this path has a name that says nothing."""
    parts = PurePosixPath(path).with_suffix("").parts
    return [f"{path}: {part} is no name for a concept" for part in parts if part.strip("_") in EMPTY_NAMES]


def star_imports(source: Source) -> list[str]:
    """Return a complaint for each import of everything."""
    return [
        source.at(node, "import the names, not *")
        for node in source.statements
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    ]


def _lines_of(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _docstring_lines(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, _Function | ast.ClassDef | ast.Module) and ast.get_docstring(node) is not None:
            lines.update(_lines_of(node.body[0]))
    return lines
