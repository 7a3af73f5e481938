"""The roster: who is in a service, and since when each has been as it is.

The control plane's own record, for those who want to know what a deployment has, such as an autoscaler; the
deployment itself goes by what the agents report. Like an instance group's it is right about who is ready now,
and finds when somebody went down by looking (`members`).
"""

from __future__ import annotations

from simulator import Environment

from ..instance_groups import Member
from ..services import Instance, Service


class Roster:
    """The present instances of `service`, each with a record, from now on."""

    def __init__(self, env: Environment, service: Service) -> None:
        self._env = env
        self._members: dict[Instance, Member] = {}
        self._number = 0
        for instance in service.instances:
            member = self._note(instance)
            if instance.is_ready:
                self._note_ready(member)
        service.on_added(self._note)
        service.on_removed(lambda instance: self._members.pop(instance, None))

    def _note(self, instance: Instance) -> Member:
        now = self._env.now
        self._number += 1
        member = self._members[instance] = Member(self._number, instance, instance.host, now=now, due_at=now)
        instance.on_ready(lambda: self._note_ready(member))  # one that is added starts after this
        return member

    def _note_ready(self, member: Member) -> None:
        member.was_ready = member.is_counted = True
        member.changed_at = self._env.now

    def members(self) -> tuple[Member, ...]:
        """Look at all, and return their records."""
        for member in self._members.values():
            if member.is_counted and not member.instance.is_ready:
                member.is_counted = False
                member.changed_at = self._env.now
        return tuple(self._members.values())
