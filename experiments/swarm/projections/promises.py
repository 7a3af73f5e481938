"""Which laws hold of a plan: see `laws` for what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .plan import ProjectionsPlan

ALWAYS = frozenset(
    {
        "each_command_once",
        "decides_by_what_it_changes",
        "answers_what_was_demanded",
        "naive_alone_doubles_and_loses",
        "fails_without_effect",
    }
)


def promises_of(plan: ProjectionsPlan, given: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the laws that a plan is held to, with all parameters `given`.

    It works again where an answer of the log takes less time than those have patience who ask it; and where
    it does not, what is in the log may not be seen in the end. Of a log that loses what it has told nothing
    is kept, and its readers may have what is gone, and go back.
    """
    laws = set(ALWAYS)
    rounds = 1.0 if plan.log == "disk" else 2.0
    if rounds * 2.0 * plan.latency.mean * 2.0 + 2.0 * given["sync_time"] <= given["log_patience"] / 2.0:
        laws |= {"works_again", "views_converge"}
    is_durable = plan.log == "raft" or (given["durability"] != "periodic" and not _loses_the_log(plan))
    if is_durable:
        laws |= {"positions_go_forward", "views_are_folds"}
        laws |= {"keeps_what_it_acknowledges"} if "works_again" in laws else set()
    return frozenset(laws)


def _loses_the_log(plan: ProjectionsPlan) -> bool:
    return bool(plan.disks_lost & {*plan.log_hosts, "leader"})
