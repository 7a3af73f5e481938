"""Transactions across services, each with a database of its own.

    sagas/              local transactions in a row, and compensations: nobody waits, all see in between
    two_phase_commit/   all do the same; who has promised waits for the coordinator, with its locks held
    events/             a database and a message: the dual write, the transactional outbox, choreography
    changes             Put, Add: what is done to the data of one service, and refused
    ending              Ending, run, read: what clients ask and are told
    leader              TransactionLeader: what orchestrators and coordinators promise to clients
    local_store         LocalStore: the database of one service; one record of one log is one transaction
    storing_node        StoringNode: a process with such a database

Sagas and two-phase commit answer the same request, `run(id, ...)`, with an `Ending`.
"""

from .changes import Add, Change, Put, TooLittle, changed
from .ending import READ, RUN, Ending, read, run
from .local_store import LocalStore
from .sagas import Orchestrator, Saga, SagaObserver, SagaService, SagaStep
from .storing_node import StoringNode
from .two_phase_commit import TwoPhaseCoordinator, TwoPhaseObserver, TwoPhaseParticipant

__all__ = [
    "READ",
    "RUN",
    "Add",
    "Change",
    "Ending",
    "LocalStore",
    "Orchestrator",
    "Put",
    "Saga",
    "SagaObserver",
    "SagaService",
    "SagaStep",
    "StoringNode",
    "TooLittle",
    "TwoPhaseCoordinator",
    "TwoPhaseObserver",
    "TwoPhaseParticipant",
    "changed",
    "read",
    "run",
]
