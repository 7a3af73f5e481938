"""What the tests of hedges share: one call over a script, a budget that writes down, a server."""

from collections.abc import Generator
from typing import Any

from models import (
    Request,
)
from models.resilience import RetryBudget
from models.resilience.hedging import Hedge
from models.services import Instance
from simulator import Environment
from tests.models.resilience.scripted import Scripted, Seen, Step, call_at

SLOW: Step = (10.0, None)


def hedged(*script: Step, **settings: Any) -> tuple[Seen, Scripted, Hedge]:
    """One call at 0 s of a hedge after 0.25 s over a script."""
    env = Environment()
    target = Scripted(env, *script)
    hedge = Hedge(env, target, **{"after": 0.25, **settings})
    [seen] = call_at(env, hedge, 0.0)
    env.run()
    assert target.under_way == 0
    return seen, target, hedge


class Ledger(RetryBudget):
    """A budget that writes down what it is told, and allows so many copies."""

    def __init__(self, copies: int = 99) -> None:
        self.told: list[str] = []
        self.copies = copies

    def request_started(self) -> None:
        self.told.append("start")

    def attempt_succeeded(self, *, is_first: bool) -> None:
        self.told.append("first ok" if is_first else "copy ok")

    def attempt_failed(self) -> None:
        self.told.append("failed")

    def take_retry(self) -> bool:
        self.copies -= 1
        self.told.append("take")
        return self.copies >= 0

    def retry_ended(self) -> None:
        self.told.append("copy end")

    def request_ended(self) -> None:
        self.told.append("end")


def takes(duration: float) -> Any:
    """A handler that takes so many seconds, and answers with the name of its instance."""

    def handle(instance: Instance, request: Request) -> Generator[Any, Any, str]:
        yield duration
        return instance.name

    return handle
