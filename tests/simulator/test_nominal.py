"""Abstract classes whose instances are those of their subclasses."""

from __future__ import annotations

from abc import abstractmethod

import pytest

from simulator import Distribution, Nominal


class Shape(metaclass=Nominal):
    """Has an area."""

    @abstractmethod
    def area(self) -> float:
        """Say how large it is."""


class Square(Shape):
    """A shape of side 1."""

    def area(self) -> float:
        return 1.0


def test_instances_are_those_of_subclasses() -> None:
    assert isinstance(Square(), Shape)
    assert issubclass(Square, Shape)
    assert not isinstance(1.0, Shape)


def test_what_is_abstract_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Shape()  # type: ignore[abstract] # this is the point


def test_nobody_becomes_one_by_being_registered() -> None:
    with pytest.raises(TypeError, match="int must derive from Shape"):
        Shape.register(int)


def test_distributions_are_asked_for_by_the_class_tree_alone() -> None:
    assert type(Distribution) is Nominal
