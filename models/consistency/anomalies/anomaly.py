"""An anomaly: its name, the transactions that prove it, and the proof in words."""

from __future__ import annotations

from dataclasses import dataclass

from ..operation import Operation
from ..wording import operation_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """What a correct store would not have done; `name` is Adya's or Elle's.

    `operations` are the transactions T1, T2, ... of the proof, and `steps` its sentences about them. In a
    cycle, step i says why T(i) comes before the next one, and the last why the last comes before T1.
    """

    name: str
    operations: tuple[Operation, ...]
    steps: tuple[str, ...]

    def text(self) -> str:
        """Return the anomaly for people to read, several lines."""
        named = [f"  T{number} = {operation_text(each)}" for number, each in enumerate(self.operations, 1)]
        return "\n".join([f"{self.name}:", *named, *(f"  - {step}" for step in self.steps)])
