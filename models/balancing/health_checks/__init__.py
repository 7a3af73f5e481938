"""Active health checks: who asks targets whether they are well, and what makes of that a verdict.

health_checker      HealthChecker: probes, from where a balancer or a name server stands
settings            HealthCheckSettings; `envoy`, `haproxy`, `kubernetes`
verdict             how many results make one
probed              HealthPort, StillWanted: what a probe meets at an instance
"""

from .health_checker import HEALTH, Checked, HealthChecker, HealthCheckStatistics
from .probed import HealthPort, StillWanted
from .settings import HealthCheckSettings, envoy, haproxy, kubernetes
from .verdict import Verdict

__all__ = [
    "HEALTH",
    "Checked",
    "HealthCheckSettings",
    "HealthCheckStatistics",
    "HealthChecker",
    "HealthPort",
    "StillWanted",
    "Verdict",
    "envoy",
    "haproxy",
    "kubernetes",
]
