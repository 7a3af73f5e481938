"""A feature switch: whether a feature is on, for everything that asks it.

States: *on* <-> *off*, by hand: an operator in a game day, a test, a study. The change is known everywhere at
once. Leaves out: how the news of it travels (in life it is read from a configuration service every few
seconds), shares of users. Sources: Newman, "Building Microservices" (2nd ed. 2021), chapter 12; Hodgson,
"Feature Toggles" (2017), ops toggles.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSwitchStatistics:
    """A feature that has been turned off `off_count` times, for `off_time` seconds in all.

    Both include the present time if it is off now. One that was off from the start counts as turned off then.
    """

    is_on: bool
    off_count: int
    off_time: float


class FeatureSwitch:
    """The switch of the feature called `name`, which `is_on` at first or not.

    It may be shared by any number of `Switched`. Changes are written into the event log as "feature.off",
    with the reason, and "feature.on", with the name as subject.

    Example::

        recommendations = FeatureSwitch(env, "recommendations")
        env.call_later(60.0, recommendations.turn_off, "their store is down")
    """

    __slots__ = ("_env", "_off_count", "_off_since", "_off_time", "is_on", "name")

    def __init__(self, env: Environment, name: str, is_on: bool = True) -> None:
        self._env = env
        self.name = name
        self.is_on = is_on
        self._off_count = 0 if is_on else 1
        self._off_time = 0.0
        self._off_since = env.now

    def __repr__(self) -> str:
        return f"FeatureSwitch({self.name!r}, {'on' if self.is_on else 'off'})"

    def turn_off(self, reason: str = "by hand") -> None:
        """Turn the feature off, for a `reason`. Raises `RuntimeError` if it is off."""
        if not self.is_on:
            raise RuntimeError(f"feature {self.name!r} is off already")
        self.is_on = False
        self._off_count += 1
        self._off_since = self._env.now
        self._env.log("feature.off", self.name, reason=reason)

    def turn_on(self) -> None:
        """Turn the feature on again. Raises `RuntimeError` if it is on."""
        if self.is_on:
            raise RuntimeError(f"feature {self.name!r} is on already")
        self.is_on = True
        self._off_time += self._env.now - self._off_since
        self._env.log("feature.on", self.name)

    def statistics(self) -> FeatureSwitchStatistics:
        """Return what has happened so far."""
        present = 0.0 if self.is_on else self._env.now - self._off_since
        return FeatureSwitchStatistics(
            is_on=self.is_on, off_count=self._off_count, off_time=self._off_time + present
        )
