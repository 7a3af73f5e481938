"""Whoever watches the messages changes nothing: every wrapper alone does what the oracle says."""

from __future__ import annotations

from typing import Any

import pytest

from models import Network
from models.observers.messages import MessageWatch
from simulator import Environment

from . import world
from .bad_targets import BAD_TARGETS
from .test_pairs import ALONE, compare_all

CASES = [(chain, target) for chain in ALONE for target in BAD_TARGETS]
SAMPLED_ONE_IN = 23


@pytest.fixture(autouse=True)
def networks_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    def watched(env: Environment, **settings: Any) -> Network:
        network = Network(env, **settings)
        MessageWatch(network)
        return network

    monkeypatch.setattr(world, "Network", watched)


@pytest.mark.slow
def test_some_wrappers_do_what_the_oracle_says_while_the_network_is_watched() -> None:
    compare_all(CASES[::SAMPLED_ONE_IN])


@pytest.mark.slow
def test_every_wrapper_does_what_the_oracle_says_over_all_targets_while_the_network_is_watched() -> None:
    compare_all(CASES)
