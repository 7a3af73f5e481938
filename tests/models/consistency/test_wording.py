"""Operations in words are the same in every process."""

from __future__ import annotations

from models.consistency import operation_text
from tests.models.consistency.written_histories import read


def test_sets_are_told_in_order() -> None:
    said = operation_text(read(0, 0, 1, frozenset({"b", "a", "c"})))
    assert said == "[0 s, 1 s]  process 0: read 'x' -> {'a', 'b', 'c'}"
