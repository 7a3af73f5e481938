"""An Environment that is wrong on purpose, and one that is not: the suite must tell them apart."""

from __future__ import annotations

from typing import Any

import simpy


class LateTimeouts(simpy.Environment):
    """Every timeout takes twice as long as it was asked to."""

    def timeout(self, delay: float = 0, value: Any = None) -> simpy.Timeout:
        """Return a timeout of double the delay."""
        return super().timeout(2 * delay, value)


class FaithfulSubclass(simpy.Environment):
    """SimPy itself under another name: what fails here is the harness's fault."""
