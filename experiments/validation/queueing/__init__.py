"""Queueing: systems of public parts whose behaviour is known exactly, or nearly so.

    catalogue            all of them
    stations             what they are built of and measured with
    controls             corrections for what happened to come
    many_servers         M/M/c, Erlang B, M/M/c/K
    single_server        M/G/1 and M/D/1, first-come; processor sharing
    impatience           Erlang A, a constant timeout on waiting
    networks             open, closed, fork-join
    retrials             coming back until the server is free
    choices              power of two choices, join the shortest queue
    backlogs             workers at a backlog, jobs that come back after a timeout

In every system the mean service time is 1 s. Non-preemptive priorities are left out: no queue of GameDay has
them yet.
"""

from .catalogue import CHECKS

__all__ = ["CHECKS"]
