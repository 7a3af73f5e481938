"""HTTP in a simulation: a site, caches in front of it, and user agents that ask.

    exchange             messages as values of requests and responses: what they weigh, and what time it is
    bounded_responses    the memory of an HTTP cache: stored responses under an eviction policy
    http_caching         HttpCaching: an HTTP cache around an endpoint, anywhere in a chain
    site                 Site: what an origin server does: representations, validators, dates
    user_agent           UserAgent: asks in HTTP for who does not speak it

The decisions are those of `models.caching.http`.
"""

from .bounded_responses import BoundedResponses
from .exchange import EPOCH, Representation, http_request
from .http_caching import HttpCaching, HttpCachingStatistics
from .site import Site
from .user_agent import UserAgent

__all__ = [
    "EPOCH",
    "BoundedResponses",
    "HttpCaching",
    "HttpCachingStatistics",
    "Representation",
    "Site",
    "UserAgent",
    "http_request",
]
