"""What an entry of the catalogue of faults says of a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from models.faults import Fault

from .choices import Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One kind: `build(system, name, **parameters)` makes the fault.

    - `leaves_callers`: calls which it has met may wait for ever, also when it is healed.
    - `ends_by_itself`: it must know beforehand when it is to end, and is built with `until` (s) as well.
    - `changes_instances`: the instances of its `service` come and go.
    - `is_order`: it is no trouble, but what somebody has ordered.
    """

    parameters: Mapping[str, Parameter]
    build: Callable[..., Fault]
    leaves_callers: bool = False
    ends_by_itself: bool = False
    changes_instances: bool = False
    is_order: bool = False
