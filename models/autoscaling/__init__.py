"""Autoscaling: how many instances there should be, and who sees to it.

    rule                what a rule is: ScalingRule, ScalingController, Decision
    observation         what it is shown: Observation, InstanceView
    kubernetes          the horizontal autoscaler; its metrics and behaviour have a face of their own
    target_tracking     TargetTracking: keep a metric at a target               (AWS)
    step_scaling        StepScaling: the worse the breach, the larger the step  (AWS)
    alarm               Pace: cooldown or warm-up, for the two
    scheduled           ScheduledScaling: by the time of day
    backlog             BacklogPerInstance: by what waits in a queue            (AWS, KEDA)
    largest             Largest: of several rules
    meters              what is measured of an instance
    metric_pipeline     MetricPipeline: measured each interval, told late, with gaps
    autoscaler          Autoscaler: shows a rule what there is, and does what it says

What is scaled is an instance group (`models.instance_groups`), or whatever else can be told `scale_to`.
"""

from .alarm import Pace, warming
from .autoscaler import Autoscaler, AutoscalerStatistics
from .backlog import BacklogPerInstance, acceptable_backlog
from .largest import Largest
from .meters import InFlight, Meter, RequestRate, ThreadsInUse, Utilisation
from .metric_pipeline import MetricPipeline
from .observation import InstanceView, Observation
from .rule import Decision, ScalingController, ScalingRule
from .scalable import Scalable
from .scheduled import ScheduledCount, ScheduledScaling
from .step_scaling import Step, StepScaling
from .target_tracking import TargetTracking

__all__ = [
    "Autoscaler",
    "AutoscalerStatistics",
    "BacklogPerInstance",
    "Decision",
    "InFlight",
    "InstanceView",
    "Largest",
    "Meter",
    "MetricPipeline",
    "Observation",
    "Pace",
    "RequestRate",
    "Scalable",
    "ScalingController",
    "ScalingRule",
    "ScheduledCount",
    "ScheduledScaling",
    "Step",
    "StepScaling",
    "TargetTracking",
    "ThreadsInUse",
    "Utilisation",
    "acceptable_backlog",
    "warming",
]
