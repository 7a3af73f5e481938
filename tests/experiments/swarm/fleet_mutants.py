"""Bugs to be put into what keeps a fleet going: who watches it, its racks and cores, its workers.

As those in `mutants`, of which they are a part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models.balancing.health_checks import HealthChecker, Verdict
from models.balancing.outlier_ejection import OutlierEjector
from models.infrastructure import Area, Rack
from models.infrastructure.cores import FairShareCores, Share
from models.workers import MessageState, Worker
from models.workers.ledger import Ledger


def who_is_ill_once_is_ill_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Verdict, "passed", lambda verdict: False)


def silence_is_no_sign_of_illness(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Verdict, "failed", lambda verdict, at_once=False: False)


def checks_go_on_for_a_target_that_was_removed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(HealthChecker, "_leave", lambda checker, session: None)


def who_is_ejected_does_not_come_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OutlierEjector, "_readmit", lambda ejector, record: None)


def more_are_ejected_than_may_be(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OutlierEjector, "_has_room", lambda ejector: True)


def quota_begins_anew_with_every_change(patch: pytest.MonkeyPatch) -> None:
    settle = Share.settle

    def settle_anew(share: Share, now: float) -> None:
        if share.quota is not None:
            share._left = share.quota.time
        settle(share, now)

    patch.setattr(Share, "settle", settle_anew)


def each_group_has_all_cores(patch: pytest.MonkeyPatch) -> None:
    def share_out(cores: FairShareCores) -> None:
        for share in cores._active:
            share.rate = 0.0 if share.is_throttled else float(min(cores.count, share.job_count))

    patch.setattr(FairShareCores, "_share_out", share_out)


def power_of_a_rack_does_not_come_back(patch: pytest.MonkeyPatch) -> None:
    restore_power = Area.restore_power

    def forget(area: Area, holder: object) -> None:
        if not isinstance(area, Rack):
            restore_power(area, holder)

    patch.setattr(Area, "restore_power", forget)


def message_in_flight_stays_so(patch: pytest.MonkeyPatch) -> None:
    def stay(ledger: Any, entry: Any) -> None:
        entry.timer = None
        if entry.state is not MessageState.IN_FLIGHT:
            ledger._enqueue(entry)

    patch.setattr(Ledger, "_show", stay)


def worker_deletes_a_job_before_it_is_done(patch: pytest.MonkeyPatch) -> None:
    do = Worker._do

    def delete_first(worker: Any, message: Any) -> Any:
        yield from worker._delete(message)
        return (yield from do(worker, message))

    patch.setattr(Worker, "_do", delete_first)


def memory_of_a_backlog_is_lost_in_silence(patch: pytest.MonkeyPatch) -> None:
    lose_all = Ledger.lose_all

    def lose(ledger: Ledger) -> None:
        lose_all(ledger)
        ledger.sent_count -= len(ledger.lost)
        ledger.lost.clear()

    patch.setattr(Ledger, "lose_all", lose)


def worker_does_not_come_back_from_a_crash(patch: pytest.MonkeyPatch) -> None:
    start = Worker._start_slots

    def start_once(worker: Worker) -> None:
        if not worker._crash_count:
            start(worker)

    patch.setattr(Worker, "_start_slots", start_once)


FLEET_MUTANTS: tuple[Callable[[pytest.MonkeyPatch], None], ...] = (
    checks_go_on_for_a_target_that_was_removed,
    each_group_has_all_cores,
    memory_of_a_backlog_is_lost_in_silence,
    message_in_flight_stays_so,
    more_are_ejected_than_may_be,
    power_of_a_rack_does_not_come_back,
    quota_begins_anew_with_every_change,
    silence_is_no_sign_of_illness,
    who_is_ejected_does_not_come_back,
    who_is_ill_once_is_ill_for_ever,
    worker_deletes_a_job_before_it_is_done,
    worker_does_not_come_back_from_a_crash,
)
