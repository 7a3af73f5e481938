"""Deployment: from one version of a service to the next, while it is used, and back if need be.

    deployment      Deployment: the controller that does it, over the network; DeploymentStatistics
    rollout         Rollout: one upgrade, from its order to its end
    version         Version: what is deployed
    strategy        Strategy, Step: the contract of what follows
    rolling         RollingUpgrade: a few at a time, as Kubernetes does it
    blue_green      BlueGreen: a whole second set, and then the switch
    canary          Canary: a share of the requests, rising, judged on the way
    bounds          Bounds: how far an upgrade may go above and below the desired count
    moves           next_moves: what may be done next, by counts alone
    judge           Judge, ByObjective, AgainstOld: is the new version good enough?
    calls           VersionCalls: what became of the calls to each version, for who watches a run
    monitor         the same, for the judge, who asks over the network
    routes          Routes: which version gets which share of the requests
    agent           Draining, and what carries out orders on a host
    fleet           Fleet: what was ordered, and what was heard of it
    roster          who is in the service and since when, for whoever scales it

A crash of the same instances, unplanned, differs in one thing: nobody takes them out of the balancers, and
nothing that they do is finished first.
"""

from .agent import Draining
from .blue_green import BlueGreen
from .bounds import Bounds
from .calls import VersionCalls
from .canary import Canary
from .deployment import Deployment, DeploymentStatistics
from .fleet import Fleet
from .judge import AgainstOld, ByObjective, Judge, Tally
from .moves import Moves, Stock, next_moves
from .rolling import RollingUpgrade
from .rollout import Rollout
from .routes import Routes
from .strategy import Step, Strategy
from .version import Version

__all__ = [
    "AgainstOld",
    "BlueGreen",
    "Bounds",
    "ByObjective",
    "Canary",
    "Deployment",
    "DeploymentStatistics",
    "Draining",
    "Fleet",
    "Judge",
    "Moves",
    "RollingUpgrade",
    "Rollout",
    "Routes",
    "Step",
    "Stock",
    "Strategy",
    "Tally",
    "Version",
    "VersionCalls",
    "next_moves",
]
