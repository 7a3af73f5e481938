"""What users do: they give commands until they are answered, or have no patience left, and ask views."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import CallFailed, Endpoint, Request, Response
from models.cqrs import Accepted, Command, carry_out, submit
from models.cqrs.items import Cancel, Reserve, Restock
from models.cqrs.projections import at_least
from models.replication import read
from simulator import TimedOut

from .live import Asked, Given, LiveProjections
from .plan import AskPlan, UserPlan

ATTEMPTS_APART = 0.05
_UNITS = 2


def work_off(live: LiveProjections, user: UserPlan) -> Generator[Any, Any, None]:
    """Do all that a user wants, one after the other, as long as there is load."""
    env, own = live.env, 0
    live.busy[user.name] = None
    for ask in sorted(user.asks, key=lambda each: each.at):
        if ask.at > env.now:
            yield ask.at - env.now
        if env.now > live.plan.load_end:
            break
        if ask.does == "query":
            yield from _ask(live, user, ask, own)
            continue
        given = Given(user.name, command_of(user, ask), ask.submitted)
        live.commands.append(given)
        yield from give(live, given, user.attempts, user.patience, first=len(live.commands))
        if isinstance(given.answer, Accepted):
            own = max(own, given.answer.position)
    del live.busy[user.name]


def command_of(user: UserPlan, ask: AskPlan) -> Command:
    """Return the command that an ask stands for; it follows from the plan alone."""
    identity = f"{user.name} at {ask.at!r}"
    match ask.does:
        case "restock":
            return Command(identity, ask.item, Restock(_UNITS))
        case "reserve":
            return Command(identity, ask.item, Reserve(f"order of {identity}", user.name, 1))
    ordered = [each.at for each in user.asks if each.does == "reserve" and each.item == ask.item]
    last = max((at for at in ordered if at < ask.at), default=None)
    return Command(identity, ask.item, Cancel(f"order of {user.name} at {last!r}"))


def give(
    live: LiveProjections, given: Given, attempts: int, patience: float, *, first: int
) -> Generator[Any, Any, None]:
    """Give a command to one handler after the other, from that in the place `first` on, until one answers."""
    host = live.hosts[given.user]
    request = (submit if given.is_submitted else carry_out)(given.command)
    for attempt in range(attempts):
        if attempt:
            yield ATTEMPTS_APART
        handler = live.handlers[(first + attempt) % len(live.handlers)]
        try:
            response = yield from _in_time(live, live.network.connect(host, handler), request, patience)
        except CallFailed as failure:
            given.failures.append(type(failure).__name__)
        else:
            given.answer = response.value
            break
    given.ended_at = live.env.now


def _ask(live: LiveProjections, user: UserPlan, ask: AskPlan, own: int) -> Generator[Any, Any, None]:
    view = live.views.get(ask.of or "")
    if view is None:
        return
    host, began_at = live.hosts[user.name], live.env.now
    demanded = own if ask.own else 0
    question = read(user.name if view.plan.model == "orders" else ask.item)
    if demanded:
        question = at_least(question, demanded, wait=user.patience / 2.0)
    way, life = live.network.connect(host, view.projection), live.life_of(view)
    try:
        response = yield from _in_time(live, way, question, user.patience)
    except CallFailed:
        return
    is_of_one = life == live.life_of(view)
    asked = Asked(
        user.name, view.plan.name, began_at, live.env.now, response.version, demanded, life, is_of_one
    )
    live.questions.append(asked)


def _in_time(
    live: LiveProjections, way: Endpoint, request: Request, patience: float
) -> Generator[Any, Any, Response]:
    with live.env.move_on_after(patience):
        response: Response = yield from way.call(request)
        return response
    raise TimedOut("nobody has answered")
