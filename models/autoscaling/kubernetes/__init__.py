"""The rule of Kubernetes' horizontal autoscaler, in full.

horizontal      HorizontalPodAutoscaler: the rule as a whole
metrics         what one metric asks for: CpuMetric, InstanceMetric, TotalMetric
behaviour       how fast: Behaviour, its limits and stabilisation; UP and DOWN, the defaults
"""

from .behaviour import DOWN, UP, Behaviour, ChangeLimit, CountLimit, PercentLimit
from .horizontal import HorizontalPodAutoscaler
from .metrics import CpuMetric, InstanceMetric, MetricTarget, Tolerance, TotalMetric

__all__ = [
    "DOWN",
    "UP",
    "Behaviour",
    "ChangeLimit",
    "CountLimit",
    "CpuMetric",
    "HorizontalPodAutoscaler",
    "InstanceMetric",
    "MetricTarget",
    "PercentLimit",
    "Tolerance",
    "TotalMetric",
]
