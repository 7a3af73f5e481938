"""Workers on a backlog, as many as the backlog asks for: nothing is lost, and nobody is paid for idling."""

from __future__ import annotations

from models import Host, Network, Request
from models.autoscaling import Autoscaler, BacklogPerInstance, MetricPipeline
from models.infrastructure import HostPool, HostType
from models.services import Work
from models.workers import Backlog, WorkerPool
from models.workload import Client
from simulator import Environment
from simulator.randomness import Constant


def test_workers_come_with_the_backlog_and_go_with_it_and_each_job_is_done_once() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=0.01)
    jobs = Backlog(env, Host(env, "queue"))
    hosts = HostPool(env, "worker host", HostType(boot_time=20.0))
    pool = WorkerPool(
        env, hosts, lambda host: network.connect(host, jobs), lambda host: Work(Constant(2.0)), size=0
    )
    pipeline = MetricPipeline(env, totals={"backlog": lambda: jobs.visible.value + jobs.in_flight.value})
    rule = BacklogPerInstance(
        count_min=0, count_max=12, acceptable=10.0, stabilisation_window=30.0, idle_time=60.0
    )
    Autoscaler(env, pool.group, rule, pipeline)
    client = Client(env, network.connect(Host(env, "web"), jobs))
    for number in range(100):
        env.call_later(100.0, client.issue, Request("send", key=f"job-{number}"))
    env.run(until=99.0)
    assert (pool.worker_count, len(hosts.hosts)) == (0, 0)
    env.run(until=130.0)
    assert pool.group.desired_count == 10
    env.run(until=600.0)
    assert client.table.counts()["ok"] == 100
    assert jobs.size == 0
    assert pool.statistics().completed_count == 100
    assert (pool.worker_count, len(hosts.hosts)) == (0, 0)
    counts = [record.detail["after"] for record in env.event_log.of_kind("scaling")]
    assert counts[0] == 10
    assert counts[-1] == 0
    # Ten jobs of two seconds each is what was asked for, and the way there.
    assert hosts.statistics().host_hours * 3_600.0 < 12 * 150.0
