"""What stores are held to: laws by name, each a check of a run that is over, or all but over.

Always:

    invents_nothing             what is read, or held in the end, somebody has asked to be written
    fails_without_effect        what was refused (`Unavailable` and the like) is never seen by anybody

Where it is promised (see `StoreDesign.promises`), or a plan is `held_to` it:

    is_linearizable             each key by itself (Herlihy and Wing: locality)
    keeps_sessions              all four session guarantees, of clients that read and write registers
    reads_own_writes            two of them alone
    reads_are_monotonic
    reads_are_fresh             no read tells what had been replaced when it began
    keeps_what_it_acknowledges  what was acknowledged is there in the end, or something newer is
    keeps_what_it_shows         the same of what was read, whatever became of whoever wrote it
    keeps_what_is_written_once  the same of keys that were written once: whatever clocks say, nothing is newer
    deleted_stays_deleted       what is deleted after all writes of it had ended is not there in the end
    works_again                 when all has healed, each client can write, and read
    converges                   then nodes that should hold the same do so, after a while

and of what several nodes have taken and merge (see `merging_laws`):

    nothing_is_gone             each acknowledged update is known to somebody in the end, as an observer says
    keeps_the_newest            nothing that was acknowledged has lost to what was there before it
    counters_balance            a counter is the sum of what was added
    sets_keep_their_items       what was added and not removed is there
    removed_stays_removed       what was removed by who had read it is not
    siblings_stay_until_seen    what is replaced somebody has read before

and of a resource behind locks (see `lock_laws`):

    has_one_holder              no two clients say at once that they hold a lock
    tokens_grow                 none is given twice, and the later one is higher
    lets_in_nothing_late        the resource takes no token that is lower than one before
    gives_everything_back       when all clients have left no session and no lock is left

`works_again` and `converges` are looked at while the run goes on (see `trial`). Where only a search can tell
whether a history is linearizable, it may be given up: that is counted, and not held against the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import shorten

from models.consistency import (
    Ending,
    Guarantee,
    SearchLimits,
    Verdict,
    Witness,
    breaches_of_guarantees,
    check_linearizability,
    counter_balances,
    lost_appends,
    lost_writes,
    operation_text,
    staleness_of_reads,
)
from models.replication import ADD, APPEND, DELETE, READ, WRITE

from .histories import authority, broken, by_key, keys, of_registers, told, values, written
from .live_store import LiveStore
from .lock_laws import (
    check_gives_everything_back,
    check_has_one_holder,
    check_lets_in_nothing_late,
    check_tokens_grow,
)
from .merging_laws import (
    check_counters_balance,
    check_keeps_the_newest,
    check_keeps_what_it_shows,
    check_nothing_is_gone,
    check_removed_stays_removed,
    check_sets_keep_their_items,
    check_siblings_stay_until_seen,
)

_LIMITS = SearchLimits(steps=300_000, configurations=30_000)
_SHOWN_MAX = 6
_LINE_MAX = 700  # characters

Check = Callable[[LiveStore], None]


def _check_invents_nothing(live: LiveStore) -> None:
    history = live.history()
    asked = {(each.key, value) for each in history for value in written(each)}
    for operation, value in told(history):
        if (operation.key, value) not in asked:
            detail = f"{operation_text(operation)}: nobody wrote {value!r}"
            raise broken(live, "invents_nothing", detail, time=operation.ended_at)
    numbers = keys(history, ADD)
    for name, held in live.store.contents().items():
        for key, shown in held.items():
            for value in values(shown):
                if key not in numbers and (key, value) not in asked:
                    raise broken(live, "invents_nothing", f"{name} holds {value!r} at {key!r}")


def _check_fails_without_effect(live: LiveStore) -> None:
    history = live.history()
    failed = {
        (each.key, value): each for each in history if each.ending is Ending.FAILED for value in written(each)
    }
    if not failed:
        return
    for operation, value in told(history):
        if (each := failed.get((operation.key, value))) is not None:
            detail = f"{operation_text(each)}, and {operation_text(operation)}"
            raise broken(live, "fails_without_effect", detail, time=operation.ended_at)
    for name, held in live.store.contents().items():
        for key, shown in held.items():
            for value in values(shown):
                if (each := failed.get((key, value))) is not None:
                    detail = f"{operation_text(each)}, and {name} holds it"
                    raise broken(live, "fails_without_effect", detail)


def _check_linearizable(live: LiveStore) -> None:
    history = live.history()
    lists, numbers = keys(history, APPEND), keys(history, ADD)
    for model, part in (
        ("list-append", [each for each in history if each.key in lists]),
        ("counter", [each for each in history if each.key in numbers]),
        ("cas-register", of_registers(history)),
    ):
        if not part:
            continue
        found = check_linearizability(part, model, limits=_LIMITS)
        if found.verdict is Verdict.NOT_LINEARIZABLE:
            witness = found.witnesses[0]
            time = witness.breaking.ended_at
            raise broken(live, "is_linearizable", _proof(witness), time=time)
        live.undecided_count += found.verdict is Verdict.UNKNOWN


def _proof(witness: Witness) -> str:
    """Return a witness in a line: all of it where that is little, else what it breaks at."""
    shown = witness.operations if len(witness.operations) <= _SHOWN_MAX else (witness.breaking,)
    others = len(witness.operations) - len(shown)
    more = f"; and {others} others, which the plan shows" if others else ""
    text = "; ".join(map(operation_text, shown)) + more
    return shorten(f"key {witness.key!r}: {witness.why}: {text}", _LINE_MAX, placeholder=" ...")


def _guarantees(law: str, *guarantees: Guarantee) -> Check:
    def check(live: LiveStore) -> None:
        for breach in breaches_of_guarantees(of_registers(live.history())):
            if breach.guarantee in guarantees:
                raise broken(live, law, breach.text(), time=breach.read.ended_at)

    return check


def _check_fresh(live: LiveStore) -> None:
    for staleness in staleness_of_reads(of_registers(live.history())):
        if staleness.versions_count:
            seconds = f"{staleness.seconds:.6g} s"
            detail = f"{operation_text(staleness.read)}: replaced {seconds} before it was asked for"
            raise broken(live, "reads_are_fresh", detail, time=staleness.read.ended_at)


def _check_keeps(live: LiveStore) -> None:
    history = live.history()
    contents = authority(live)
    numbers = keys(history, ADD)
    # Where a write of unknown ending may have come last, histories prove nothing: whoever saw all may know.
    if count := live.design.lost_count(live.store):
        raise broken(live, "keeps_what_it_acknowledges", f"{count} acknowledged writes are lost")
    lost = [*lost_writes(of_registers(history), contents)]
    lost += lost_appends([each for each in history if each.kind == APPEND], contents)
    if lost:
        held = contents.get(lost[0].key)
        detail = f"{operation_text(lost[0])} is lost: {lost[0].key!r} is {held!r} in the end"
        raise broken(live, "keeps_what_it_acknowledges", detail)
    for balance in counter_balances([each for each in history if each.key in numbers], contents):
        if balance.lost or balance.surplus:
            raise broken(live, "keeps_what_it_acknowledges", str(balance))


def _check_keeps_what_is_written_once(live: LiveStore) -> None:
    contents = list(live.store.contents().values())
    for key, operations in by_key(live.history()).items():
        writes = [each for each in operations if each.kind != READ]
        if len(writes) != 1 or writes[0].kind != WRITE or writes[0].ending is not Ending.OK:
            continue
        if not any(writes[0].value in values(held.get(key)) for held in contents):
            detail = f"{operation_text(writes[0])}, and nobody holds it in the end"
            raise broken(live, "keeps_what_is_written_once", detail)


def _check_deleted(live: LiveStore) -> None:
    for key, operations in by_key(live.history()).items():
        deletes = [each for each in operations if each.kind == DELETE and each.ending is Ending.OK]
        if not deletes:
            continue
        begun = max(each.invoked_order for each in deletes)
        others = [each for each in operations if each.kind == WRITE]
        if all(each.ending is not Ending.UNKNOWN and each.ended_order < begun for each in others):
            for name, held in live.store.contents().items():
                if held.get(key) is not None:
                    detail = f"{operation_text(deletes[-1])}, and {name} holds {held[key]!r} in the end"
                    raise broken(live, "deleted_stays_deleted", detail)


def _looked_at_on_the_way(live: LiveStore) -> None:
    """See `trial`."""


ALWAYS: Sequence[Check] = (_check_invents_nothing, _check_fails_without_effect)

LAWS: Mapping[str, Check] = {
    "is_linearizable": _check_linearizable,
    "keeps_sessions": _guarantees("keeps_sessions", *Guarantee),
    "reads_own_writes": _guarantees("reads_own_writes", Guarantee.READ_YOUR_WRITES),
    "reads_are_monotonic": _guarantees("reads_are_monotonic", Guarantee.MONOTONIC_READS),
    "reads_are_fresh": _check_fresh,
    "keeps_what_it_acknowledges": _check_keeps,
    "keeps_what_it_shows": check_keeps_what_it_shows,
    "keeps_what_is_written_once": _check_keeps_what_is_written_once,
    "deleted_stays_deleted": _check_deleted,
    "works_again": _looked_at_on_the_way,
    "converges": _looked_at_on_the_way,
    "nothing_is_gone": check_nothing_is_gone,
    "keeps_the_newest": check_keeps_the_newest,
    "counters_balance": check_counters_balance,
    "sets_keep_their_items": check_sets_keep_their_items,
    "removed_stays_removed": check_removed_stays_removed,
    "siblings_stay_until_seen": check_siblings_stay_until_seen,
    "has_one_holder": check_has_one_holder,
    "tokens_grow": check_tokens_grow,
    "lets_in_nothing_late": check_lets_in_nothing_late,
    "gives_everything_back": check_gives_everything_back,
}


def check_laws(live: LiveStore) -> None:
    """Raise `BrokenInvariant` for the first law that a store which is over has broken."""
    for check in (*ALWAYS, *(check for name, check in LAWS.items() if name in live.laws)):
        check(live)
