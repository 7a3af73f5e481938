"""Scaling against its rules.

horizontal    the rule of Kubernetes' horizontal autoscaler, from calls to instances
"""

from .horizontal import CHECKS

__all__ = ["CHECKS"]
