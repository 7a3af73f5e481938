"""What an observer says of a log and its projections, held by hand."""

from __future__ import annotations

import pytest

from models.cqrs import Lag, differences, fold, has_converged, lag, repeated_commands
from models.cqrs.items import Reserve, Restock, StockPerItem

from .cqrs_plant import CqrsPlant


def plant_with_two_commits() -> CqrsPlant:
    plant = CqrsPlant()
    plant.add_handler()
    plant.add_projection()
    plant.env.run(until=1.0)
    plant.command(7, Restock(5))
    plant.env.run(until=3.0)
    plant.command(7, Reserve("order", "ann", 2))
    plant.run_on(1.0)
    return plant


def test_projection_holds_the_fold_of_the_log_as_far_as_it_has_come() -> None:
    plant = plant_with_two_commits()
    (projection,) = plant.projections
    commits = plant.commits()
    assert has_converged(projection, commits)
    assert differences(projection, commits) == {}
    assert projection.rows() == fold(StockPerItem(), commits)
    projection.crash()
    plant.command(7, Restock(1))
    assert not has_converged(projection, plant.commits())
    assert differences(projection, plant.commits()) == {}  # right, as of where it is


def test_what_is_missing_has_an_age_and_what_is_there_has_none() -> None:
    commits = plant_with_two_commits().commits()
    assert lag(2, commits, 10.0) == Lag(0, 0, 0.0)
    assert lag(1, commits, 10.0) == Lag(1, 1, 10.0 - commits[1].time)
    assert lag(0, commits, 10.0) == Lag(2, 2, 10.0 - commits[0].time)


def test_command_that_has_two_commits_is_counted() -> None:
    first, second = plant_with_two_commits().commits()
    assert repeated_commands([first, second]) == {}
    assert repeated_commands([first, second, first]) == {first.command: 2}


def test_nonsense_is_one_clear_line() -> None:
    with pytest.raises(TypeError, match="model must be a ReadModel, got 'stock'"):
        fold("stock", ())  # type: ignore[arg-type] # that is what is asked
    with pytest.raises(TypeError, match="on_poison must be an OnPoison, got 'skip'"):
        fold(StockPerItem(), (), on_poison="skip")  # type: ignore[arg-type] # that is what is asked
    with pytest.raises(ValueError, match="position must be a whole number >= 0, got -1"):
        lag(-1, (), 10.0)


@pytest.mark.parametrize("ask", [differences, has_converged])
def test_log_in_the_place_of_a_projection_is_one_clear_line(ask: object) -> None:
    plant = plant_with_two_commits()
    with pytest.raises(TypeError, match="projection must be a Projection, got"):
        ask(plant.log, plant.projections)  # type: ignore[operator]
