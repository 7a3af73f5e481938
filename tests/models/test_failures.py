"""What may be concluded from a failure: said by its kind, and taken back from a call that is in doubt."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import models
from models import Host, Network
from models.endpoint import FunctionEndpoint
from models.failures import (
    BreakerOpen,
    CallFailed,
    ConnectionLost,
    Refused,
    Rejected,
    ServerError,
    TimedOut,
    Unavailable,
    in_doubt,
)
from models.request import Request
from models.resilience.rejection import rejection
from models.services import DependencyFailed
from models.sharding import Moved
from simulator import Environment

NOTHING_DONE = [Refused("down"), Rejected("queue", "full"), BreakerOpen("b"), Unavailable("no quorum")]
UNKNOWN = [CallFailed(), TimedOut("late"), ConnectionLost("gone"), ServerError("bug")]


@pytest.mark.parametrize("failure", NOTHING_DONE, ids=repr)
def test_these_say_that_nothing_was_done_unless_the_call_is_in_doubt(failure: CallFailed) -> None:
    assert failure.nothing_done
    doubted = in_doubt(failure)
    assert not doubted.nothing_done
    assert (type(doubted), doubted.args, str(doubted)) == (type(failure), failure.args, str(failure))
    assert failure.nothing_done  # others may have been told of it


@pytest.mark.parametrize("failure", [*UNKNOWN, DependencyFailed("bank", Refused("down"))], ids=repr)
def test_all_others_leave_it_open(failure: CallFailed) -> None:
    assert not failure.nothing_done
    assert in_doubt(failure) is failure


def test_doubt_is_carried_over_networks_and_into_other_processes() -> None:
    env = Environment(seed=1)

    def turn_away(request: Request) -> Generator[float, None, None]:
        yield 1.0
        raise in_doubt(rejection(server, "full"))

    def ask() -> Generator[Any, Any, CallFailed]:
        try:
            yield from way.call(Request())
        except CallFailed as failure:
            return failure
        raise AssertionError("there is no answer")

    server = FunctionEndpoint(turn_away, host=Host(env, "server"))
    way = Network(env).connect(Host(env, "web"), server)
    told = env.run(env.process(ask()))
    assert isinstance(told, Rejected)
    assert not told.nothing_done
    assert told.part is server
    assert not pickle.loads(pickle.dumps(in_doubt(Moved("server", 3)))).nothing_done


class Odd(Refused):
    """A failure that cannot be made from its arguments."""

    def __init__(self, *, detail: str) -> None:
        super().__init__()
        self.detail = detail


def test_failure_that_cannot_be_copied_is_in_doubt_itself() -> None:
    odd = Odd(detail="odd")
    assert in_doubt(odd) is odd
    assert not odd.nothing_done


def test_only_this_module_says_which_kinds_mean_that_nothing_was_done() -> None:
    """A list of the kinds elsewhere would be a conclusion from the last attempt alone."""
    kinds = {"Refused", "Rejected", "BreakerOpen", "Unavailable"}
    root = Path(models.__file__).parent
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.BinOp):
                named = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
                assert not kinds <= named, f"{path.relative_to(root)}, line {node.lineno}"
