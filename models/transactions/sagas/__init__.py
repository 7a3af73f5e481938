"""Sagas: transactions over several services as rows of local ones, which compensations undo.

saga            Saga, SagaStep: compensatable steps, a pivot, retriable steps
orchestrator    Orchestrator: asks service after service, and goes on after a crash
service         SagaService: does each step once, and remembers its answer
requests        what the one asks the other
observer        SagaObserver: how long sagas are half-done, and what others made of that
flaws           SagaFlaws: bugs to plant
"""

from .flaws import SagaFlaws
from .observer import Anomalies, MarkStay, SagaLife, SagaObserver
from .orchestrator import Orchestrator, OrchestratorSettings
from .requests import Marked
from .saga import Saga, SagaStep
from .service import SagaService

__all__ = [
    "Anomalies",
    "MarkStay",
    "Marked",
    "Orchestrator",
    "OrchestratorSettings",
    "Saga",
    "SagaFlaws",
    "SagaLife",
    "SagaObserver",
    "SagaService",
    "SagaStep",
]
