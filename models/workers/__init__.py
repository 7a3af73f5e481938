"""Workers: jobs wait in a backlog, and are worked off by a pool that may grow, shrink and die.

    backlog             Backlog: hands out messages until they are deleted; at least once
    ledger              the states of its messages
    backlog_settings    BacklogSettings: its rules; sqs: those of Amazon SQS
    message             Message, Receipt: what is handed out
    operations          Send, Receive, Delete, Extend: what it is asked
    backlog_client      BacklogClient: asks it
    worker              Worker: fetches jobs, does them, deletes their messages
    worker_settings     WorkerSettings: polls, heartbeats, what failed jobs and restarts wait for
    worker_pool         WorkerPool: workers on hosts, as many as asked for
    preemptible_hosts   PreemptibleHosts: hosts that are taken away, with or without notice

Jobs are sent by calling the backlog over the network; nothing else leads from one part to another:

    jobs = Backlog(env, host, sqs(receives_max=5), dead_letters=Backlog(env, host, name="dead letters"))
    users = OpenLoop(env, network.connect(web, jobs), rate=10.0)
    pool = WorkerPool(env, hosts, lambda host: network.connect(host, jobs), lambda host: Work(2.0), size=20)
"""

from .backlog import Backlog, BacklogStatistics
from .backlog_client import BacklogClient
from .backlog_settings import BacklogSettings, sqs
from .ledger import MessageState
from .message import Message, Receipt
from .operations import Delete, Extend, Receive, Send
from .preemptible_hosts import PreemptibleHosts, PreemptionStatistics
from .worker import Worker, WorkerStatistics
from .worker_pool import WorkerPool
from .worker_settings import WorkerSettings

__all__ = [
    "Backlog",
    "BacklogClient",
    "BacklogSettings",
    "BacklogStatistics",
    "Delete",
    "Extend",
    "Message",
    "MessageState",
    "PreemptibleHosts",
    "PreemptionStatistics",
    "Receipt",
    "Receive",
    "Send",
    "Worker",
    "WorkerPool",
    "WorkerSettings",
    "WorkerStatistics",
    "sqs",
]
