"""What may stand in a game-day file: numbers, flags and names, each with its rule.

Nothing is taken for something else: `true` is no number, "yes" no flag, and a text no list, although pydantic
would have them all. Numbers are bounded from both sides where a slip of the keyboard would otherwise be a run
that never ends; whoever means such numbers plans his faults himself, with `models.faults`.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Table(BaseModel):
    """A table of a game-day file: nothing but what is known may stand in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise PydanticCustomError("line", "a line of text")
    return text


def _names(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise PydanticCustomError("names", "a list of names")
    if not all(isinstance(name, str) and name.strip() and name.isprintable() for name in value):
        raise PydanticCustomError("names", "a list of names, each a line of text")
    if len(set(value)) < len(value):
        raise PydanticCustomError("names", "a list of distinct names")
    return tuple(value)


Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
"""How long something takes."""

Time = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
"""When something happens, in seconds from the beginning; also a time that may be nothing."""

Spell = Annotated[float, Field(ge=0.001, allow_inf_nan=False, strict=True)]
"""How long something lasts that comes again and again, in seconds."""

Day = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False, strict=True)]
"""How long users come, in seconds: a day at most."""

Rate = Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False, strict=True)]
"""How many a second."""

Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, strict=True)]
"""A share or a probability that is not 0."""

ShareOfMix = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False, strict=True)]
"""A share of all requests that is not all of them."""

Slowness = Annotated[float, Field(ge=0.001, lt=1, allow_inf_nan=False, strict=True)]
"""What is left of a speed."""

Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
"""Any number."""

Drift = Annotated[float, Field(gt=-1, allow_inf_nan=False, strict=True)]
"""Seconds that a clock gains in a second."""

Count = Annotated[int, Field(ge=1, strict=True)]
"""A whole number, at least one."""

Seed = Annotated[int, Field(ge=0, strict=True)]
"""The seed of a run."""

Flag = Annotated[bool, Field(strict=True)]
"""True or false."""

Line = Annotated[str, AfterValidator(_line)]
"""A line of text, for titles."""

Names = Annotated[tuple[str, ...], BeforeValidator(_names), Field(min_length=1)]
"""Names of parts of the system, at least one, each once."""

NamesOrNone = Annotated[tuple[str, ...], BeforeValidator(_names)]
"""The same, or an empty list."""
