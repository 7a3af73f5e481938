"""HTTP caching by RFC 9111, 5861 and 8246: decisions over header lists and a clock, without a simulation.

    cache            the decisions: on a request, on an answer, on an error
    decisions        what it decides: serve, forward, refuse; what changes in the store
    rules            shared or private, and what the RFC leaves to whoever runs a cache

    messages         requests and responses; `headers`, `uris`
    directives       Cache-Control; `field_syntax` and `dates` are the grammar below
    freshness        how long a response is fresh, how old it is
    storing          what may be stored, and what of it
    stored_response  what is stored, read once
    vary             by which request fields a response was chosen
    reuse            which stored response may answer, fresh or stale
    validation       conditional requests, and what a 304 or a HEAD updates; `entity_tags`
    invalidation     what an unsafe request makes invalid

Where a clause leaves a choice, the module that holds it says which way it goes and why.
"""

from .cache import HttpCache
from .dates import format_http_date, parse_http_date
from .decisions import Change, Forward, Outcome, Reason, Refuse, ResponseStore, Serve
from .headers import Headers
from .messages import HttpRequest, HttpResponse
from .reuse import Permission
from .rules import CacheRules
from .stored_response import StoredResponse

__all__ = [
    "CacheRules",
    "Change",
    "Forward",
    "Headers",
    "HttpCache",
    "HttpRequest",
    "HttpResponse",
    "Outcome",
    "Permission",
    "Reason",
    "Refuse",
    "ResponseStore",
    "Serve",
    "StoredResponse",
    "format_http_date",
    "parse_http_date",
]
