"""How many results make a verdict, and the presets: pure rules, without any time."""

from __future__ import annotations

from typing import Any

import pytest

from models.balancing.health_checks import HealthCheckSettings, Verdict, envoy, haproxy, kubernetes

ENVOY = envoy(interval=5.0, timeout=1.0, unhealthy_threshold=3, healthy_threshold=2)


def after(settings: HealthCheckSettings, results: str) -> str:
    """What is thought after each result: "+" is a success, "-" no answer, "!" an answer that is none."""
    verdict = Verdict(settings)
    states = []
    for result in results:
        if result == "+":
            verdict.passed()
        else:
            verdict.failed(at_once=settings.answers_decide and result == "!")
        states.append("u" if verdict.is_healthy else "d")
    return "".join(states)


@pytest.mark.parametrize(
    ("settings", "results", "states"),
    [
        # Three failures in a row, two successes in a row; one of the other kind begins anew.
        (HealthCheckSettings(interval=1, timeout=1), "---++", "uuddu"),
        (HealthCheckSettings(interval=1, timeout=1), "--+--+---", "uuuuuuuud"),
        (HealthCheckSettings(interval=1, timeout=1), "---+-+-++", "uuddddddu"),
        (HealthCheckSettings(interval=1, timeout=1), "!!!", "uud"),
        (
            HealthCheckSettings(interval=1, timeout=1, unhealthy_threshold=1, healthy_threshold=1),
            "-+-",
            "dud",
        ),
        # Envoy: unhealthy at first; the first success is enough, but not after a first failure.
        (ENVOY, "+---++", "uuuddu"),
        (ENVOY, "-+++", "dduu"),
        # A status that is not expected needs no threshold, silence does.
        (ENVOY, "+!", "ud"),
        (ENVOY, "+--!", "uuud"),
        # HAProxy: healthy at first; the first failure is enough.
        (haproxy(), "-", "d"),
        (haproxy(), "+--+---++", "uuuuuuddu"),
        # Kubernetes: not ready at first; one success makes it so.
        (kubernetes(), "-+--!+", "duuudu"),
    ],
)
def test_what_is_thought_after_each_result(settings: HealthCheckSettings, results: str, states: str) -> None:
    assert after(settings, results) == states


def test_only_changes_are_told() -> None:
    verdict = Verdict(HealthCheckSettings(interval=1, timeout=1, unhealthy_threshold=2, healthy_threshold=2))
    told = [verdict.failed(), verdict.failed(), verdict.failed(), verdict.passed(), verdict.passed()]
    assert told == [False, True, False, False, True]
    assert verdict.passed() is False


def test_a_change_is_pending_from_the_first_result_against_the_verdict_until_it_comes_or_goes() -> None:
    verdict = Verdict(HealthCheckSettings(interval=1, timeout=1, unhealthy_threshold=2, healthy_threshold=2))
    pending = []
    for result in "+--+-++-+":
        getattr(verdict, "passed" if result == "+" else "failed")()
        pending.append(verdict.is_pending)
    assert pending == [False, True, False, True, False, True, False, True, False]


@pytest.mark.parametrize(
    ("settings", "numbers"),
    [
        (haproxy(), (2.0, 2.0, 3, 2, True, "end")),
        (kubernetes(), (10.0, 1.0, 3, 1, False, "start")),
        (ENVOY, (5.0, 1.0, 3, 2, False, "end")),
    ],
)
def test_presets_have_the_numbers_of_those_whom_they_are_named_after(
    settings: HealthCheckSettings, numbers: tuple[Any, ...]
) -> None:
    assert numbers == (
        settings.interval,
        settings.timeout,
        settings.unhealthy_threshold,
        settings.healthy_threshold,
        settings.initially_healthy,
        settings.counts_from,
    )


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"interval": 0.0}, ValueError, "interval must be finite and > 0 s, got 0.0"),
        ({"interval": float("inf")}, ValueError, "interval must be finite and > 0 s, got inf"),
        ({"timeout": "1"}, TypeError, "timeout must be a number, got '1'"),
        ({"unhealthy_interval": -1.0}, ValueError, "unhealthy_interval must be finite and > 0 s, got -1.0"),
        ({"healthy_edge_interval": 0}, ValueError, "healthy_edge_interval must be finite and > 0 s, got 0"),
        ({"unhealthy_edge_interval": "1"}, TypeError, "unhealthy_edge_interval must be a number, got '1'"),
        ({"interval_jitter": -0.1}, ValueError, "interval_jitter must be finite and >= 0, got -0.1"),
        ({"initial_jitter": float("nan")}, ValueError, "initial_jitter must be finite and >= 0, got nan"),
        ({"healthy_threshold": 0}, ValueError, "healthy_threshold must be a whole number >= 1, got 0"),
        ({"unhealthy_threshold": True}, ValueError, "unhealthy_threshold must be a whole number >= 1"),
        ({"counts_from": "now"}, ValueError, "counts_from must be start or end, got 'now'"),
    ],
)
def test_settings_are_checked(change: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        HealthCheckSettings(**{"interval": 5.0, "timeout": 1.0, **change})
