"""Requirements: how much is too much, judged on what a run has recorded.

    evidence          Evidence: a window of a run; hung requests are failures there
    objective         Objective, Verdict, Measured: the contract of what follows
    latency           LatencyObjective: a percentile of the time to an answer, failures included
    availability      AvailabilityObjective: the share that was answered
    goodput           GoodputObjective: answers in time, per second
    durability        DurabilityObjective: acknowledged writes that still exist
    staleness         StalenessObjective: how old the values are that users read
    slo               SLO, Judgement: objectives together, up to a load
    error_budget      ErrorBudget: what an objective allows, and how fast it is used up
    burn_rate         BurnRateAlert: when a monitor would wake somebody
    amplification     Amplification: attempts at a server per request of a user

Nothing here runs or draws a random number. The load that holds an SLO is found by `experiments.capacity`.
"""

from .amplification import Amplification, AmplificationStatistics
from .availability import AvailabilityObjective
from .burn_rate import BurnRateAlert, Firing, alerts_of, time_to_detect, workbook_alerts
from .durability import DurabilityObjective
from .error_budget import DAY, ErrorBudget
from .evidence import Evidence
from .goodput import GoodputObjective
from .latency import LatencyObjective
from .objective import Measured, Objective, RequestObjective, Verdict
from .slo import SLO, Judgement
from .staleness import StalenessObjective

__all__ = [
    "DAY",
    "SLO",
    "Amplification",
    "AmplificationStatistics",
    "AvailabilityObjective",
    "BurnRateAlert",
    "DurabilityObjective",
    "ErrorBudget",
    "Evidence",
    "Firing",
    "GoodputObjective",
    "Judgement",
    "LatencyObjective",
    "Measured",
    "Objective",
    "RequestObjective",
    "StalenessObjective",
    "Verdict",
    "alerts_of",
    "time_to_detect",
    "workbook_alerts",
]
