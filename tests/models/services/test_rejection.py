"""Whose rejection it is: that of the instance which is asked, or of one that this one has asked."""

from collections.abc import Generator
from typing import Any

import pytest

from models.failures import Rejected
from models.infrastructure import Host
from models.request import Request
from models.services import Instance
from models.workload import Client
from simulator import Environment


@pytest.mark.parametrize("shed", [False, True], ids=["queue full", "by the handler"])
def test_a_rejection_by_another_instance_of_the_same_name_is_not_its_own(shed: bool) -> None:
    env = Environment()

    def handle(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        yield 1.0
        if shed:
            raise Rejected(instance.name, "shed")

    inner = Instance(env, Host(env, "b"), handle, threads=1, queue_size_max=0)
    outer = Instance(env, Host(env, "a"), lambda instance, request: inner.call(request))
    assert inner.name == outer.name
    client = Client(env, outer)
    client.issue(Request())
    client.issue(Request())
    env.run()
    assert client.table.counts()["server_error"] == 1 + shed
    assert client.table.counts()["rejected"] == 0
    assert outer.statistics().failed_count == 1 + shed
    assert inner.statistics().rejected_count == 1 + shed
