"""Parameters: one declaration, checked the same way for text and for values, one line when it is broken."""

import math
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import Field, FilePath

from experiments import Misuse, Unit
from experiments.parameters import ParameterSpace, to_json, to_text


def of_every_kind(
    *,
    seed: int,
    timeout: Annotated[float, Field(gt=0, description="how long a caller waits"), Unit("s")] = 0.5,
    attempts: Annotated[int, Field(ge=1, le=10)] = 3,
    limit: Annotated[int | None, Field(ge=1)] = None,
    policy: Literal["random", "least"] = "random",
    width: Literal[1, 2] = 1,
    trace: FilePath | None = None,
    folder: Path = Path("here"),
    jitter: bool = False,
    weights: tuple[float, ...] = (1.0,),
    label: str = "x",
) -> None: ...


SPACE = ParameterSpace(of_every_kind, study_name="kinds")


@pytest.mark.parametrize(
    "name, text, value",
    [
        ("timeout", "0.25", 0.25),
        ("timeout", "2", 2.0),
        ("timeout", "inf", math.inf),
        ("attempts", "4", 4),
        ("limit", "none", None),
        ("limit", "7", 7),
        ("policy", "least", "least"),
        ("width", "2", 2),
        ("trace", __file__, Path(__file__)),
        ("folder", "a/b", Path("a/b")),
        ("jitter", "true", True),
        ("jitter", "no", False),
        ("weights", "[1, 2.5]", (1.0, 2.5)),
        ("label", "5", "5"),
        ("label", "none", "none"),
    ],
)
def test_text_becomes_a_value_of_the_parameters_type_and_back(name, text, value):
    parsed = SPACE.parse(name, text)
    assert parsed == value
    assert type(parsed) is type(value)
    assert SPACE.parse(name, to_text(parsed)) == value


@pytest.mark.parametrize(
    "name, text, line",
    [
        ("timeout", "-1", "timeout must be > 0, got -1"),
        ("timeout", "soon", "timeout must be a number, got soon"),
        ("timeout", "", "timeout must be a number, got ''"),
        ("timeout", "nan", "timeout must be > 0, got nan"),
        ("timeout", "true", "timeout must be a number, got true"),
        ("timeout", "none", "timeout must be a number, got none"),
        ("attempts", "1.5", "attempts must be a whole number, got 1.5"),
        ("attempts", "11", "attempts must be <= 10, got 11"),
        ("limit", "0", "limit must be >= 1 or none, got 0"),
        ("policy", "leest", "policy must be 'random' or 'least', got leest"),
        ("width", "3", "width must be 1 or 2, got 3"),
        ("trace", "/nowhere", "trace must be an existing file or none, got /nowhere"),
        ("jitter", "maybe", "jitter must be true or false, got maybe"),
    ],
)
def test_bad_text_is_told_name_rule_and_value(name, text, line):
    with pytest.raises(Misuse) as caught:
        SPACE.parse(name, text)
    assert str(caught.value) == line


def test_values_from_a_toml_file_can_be_none_and_true_is_no_number():
    assert SPACE.values({"limit": "none"})["limit"] is None
    assert SPACE.values({"label": "none"})["label"] == "none"
    for name, kind in (
        ("timeout", "number"),
        ("limit", "whole number or none"),
        ("attempts", "whole number"),
    ):
        with pytest.raises(Misuse, match=f"{name} must be a {kind}, got true"):
            SPACE.values({name: True})


def test_unknown_parameter_is_told_near_misses_and_what_there_is():
    with pytest.raises(
        Misuse, match=r"a parameter of kinds must be one of timeout, .*did you mean 'timeout'"
    ):
        SPACE.values({"tiemout": 1})


def test_values_from_python_meet_the_same_rules_and_numpy_scalars_count_as_numbers():
    assert SPACE.values({"attempts": np.int64(4), "timeout": np.float64(2)})["attempts"] == 4
    with pytest.raises(Misuse, match=r"attempts must be >= 1, got 0"):
        SPACE.values({"attempts": 0})
    with pytest.raises(Misuse, match=r"timeout must be a number, got nan"):
        SPACE.values({"timeout": math.nan})


def test_full_set_has_all_defaults_in_the_order_of_the_signature():
    assert list(SPACE.values({"label": "y"})) == list(SPACE.names)
    assert SPACE.unit("timeout") == "s"
    assert SPACE.unit("attempts") == ""


def test_required_parameter_that_is_missing_is_named():
    def needs(*, seed: int, trace: str) -> None: ...

    space = ParameterSpace(needs, study_name="needs")
    with pytest.raises(Misuse, match="trace must be given"):
        space.values({})
    assert space.parse("trace", "x") == "x"


def without_seed(*, timeout: float = 1.0) -> None: ...
def positional(seed: int) -> None: ...
def untyped(*, seed: int, timeout=1.0) -> None: ...
def reserved(*, seed: int, replication: int = 1) -> None: ...


@pytest.mark.parametrize("function", [without_seed, positional, untyped, reserved])
def test_signature_that_cannot_be_a_study_is_refused_when_it_is_defined(function):
    with pytest.raises(TypeError, match=r"must"):
        ParameterSpace(function, study_name="bad")


def test_json_is_strict():
    assert to_json({"a": math.nan, "b": (math.inf, -math.inf), "c": Path("x")}) == {
        "a": None,
        "b": ["inf", "-inf"],
        "c": "x",
    }
