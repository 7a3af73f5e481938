"""A policy around another one: what it does not decide itself is as the policy inside has it."""

from __future__ import annotations

from collections.abc import Sequence

from ..request import Request
from .policy import Policy
from .target import Target


class PolicyAround(Policy):
    """Base of policies around a `policy`; derive a frozen dataclass with a field of that name."""

    __slots__ = ()

    policy: Policy

    @property
    def uses_weights(self) -> bool:  # type: ignore[override]  # as the policy inside says, and nobody sets it
        """Whether weights make a difference to the policy inside."""
        return self.policy.uses_weights

    @property
    def has_memory(self) -> bool:  # type: ignore[override]  # as for `uses_weights`
        """Whether the policy inside has a memory."""
        return self.policy.has_memory

    def hashed_key(self, request: Request) -> int | None:
        """Return what the policy inside does."""
        return self.policy.hashed_key(request)

    def is_panic(self, members: Sequence[Target], threshold: float) -> bool:
        """Say what the policy inside does."""
        return self.policy.is_panic(members, threshold)

    def require_policy(self) -> None:
        """Raise `TypeError` unless the policy inside is one."""
        if not isinstance(self.policy, Policy):
            raise TypeError(f"policy must be a Policy, such as PowerOfTwoChoices(), got {self.policy!r}")
