"""Checks that cost nothing, for the tests of what runs and shows them."""

import os

import numpy as np

from experiments.validation import Claim, TheoryCheck


def draw(seed, effort):
    """A number around 2, the closer the more effort, and one that is always 3."""
    return np.random.default_rng(seed).normal(2.0, 0.02 / effort**0.5), 3.0


def fail(seed, effort):
    raise RuntimeError("the queue is on fire")


def answer_too_little(seed, effort):
    return (1.0,)


def die(seed, effort):
    os._exit(1)


TRUE = TheoryCheck(
    name="true check",
    group="queueing",
    source="a book",
    claims=(Claim("about two", 2.0), Claim("three", 3.0, note="exactly")),
    simulate=draw,
)
FALSE = TheoryCheck(
    name="false check",
    group="tail",
    source="a rumour",
    claims=(Claim("about two", 2.1), Claim("three", 3.0, bias=0.5, note="roughly")),
    simulate=draw,
)


def with_simulation(simulate, name, replications=20):
    return TheoryCheck(
        name=name,
        group="tail",
        source="none",
        claims=TRUE.claims,
        simulate=simulate,
        replications=replications,
    )
