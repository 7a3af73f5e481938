"""What readers of recorded traces share: the fields of CSV, sizes, and what is wrong with a line."""

from __future__ import annotations

import csv

SIZE_MAX = 2**63 - 1
"""The largest size, which a 64-bit column holds, and still more than any request or answer."""

_DIGITS_MAX = len(str(SIZE_MAX))


class LineError(ValueError):
    """A line that cannot be used; the argument says why, and whoever reads the file adds which line it is."""


def csv_fields(line: str) -> list[str]:
    """Cut a line of CSV (RFC 4180) into its fields; raise `LineError` for one whose quotes make no sense.

    Spaces before a quoted field are passed over, other blanks stay. A line is cut alone: no field can hold
    a line break, since a quote that is never closed would otherwise swallow the rest of the file.
    """
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line], strict=True, skipinitialspace=True))
    except csv.Error as error:
        raise LineError(f"is not CSV: {error}, got {shortened(line)}") from None


def csv_size(text: str) -> int:
    """Return the size in bytes that a field of CSV holds; raise `LineError` for what is none."""
    # Frames write a column of counts in which one is missing as floats: 12.0.
    size = whole_number(text.removesuffix(".0"))
    if size is None:
        raise LineError(f"size must be a whole number of bytes >= 0, got {shortened(text)}")
    return size


def whole_number(text: str) -> int | None:
    """Return the number that `text` is in decimal digits, or None: no digits, others, or above `SIZE_MAX`."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0")
    if len(digits) > _DIGITS_MAX:  # Python raises an error of its own for thousands of digits
        return None
    number = int(digits or "0")
    return number if number <= SIZE_MAX else None


def shortened(text: str) -> str:
    """Return the text quoted, for a message, cut where it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
